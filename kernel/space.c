/*
 * Page tables of domains: see space.h. Intel SDM 3A, 4.5.
 */
#include "kernel/space.h"

#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/frame_ptr.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "kernel/x86/arch.h"

#define ENTRIES 512u
#define ROOT_LEVEL 4u
#define TABLE_BITS (PTE_PRESENT | PTE_WRITE | PTE_USER)
#define ABSENT ((uint64_t)PTE_AVL_ABSENT << PTE_AVL_SHIFT)

static uint64_t kernel_root;

void space_init(uint64_t root)
{
    kernel_root = root;
}

/* ---- Walking ---- */

static unsigned leaf_level(uint32_t order)
{
    return order == ORDER_BLOCK ? 2 : 1;
}

static uint64_t *entry_in(uint64_t table, uint64_t at, unsigned level)
{
    uint64_t index = at >> (FRAME_SHIFT + 9 * (level - 1)) & (ENTRIES - 1);
    return (uint64_t *)frame_ptr(table) + index;
}

/* A domain's own table hangs here: present, for user mode, and no leaf. */
static bool is_own_table(uint64_t entry, unsigned level)
{
    return (entry & PTE_PRESENT) && (entry & PTE_USER) && level > 1 && !(entry & PTE_LARGE);
}

static bool is_user_leaf(uint64_t entry, unsigned level)
{
    return (entry & PTE_PRESENT) && (entry & PTE_USER) &&
           (level == 1 || (level == 2 && (entry & PTE_LARGE)));
}

/* The entry of the domain's own tables that lies deepest on the way to `at`, at or above `level`;
 * *found is its level. */
static uint64_t *deepest_own(uint64_t root, uint64_t at, unsigned level, unsigned *found)
{
    uint64_t table = root;
    unsigned here = ROOT_LEVEL;
    uint64_t *entry = entry_in(table, at, here);
    while (here > level && is_own_table(*entry, here)) {
        table = *entry & PTE_ADDRESS;
        here--;
        entry = entry_in(table, at, here);
    }
    *found = here;
    return entry;
}

uint64_t space_walk(uint64_t root, uint64_t at, unsigned *level)
{
    uint64_t table = root;
    for (unsigned here = ROOT_LEVEL;; here--) {
        uint64_t entry = *entry_in(table, at, here);
        if (!(entry & PTE_PRESENT)) {
            *level = 0;
            return entry;
        }
        if (here == 1 || (entry & PTE_LARGE)) {
            *level = here;
            return entry;
        }
        table = entry & PTE_ADDRESS;
    }
}

/* What the identity map has for `at` at a level: its entry there; for a level below a 2 MiB leaf,
 * the 4 KiB leaf that means the same; in the upper half, nothing. */
static uint64_t kernel_entry(uint64_t at, unsigned level)
{
    if (at >= UPPER_HALF_START) {
        return 0;
    }
    uint64_t table = kernel_root;
    for (unsigned here = ROOT_LEVEL;; here--) {
        uint64_t entry = *entry_in(table, at, here);
        if (here == level || !(entry & PTE_PRESENT)) {
            return entry;
        }
        if (entry & PTE_LARGE) {
            uint64_t frame = at & (BLOCK_BYTES - 1) & PTE_ADDRESS;
            return (entry & ~PTE_LARGE) + frame;
        }
        table = entry & PTE_ADDRESS;
    }
}

static void flush(const struct domain *domain, uint64_t at)
{
    if (arch_root() == domain->root) {
        arch_flush_page(at);
    }
}

/* ---- Tables ---- */

void space_make_root(uint64_t root)
{
    memcpy(frame_ptr(root), frame_ptr(kernel_root), FRAME_BYTES / 2);
    memset((char *)frame_ptr(root) + FRAME_BYTES / 2, 0, FRAME_BYTES / 2);
}

static uint64_t take_stock(struct domain *domain)
{
    uint64_t table = domain->stock;
    ensure(table != 0 && domain->stock_count != 0);
    domain->stock = *(uint64_t *)frame_ptr(table);
    domain->stock_count--;
    frame_list_remove(&domain->owned, table);
    frame_list_add(&domain->tables, table);
    return table;
}

static void return_stock(struct domain *domain, uint64_t table)
{
    struct frame *record = frame_record(table, ORDER_FRAME);
    frame_list_remove(&domain->tables, table);
    frame_list_add(&domain->owned, table);
    record->type = FRAME_STOCK;
    record->cache = 0;
    record->mappings = 0;
    *(uint64_t *)frame_ptr(table) = domain->stock;
    domain->stock = table;
    domain->stock_count++;
}

/* Hangs a table of the domain's own below `entry`, which translates as before. */
static void add_table(struct domain *domain, uint64_t *entry, uint64_t at, unsigned level)
{
    uint64_t table = take_stock(domain);
    struct frame *record = frame_record(table, ORDER_FRAME);
    record->type = FRAME_TABLE;
    record->cache = (uint8_t)level;
    record->mappings = 0;
    uint64_t *entries = frame_ptr(table);
    uint64_t step = FRAME_BYTES << 9 * (level - 1);
    uint64_t start = at & ~(step * ENTRIES - 1);
    for (unsigned i = 0; i < ENTRIES; i++) {
        entries[i] = kernel_entry(start + i * step, level);
    }
    *entry = table | TABLE_BITS;
    frame_at(frame_of(entry) & ~(FRAME_BYTES - 1))->mappings++;
}

