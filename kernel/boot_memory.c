/*
 * See boot_memory.h. Two cursors only move up: one in the paging zone, one above 2 MiB.
 */
#include "kernel/boot_memory.h"

#include <stdbool.h>

#include "boot/boot_info.h"
#include "kernel/panic.h"

static const struct boot_info *boot;
static uint64_t zone_cursor, high_cursor;
static struct boot_area taken[BOOT_AREAS];
static unsigned taken_count;

void boot_memory_init(const struct boot_info *info, uint64_t kernel_end)
{
    ensure(kernel_end <= KERNEL_END);
    boot = info;
    zone_cursor = PAGING_ZONE_START;
    high_cursor = KERNEL_END;
    taken_count = 0;
}

static uint64_t round_up(uint64_t bytes)
{
    return (bytes + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1);
}

static bool in_free_range(uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct memory_range *range = &boot->memory[i];
        if (range->type == MEMORY_FREE && range->start <= start && end <= range->end) {
            return true;
        }
    }
    return false;
}

static bool in_module(uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < boot->module_count; i++) {
        const struct boot_module *module = &boot->modules[i];
        if (start < round_up(module->address + module->bytes) && module->address < end) {
            return true;
        }
    }
    return false;
}

/* The lowest start of a usable area at or above `from`, or `limit` when there is none. The loop
 * is bounded by the places where an area can begin: after a range's start or a module's end. */
static uint64_t next_usable(uint64_t from, uint64_t bytes, uint64_t limit)
{
    if (from + bytes <= limit && in_free_range(from, from + bytes) &&
        !in_module(from, from + bytes)) {
        return from;
    }
    uint64_t best = limit;
    for (uint32_t i = 0; i < boot->memory_count + boot->module_count; i++) {
        uint64_t start = i < boot->memory_count
                             ? round_up(boot->memory[i].start)
                             : round_up(boot->modules[i - boot->memory_count].address +
                                        boot->modules[i - boot->memory_count].bytes);
        if (start > from && start < best && start + bytes <= limit &&
            in_free_range(start, start + bytes) && !in_module(start, start + bytes)) {
            best = start;
        }
    }
    return best;
}

static void note_taken(uint64_t start, uint64_t end)
{
    for (unsigned i = 0; i < taken_count; i++) {
        if (taken[i].end == start) {
            taken[i].end = end;
            return;
        }
    }
    if (taken_count == BOOT_AREAS) {
        refuse_to_start("the memory map is in too many pieces");
    }
    taken[taken_count++] = (struct boot_area){start, end};
}

/* The early map covers 4 GiB, so the kernel's own tables lie below. */
uint64_t boot_memory_area(uint64_t bytes)
{
    bytes = round_up(bytes);
    uint64_t limit = 4 * GIB_BYTES;
    uint64_t start = next_usable(high_cursor, bytes, limit);
    if (start == limit) {
        refuse_to_start("no room below 4 GiB for %B of the kernel's tables", bytes);
    }
    high_cursor = start + bytes;
    note_taken(start, high_cursor);
    return start;
}

uint64_t boot_memory_table(void)
{
    uint64_t start = next_usable(zone_cursor, FRAME_BYTES, PAGING_ZONE_END);
    if (start == PAGING_ZONE_END) {
        zone_cursor = PAGING_ZONE_END;
        return boot_memory_area(FRAME_BYTES);
    }
    zone_cursor = start + FRAME_BYTES;
    note_taken(start, zone_cursor);
    return start;
}

unsigned boot_memory_taken(struct boot_area *areas)
{
    for (unsigned i = 0; i < taken_count; i++) {
        areas[i] = taken[i];
    }
    return taken_count;
}
