/*
 * frame_reclaim: every piece of memory a domain owns can be taken from it, wherever it maps it and
 * whoever else does; what it named is taken last; objects, tables, devices and what was only lent
 * to it stay. Then it cannot touch what was taken. Each error listed.
 */
#include "tests/system/puppet.h"

#define AT (MAPPINGS_END - 4 * BLOCK_BYTES)
#define COPY 20
#define ORDER(order) ((uint32_t)(order) << 8)

static uint64_t taken[64]; /* what reclaim returned: address | order */
static unsigned taken_count;

static bool was_taken(uint64_t piece)
{
    for (unsigned i = 0; i < taken_count; i++) {
        if (taken[i] == piece) {
            return true;
        }
    }
    return false;
}

/* Takes all there is; every piece is the taker's now, once. */
static void take_all(uint32_t domain, uint32_t last)
{
    int64_t piece;
    taken_count = 0;
    while ((piece = sys_frame_reclaim(domain, last)) > 0 && taken_count < 64) {
        EXPECT(false, was_taken((uint64_t)piece));
        taken[taken_count++] = (uint64_t)piece;
    }
    EXPECT(0, piece);
    EXPECT(0, sys_frame_reclaim(domain, last));
}

static void release_taken(void)
{
    for (unsigned i = 0; i < taken_count; i++) {
        uint64_t address = taken[i] & ~(FRAME_BYTES - 1);
        EXPECT(OK, sys_frame_release(address, (uint32_t)(taken[i] % FRAME_BYTES)));
    }
}

static uint64_t its_claim(const struct puppet *puppet, uint64_t order, uint64_t rights)
{
    int64_t run = PUPPET_CALL(puppet, frame_claim, ZONE_ANY, order, rights);
    EXPECT(true, run > 0);
    return (uint64_t)run;
}

static void keep(const struct puppet *puppet, uint64_t address, uint64_t index)
{
    EXPECT(OK, PUPPET_CALL(puppet, domain_set, SLOT_SELF, DOMAIN_KEEP, address | index));
}

static void test_memory(void)
{
    struct puppet puppet = puppet_make(0, 3000, 16);
    uint64_t plain = its_claim(&puppet, 0, RW), dirty = its_claim(&puppet, 0, 0);
    uint64_t run = its_claim(&puppet, 3, RW), block = its_claim(&puppet, ORDER_BLOCK, RW);
    uint64_t parts = its_claim(&puppet, ORDER_BLOCK, 0);
    EXPECT(OK, PUPPET_CALL(&puppet, frame_access, parts, 2, RW));
    EXPECT(OK, PUPPET_CALL(&puppet, frame_access, parts + 64 * FRAME_BYTES, 1, MAP_READ));
    for (unsigned i = 0; i < 4; i++) { /* mapped at several places, in several tables */
        uint64_t at = AT + i * (BLOCK_BYTES + FRAME_BYTES);
        EXPECT(OK, PUPPET_CALL(&puppet, page_map, SLOT_SELF, at, plain, RW));
        EXPECT(OK, PUPPET_CALL(&puppet, page_map, SLOT_SELF, at + 8 * FRAME_BYTES, run, MAP_READ));
    }
    EXPECT(OK, PUPPET_CALL(&puppet, page_map, SLOT_SELF, MAPPINGS_START, block, RW | ORDER(9)));
    EXPECT(OK, PUPPET_CALL(&puppet, page_map, SLOT_SELF, MAPPINGS_START + BLOCK_BYTES,
                           parts + 2 * FRAME_BYTES, RW));
    keep(&puppet, puppet.code, 0);
    keep(&puppet, run + 5 * FRAME_BYTES, 7);
    keep(&puppet, parts + 9 * FRAME_BYTES, 3); /* any frame of a block stands for it */
    keep(&puppet, dirty, 1);
    keep(&puppet, 0, 1); /* not that one after all */

    take_all(puppet.domain, 0);
    EXPECT(10, taken_count); /* plain, dirty, seven of the run, a block */
    EXPECT(true, was_taken(plain) && was_taken(dirty) && was_taken(block | ORDER_BLOCK));
    EXPECT(false, was_taken(run + 5 * FRAME_BYTES) || was_taken(parts | ORDER_BLOCK));
    release_taken(); /* so nobody maps them any more */
    static const uint64_t gone[] = {0, FRAME_BYTES, BLOCK_BYTES + FRAME_BYTES};
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(false, puppet_reads(&puppet, AT + gone[i]));
    }
    EXPECT(false, puppet_reads(&puppet, plain));
    EXPECT(false, puppet_reads(&puppet, run));
    EXPECT(true, puppet_writes(&puppet, run + 5 * FRAME_BYTES, 1));
    EXPECT(false, puppet_reads(&puppet, block));
    EXPECT(false, puppet_reads(&puppet, MAPPINGS_START));
    EXPECT(true, puppet_writes(&puppet, parts + FRAME_BYTES, 1));
    EXPECT(true, puppet_reads(&puppet, MAPPINGS_START + BLOCK_BYTES));

    take_all(puppet.domain, 1);
    EXPECT(3, taken_count);
    EXPECT(true, was_taken(run + 5 * FRAME_BYTES) && was_taken(parts | ORDER_BLOCK));
    EXPECT(true, was_taken(puppet.code));
    release_taken();
    /* Its very code is gone: the next step it makes is a fault. */
    struct message order = {.words = {CALL_yield}};
    EXPECT(OK, sys_reply(puppet.reply, &order));
    EXPECT(PUPPET_FAULTED, puppet_hear(&puppet));
    EXPECT(FAULT_MESSAGE + 14, puppet_fault[FAULT_WORD_KIND]);
    EXPECT(PROGRAM_BASE, puppet_fault[FAULT_WORD_ADDRESS] & ~(FRAME_BYTES - 1));
    puppet_end(&puppet);
}

