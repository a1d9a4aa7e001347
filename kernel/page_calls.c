/*
 * System calls on the upper half: map, unmap, and the stock of page-table frames.
 */
#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/frame.h"
#include "kernel/frame_calls.h"
#include "kernel/frame_ptr.h"
#include "kernel/likely.h"
#include "kernel/space.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

static int64_t check_address(uint64_t at, uint64_t order)
{
    if (order > ORDER_MAX) {
        return E_ARGUMENT;
    }
    if (at < UPPER_HALF_START || at > UPPER_HALF_END - (FRAME_BYTES << order)) {
        return E_HALF;
    }
    return at & ((FRAME_BYTES << order) - 1) ? E_ALIGNMENT : OK;
}

/* The entries of the lower half that share the run with `domain`, or NULL: it may not map it. */
static uint64_t *shares(struct domain *domain, const struct run *run, uint64_t rights)
{
    uint64_t *entries = space_entries(domain, run->address, run->order);
    for (uint32_t i = 0; i < run->count; i++) {
        if (entries == NULL || !space_is_leaf(entries[i], run->order) ||
            leaf_kind(entries[i]) != PTE_AVL_SHARED ||
            ((rights & MAP_WRITE) && !(entries[i] & PTE_WRITE))) {
            return NULL;
        }
    }
    return entries;
}

/* Can these entries count one mapping more? OK or E_LIMIT. */
static int64_t check_uses(const uint64_t *entries, const struct run *run)
{
    for (uint32_t i = 0; i < run->count; i++) {
        if (leaf_uses(entries[i]) == LEAF_USES_MAX) {
            return E_LIMIT;
        }
    }
    return OK;
}

/* What `caller` may map into `domain`: what it owns; what was shared with it, into itself; the
 * system page, which is anyone's to read. Sets the kind of the leaves. */
static int64_t check_mappable(struct domain *caller, const struct domain *domain,
                              struct mapping *mapping, struct run *run, uint64_t frame,
                              uint64_t order)
{
    int64_t error = run_check_owned(frame, order, caller, run);
    mapping->run = run;
    mapping->kind = PTE_AVL_OWNED;
    if (error == OK) {
        mapping->kind = run->first->type == FRAME_DEVICE ? PTE_AVL_DEVICE : PTE_AVL_OWNED;
    } else if (error == E_NOT_OWNER && run->first->type == FRAME_SYSTEM && order == ORDER_FRAME) {
        mapping->kind = PTE_AVL_KERNEL;
        error = mapping->rights == MAP_READ ? OK : E_NOT_OWNER;
    } else if (error == E_NOT_OWNER && caller == domain) {
        const uint64_t *entries = shares(caller, run, mapping->rights);
        mapping->kind = PTE_AVL_SHARED;
        error = entries != NULL ? check_uses(entries, run) : error;
    }
    return error;
}

/* Any run, the general way. */
static __attribute__((noinline)) int64_t map(uint64_t domain, uint64_t at, uint64_t frame,
                                             uint64_t rights_order, struct domain *caller)
{
    struct domain *target;
    struct run run;
    uint64_t order = rights_order >> 8;
    struct mapping mapping = {.at = at, .rights = (uint32_t)rights_order & 0xff};
    int64_t error = cap_domain(caller, domain, RIGHT_CONTROL, &target);
    error = error != OK ? error : check_address(at, order);
    error = error != OK ? error : leaf_check_rights(mapping.rights, true);
    error = error != OK ? error : check_mappable(caller, target, &mapping, &run, frame, order);
    error = error != OK ? error : space_check(target, &mapping);
    error = error != OK ? error : run_clear(&run);
    if (error != OK) {
        return error;
    }
    if (mapping.kind == PTE_AVL_SHARED) {
        uint64_t *entries = shares(caller, &run, mapping.rights);
        for (uint32_t i = 0; i < run.count; i++) {
            leaf_add_use(&entries[i]);
        }
    }
    space_map(target, &mapping);
    return OK;
}

/* An upper-half leaf of a shared frame ends: the leaf that shares it counts one use less. */
static void end_use(struct domain *domain, uint64_t leaf, uint32_t order)
{
    if (leaf_kind(leaf) != PTE_AVL_SHARED) {
        return;
    }
    uint64_t *entry = space_entries(domain, leaf & PTE_ADDRESS, order);
    if (entry != NULL && space_is_leaf(*entry, order) && leaf_uses(*entry) != 0) {
        leaf_remove_use(entry);
    }
}

