/*
 * System calls on frames that stay in use: access, give, grant, revoke (doc/frames.md).
 */
#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/frame.h"
#include "kernel/frame_calls.h"
#include "kernel/likely.h"
#include "kernel/space.h"
#include "kernel/syscall.h"

/* ---- Access and ownership ---- */

/* The kind of an owner's leaf in the lower half. */
static uint32_t own_kind(const struct run *run)
{
    return run->first->type == FRAME_DEVICE ? PTE_AVL_DEVICE : PTE_AVL_OWNED;
}

/* Can the domain's access to the run be made, or ended, or made anew where there is some? E_MAPPED:
 * it has access to parts of a block, by frames. */
static int64_t check_access(struct domain *domain, const struct run *run, uint64_t rights)
{
    struct mapping mapping = {.at = run->address, .run = run};
    const uint64_t *entries = space_entries(domain, run->address, run->order);
    if (entries == NULL) {
        return rights == 0 ? OK : space_check(domain, &mapping);
    }
    uint32_t more = run_is_whole(run) ? 1 : run->count;
    for (uint32_t i = 0; i < run->count; i++) {
        if (space_is_leaf(entries[i], run->order)) {
            continue;
        }
        if (leaf_is_user(entries[i]) && frame_at(entries[i] & PTE_ADDRESS) != space_idle(domain)) {
            return E_MAPPED;
        }
        if (rights != 0 && leaf_check_count(run_record(run, i), more) != OK) {
            return E_LIMIT;
        }
    }
    return OK;
}

static void set_access(struct domain *domain, const struct run *run, uint64_t rights)
{
    space_unmap(domain, run_table(domain, run), run->address, run);
    if (rights != 0) {
        struct mapping mapping = {
            .at = run->address,
            .run = run,
            .rights = (uint32_t)rights,
            .kind = own_kind(run),
            .table = run_table(domain, run),
        };
        space_map(domain, &mapping);
    }
}

int64_t sys_frame_access(uint64_t address, uint64_t order, uint64_t rights)
{
    struct domain *caller = caller_domain();
    struct run run;
    int64_t error = run_check_owned(address, order, caller, &run);
    error = error != OK ? error : run_check_rights(rights);
    error = error != OK ? error : check_access(caller, &run, rights);
    error = error != OK || rights == 0 ? error : run_clear(&run);
    if (error == OK) {
        set_access(caller, &run, rights);
    }
    return error;
}

int64_t sys_frame_give(uint64_t address, uint64_t order, uint64_t domain, uint64_t rights)
{
    struct domain *caller = caller_domain();
    struct domain *to;
    struct run run;
    int64_t error = run_check_whole(address, order, caller, &run);
    error = error != OK ? error : cap_domain(caller, domain, RIGHT_CONTROL, &to);
    error = error != OK ? error : run_check_rights(rights);
    if (error == OK && to == caller) {
        error = E_ARGUMENT;
    }
    error = error != OK ? error : domain_check_limit(to, 1ull << order);
    error = error != OK ? error : check_access(caller, &run, 0);
    error = error != OK ? error : check_access(to, &run, rights);
    error = error != OK || rights == 0 ? error : run_clear(&run);
    if (error != OK) {
        return error;
    }
    space_unmap(caller, run_table(caller, &run), address, &run);
    run_leave(caller, &run);
    for (uint32_t i = 0; i < run.count; i++) {
        own_give(run_record(&run, i), domain_number(to));
    }
    run_enter(to, &run);
    set_access(to, &run, rights);
    return OK;
}

/* ---- Grants ---- */

int64_t run_grant(struct domain *to, const struct run *run, uint64_t rights, uint32_t kind)
{
    struct mapping mapping = {
        .at = run->address, .run = run, .rights = (uint32_t)rights, .kind = kind};
    int64_t error = leaf_check_rights(rights, false);
    error = error != OK ? error : space_check(to, &mapping);
    error = error != OK ? error : run_clear(run);
    if (error == OK) {
        space_map(to, &mapping);
    }
    return error;
}

/* The arguments stay where the system call had them; the caller comes last. */
static __attribute__((noinline)) int64_t grant(uint64_t address, uint64_t order, uint64_t domain,
                                               uint64_t rights, const struct domain *caller)
{
    struct domain *to;
    struct run run;
    int64_t error = run_check_owned(address, order, caller, &run);
    error = error != OK ? error : cap_domain(caller, domain, RIGHT_GRANT, &to);
    if (error != OK) {
        return error;
    }
    if (to == caller) {
        return E_ARGUMENT;
    }
    if (to->accept < 1ull << order) {
        return E_NOT_ACCEPTED;
    }
    error = run_grant(to, &run, rights & ~(uint64_t)GRANT_SHARE,
                      rights & GRANT_SHARE ? PTE_AVL_SHARED : PTE_AVL_LENT);
    if (error == OK) {
        to->accept -= 1u << order;
    }
    return error;
}

int64_t run_check_granted(struct domain *to, const struct run *run)
{
    const uint64_t *entries = space_entries(to, run->address, run->order);
    for (uint32_t i = 0; i < run->count; i++) {
        bool leaf = entries != NULL && space_is_leaf(entries[i], run->order);
        uint32_t kind = leaf ? leaf_kind(entries[i]) : PTE_AVL_KERNEL;
        if (kind != PTE_AVL_LENT && kind != PTE_AVL_SHARED && kind != PTE_AVL_CARRIED) {
            return E_NOT_GRANTED;
        }
        if (leaf_uses(entries[i]) != 0) {
            return E_BUSY;
        }
    }
    return OK;
}

