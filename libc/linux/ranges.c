/* The list of ranges in use (contracts: ranges.h). */
#include "libc/linux/ranges.h"

#include <stddef.h>

/* Index of the first range that ends above `address`. */
static uint32_t index_from(const struct ranges *ranges, uint64_t address)
{
    uint32_t low = 0, high = ranges->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ranges->items[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

uint64_t linux_ranges_find(const struct ranges *ranges, uint64_t bytes)
{
    uint64_t at = ranges->start;
    for (uint32_t i = 0; i < ranges->count; i++) {
        if (ranges->items[i].start - at >= bytes)
            return at;
        at = ranges->items[i].end;
    }
    return ranges->end - at >= bytes ? at : 0;
}

bool linux_ranges_free(const struct ranges *ranges, uint64_t start, uint64_t end)
{
    if (start >= end || start < ranges->start || end > ranges->end)
        return false;
    const struct range *next = linux_ranges_from(ranges, start);
    return !next || next->start >= end;
}

const struct range *linux_ranges_from(const struct ranges *ranges, uint64_t address)
{
    uint32_t i = index_from(ranges, address);
    return i < ranges->count ? &ranges->items[i] : NULL;
}

/* Replaces `removed` items from index `at` on by `added` empty places. */
static void shift(struct ranges *ranges, uint32_t at, uint32_t removed, uint32_t added)
{
    struct range *items = ranges->items;
    uint32_t from = at + removed, to = at + added, moved = ranges->count - from;
    if (to < from) {
        for (uint32_t i = 0; i < moved; i++)
            items[to + i] = items[from + i];
    } else {
        for (uint32_t i = moved; i > 0; i--)
            items[to + i - 1] = items[from + i - 1];
    }
    ranges->count = ranges->count - removed + added;
}

/* Makes [start, end) one range, or none, and joins it with equal neighbours. */
static void replace(struct ranges *ranges, uint64_t start, uint64_t end, bool used, uint32_t rights)
{
    /* What lies over the part or touches it: items first to last - 1. */
    uint32_t first = index_from(ranges, start - 1);
    uint32_t last = first;
    while (last < ranges->count && ranges->items[last].start <= end)
        last++;

    struct range pieces[3];
    uint32_t count = 0;
    if (first < last && ranges->items[first].start < start) {
        pieces[count] = ranges->items[first];
        pieces[count++].end = start;
    }
    if (used)
        pieces[count++] = (struct range){start, end, rights, 0};
    if (first < last && ranges->items[last - 1].end > end) {
        pieces[count] = ranges->items[last - 1];
        pieces[count++].start = end;
    }

    uint32_t joined = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct range *before = joined ? &pieces[joined - 1] : NULL;
        if (before && before->end == pieces[i].start && before->rights == pieces[i].rights)
            before->end = pieces[i].end;
        else
            pieces[joined++] = pieces[i];
    }
    shift(ranges, first, last - first, joined);
    for (uint32_t i = 0; i < joined; i++)
        ranges->items[first + i] = pieces[i];
}

void linux_ranges_set(struct ranges *ranges, uint64_t start, uint64_t end, uint32_t rights)
{
    replace(ranges, start, end, true, rights);
}

void linux_ranges_clear(struct ranges *ranges, uint64_t start, uint64_t end)
{
    replace(ranges, start, end, false, 0);
}