static __attribute__((noinline)) int64_t unmap(uint64_t domain, uint64_t at, uint64_t order)
{
    struct domain *target;
    int64_t error = cap_domain(caller_domain(), domain, RIGHT_CONTROL, &target);
    error = error != OK ? error : check_address(at, order);
    if (error != OK) {
        return error;
    }
    struct table *table = space_table(target, at, space_level((uint32_t)order));
    const uint64_t *entries =
        table != NULL ? &table->entries[space_index(at, space_level((uint32_t)order))] : NULL;
    uint32_t piece = order >= ORDER_BLOCK ? ORDER_BLOCK : ORDER_FRAME;
    uint32_t count = 1u << (order - piece);
    for (uint32_t i = 0; i < count; i++) {
        if (entries == NULL || !space_is_leaf(entries[i], piece)) {
            return E_NOT_MAPPED;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        struct run run;
        uint64_t leaf = entries[i];
        frame_run(leaf & PTE_ADDRESS, piece, &run);
        space_unmap(target, table, at + i * (FRAME_BYTES << piece), &run);
        end_use(target, leaf, piece);
    }
    return OK;
}

/*
 * ---- One page, the short way ----
 *
 * As in frame_calls.c: an owned frame of RAM, in the page table found last. Everything else, errors
 * included, goes the general way.
 */

static inline bool is_page(uint64_t at)
{
    return at >= UPPER_HALF_START && at < UPPER_HALF_END && at % FRAME_BYTES == 0;
}

/* The entry of a page, in *table the table found last; NULL: it is not there. */
static inline uint64_t *short_entry(struct domain *target, uint64_t at, struct table **table)
{
    *table = &target->latest[1][0];
    return LIKELY((*table)->key == at >> TABLE_SHIFT(1)) ? &(*table)->entries[space_index(at, 1)]
                                                         : NULL;
}

int64_t sys_page_map(uint64_t domain, uint64_t at, uint64_t frame, uint64_t rights_order)
{
    struct domain *caller = caller_domain();
    struct domain *target;
    struct table *table;
    if (LIKELY(is_page(at)) && LIKELY(frame % FRAME_BYTES == 0) &&
        LIKELY(leaf_check_rights(rights_order, true) == OK) &&
        LIKELY(cap_domain(caller, domain, RIGHT_CONTROL, &target) == OK)) {
        struct frame *record = frame_at(frame);
        uint64_t *entry = short_entry(target, at, &table);
        if (LIKELY(entry != NULL) && LIKELY(!leaf_is_user(*entry)) && LIKELY(record != NULL) &&
            LIKELY(record->owner == domain_number(caller)) && LIKELY(record->type == FRAME_RAM) &&
            LIKELY(record->mappings != MAPPINGS_MAX)) {
            const struct leaf leaf = {.at = at,
                                      .address = frame,
                                      .rights = (uint32_t)rights_order,
                                      .kind = PTE_AVL_OWNED};
            leaf_set(entry, record, &leaf);
            table->record->mappings++;
            return OK; /* what was not present needs no flush */
        }
    }
    return map(domain, at, frame, rights_order, caller);
}

int64_t sys_page_unmap(uint64_t domain, uint64_t at, uint64_t order)
{
    struct domain *target;
    struct table *table;
    if (LIKELY(order == ORDER_FRAME) && LIKELY(is_page(at)) &&
        LIKELY(cap_domain(caller_domain(), domain, RIGHT_CONTROL, &target) == OK)) {
        uint64_t *entry = short_entry(target, at, &table);
        if (LIKELY(entry != NULL) && LIKELY(leaf_is_user(*entry)) &&
            LIKELY(leaf_kind(*entry) == PTE_AVL_OWNED) &&
            LIKELY(space_keeps_table(target, table))) {
            leaf_clear(entry, frame_at(*entry & PTE_ADDRESS), 0);
            table->record->mappings--;
            space_flush(target, at);
            return OK;
        }
    }
    return unmap(domain, at, order);
}

/* ---- Page tables ---- */

void domain_add_stock(struct domain *domain, uint64_t frame)
{
    memset(frame_ptr(frame), 0, FRAME_BYTES);
    *(uint64_t *)frame_ptr(frame) = domain->stock;
    domain->stock = frame;
    domain->stock_count++;
}

int64_t sys_page_fund(uint64_t domain, uint64_t frame)
{
    struct domain *caller = caller_domain();
    struct domain *target;
    int64_t error = cap_domain(caller, domain, RIGHT_CONTROL, &target);
    error = error != OK ? error : domain_check_object(caller, frame);
    if (error == OK && target != caller) {
        error = domain_check_limit(target, 1);
    }
    if (error != OK) {
        return error;
    }
    domain_give_object(caller, target, frame, FRAME_STOCK, 0);
    domain_add_stock(target, frame);
    return OK;
}
