/*
 * Flattens the firmware's memory map by a sweep: from each boundary on, the strictest type that
 * covers it holds up to the next boundary. This needs no memory but the result, so the order and
 * number of the entries do not matter.
 */
#include "boot/ranges.h"

#include "boot/bytes.h"
#include "boot/multiboot2.h"

static uint64_t entry_start(const struct raw_map *map, uint32_t i)
{
    return read_u64(map->entries + (uint64_t)i * map->entry_bytes);
}

static uint64_t entry_length(const struct raw_map *map, uint32_t i)
{
    return read_u64(map->entries + (uint64_t)i * map->entry_bytes + ENTRY_LENGTH_OFFSET);
}

/* The types of Multiboot2 are those of ACPI (15.1), as are ours. */
static uint32_t entry_type(const struct raw_map *map, uint32_t i)
{
    uint32_t type = read_u32(map->entries + (uint64_t)i * map->entry_bytes + ENTRY_TYPE_OFFSET);
    return type >= MEMORY_FREE && type <= MEMORY_BAD ? type : MEMORY_RESERVED;
}

static unsigned strictness(uint32_t type)
{
    static const uint8_t levels[] = {
        [MEMORY_FREE] = 1,     [MEMORY_ACPI] = 2, [MEMORY_NVS] = 3,
        [MEMORY_RESERVED] = 4, [MEMORY_BAD] = 5,
    };
    return levels[type];
}

/*
 * Says in *type what covers `position` (0: nothing) and in *next the first boundary after it;
 * returns 0 if there is none.
 */
static int sweep(const struct raw_map *map, uint64_t position, uint32_t *type, uint64_t *next)
{
    int more = 0;
    *type = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        uint64_t start = entry_start(map, i);
        uint64_t end = start + entry_length(map, i);
        if (end <= position || start == end) {
            continue;
        }
        if (start <= position && strictness(entry_type(map, i)) > strictness(*type)) {
            *type = entry_type(map, i);
        }
        uint64_t boundary = start > position ? start : end;
        if (!more || boundary < *next) {
            *next = boundary;
        }
        more = 1;
    }
    return more;
}

/* Adds a range that starts where the last one ended or later; 0 if there is no room. */
static int append(struct boot_info *info, uint64_t start, uint64_t end, uint32_t type)
{
    struct memory_range *last = info->memory_count ? &info->memory[info->memory_count - 1] : 0;
    if (last && last->end == start && last->type == type) {
        last->end = end;
        return 1;
    }
    if (info->memory_count == MEMORY_RANGES) {
        return 0;
    }
    info->memory[info->memory_count++] =
        (struct memory_range){.start = start, .end = end, .type = type};
    return 1;
}

const char *ranges_flatten(const struct raw_map *map, struct boot_info *info)
{
    if (map->count > RAW_MAP_ENTRIES_MAX) {
        return "the boot loader's memory map has more than 4096 entries";
    }
    for (uint32_t i = 0; i < map->count; i++) {
        uint64_t end;
        if (__builtin_add_overflow(entry_start(map, i), entry_length(map, i), &end)) {
            return "a range of the boot loader's memory map runs past the last address";
        }
    }
    uint64_t position = 0;
    uint64_t next = 0;
    uint32_t type;
    info->memory_count = 0;
    while (sweep(map, position, &type, &next)) {
        if (position >= RANGES_USABLE_END) {
            type = type ? MEMORY_RESERVED : 0;
        } else if (next > RANGES_USABLE_END) {
            next = RANGES_USABLE_END;
        }
        if (type && !append(info, position, next, type)) {
            return "the boot loader's memory map has more than 64 different ranges";
        }
        position = next;
    }
    if (info->memory_count == 0) {
        return "the boot loader's memory map is empty";
    }
    return 0;
}
