// sources: tests/host/own_machine.c
/*
 * Fuzzes the operations of proof/machine.h: four bytes of input are an operation and its arguments.
 * A model that knows no bits and no counts - who owns what, who may access it how - foretells each
 * answer and what the machine then is.
 */
#include "tests/host/own_machine.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What a domain may do with memory through one entry. */
struct access {
    bool here, writes, executes;
    uint32_t r, kind;
};

static struct {
    enum { NOBODYS, UNCLEAR, CLEAR, OBJECT } what[RECORDS];
    uint32_t owner[RECORDS];
    struct access through[LEAVES];
} model;

static void require(int holds)
{
    if (!holds) {
        __builtin_trap();
    }
}

/* ---- What the model says ---- */

static unsigned accesses(uint32_t r)
{
    unsigned count = 0;
    for (uint32_t l = 0; l < LEAVES; l++) {
        count += model.through[l].here && model.through[l].r == r;
    }
    return count;
}

static unsigned uses(uint32_t domain, uint32_t r)
{
    unsigned count = 0;
    for (uint32_t i = 0; i < UPPER; i++) {
        const struct access *access = &model.through[upper_leaf(domain, i)];
        count += access->here && access->r == r && access->kind == PTE_AVL_SHARED;
    }
    return count;
}

static bool has_room(uint32_t domain)
{
    unsigned count = 0;
    for (uint32_t r = 0; r < RECORDS; r++) {
        count += model.owner[r] == domain;
    }
    return count < limit[domain];
}

static bool is_device(uint32_t r)
{
    return r == RECORDS - 1;
}

/* OK, or why `who` may not use it as memory of its own. */
static int64_t owning(uint32_t who, uint32_t r)
{
    if (model.owner[r] != who) {
        return is_device(r) && model.what[r] == NOBODYS ? E_NO_FRAME : E_NOT_OWNER;
    }
    return model.what[r] == OBJECT ? E_BUSY : OK;
}

static int64_t right(uint64_t rights, bool upper)
{
    if (rights == 0 || rights > 7) {
        return E_ARGUMENT;
    }
    bool writes = rights & 2, executes = rights & 4;
    return executes && (writes || !upper) ? E_WRITE_EXECUTE : OK;
}

static void allow(uint32_t l, uint32_t r, uint64_t rights, uint32_t kind)
{
    model.through[l] = (struct access){true, rights & 2, rights & 4, r, kind};
    model.what[r] = CLEAR;
}

static void forbid(uint32_t l)
{
    model.through[l] = (struct access){0};
}

static uint32_t owners_kind(uint32_t r)
{
    return is_device(r) ? PTE_AVL_DEVICE : PTE_AVL_OWNED;
}

/* The machine is what the model says. */
static void compare(void)
{
    for (uint32_t r = 0; r < RECORDS; r++) {
        require(records[r].owner == model.owner[r] && records[r].mappings == accesses(r));
        require((records[r].type == FRAME_FREE || records[r].type == FRAME_ABSENT) ==
                (model.what[r] == NOBODYS));
        require((records[r].type == FRAME_DIRTY) == (model.what[r] == UNCLEAR));
        require((records[r].type == FRAME_STOCK) == (model.what[r] == OBJECT));
    }
    for (uint32_t l = 0; l < LEAVES; l++) {
        const struct access *access = &model.through[l];
        require(leaf_is_user(leaves[l]) == access->here);
        if (access->here) {
            require(record_of_leaf(leaves[l]) == access->r);
            require(((leaves[l] & PTE_WRITE) != 0) == access->writes);
            require(((leaves[l] & PTE_NX) == 0) == access->executes);
            require(leaf_kind(leaves[l]) == access->kind);
        }
    }
}

/* ---- Operations: on the model, and on the machine ---- */

struct step {
    uint32_t who, to, r;  /* domains, record */
    uint32_t own, theirs; /* their entries for it in the lower half */
    uint32_t upper;       /* an entry of to's upper half */
    uint64_t rights, refill;
};

