/*
 * The library OS's books about its mappings, which lie at the start of the mappings area and grow
 * with what they describe: the list of ranges, and for each page the name of its frame. (The
 * kernel keeps no list of who maps what; whoever owns a frame remembers it.)
 */
#ifndef LIBC_LINUX_BOOKS_H
#define LIBC_LINUX_BOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/memory_map.h>

#include "libc/linux/ranges.h"

/* The list of ranges, the names of frames, then what mmap gives out. The first two begin in one
 * 2 MiB stretch, so that a small program needs one page table for both. */
#define BOOKS_RANGES_START MAPPINGS_START
#define BOOKS_NAMES_START (MAPPINGS_START + BLOCK_BYTES / 2)
#define MAPPABLE_START (MAPPINGS_START + 64 * GIB_BYTES)
#define MAPPABLE_END MAPPINGS_END

/* The entry of a page: the name of its frame, 0 for none, | NAME_MAPPED. */
#define NAME_MAPPED 1ull

/* The ranges in use, with spare places for `changes` changes; NULL: no memory for that. */
__attribute__((visibility("hidden"))) struct ranges *linux_books_ranges(uint32_t changes);

/* Sees to it that every page from MAPPABLE_START to `end` has an entry; false: no memory. */
__attribute__((visibility("hidden"))) bool linux_books_cover(uint64_t end);

/* The end of the pages that have one. */
__attribute__((visibility("hidden"))) uint64_t linux_books_end(void);

/* The entry of the page at `address`, below linux_books_end(). */
__attribute__((visibility("hidden"))) uint64_t *linux_books_name(uint64_t address);

#endif
