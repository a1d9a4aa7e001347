/*
 * Free runs of blocks: a buddy system of orders 9 (2 MiB) to 18 (1 GiB), which is what boot work
 * and claims of large memory cost: steps by order, never by size. See frame_table.h.
 *
 * The record of the block that a free run starts with says its order; the others of the run are
 * FRAME_FREE with order 0. A run never crosses 4 GiB, since it is aligned to its size.
 */
#include <stddef.h>

#include "kernel/frame_table.h"

#define ORDERS (ORDER_MAX - ORDER_BLOCK + 1)
#define FOUR_GIB (4 * GIB_BYTES)

/* First block of each list, as block number; 0: empty, for the first block is never free whole. */
static uint32_t lists[2][ORDERS];
static uint32_t orders_there[2]; /* bit order: that list is not empty */

static struct frame *record_of(uint64_t index)
{
    return &frame_blocks[index].whole;
}

static unsigned side_of(uint64_t index)
{
    return index >= FOUR_GIB >> BLOCK_SHIFT;
}

static void set_list(unsigned side, uint32_t order, uint32_t index)
{
    lists[side][order - ORDER_BLOCK] = index;
    orders_there[side] &= ~(1u << order);
    orders_there[side] |= (uint32_t)(index != 0) << order;
}

static uint64_t blocks_in(uint32_t order)
{
    return 1ull << (order - ORDER_BLOCK);
}

void runs_init(void)
{
    for (unsigned i = 0; i < ORDERS; i++) {
        lists[0][i] = lists[1][i] = 0;
    }
    orders_there[0] = orders_there[1] = 0;
}

static void add(uint64_t index, uint32_t order)
{
    uint32_t first = lists[side_of(index)][order - ORDER_BLOCK];
    struct frame *record = record_of(index);
    record->cache = (uint8_t)order;
    record->next = first;
    record->prev = 0;
    if (first != 0) {
        record_of(first)->prev = (uint32_t)index;
    }
    set_list(side_of(index), order, (uint32_t)index);
}

static void drop(uint64_t index, uint32_t order)
{
    struct frame *record = record_of(index);
    if (record->prev != 0) {
        record_of(record->prev)->next = record->next;
    } else {
        set_list(side_of(index), order, record->next);
    }
    if (record->next != 0) {
        record_of(record->next)->prev = record->prev;
    }
    record->cache = 0;
    record->next = record->prev = 0;
}

static bool starts_run(uint64_t index, uint32_t order)
{
    return index < frame_block_count && record_of(index)->type == FRAME_FREE &&
           record_of(index)->cache == order;
}

/* The order of the free run that holds all of [index, + 2^order frames); 0: there is none. */
static uint32_t order_around(uint64_t index, uint32_t order)
{
    for (uint32_t around = order; around <= ORDER_MAX; around++) {
        if (starts_run(index & ~(blocks_in(around) - 1), around)) {
            return around;
        }
    }
    return 0;
}

uint64_t runs_find(bool high, uint32_t order)
{
    uint32_t there = orders_there[high] >> order;
    if (there == 0) {
        return 0;
    }
    order += (uint32_t)__builtin_ctz(there);
    return (uint64_t)lists[high][order - ORDER_BLOCK] << BLOCK_SHIFT;
}

void runs_take(uint64_t base, uint32_t order)
{
    uint64_t index = base >> BLOCK_SHIFT;
    uint32_t around = order_around(index, order);
    uint64_t start = index & ~(blocks_in(around) - 1);
    drop(start, around);
    while (around > order) {
        around--;
        uint64_t middle = start + blocks_in(around);
        add(index < middle ? middle : start, around);
        start = index < middle ? start : middle;
    }
}

void runs_put(uint64_t base, uint32_t order)
{
    uint64_t index = base >> BLOCK_SHIFT;
    while (order < ORDER_MAX && starts_run(index ^ blocks_in(order), order)) {
        drop(index ^ blocks_in(order), order);
        index &= ~blocks_in(order);
        order++;
    }
    add(index, order);
}

void runs_put_gibs(uint64_t base, uint64_t count)
{
    uint64_t step = blocks_in(ORDER_MAX), first = base >> BLOCK_SHIFT;
    uint64_t last = first + (count - 1) * step;
    uint32_t next = lists[side_of(first)][ORDER_MAX - ORDER_BLOCK];
    if (next != 0) {
        record_of(next)->prev = (uint32_t)first;
    }
    for (uint64_t index = first; index <= last; index += step) {
        struct frame *record = record_of(index);
        record->cache = ORDER_MAX;
        record->next = next;
        record->prev = (uint32_t)(index + step);
        next = (uint32_t)index;
    }
    record_of(last)->prev = 0;
    set_list(side_of(first), ORDER_MAX, next);
}

/* ---- Checks ---- */

/* Follows one list; returns how many blocks its runs have, or -1. */
static int64_t count_list(bool high, uint32_t order)
{
    int64_t count = 0;
    uint32_t previous = 0;
    for (uint32_t index = lists[high][order - ORDER_BLOCK]; index != 0;) {
        const struct frame *record = record_of(index);
        uint64_t end = index + blocks_in(order);
        if (!starts_run(index, order) || record->prev != previous || end > frame_block_count ||
            index % blocks_in(order) != 0 || (uint64_t)count > frame_block_count ||
            (index >= FOUR_GIB >> BLOCK_SHIFT) != high) {
            return -1;
        }
        for (uint64_t i = index + 1; i < end; i++) {
            if (!starts_run(i, 0)) {
                return -1;
            }
        }
        count += (int64_t)blocks_in(order);
        previous = index;
        index = record->next;
    }
    return count;
}

const char *runs_check(void)
{
    int64_t free = 0, listed = 0;
    for (uint64_t i = 0; i < frame_block_count; i++) {
        free += record_of(i)->type == FRAME_FREE;
    }
    for (uint32_t order = ORDER_BLOCK; order <= ORDER_MAX; order++) {
        int64_t low = count_list(false, order), high = count_list(true, order);
        if (low < 0 || high < 0) {
            return "a list of free runs is broken";
        }
        listed += low + high;
    }
    return free == listed ? NULL : "a free block is missing from its list";
}
