/*
 * Memory for the kernel's own tables while it starts: frames for the identity map from the paging
 * zone, then from 2 MiB up, and areas for the frame table after them; stacks of further CPUs from
 * the end of the kernel's image. Nothing is taken that the firmware reserved, that a module lies
 * in, or that the kernel itself occupies. After boot there is no allocator; what was taken here is
 * listed for the frame table and stays the kernel's.
 */
#ifndef KERNEL_BOOT_MEMORY_H
#define KERNEL_BOOT_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct boot_info;

struct boot_area {
    uint64_t start, end; /* bytes, frame-aligned */
};

#define BOOT_AREAS 32

/* kernel_end: first byte after the kernel's image. */
void boot_memory_init(const struct boot_info *info, uint64_t kernel_end);

/* Frames for page tables, in a row: up to `most`, and at least one, or it refuses to start. Returns
 * the first, and their count. Not cleared. */
uint64_t boot_memory_tables(uint64_t most, uint64_t *count);

/* A contiguous area of `bytes` (rounded up to frames) above 2 MiB; refuses to start when there is
 * none. Not cleared. */
uint64_t boot_memory_area(uint64_t bytes);

/* A contiguous area of `bytes` (rounded up to frames) between the kernel's image and 2 MiB, where
 * pages are of 4 KiB; 0: there is no room. Not cleared. */
uint64_t boot_memory_low(uint64_t bytes);

/* Is all of [start, end) free memory, in which no module lies? */
bool boot_memory_is_free(uint64_t start, uint64_t end);

/* What has been taken: returns how many areas, and fills up to BOOT_AREAS of `areas`. */
unsigned boot_memory_taken(struct boot_area *areas);

#endif
