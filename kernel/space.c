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
#define FLUSHED_ONE_BY_ONE 32u

static uint64_t kernel_root;

void space_init(uint64_t root)
{
    kernel_root = root;
}

uint64_t space_kernel_root(void)
{
    return kernel_root;
}

/* ---- Walking ---- */

static uint64_t *entry_in(uint64_t table, uint64_t at, unsigned level)
{
    return (uint64_t *)frame_ptr(table) + space_index(at, level);
}

/* A domain's own table hangs here: present, for user mode, and no leaf. */
static bool is_own_table(uint64_t entry, unsigned level)
{
    return leaf_is_user(entry) && level > 1 && !(entry & PTE_LARGE);
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

/* ---- What the kernel's identity map has where a domain has nothing ---- */

/* Sets model, or base and step, of a table of `level` that covers `at`. */
static void set_model(struct table *table, uint64_t at, unsigned level)
{
    table->model = NULL;
    table->base = table->step = 0;
    if (at >= UPPER_HALF_START) {
        return;
    }
    uint64_t below = kernel_root;
    for (unsigned here = ROOT_LEVEL; here > level; here--) {
        uint64_t entry = *entry_in(below, at, here);
        if (!(entry & PTE_PRESENT)) {
            table->base = entry; /* absent at every level below, too */
            return;
        }
        if (entry & PTE_LARGE) {
            table->base = entry & ~PTE_LARGE;
            table->step = FRAME_BYTES;
            return;
        }
        below = entry & PTE_ADDRESS;
    }
    table->model = frame_ptr(below);
}

/* ---- Finding a table, quickly where the latest one is meant again ---- */

struct table *space_find_table(struct domain *domain, uint64_t at, unsigned level)
{
    unsigned found;
    uint64_t *entry = deepest_own(domain->root, at, level, &found);
    if (found != level) {
        return NULL;
    }
    struct table *table = &domain->latest[at >> 63][level - 1];
    uint64_t frame = frame_of(entry) & ~(FRAME_BYTES - 1);
    table->key = at >> TABLE_SHIFT(level);
    table->entries = frame_ptr(frame);
    table->record = frame_at(frame);
    set_model(table, at, level);
    return table;
}

static void forget(struct domain *domain, const struct frame *record)
{
    for (unsigned i = 0; i < 4; i++) {
        struct table *table = &domain->latest[i / 2][i % 2];
        if (table->record == record) {
            table->key = TABLE_NONE;
        }
    }
}

bool space_remembers_well(const struct domain *domain)
{
    for (unsigned i = 0; i < 4; i++) {
        const struct table *table = &domain->latest[i / 2][i % 2];
        unsigned level = i % 2 + 1, found;
        if (table->key == TABLE_NONE) {
            continue;
        }
        const uint64_t *entry =
            deepest_own(domain->root, table->key << TABLE_SHIFT(level), level, &found);
        if (found != level || entry != table->entries ||
            frame_at(frame_of(entry)) != table->record) {
            return false;
        }
    }
    return true;
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
    return table;
}

/* Hangs a table of the domain's own below `entry`, which translates as before. */
static void add_table(struct domain *domain, uint64_t *entry, uint64_t at, unsigned level)
{
    uint64_t frame = take_stock(domain);
    struct frame *record = frame_at(frame);
    domain_change_type(domain, frame, FRAME_TABLE, level, at & ~((1ull << TABLE_SHIFT(level)) - 1));
    struct table table = {.entries = frame_ptr(frame), .record = record};
    set_model(&table, at, level);
    if (table.model != NULL) {
        memcpy(table.entries, table.model, FRAME_BYTES);
    } else {
        uint64_t value = table.base;
        for (unsigned i = 0; i < ENTRIES; i++, value += table.step) {
            table.entries[i] = value;
        }
    }
    *entry = frame | TABLE_BITS;
    frame_at(frame_of(entry))->mappings++;
}

/* Takes a table without user entries out of its place; returns the record of the table above. */
static struct frame *unhang(struct domain *domain, struct frame *record)
{
    uint64_t at = record->tag;
    unsigned level = record->cache + 1u, found;
    uint64_t *entry = deepest_own(domain->root, at, level, &found);
    uint64_t frame = *entry & PTE_ADDRESS;
    ensure(found == level && frame_at(frame) == record && record->mappings == 0);
    struct table above = {0};
    set_model(&above, at, level);
    *entry = space_refill(&above, space_index(at, level));
    space_flush(domain, at);
    forget(domain, record);
    domain_change_type(domain, frame, FRAME_STOCK, 0, 0);
    domain_add_stock(domain, frame);
    struct frame *parent = frame_at(frame_of(entry));
    parent->mappings--;
    return parent;
}

/* The idle table gives way; if the one above it is empty now, that is the idle one. */
static void drop_idle(struct domain *domain)
{
    struct frame *parent = unhang(domain, space_idle(domain));
    domain->idle = NULL;
    if (parent->mappings == 0 && parent->cache != ROOT_LEVEL) {
        domain->idle = parent;
    }
}

/* A table has lost its last user entry. */
static void become_idle(struct domain *domain, struct frame *record)
{
    while (space_idle(domain) != NULL) {
        drop_idle(domain); /* once for each level at most */
    }
    domain->idle = record;
}

void space_count_entries(struct domain *domain, struct frame *record, int32_t more)
{
    record->mappings = (uint16_t)(record->mappings + more);
    if (record->mappings == 0 && record != domain->idle && record->cache != ROOT_LEVEL) {
        become_idle(domain, record);
    }
}

/* How many tables the idle one gives back: itself, and what is above it for its sake alone, up to
 * what lies on the way to `at`. */
static unsigned idle_chain(const struct domain *domain, uint64_t at)
{
    const struct frame *record = space_idle(domain);
    unsigned count = 0;
    while (record != NULL && (at ^ record->tag) >> TABLE_SHIFT(record->cache) != 0) {
        unsigned level = record->cache + 1u, found;
        const struct frame *above =
            frame_at(frame_of(deepest_own(domain->root, record->tag, level, &found)));
        record = above->mappings == 1 && level < ROOT_LEVEL ? above : NULL;
        count++;
    }
    return count;
}

/* ---- Leaves ---- */

void space_stop_elsewhere(const struct domain *domain)
{
    for (unsigned cpu = 0; cpu < arch_cpu_count; cpu++) {
        if (cpu != arch_cpu_number() && arch_current_of(cpu)->root == domain->root) {
            arch_cpu_stop(cpu);
        }
    }
}

static void flush_many(const struct domain *domain, uint64_t at, const struct run *run)
{
    if (run->count > FLUSHED_ONE_BY_ONE) {
        arch_load_root(domain->root);
        return;
    }
    uint64_t step = run->order >= ORDER_BLOCK ? BLOCK_BYTES : FRAME_BYTES;
    for (uint32_t i = 0; i < run->count; i++) {
        arch_flush_page(at + i * step);
    }
}

static inline void flush(const struct domain *domain, uint64_t at, const struct run *run)
{
    space_flush_elsewhere(domain);
    if (arch_root() != domain->root) {
        return;
    }
    if (run->count == 1) {
        arch_flush_page(at);
    } else {
        flush_many(domain, at, run);
    }
}

static int64_t check_tables(const struct domain *domain, uint64_t at, unsigned level)
{
    unsigned found;
    const uint64_t *entry = deepest_own(domain->root, at, level, &found);
    if (leaf_is_user(*entry)) {
        return E_MAPPED; /* a large leaf where small ones are to be */
    }
    unsigned needed = found - level;
    return needed <= domain->stock_count || needed <= domain->stock_count + idle_chain(domain, at)
               ? OK
               : E_NO_TABLES;
}

int64_t space_check(struct domain *domain, struct mapping *mapping)
{
    const struct run *run = mapping->run;
    unsigned level = space_level(run->order);
    struct table *table = space_table(domain, mapping->at, level);
    mapping->table = table;
    if (table == NULL) {
        int64_t error = check_tables(domain, mapping->at, level);
        if (error != OK) {
            return error;
        }
    }
    const uint64_t *entries =
        table != NULL ? &table->entries[space_index(mapping->at, level)] : NULL;
    uint32_t more = run_is_whole(run) ? 1 : run->count;
    for (uint32_t i = 0; i < run->count; i++) {
        if (leaf_check_count(run_record(run, i), more) != OK) {
            return E_LIMIT;
        }
        if (entries != NULL && leaf_is_user(entries[i]) &&
            (!is_own_table(entries[i], level) ||
             frame_at(entries[i] & PTE_ADDRESS) != space_idle(domain))) {
            return E_MAPPED;
        }
    }
    return OK;
}

/* The table that the leaves go into, made when it is not there. */
static struct table *make_table(struct domain *domain, uint64_t at, unsigned level)
{
    unsigned found;
    uint64_t *entry = deepest_own(domain->root, at, level, &found);
    while (found - level > domain->stock_count) {
        drop_idle(domain); /* space_check has seen that this will do */
    }
    while (found > level) {
        add_table(domain, entry, at, found - 1);
        entry = deepest_own(domain->root, at, level, &found);
    }
    return space_find_table(domain, at, level);
}

/* The idle table stands where a large leaf is to be. */
static void clear_way(struct domain *domain, const struct mapping *mapping)
{
    uint64_t end = mapping->at + (FRAME_BYTES << mapping->run->order) - 1;
    const struct frame *idle = space_idle(domain);
    if (idle->cache == 1 && idle->tag >= mapping->at && idle->tag <= end) {
        drop_idle(domain);
    }
}

void space_map(struct domain *domain, const struct mapping *mapping)
{
    const struct run *run = mapping->run;
    unsigned level = space_level(run->order);
    struct table *table = mapping->table;
    if (level == 2 && space_idle(domain) != NULL) {
        clear_way(domain, mapping);
        table = space_table(domain, mapping->at, level);
    }
    if (table == NULL) {
        table = make_table(domain, mapping->at, level);
    }
    uint64_t *entries = &table->entries[space_index(mapping->at, level)];
    uint64_t step = level == 2 ? BLOCK_BYTES : FRAME_BYTES;
    struct leaf leaf = {
        .at = mapping->at,
        .address = run->address,
        .rights = mapping->rights,
        .kind = mapping->kind,
        .large = level == 2,
    };
    for (uint32_t i = 0; i < run->count; i++) {
        leaf_set(&entries[i], run_record(run, i), &leaf);
        leaf.at += step;
        leaf.address += step;
    }
    space_count_entries(domain, table->record, (int32_t)run->count);
    flush(domain, mapping->at, run);
}

void space_unmap(struct domain *domain, struct table *table, uint64_t at, const struct run *run)
{
    unsigned level = space_level(run->order);
    if (table == NULL) {
        return;
    }
    uint32_t first = space_index(at, level);
    int32_t cleared = 0;
    for (uint32_t i = 0; i < run->count; i++) {
        uint64_t *entry = &table->entries[first + i];
        if (leaf_is_user(*entry) && !is_own_table(*entry, level)) {
            leaf_clear(entry, run_record(run, i), space_refill(table, first + i));
            cleared++;
        }
    }
    if (cleared != 0) {
        flush(domain, at, run);
        space_count_entries(domain, table->record, -cleared);
    }
}

void space_drop_table(uint64_t table)
{
    struct frame *record = frame_at(table);
    unsigned level = record->cache;
    const uint64_t *entries = frame_ptr(table);
    for (unsigned i = 0; i < ENTRIES && level <= 2; i++) {
        if (leaf_is_user(entries[i]) && !is_own_table(entries[i], level)) {
            frame_at(entries[i] & PTE_ADDRESS)->mappings--;
        }
    }
    record->mappings = 0;
}
