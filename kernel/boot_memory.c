/*
 * See boot_memory.h. Three cursors only move up: one in the paging zone, one between the kernel's
 * image and 2 MiB, one above. The map is
 * searched only where a cursor has come to the end of its usable stretch, so that a table costs the
 * same few instructions however many the machine needs.
 */
#include "kernel/boot_memory.h"

#include "boot/boot_info.h"
#include "kernel/panic.h"

/* The kernel's own tables lie in what the boot code mapped. */
#define EARLY_MAP_END (4 * GIB_BYTES)

static const struct boot_info *boot;
static struct cursor {
    uint64_t at, end;        /* what is left of the usable stretch it is in */
    struct boot_area *taken; /* of that stretch; ends at the cursor */
} zone, low, high;
static struct boot_area taken[BOOT_AREAS];
static unsigned taken_count;

void boot_memory_init(const struct boot_info *info, uint64_t kernel_end)
{
    ensure(kernel_end <= KERNEL_END);
    boot = info;
    zone = (struct cursor){.at = PAGING_ZONE_START, .end = PAGING_ZONE_START};
    low = (struct cursor){.at = kernel_end, .end = kernel_end};
    high = (struct cursor){.at = KERNEL_END, .end = KERNEL_END};
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

/* The end of the usable stretch that holds `start`, at most `limit`. */
static uint64_t usable_end(uint64_t start, uint64_t limit)
{
    uint64_t end = limit;
    for (uint32_t i = 0; i < boot->memory_count; i++) {
        const struct memory_range *range = &boot->memory[i];
        if (range->start <= start && start < range->end && range->end < end) {
            end = range->end;
        }
    }
    for (uint32_t i = 0; i < boot->module_count; i++) {
        uint64_t address = boot->modules[i].address;
        end = address >= start && address < end ? address : end;
    }
    return end;
}

/* Moves the cursor on to the next place below `limit` where `bytes` fit; false: there is none. */
static bool move(struct cursor *cursor, uint64_t bytes, uint64_t limit)
{
    uint64_t start = next_usable(cursor->at, bytes, limit);
    if (start == limit) {
        return false;
    }
    if (taken_count == BOOT_AREAS) {
        refuse_to_start("the memory map is in too many pieces");
    }
    taken[taken_count] = (struct boot_area){start, start};
    *cursor = (struct cursor){start, usable_end(start, limit), &taken[taken_count++]};
    return true;
}

/* Takes `bytes` below `limit`; `limit`: they fit nowhere. */
static uint64_t take(struct cursor *cursor, uint64_t bytes, uint64_t limit)
{
    if (bytes > cursor->end - cursor->at && !move(cursor, bytes, limit)) {
        return limit;
    }
    uint64_t start = cursor->at;
    cursor->at += bytes;
    cursor->taken->end = cursor->at;
    return start;
}

uint64_t boot_memory_area(uint64_t bytes)
{
    bytes = round_up(bytes);
    uint64_t start = take(&high, bytes, EARLY_MAP_END);
    if (start == EARLY_MAP_END) {
        refuse_to_start("no room below 4 GiB for %B of the kernel's tables", bytes);
    }
    return start;
}

uint64_t boot_memory_low(uint64_t bytes)
{
    uint64_t start = take(&low, round_up(bytes), KERNEL_END);
    return start != KERNEL_END ? start : 0;
}

bool boot_memory_is_free(uint64_t start, uint64_t end)
{
    return in_free_range(start, end) && !in_module(start, end);
}

/* How many frames, up to `most`, can be taken in a row; at least one is made sure of, where there
 * is one below `limit`. */
static uint64_t frames_in_row(struct cursor *cursor, uint64_t most, uint64_t limit)
{
    if (cursor->end - cursor->at < FRAME_BYTES && !move(cursor, FRAME_BYTES, limit)) {
        return 0;
    }
    uint64_t frames = (cursor->end - cursor->at) >> FRAME_SHIFT;
    return frames < most ? frames : most;
}

uint64_t boot_memory_tables(uint64_t most, uint64_t *count)
{
    *count = frames_in_row(&zone, most, PAGING_ZONE_END);
    if (*count != 0) {
        return take(&zone, *count * FRAME_BYTES, PAGING_ZONE_END);
    }
    *count = frames_in_row(&high, most, EARLY_MAP_END);
    *count = *count == 0 ? 1 : *count; /* for which the search is refused */
    return boot_memory_area(*count * FRAME_BYTES);
}

unsigned boot_memory_taken(struct boot_area *areas)
{
    for (unsigned i = 0; i < taken_count; i++) {
        areas[i] = taken[i];
    }
    return taken_count;
}
