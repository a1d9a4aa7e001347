/*
 * Address spaces: the page tables of domains.
 *
 * A domain's lower half starts as the kernel's identity map, shared and supervisor-only. Where
 * the domain may access a frame, it has tables of its own down to that frame's leaf, with every
 * sibling as the kernel has it; when its last leaf in a table goes, so does the table. The upper
 * half has only what is mapped there. Page tables come from the domain's stock.
 *
 * Every user leaf is made in one place, which refuses what is writable and executable at once,
 * and counted in the record of the frame it points to; a table counts its user entries.
 */
#ifndef KERNEL_SPACE_H
#define KERNEL_SPACE_H

#include <stdbool.h>
#include <stdint.h>

struct domain;

/* A mapping to be made. The address is aligned to the order. */
struct mapping {
    uint64_t at; /* virtual address; the lower half: equal to frame */
    uint64_t frame;
    uint32_t order; /* ORDER_FRAME or ORDER_BLOCK */
    uint32_t rights;
    uint32_t cache; /* CACHE_* */
    uint32_t kind;  /* PTE_AVL_* */
};

/* The kernel's own root, which all lower halves start from. */
void space_init(uint64_t kernel_root);

/* A root for a new domain in a clear frame, whose record is already a table's. */
void space_make_root(uint64_t root);

/* OK, E_WRITE_EXECUTE, E_ARGUMENT (rights), E_MAPPED, E_NO_TABLES, E_LIMIT (of mappings). */
int64_t space_check(const struct domain *domain, const struct mapping *mapping);

/* What space_check allowed; cannot fail. */
void space_map(struct domain *domain, const struct mapping *mapping);

/* Is there a user leaf of this order at `at`? */
bool space_mapped(const struct domain *domain, uint64_t at, uint32_t order);

/* Removes that leaf, and tables that then hold none, which go back to the stock. */
void space_unmap(struct domain *domain, uint64_t at, uint32_t order);

/* Of a domain that never runs again: takes back what one of its tables maps. */
void space_drop_table(uint64_t table);

/* For checks and dumps: the entry that translates `at` in `root`, and its level (1: 4 KiB,
 * 2: 2 MiB; 0: nothing present, the entry is the one that says so). */
uint64_t space_walk(uint64_t root, uint64_t at, unsigned *level);

#endif