/* An entry of a table was cleared: the table goes when that was its last. */
static void drop_entry(struct domain *domain, uint64_t table, uint64_t at, unsigned level)
{
    while (--frame_record(table, ORDER_FRAME)->mappings == 0 && level < ROOT_LEVEL) {
        unsigned found;
        uint64_t *entry = deepest_own(domain->root, at, level + 1, &found);
        ensure(found == level + 1 && (*entry & PTE_ADDRESS) == table);
        *entry = kernel_entry(at, level + 1);
        flush(domain, at);
        return_stock(domain, table);
        table = frame_of(entry) & ~(FRAME_BYTES - 1);
        level++;
    }
}

/* ---- Leaves ---- */

static int64_t check_rights(uint32_t rights, bool upper)
{
    if ((rights & ~(MAP_READ | MAP_WRITE | MAP_EXECUTE)) != 0 || rights == 0) {
        return E_ARGUMENT;
    }
    bool writable = (rights & MAP_WRITE) != 0, executable = (rights & MAP_EXECUTE) != 0;
    return executable && (writable || !upper) ? E_WRITE_EXECUTE : OK;
}

int64_t space_check(const struct domain *domain, const struct mapping *mapping)
{
    int64_t error = check_rights(mapping->rights, mapping->at >= UPPER_HALF_START);
    if (error != OK) {
        return error;
    }
    unsigned level = leaf_level(mapping->order), found;
    const uint64_t *entry = deepest_own(domain->root, mapping->at, level, &found);
    if ((found == level && (is_user_leaf(*entry, level) || is_own_table(*entry, level))) ||
        is_user_leaf(*entry, found)) {
        return E_MAPPED;
    }
    if (found - level > domain->stock_count) {
        return E_NO_TABLES;
    }
    /* A frame about to be claimed has no record yet where its block is still whole. */
    const struct frame *record = frame_record(mapping->frame, mapping->order);
    return record != NULL && record->mappings == MAPPINGS_MAX ? E_LIMIT : OK;
}

static uint64_t leaf_bits(const struct mapping *mapping)
{
    static const uint64_t cache_bits[] = {
        [CACHE_WRITE_BACK] = 0,
        [CACHE_UNCACHED] = PTE_PCD | PTE_PWT,
        [CACHE_WRITE_COMBINING] = PTE_PWT,
    };
    return PTE_PRESENT | PTE_USER | (mapping->rights & MAP_WRITE ? PTE_WRITE : 0) |
           (mapping->rights & MAP_EXECUTE ? 0 : PTE_NX) | cache_bits[mapping->cache] |
           (mapping->order == ORDER_BLOCK ? PTE_LARGE : 0) |
           (uint64_t)mapping->kind << PTE_AVL_SHIFT;
}

void space_map(struct domain *domain, const struct mapping *mapping)
{
    unsigned level = leaf_level(mapping->order), found;
    uint64_t *entry = deepest_own(domain->root, mapping->at, level, &found);
    while (found > level) {
        add_table(domain, entry, mapping->at, found - 1);
        entry = deepest_own(domain->root, mapping->at, level, &found);
    }
    *entry = mapping->frame | leaf_bits(mapping);
    frame_record(frame_of(entry) & ~(FRAME_BYTES - 1), ORDER_FRAME)->mappings++;
    frame_record(mapping->frame, mapping->order)->mappings++;
    flush(domain, mapping->at);
}

bool space_mapped(const struct domain *domain, uint64_t at, uint32_t order)
{
    unsigned level = leaf_level(order), found;
    const uint64_t *entry = deepest_own(domain->root, at, level, &found);
    return found == level && is_user_leaf(*entry, level);
}

void space_unmap(struct domain *domain, uint64_t at, uint32_t order)
{
    unsigned level = leaf_level(order), found;
    uint64_t *entry = deepest_own(domain->root, at, level, &found);
    ensure(found == level && is_user_leaf(*entry, level));
    frame_record(*entry & PTE_ADDRESS, order)->mappings--;
    *entry = kernel_entry(at, level);
    flush(domain, at);
    drop_entry(domain, frame_of(entry) & ~(FRAME_BYTES - 1), at, level);
}

void space_drop_table(uint64_t table)
{
    struct frame *record = frame_record(table, ORDER_FRAME);
    unsigned level = record->cache;
    const uint64_t *entries = frame_ptr(table);
    for (unsigned i = 0; i < ENTRIES && level <= 2; i++) {
        if (is_user_leaf(entries[i], level)) {
            uint32_t order = level == 2 ? ORDER_BLOCK : ORDER_FRAME;
            frame_record(entries[i] & PTE_ADDRESS, order)->mappings--;
        }
    }
    record->mappings = 0;
}