static void claim(const struct step *s)
{
    bool access = s->rights != 8;
    int64_t expected = access ? right(s->rights, false) : OK;
    if (expected == OK && (model.what[s->r] != NOBODYS || is_device(s->r))) {
        expected = is_device(s->r) && model.what[s->r] == NOBODYS ? E_NO_FRAME : E_NOT_FREE;
    }
    if (expected == OK && !has_room(s->who)) {
        expected = E_LIMIT;
    }
    require((access ? op_claim_access(s->who, s->r, s->own, s->rights, 9)
                    : op_claim(s->who, s->r, 9)) == expected);
    if (expected == OK) {
        model.owner[s->r] = s->who;
        model.what[s->r] = UNCLEAR;
        if (access) {
            allow(s->own, s->r, s->rights, PTE_AVL_OWNED);
        }
    }
}

static void claim_device(const struct step *s)
{
    int64_t expected = right(s->rights, false);
    if (expected == OK && (!is_device(s->r) || model.what[s->r] != NOBODYS)) {
        expected = records[s->r].type == FRAME_DEVICE ? E_NOT_FREE : E_NO_FRAME;
    }
    if (expected == OK && !has_room(s->who)) {
        expected = E_LIMIT;
    }
    require(op_claim_device(s->who, s->r, s->own, s->rights, CACHE_WRITE_COMBINING) == expected);
    if (expected == OK) {
        model.owner[s->r] = s->who;
        allow(s->own, s->r, s->rights, PTE_AVL_DEVICE);
    }
}

static void release(const struct step *s)
{
    int64_t expected = owning(s->who, s->r);
    if (expected == OK && accesses(s->r) != model.through[s->own].here) {
        expected = E_BUSY;
    }
    require(op_release(s->who, s->r, s->own, s->refill) == expected);
    if (expected == OK) {
        forbid(s->own);
        model.owner[s->r] = 0;
        model.what[s->r] = NOBODYS;
    }
}

static void access(const struct step *s)
{
    int64_t expected = owning(s->who, s->r);
    if (expected == OK && s->rights != 0) {
        expected = right(s->rights, false);
    }
    require(op_access(s->who, s->r, s->own, s->rights, s->refill) == expected);
    if (expected == OK && s->rights == 0) {
        forbid(s->own);
    } else if (expected == OK) {
        allow(s->own, s->r, s->rights, owners_kind(s->r));
    }
}

static void give(const struct step *s)
{
    int64_t expected = owning(s->who, s->r);
    if (expected == OK && s->rights != 0) {
        expected = right(s->rights, false);
    }
    if (expected == OK && s->to == s->who) {
        expected = E_ARGUMENT;
    }
    if (expected == OK && !has_room(s->to)) {
        expected = E_LIMIT;
    }
    if (s->own == s->theirs) {
        return; /* the domain itself: E_ARGUMENT before any entry is looked at */
    }
    require(op_give(s->who, s->r, s->own, s->to, s->theirs, s->rights, s->refill) == expected);
    if (expected == OK) {
        model.owner[s->r] = s->to;
        forbid(s->own);
        forbid(s->theirs);
        if (s->rights != 0) {
            allow(s->theirs, s->r, s->rights, owners_kind(s->r));
        }
    }
}

static void grant(const struct step *s, uint32_t kind)
{
    int64_t expected = owning(s->who, s->r);
    if (expected == OK) {
        expected = right(s->rights, false);
    }
    if (expected == OK && model.through[s->theirs].here) {
        expected = E_MAPPED;
    }
    require(op_grant(s->who, s->r, s->theirs, s->rights, kind) == expected);
    if (expected == OK) {
        allow(s->theirs, s->r, s->rights, kind);
    }
}

static void revoke(const struct step *s)
{
    const struct access *theirs = &model.through[s->theirs];
    int64_t expected = s->to == s->who ? OK : owning(s->who, s->r);
    bool granted = theirs->here && (theirs->kind == PTE_AVL_LENT || theirs->kind == PTE_AVL_SHARED);
    if (expected == OK && !granted) {
        expected = E_NOT_GRANTED;
    }
    /* A share that was made anew while its old uses lasted does not know of them. */
    if (expected == OK && leaf_uses(leaves[s->theirs]) != 0) {
        require(uses(s->to, s->r) >= leaf_uses(leaves[s->theirs]));
        expected = E_BUSY;
    }
    require(op_revoke(s->who, s->r, s->theirs, s->to == s->who, s->refill) == expected);
    if (expected == OK) {
        forbid(s->theirs);
    }
}

