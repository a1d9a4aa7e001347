/*
 * Taking frames from a domain by force. The system call takes one piece (a frame or a whole block)
 * a time, so every step is bounded and the caller learns the name of each: the list it owes the
 * loser. A piece is taken out of the domain's reach altogether: its own access, and its mappings
 * in the upper half, which only a walk of the page tables finds. So a pass goes table by table;
 * mappings of what was taken already end as the pass comes by. A pass that took something is
 * followed by another.
 */
#include "kernel/reclaim.h"

#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/frame.h"
#include "kernel/space.h"
#include "kernel/syscall.h"

#define ENTRIES 512u
#define RING_STEPS 64u

static bool is_kept(const struct domain *domain, uint64_t address)
{
    for (unsigned i = 0; i < DOMAIN_KEPT; i++) {
        if (domain->keep[i] != 0 && frame_at(domain->keep[i]) == frame_at(address)) {
            return true;
        }
    }
    return false;
}

static bool may_take(const struct domain *loser, uint64_t address, bool last)
{
    const struct frame *record = frame_at(address);
    return record->owner == domain_number(loser) &&
           (record->type == FRAME_RAM || record->type == FRAME_DIRTY) &&
           (last || !is_kept(loser, address));
}

/* The piece changes hands; who else maps it, maps it still. Returns address | order, or E_LIMIT. */
static int64_t take(struct domain *loser, struct domain *taker, uint64_t address)
{
    struct run run;
    uint32_t order = frame_is_split(address) ? ORDER_FRAME : ORDER_BLOCK;
    address &= ~((FRAME_BYTES << order) - 1);
    int64_t error = domain_check_limit(taker, 1ull << order);
    if (error != OK) {
        return error;
    }
    frame_run(address, order, &run);
    space_unmap(loser, space_table(loser, address, space_level(order)), address, &run);
    domain_leave(loser, run.first, order);
    own_give(run.first, domain_number(taker));
    domain_enter(taker, run.first, frame_number(address), order);
    loser->reclaim.taken = true;
    return (int64_t)(address | order);
}

/* The virtual address that an entry of a table translates. */
static uint64_t address_of_entry(const struct frame *table, unsigned index)
{
    return table->tag + ((uint64_t)index << (FRAME_SHIFT + 9 * (table->cache - 1)));
}

/* Does a leaf stand for a grant to the domain? A share's leaf in the upper half does as long as the
 * lower half has the share. */
static bool is_granted(struct domain *domain, uint64_t leaf, uint32_t order)
{
    if (leaf_kind(leaf) != PTE_AVL_SHARED) {
        return leaf_kind(leaf) == PTE_AVL_LENT;
    }
    const uint64_t *entry = space_entries(domain, leaf & PTE_ADDRESS, order);
    return entry != NULL && space_is_leaf(*entry, order) && leaf_kind(*entry) == PTE_AVL_SHARED;
}

/* One table: ends mappings of what the taker has already, takes the first piece it comes to.
 * 0: nothing more here. */
static int64_t sweep_table(struct domain *loser, struct domain *taker, uint64_t table, bool last)
{
    const struct frame *record = frame_at(table);
    uint32_t order = record->cache == 2 ? ORDER_BLOCK : ORDER_FRAME;
    const uint64_t *entries = frame_ptr(table);
    for (unsigned i = 0; i < ENTRIES && record->cache <= 2 && record->mappings != 0; i++) {
        uint64_t entry = entries[i], address = entry & PTE_ADDRESS;
        if (!space_is_leaf(entry, order)) {
            continue;
        }
        bool taken = frame_at(address)->owner == domain_number(taker);
        if (taken ? is_granted(loser, entry, order) : !may_take(loser, address, last)) {
            continue;
        }
        int64_t result = taken ? OK : take(loser, taker, address);
        if (result < 0) {
            return result;
        }
        /* The own access may have been this very leaf, and its table may be gone with it. */
        struct run run;
        frame_run(address, order, &run);
        if (record->type == FRAME_TABLE && space_is_leaf(entries[i], order) &&
            (entries[i] & PTE_ADDRESS) == address) {
            uint64_t at = address_of_entry(record, i);
            space_unmap(loser, space_table(loser, at, record->cache), at, &run);
        }
        if (result != OK) {
            return result;
        }
    }
    return OK;
}

static bool is_table_of(const struct domain *domain, uint32_t number)
{
    const struct frame *record = frame_at_number(number);
    return record != NULL && record->type == FRAME_TABLE && record->owner == domain_number(domain);
}

/* One step among the tables. E_AGAIN: there are more; 0: there are not. */
static int64_t sweep_tables(struct domain *loser, struct domain *taker, bool last)
{
    struct reclaim_cursor *at = &loser->reclaim;
    uint32_t root = frame_number(loser->root);
    if (at->table == 0 || !is_table_of(loser, at->table)) {
        at->table = loser->root_record->next;
    }
    if (at->table == root) {
        at->table = 0;
        return OK;
    }
    uint32_t table = at->table, next = frame_at_number(table)->next;
    int64_t result = sweep_table(loser, taker, frame_address(table), last);
    if (result != OK) {
        return result; /* the same table again */
    }
    at->table = next;
    if (next == root) {
        at->table = 0;
        return OK;
    }
    return E_AGAIN;
}

/* One step along the ring, for what is owned and not mapped by its owner. */
static int64_t sweep_ring(struct domain *loser, struct domain *taker, bool last)
{
    struct reclaim_cursor *at = &loser->reclaim;
    const struct frame *record = at->frame != 0 ? frame_at_number(at->frame) : NULL;
    if (record == NULL || record->owner != domain_number(loser) || record->type == FRAME_TABLE) {
        at->frame = loser->record->next;
    }
    for (unsigned i = 0; i < RING_STEPS; i++) {
        uint32_t number = at->frame;
        if (number == domain_number(loser)) {
            at->frame = 0;
            return OK;
        }
        uint64_t address = frame_address(number);
        uint32_t next = frame_at_number(number)->next;
        int64_t result = may_take(loser, address, last) ? take(loser, taker, address) : OK;
        if (result >= 0) {
            at->frame = next;
        }
        if (result != OK) {
            return result;
        }
    }
    return E_AGAIN;
}

int64_t sys_frame_reclaim(uint64_t domain, uint64_t last)
{
    struct domain *caller = caller_domain();
    struct domain *loser;
    int64_t error = cap_domain(caller, domain, RIGHT_CONTROL, &loser);
    if (error != OK) {
        return error;
    }
    if (loser == caller || last > 1) {
        return E_ARGUMENT;
    }
    int64_t result = OK;
    if (loser->reclaim.frame == 0) {
        result = sweep_tables(loser, caller, last != 0);
    }
    result = result == OK ? sweep_ring(loser, caller, last != 0) : result;
    if (result == OK && loser->reclaim.taken) {
        loser->reclaim.taken = false; /* what it has claimed or mapped in the meantime */
        return E_AGAIN;
    }
    return result;
}
