/*
 * System calls that take frames and give them back: claim and release (doc/frames.md). The frame
 * table is frame.c; accounts are domain.c; page tables are space.c; what becomes of a record or a
 * leaf is own.h. Device memory is device.c.
 */
#include "kernel/frame_calls.h"

#include <stddef.h>

#include "kernel/device.h"
#include "kernel/domain.h"
#include "kernel/frame.h"
#include "kernel/frame_ptr.h"
#include "kernel/frame_table.h"
#include "kernel/likely.h"
#include "kernel/space.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

/*
 * ---- One frame, the short way ----
 *
 * What programs do most: claim any frame, release one. These do at once what the general way does
 * step by step, where nothing special is to be seen to: the block stays split and keeps a free
 * frame, the page table is the one found last and keeps an entry. In all other cases, errors
 * included, the general way is taken. `make bench` counts their instructions.
 */

static inline bool can_claim_short(const struct domain *caller, uint32_t near, bool access)
{
    return LIKELY(near != 0) && LIKELY(frame_blocks[near].free_count != 1) &&
           LIKELY(caller->frames < caller->frame_limit) &&
           (!access || LIKELY(caller->latest[0][0].key == near));
}

/* What is free nobody maps, so nothing stands in the way of the leaf. */
static inline __attribute__((always_inline)) int64_t
claim_short(struct domain *caller, uint32_t near, uint64_t rights, uint64_t tag, bool access)
{
    struct block *block = &frame_blocks[near];
    struct frame *records = frame_records_of(block), *head = caller->record;
    const struct table *table = &caller->latest[0][0];
    uint32_t index = block->first_free, number = near * FRAMES_PER_BLOCK + index;
    uint32_t owner = domain_number(caller);
    uint64_t address = (uint64_t)number << FRAME_SHIFT;
    struct frame *record = frame_pop_free(block, records);
    ring_link(head, owner, record, number, frame_near(head->next, near, records));
    caller->frames++;
    frame_counts.free--;
    if (!access) {
        own_take(record, owner, tag);
        return (int64_t)address;
    }
    arch_clear(frame_ptr(address), FRAME_BYTES);
    own_take(record, owner, tag);
    own_set_clear(record);
    const struct leaf leaf = {
        .at = address, .address = address, .rights = (uint32_t)rights, .kind = PTE_AVL_OWNED};
    leaf_set(&table->entries[index], record, &leaf);
    table->record->mappings++;
    arch_flush_page(address);
    return (int64_t)address;
}

/* The owner's own access to a frame ends, if it is all that maps it and not the table's last. */
static inline bool end_access_short(const struct domain *caller, struct frame *record,
                                    uint64_t address, uint32_t index)
{
    const struct table *table = &caller->latest[0][0];
    uint64_t *entry = &table->entries[index];
    if (!LIKELY(record->mappings == 1 && table->key == address >> BLOCK_SHIFT &&
                leaf_is_user(*entry) && space_keeps_table(caller, table))) {
        return false;
    }
    leaf_clear(entry, record, space_refill(table, index));
    table->record->mappings--;
    arch_flush_page(address);
    space_flush_elsewhere(caller);
    return true;
}

static inline bool release_short(struct domain *caller, uint64_t address)
{
    uint64_t near = address >> BLOCK_SHIFT;
    if (near >= frame_block_count || address % FRAME_BYTES != 0) {
        return false;
    }
    struct block *block = &frame_blocks[near];
    if (block->whole.type != FRAME_SPLIT || block->free_count == 0 ||
        block->free_count >= FRAMES_PER_BLOCK - RECORD_FRAMES - 1) {
        return false;
    }
    uint32_t index = (address >> FRAME_SHIFT) % FRAMES_PER_BLOCK;
    struct frame *records = frame_records_of(block), *record = &records[index];
    if (record->owner != domain_number(caller)) {
        return false;
    }
    if (LIKELY(record->type == FRAME_RAM)) {
        if (!end_access_short(caller, record, address, index)) {
            return false;
        }
    } else if (record->type != FRAME_DIRTY) {
        return false;
    }
    ring_unlink(record, frame_near(record->prev, (uint32_t)near, records),
                frame_near(record->next, (uint32_t)near, records));
    caller->frames--;
    own_free_memory(record);
    frame_push_free(block, records, index);
    frame_counts.free++;
    return true;
}

/* ---- Any run, the general way ---- */

/* The caller comes last, so that the arguments stay where the system call had them. */
static __attribute__((noinline)) int64_t claim(uint64_t where, uint64_t order, uint64_t rights,
                                               uint64_t tag, struct domain *caller)
{
    if (rights == 0 && order == ORDER_FRAME && where == ZONE_ANY) {
        uint32_t near = frame_partial();
        if (can_claim_short(caller, near, false)) {
            return claim_short(caller, near, 0, tag, false);
        }
    }
    if (order > ORDER_MAX || (order > ORDER_BLOCK && rights != 0)) {
        return E_ARGUMENT;
    }
    int64_t error = run_check_rights(rights);
    if (error != OK) {
        return error;
    }
    int64_t found = frame_find(where, (uint32_t)order, &caller->search);
    if (found < 0) {
        return found;
    }
    struct run run;
    struct mapping mapping = {
        .at = (uint64_t)found, .run = &run, .rights = (uint32_t)rights, .kind = PTE_AVL_OWNED};
    frame_run((uint64_t)found, order, &run);
    error = domain_check_limit(caller, 1ull << order);
    error = error != OK || rights == 0 ? error : space_check(caller, &mapping);
    if (error != OK) {
        return error;
    }
    frame_take((uint64_t)found, (uint32_t)order, &run);
    for (uint32_t i = 0; i < run.count; i++) {
        own_take(run_record(&run, i), domain_number(caller), tag);
    }
    run_enter(caller, &run);
    if (rights != 0) {
        run_clear(&run);
        space_map(caller, &mapping);
    }
    return found;
}

int64_t sys_frame_claim(uint64_t where, uint64_t order, uint64_t rights, uint64_t tag)
{
    struct domain *caller = caller_domain();
    uint32_t near = frame_partial();
    if (LIKELY(where == ZONE_ANY) && LIKELY(order == ORDER_FRAME) &&
        LIKELY(rights - 1 < (MAP_READ | MAP_WRITE)) && can_claim_short(caller, near, true)) {
        return claim_short(caller, near, rights, tag, true);
    }
    return claim(where, order, rights, tag, caller);
}

static __attribute__((noinline)) int64_t release(uint64_t address, uint64_t order,
                                                 struct domain *caller)
{
    struct run run;
    int64_t error = run_check_whole(address, order, caller, &run);
    if (error != OK) {
        return error;
    }
    struct table *table = run_table(caller, &run);
    unsigned level = space_level(run.order);
    const uint64_t *entries = table != NULL ? &table->entries[space_index(address, level)] : NULL;
    for (uint32_t i = 0; i < run.count && error == OK; i++) {
        bool own = entries != NULL && space_is_leaf(entries[i], run.order);
        error = own_check_free(run_record(&run, i), own);
    }
    if (error != OK) {
        return error;
    }
    space_unmap(caller, table, address, &run);
    run_leave(caller, &run);
    for (uint32_t i = 0; i < run.count; i++) {
        own_free(run_record(&run, i));
    }
    if (run.first->type == FRAME_FREE) {
        frame_put(&run);
    } else {
        device_put(&run);
    }
    return OK;
}

int64_t sys_frame_release(uint64_t address, uint64_t order)
{
    struct domain *caller = caller_domain();
    bool done = order == ORDER_FRAME && release_short(caller, address);
    return done ? OK : release(address, order, caller);
}