static void map(const struct step *s)
{
    int64_t expected = right(s->rights, true);
    if (expected == OK) {
        expected = owning(s->who, s->r);
    }
    if (expected == OK && model.through[s->upper].here) {
        expected = E_MAPPED;
    }
    require(op_map(s->who, s->r, s->upper, address_of(s->r), s->rights) == expected);
    if (expected == OK) {
        allow(s->upper, s->r, s->rights, owners_kind(s->r));
    }
}

static void map_shared(const struct step *s)
{
    const struct access *share = &model.through[s->theirs];
    int64_t expected = right(s->rights, true);
    if (expected == OK && (!share->here || share->kind != PTE_AVL_SHARED ||
                           (!share->writes && (s->rights & MAP_WRITE)))) {
        expected = E_NOT_OWNER;
    }
    if (expected == OK && model.through[s->upper].here) {
        expected = E_MAPPED;
    }
    require(op_map_shared(s->r, s->theirs, s->upper, s->rights) == expected);
    if (expected == OK) {
        allow(s->upper, s->r, s->rights, PTE_AVL_SHARED);
    }
}

static void unmap(const struct step *s)
{
    const struct access *upper = &model.through[s->upper];
    uint32_t r = upper->here ? upper->r : s->r;
    require(op_unmap(r, lower_leaf(s->to, r), s->upper) == (upper->here ? OK : E_NOT_MAPPED));
    forbid(s->upper);
}

static void make(const struct step *s)
{
    int64_t expected = owning(s->who, s->r);
    if (expected == OK && (is_device(s->r) || accesses(s->r) != 0)) {
        expected = E_BUSY;
    }
    if (expected == OK && s->to != s->who && !has_room(s->to)) {
        expected = E_LIMIT;
    }
    require(op_make_object(s->who, s->r, s->to, FRAME_STOCK, 0, 5) == expected);
    if (expected == OK) {
        model.what[s->r] = OBJECT;
        model.owner[s->r] = s->to;
    }
}

static void end(const struct step *s)
{
    require(op_end_object(s->r) == (model.what[s->r] == OBJECT ? OK : E_TYPE));
    if (model.what[s->r] == OBJECT) {
        model.what[s->r] = UNCLEAR;
    }
}

static void reclaim(const struct step *s)
{
    if (s->to == s->who) {
        return;
    }
    bool takes = owning(s->who, s->r) == OK && !is_device(s->r);
    int64_t expected = !takes ? E_NOT_OWNER : has_room(s->to) ? OK : E_LIMIT;
    require(op_reclaim(s->who, s->r, s->own, s->to, s->refill) == expected);
    if (expected == OK) {
        forbid(s->own);
        model.owner[s->r] = s->to;
    }
}

static void inherit(const struct step *s)
{
    if (s->to == s->who) {
        return;
    }
    bool was_owner = model.owner[s->r] == s->who;
    require(op_inherit(s->who, s->r, s->to) == (was_owner ? OK : E_NOT_OWNER));
    if (was_owner) {
        bool kept = accesses(s->r) != 0;
        model.owner[s->r] = kept ? s->to : 0;
        model.what[s->r] = kept ? model.what[s->r] : NOBODYS;
    }
}

static void take_step(const uint8_t *bytes)
{
    struct step s = {.who = 1 + bytes[1] % DOMAINS,
                     .to = 1 + bytes[1] / DOMAINS % DOMAINS,
                     .r = bytes[2] % RECORDS,
                     .rights = bytes[3] % 9};
    s.own = lower_leaf(s.who, s.r);
    s.theirs = lower_leaf(s.to, s.r);
    s.upper = upper_leaf(s.to, bytes[2] / RECORDS % UPPER);
    s.refill = refill_of(s.own);
    static void (*const operations[])(const struct step *) = {
        claim,      claim_device, release, access, give,    revoke,  map,
        map_shared, unmap,        make,    end,    reclaim, inherit,
    };
    enum { COUNT = sizeof operations / sizeof operations[0] };
    unsigned which = bytes[0] % (COUNT + 2);
    if (which < COUNT) {
        operations[which](&s);
    } else {
        grant(&s, which == COUNT ? PTE_AVL_LENT : PTE_AVL_SHARED);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    machine_start();
    memset(&model, 0, sizeof model);
    for (size_t i = 0; i + 4 <= size; i += 4) {
        take_step(&bytes[i]);
        require(machine_problem() == NULL);
        compare();
    }
    /* The seed must be good: a share, in use at its end. */
    require(!getenv("FUZZ_ACCEPTED") || uses(2, 0) == 1);
    return 0;
}
