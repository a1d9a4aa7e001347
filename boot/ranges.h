/*
 * The firmware's list of memory ranges, in whatever order and overlapping as it likes, made into
 * one that rises without overlaps. Used by the boot code that read the list.
 */
#ifndef BOOT_RANGES_H
#define BOOT_RANGES_H

#include "boot/boot_info.h"

/* More entries than any firmware gives; the work grows with their square. */
#define RAW_MAP_ENTRIES_MAX 4096u

/* Frames beyond have no number of 32 bits, as the frame table has them: 16 TiB. */
#define RANGES_USABLE_END (1ull << 44)

/* Entries as Multiboot2 lays them out (boot/multiboot2.h), all within readable memory. */
struct raw_map {
    const uint8_t *entries;
    uint32_t entry_bytes;
    uint32_t count;
};

/*
 * Fills info->memory and info->memory_count. Where ranges overlap, the stricter type holds:
 * free < ACPI < NVS < reserved < bad; unknown types are reserved, and so is all from
 * RANGES_USABLE_END on. Adjacent ranges of one type are joined, empty ones dropped.
 * Returns NULL, or one sentence that says what is wrong.
 */
const char *ranges_flatten(const struct raw_map *map, struct boot_info *info);

#endif
