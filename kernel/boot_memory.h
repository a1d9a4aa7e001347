/*
 * Memory for the kernel's own tables while it starts: frames for the identity map from the paging
 * zone, then from 2 MiB up, and areas for the frame table after them. Nothing is taken that the
 * firmware reserved, that a module lies in, or that the kernel itself occupies. After boot there
 * is no allocator; what was taken here is listed for the frame table and stays the kernel's.
 */
#ifndef KERNEL_BOOT_MEMORY_H
#define KERNEL_BOOT_MEMORY_H

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

/* What has been taken: returns how many areas, and fills up to BOOT_AREAS of `areas`. */
unsigned boot_memory_taken(struct boot_area *areas);

#endif