/* How many frames of a granted run the domain's account of grants has counted: what a message
 * lent it until the answer, none. */
static uint32_t counted_frames(struct domain *to, const struct run *run)
{
    const uint64_t *entries = space_entries(to, run->address, run->order);
    uint32_t piece_frames = run->order >= ORDER_BLOCK ? FRAMES_PER_BLOCK : 1, frames = 0;
    for (uint32_t i = 0; i < run->count; i++) {
        frames += leaf_kind(entries[i]) == PTE_AVL_CARRIED ? 0 : piece_frames;
    }
    return frames;
}

static __attribute__((noinline)) int64_t revoke(uint64_t address, uint64_t order, uint64_t domain,
                                                const struct domain *caller)
{
    struct domain *to;
    struct run run;
    int64_t error = cap_domain(caller, domain, RIGHT_GRANT, &to);
    if (error == OK) {
        error = to == caller ? frame_run(address, order, &run)
                             : run_check_owned(address, order, caller, &run);
    }
    error = error != OK ? error : run_check_granted(to, &run);
    if (error != OK) {
        return error;
    }
    uint32_t frames = counted_frames(to, &run);
    space_unmap(to, run_table(to, &run), address, &run);
    to->accept += to->accept > UINT32_MAX - frames ? 0 : frames;
    return OK;
}

/*
 * ---- One frame or one block, the short way ----
 *
 * As in frame_calls.c: owned RAM, in the page table of the receiver that was found last. Everything
 * else, errors included, goes the general way. The receiver's root is not loaded on this CPU: it is
 * not the caller.
 */

/* The record of a whole piece that the caller owns, or NULL. */
static inline struct frame *owned_piece(const struct domain *caller, uint64_t address,
                                        uint64_t order)
{
    uint64_t number = address >> BLOCK_SHIFT;
    if (!LIKELY(number < frame_block_count) || (order != ORDER_FRAME && order != ORDER_BLOCK) ||
        address & ((FRAME_BYTES << order) - 1)) {
        return NULL;
    }
    /* Of type RAM are whole blocks and frames of split ones; a frame of a whole one is a part. */
    struct frame *record = &frame_blocks[number].whole;
    if (order == ORDER_FRAME) {
        if (record->type != FRAME_SPLIT) {
            return NULL;
        }
        record = frame_at(address);
    }
    return LIKELY(record->owner == domain_number(caller)) && LIKELY(record->type == FRAME_RAM)
               ? record
               : NULL;
}

static inline uint64_t *short_entry(struct domain *to, uint64_t address, uint64_t order,
                                    struct table **table)
{
    unsigned level = space_level((uint32_t)order);
    *table = &to->latest[0][level - 1];
    return LIKELY((*table)->key == address >> TABLE_SHIFT(level))
               ? &(*table)->entries[space_index(address, level)]
               : NULL;
}

static inline bool grant_short(uint64_t address, uint64_t order, uint64_t domain, uint64_t rights,
                               const struct domain *caller)
{
    struct domain *to;
    struct table *table;
    struct frame *record = owned_piece(caller, address, order);
    if (record == NULL || cap_domain(caller, domain, RIGHT_GRANT, &to) != OK || to == caller) {
        return false;
    }
    uint64_t *entry = short_entry(to, address, order, &table);
    uint32_t frames = 1u << order;
    if (entry == NULL || leaf_is_user(*entry) || to->accept < frames ||
        record->mappings == MAPPINGS_MAX ||
        leaf_check_rights(rights & ~(uint64_t)GRANT_SHARE, false) != OK) {
        return false;
    }
    const struct leaf leaf = {
        .at = address,
        .address = address,
        .rights = (uint32_t)rights & (MAP_READ | MAP_WRITE),
        .kind = rights & GRANT_SHARE ? PTE_AVL_SHARED : PTE_AVL_LENT,
        .large = order == ORDER_BLOCK,
    };
    leaf_set(entry, record, &leaf);
    table->record->mappings++;
    to->accept -= frames;
    return true;
}

int64_t sys_frame_grant(uint64_t address, uint64_t order, uint64_t domain, uint64_t rights)
{
    const struct domain *caller = caller_domain();
    return LIKELY(grant_short(address, order, domain, rights, caller))
               ? OK
               : grant(address, order, domain, rights, caller);
}

static inline bool revoke_short(uint64_t address, uint64_t order, uint64_t domain,
                                const struct domain *caller)
{
    struct domain *to;
    struct table *table;
    struct frame *record = owned_piece(caller, address, order);
    if (record == NULL || cap_domain(caller, domain, RIGHT_GRANT, &to) != OK || to == caller) {
        return false;
    }
    uint64_t *entry = short_entry(to, address, order, &table);
    if (entry == NULL || !space_is_leaf(*entry, (uint32_t)order) || leaf_uses(*entry) != 0 ||
        (leaf_kind(*entry) != PTE_AVL_LENT && leaf_kind(*entry) != PTE_AVL_SHARED) ||
        !space_keeps_table(to, table) || to->accept > UINT32_MAX - FRAMES_PER_BLOCK) {
        return false;
    }
    leaf_clear(entry, record, space_refill(table, space_index(address, space_level(order))));
    table->record->mappings--;
    to->accept += 1u << order;
    space_flush_elsewhere(to);
    return true;
}

int64_t sys_frame_revoke(uint64_t address, uint64_t order, uint64_t domain)
{
    const struct domain *caller = caller_domain();
    return LIKELY(revoke_short(address, order, domain, caller))
               ? OK
               : revoke(address, order, domain, caller);
}