/* What the domain gave others to use is taken from it; they use it still. What it only holds is
 * not its own. */
static void test_granted(void)
{
    struct puppet puppet = puppet_make(0, 200, 8), friend = puppet_make(1, 200, 8);
    uint64_t lent = its_claim(&puppet, 0, RW), hidden = its_claim(&puppet, 0, RW);
    uint64_t mine = claim(0, RW), share = claim(0, RW), given = claim(0, RW);
    EXPECT(OK, sys_slot_copy(puppet.domain, ITS_FREE, friend.domain, RIGHT_GRANT, 0));
    EXPECT(OK, PUPPET_CALL(&friend, domain_set, SLOT_SELF, DOMAIN_ACCEPT, 10));
    EXPECT(OK, PUPPET_CALL(&puppet, domain_set, SLOT_SELF, DOMAIN_ACCEPT, 10));
    EXPECT(OK, PUPPET_CALL(&puppet, frame_grant, lent, 0, ITS_FREE, RW));
    EXPECT(OK, PUPPET_CALL(&puppet, frame_grant, hidden, 0, ITS_FREE, RW | GRANT_SHARE));
    EXPECT(OK, PUPPET_CALL(&friend, page_map, SLOT_SELF, AT, hidden, RW));
    EXPECT(OK, PUPPET_CALL(&puppet, frame_access, hidden, 0, 0)); /* no access of its own */
    EXPECT(OK, sys_frame_grant(mine, 0, puppet.domain, MAP_READ));
    EXPECT(OK, sys_frame_grant(share, 0, puppet.domain, RW | GRANT_SHARE));
    EXPECT(OK, PUPPET_CALL(&puppet, page_map, SLOT_SELF, AT, share, RW));
    EXPECT(OK, sys_frame_grant(given, 0, puppet.domain, RW | GRANT_SHARE));
    EXPECT(OK, PUPPET_CALL(&puppet, page_map, SLOT_SELF, AT + FRAME_BYTES, given, RW));
    EXPECT(OK, sys_frame_give(given, 0, puppet.domain, 0)); /* its own now, mapped as a share */
    keep(&puppet, puppet.code, 0);

    take_all(puppet.domain, 0);
    EXPECT(3, taken_count);
    EXPECT(true, was_taken(lent) && was_taken(hidden) && was_taken(given));
    EXPECT(false, puppet_reads(&puppet, lent));
    EXPECT(false, puppet_reads(&puppet, AT + FRAME_BYTES));
    EXPECT(true, puppet_reads(&friend, lent));
    EXPECT(true, puppet_writes(&friend, AT, 1));
    EXPECT(true, puppet_reads(&puppet, mine)); /* the taker's own grants are as they were */
    EXPECT(true, puppet_writes(&puppet, AT, 1));
    EXPECT(OK, sys_frame_release(given, 0));
    EXPECT(E_BUSY, sys_frame_release(lent, 0));
    EXPECT(OK, sys_frame_revoke(lent, 0, friend.domain));
    EXPECT(OK, sys_frame_release(lent, 0));
    EXPECT(E_BUSY, sys_frame_revoke(hidden, 0, friend.domain));
    puppet_end(&friend);
    puppet_end(&puppet);
    EXPECT(OK, sys_frame_release(hidden, 0));
    EXPECT(OK, sys_frame_release(mine, 0));
    EXPECT(OK, sys_frame_release(share, 0));
}

