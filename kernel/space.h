/*
 * Address spaces: the page tables of domains.
 *
 * A domain's lower half starts as the kernel's identity map, shared and supervisor-only. Where
 * the domain may access a frame, it has tables of its own down to that frame's leaf, with every
 * sibling as the kernel has it. The upper half has only what is mapped there. Page tables come
 * from the domain's stock and go back to it when their last leaf goes; the latest one that did
 * stays in its place ("idle"), translating as the kernel's would, for the next leaf there.
 *
 * A run (kernel/frame.h) is aligned to its size, so its leaves lie side by side in one table.
 * Every user leaf is made and ended by kernel/own.h, and counted in the record of the frame it
 * points to; a table counts its user entries.
 */
#ifndef KERNEL_SPACE_H
#define KERNEL_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/frame.h"

struct domain;

/* A page table of a domain that leaves stand in: of level 1 (4 KiB) or 2 (2 MiB). */
struct table {
    uint64_t key; /* at >> TABLE_SHIFT(level); no table has TABLE_NONE */
    uint64_t *entries;
    struct frame *record;
    /* What stands where the domain has nothing: model[i], or without a model base + i * step. */
    const uint64_t *model;
    uint64_t base, step;
    uint64_t spare[2]; /* a power of two in size */
};
#define TABLE_SHIFT(level) (FRAME_SHIFT + 9 * (level))
#define TABLE_NONE UINT64_MAX

/* Leaves to be made for a run at `at`; the lower half: equal to the run's address. */
struct mapping {
    uint64_t at;
    const struct run *run;
    uint32_t rights;     /* checked by leaf_check_rights */
    uint32_t kind;       /* PTE_AVL_* */
    struct table *table; /* set by space_check; NULL: the domain has none there yet */
};

/* The kernel's own root, which all lower halves start from. */
void space_init(uint64_t kernel_root);
uint64_t space_kernel_root(void);

/* A root for a new domain in a frame that is its own, and its record. */
void space_make_root(uint64_t root);

/* The domain's own table of a level that covers `at`, or NULL: nothing is mapped there. Use
 * space_table, which knows the latest ones. */
struct table *space_find_table(struct domain *domain, uint64_t at, unsigned level);

/* Is an entry found for this order a user leaf, rather than a table or what the kernel has? */
static inline bool space_is_leaf(uint64_t entry, uint32_t order)
{
    return leaf_is_user(entry) && (order < ORDER_BLOCK || (entry & PTE_LARGE));
}

/* OK, E_MAPPED, E_NO_TABLES, E_LIMIT (of a record's mappings). */
int64_t space_check(struct domain *domain, struct mapping *mapping);

/* What space_check allowed just now; cannot fail. */
void space_map(struct domain *domain, const struct mapping *mapping);

/* Ends the leaves that stand for the run at `at`, where there are any, in the table there. */
void space_unmap(struct domain *domain, struct table *table, uint64_t at, const struct run *run);

/* A table's user entries are so many more; an empty one becomes idle. */
void space_count_entries(struct domain *domain, struct frame *table, int32_t more);

static inline unsigned space_level(uint32_t order)
{
    return order >= ORDER_BLOCK ? 2 : 1;
}

static inline uint32_t space_index(uint64_t at, unsigned level)
{
    return at >> (FRAME_SHIFT + 9 * (level - 1)) & 511;
}

/* What stands in a table where the domain has nothing. */
static inline uint64_t space_refill(const struct table *table, uint32_t index)
{
    return __builtin_expect(table->model != NULL, 0) ? table->model[index]
                                                     : table->base + index * table->step;
}

/* See space_flush_elsewhere (kernel/domain.h). It keeps all registers, so that those for whom it is
 * never called need keep none. */
#ifdef COCOS_HOST
#define KEEPS_REGISTERS
#else
#define KEEPS_REGISTERS __attribute__((no_caller_saved_registers))
#endif
void space_stop_elsewhere(const struct domain *domain) KEEPS_REGISTERS;

/* Of a domain that never runs again: takes back what one of its tables maps. */
void space_drop_table(uint64_t table);

/* For checks and dumps: the entry that translates `at` in `root`, and its level (1: 4 KiB,
 * 2: 2 MiB; 0: nothing present, the entry is the one that says so). */
uint64_t space_walk(uint64_t root, uint64_t at, unsigned *level);

/* Do the domain's remembered tables stand where it says? (kernel/check.c) */
bool space_remembers_well(const struct domain *domain);

#endif
