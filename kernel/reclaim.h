/*
 * Taking frames from a domain by force: the kernel's part of the abort protocol (DESIGN section 3;
 * doc/revocation.md).
 */
#ifndef KERNEL_RECLAIM_H
#define KERNEL_RECLAIM_H

#include <stdbool.h>
#include <stdint.h>

/* Where the next step goes on. A pass looks at every page table, then at the owner's ring. */
struct reclaim_cursor {
    uint32_t table; /* number of a page table's frame, 0: the tables are done, or not begun */
    uint32_t frame; /* of an owned frame, 0: the ring is not begun */
    bool taken;     /* this pass has taken something: another one follows */
};

#endif