/* A taker without room is told so, loses nothing, and goes on when it has. */
static void test_limit(void)
{
    struct puppet puppet = puppet_make(0, 2000, 8),
                  taker = puppet_make(1, PUPPET_OWN + PUPPET_TABLES, 0);
    EXPECT(OK, sys_slot_copy(taker.domain, ITS_FREE, puppet.domain, RIGHT_CONTROL, 0));
    keep(&puppet, puppet.code, 0);
    its_claim(&puppet, 3, 0);
    its_claim(&puppet, 3, RW);
    for (unsigned i = 0; i < 16; i++) {
        for (unsigned again = 0; again < 3; again++) {
            EXPECT(E_LIMIT, PUPPET_CALL(&taker, frame_reclaim, ITS_FREE, 0));
        }
        EXPECT(OK, sys_domain_set(taker.domain, DOMAIN_FRAME_LIMIT,
                                  PUPPET_OWN + PUPPET_TABLES + i + 1));
        EXPECT(true, PUPPET_CALL(&taker, frame_reclaim, ITS_FREE, 0) > 0);
    }
    EXPECT(0, PUPPET_CALL(&taker, frame_reclaim, ITS_FREE, 0));
    puppet_end(&taker);
    puppet_end(&puppet);
}

/* Devices, objects and tables stay. */
static void test_others(void)
{
    struct puppet puppet = puppet_make(0, 200, 8);
    uint64_t object = its_claim(&puppet, 0, 0), device = VGA_TEXT_FRAME;
    EXPECT(OK, sys_frame_claim_device(SLOT_INIT_DEVICES, device, 0, MAP_READ, CACHE_UNCACHED));
    EXPECT(OK, sys_frame_give(device, 0, puppet.domain, MAP_READ));
    EXPECT(OK, PUPPET_CALL(&puppet, endpoint_create, ITS_FREE, object));
    keep(&puppet, puppet.code, 0);
    take_all(puppet.domain, 0);
    EXPECT(0, taken_count);
    EXPECT(true, puppet_reads(&puppet, device));
    EXPECT(OK, PUPPET_CALL(&puppet, object_destroy, ITS_FREE)); /* memory again */
    take_all(puppet.domain, 0);
    EXPECT(1, taken_count);
    EXPECT(object, taken[0]);
    release_taken();
    puppet_end(&puppet);
}

static void test_errors(void)
{
    struct puppet puppet = puppet_make(0, 200, 4);
    EXPECT(E_ARGUMENT, sys_frame_reclaim(SLOT_SELF, 0));
    EXPECT(E_ARGUMENT, sys_frame_reclaim(puppet.domain, 2));
    EXPECT(E_ARGUMENT, sys_frame_reclaim(puppet.domain, UINT32_MAX));
    EXPECT(E_SLOT, sys_frame_reclaim(0, 0));
    EXPECT(E_SLOT, sys_frame_reclaim(99, 0));
    EXPECT(E_SLOT, sys_frame_reclaim(SLOTS_PER_DOMAIN, 0));
    EXPECT(E_TYPE, sys_frame_reclaim(puppet.thread, 0));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, COPY, puppet.domain, RIGHT_ALL & ~RIGHT_CONTROL, 0));
    EXPECT(E_RIGHTS, sys_frame_reclaim(COPY, 0));
    EXPECT(E_RIGHTS, sys_domain_set(COPY, DOMAIN_KEEP, 0));
    EXPECT(E_ARGUMENT, PUPPET_CALL(&puppet, domain_set, SLOT_SELF, DOMAIN_KEEP, DOMAIN_KEPT));
    EXPECT(E_ARGUMENT,
           PUPPET_CALL(&puppet, domain_set, SLOT_SELF, DOMAIN_KEEP, puppet.code | 0xfff));
    EXPECT(E_ARGUMENT, PUPPET_CALL(&puppet, frame_reclaim, SLOT_SELF, 1));
    puppet_end(&puppet);
    EXPECT(E_DEAD, sys_frame_reclaim(COPY, 0));
    EXPECT(OK, sys_slot_drop(COPY));
}

int main(void)
{
    fund(SLOT_SELF, 16);
    puppets_begin();
    uint64_t before = ledger();
    test_memory();
    test_granted();
    test_limit();
    test_others();
    test_errors();
    EXPECT(before, ledger());
    end_test();
}
