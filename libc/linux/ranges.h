/*
 * Which parts of an address area are in use, and with what rights: a sorted list of ranges that
 * do not touch unless their rights differ. Addresses are multiples of FRAME_BYTES. Free parts are
 * found first-fit from below, so that the area in use, and with it the page tables and records
 * that it needs, stays small.
 */
#ifndef LIBC_LINUX_RANGES_H
#define LIBC_LINUX_RANGES_H

#include <stdbool.h>
#include <stdint.h>

struct range {
    uint64_t start, end;
    uint32_t rights; /* MAP_*; 0: reserved, not accessible */
    uint32_t spare;
};

struct ranges {
    struct range *items; /* of the caller */
    uint32_t count, capacity;
    uint64_t start, end; /* the area */
};

/* One change needs at most this much spare capacity. */
#define RANGES_GROWTH 2

/* The lowest free address with `bytes` free bytes after it, or 0. */
uint64_t linux_ranges_find(const struct ranges *ranges, uint64_t bytes);

/* Whether all of it is inside the area and nothing of it is in use. */
bool linux_ranges_free(const struct ranges *ranges, uint64_t start, uint64_t end);

/* The first range that ends above `address`, or NULL. */
const struct range *linux_ranges_from(const struct ranges *ranges, uint64_t address);

/* Marks it used with `rights`, or free, whatever it was before. It lies inside the area, and
 * RANGES_GROWTH items are spare. */
void linux_ranges_set(struct ranges *ranges, uint64_t start, uint64_t end, uint32_t rights);
void linux_ranges_clear(struct ranges *ranges, uint64_t start, uint64_t end);

#endif
