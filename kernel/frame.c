/*
 * The frame table: see frame.h. Free runs of blocks are frame_free.c.
 */
#include "kernel/frame.h"

#include <stddef.h>

#include "kernel/frame_table.h"
#include "kernel/panic.h"
#include "kernel/string.h"

#define FOUR_GIB (4 * GIB_BYTES)
#define FIRST_MIB_FRAMES 256u
#define SEARCHED_PER_STEP 8u

struct partial_ring frame_partials[SIDES];
uint32_t frame_source;
struct block *frame_blocks;
uint64_t frame_block_count;
struct frame_counts frame_counts;

static unsigned side_of(uint64_t address)
{
    return address < FOUR_GIB ? LOW : HIGH;
}

static uint64_t base_of(uint64_t address)
{
    return address & ~(BLOCK_BYTES - 1);
}

static uint32_t index_in_block(uint64_t address)
{
    return (uint32_t)(address >> FRAME_SHIFT) % FRAMES_PER_BLOCK;
}

static struct block *block_at(uint64_t address)
{
    return &frame_blocks[address >> BLOCK_SHIFT];
}

/* ---- Looking ---- */

uint64_t frame_table_top(void)
{
    return frame_block_count << BLOCK_SHIFT;
}

static inline int64_t run_in_blocks(struct block *block, uint64_t address, uint32_t order,
                                    struct run *run)
{
    run->address = address;
    run->order = order;
    bool split = block->whole.type == FRAME_SPLIT;
    if (order < ORDER_BLOCK) {
        run->count = 1u << order;
        run->first = split ? &frame_records_of(block)[index_in_block(address)] : &block->whole;
        run->stride = split ? sizeof(struct frame) : 0;
        return OK;
    }
    run->count = 1u << (order - ORDER_BLOCK);
    run->first = &block->whole;
    run->stride = sizeof(struct block);
    for (uint32_t i = 0; i < run->count; i++) {
        if (block[i].whole.type == FRAME_SPLIT) {
            return E_ORDER;
        }
    }
    return OK;
}

/* Beyond the table. A run lies in one GiB, so in one window. */
static __attribute__((noinline, cold)) int64_t far_run(uint64_t address, uint32_t order,
                                                       struct run *run)
{
    struct block *block = frame_far_block(address >> BLOCK_SHIFT);
    return block != NULL ? run_in_blocks(block, address, order, run) : E_NO_FRAME;
}

int64_t frame_run(uint64_t address, uint64_t order, struct run *run)
{
    if (order > ORDER_MAX) {
        return E_ARGUMENT;
    }
    if (address & ((FRAME_BYTES << order) - 1)) {
        return E_ALIGNMENT;
    }
    uint64_t index = address >> BLOCK_SHIFT;
    if (index >= frame_block_count) {
        return far_run(address, (uint32_t)order, run);
    }
    if (order > ORDER_BLOCK && index + (1u << (order - ORDER_BLOCK)) > frame_block_count) {
        return E_NO_FRAME;
    }
    return run_in_blocks(&frame_blocks[index], address, (uint32_t)order, run);
}

/* ---- The rings of split blocks with a free frame, by block number ---- */

static void set_first(struct partial_ring *ring, uint32_t number)
{
    ring->first = number;
    frame_source =
        frame_partials[HIGH].first ? frame_partials[HIGH].first : frame_partials[LOW].first;
}

static void partial_add(uint64_t base)
{
    struct partial_ring *ring = &frame_partials[side_of(base)];
    uint32_t number = (uint32_t)(base >> BLOCK_SHIFT);
    struct frame *record = &frame_blocks[number].whole;
    uint32_t next = ring->first != 0 ? ring->first : number;
    struct frame *after = &frame_blocks[next].whole;
    record->next = next;
    record->prev = ring->first != 0 ? after->prev : number;
    frame_blocks[record->prev].whole.next = number;
    after->prev = number;
    set_first(ring, number);
    ring->count++;
}

static void partial_drop(uint64_t base)
{
    struct partial_ring *ring = &frame_partials[side_of(base)];
    struct frame *record = &block_at(base)->whole;
    frame_blocks[record->prev].whole.next = record->next;
    frame_blocks[record->next].whole.prev = record->prev;
    ring->count--;
    if (ring->first == base >> BLOCK_SHIFT) {
        set_first(ring, ring->count != 0 ? record->next : 0);
    }
    record->next = record->prev = 0;
}

/* ---- The free frames of one split block: linked by their index ---- */

static void push_free_frame(struct block *block, uint64_t address)
{
    frame_link_free(block, frame_records_of(block), index_in_block(address));
    if (block->free_count == 1 && address >= BLOCK_BYTES) {
        partial_add(base_of(address));
    }
}

static void drop_free_frame(struct block *block, uint64_t address)
{
    frame_unlink_free(block, frame_records_of(block), index_in_block(address));
    if (block->free_count == 0 && address >= BLOCK_BYTES) {
        partial_drop(base_of(address));
    }
}

/* ---- Splitting and joining ---- */

void frame_split(uint64_t base, uint64_t records)
{
    struct block *block = block_at(base);
    uint8_t type = block->whole.type;
    if (type == FRAME_FREE) {
        runs_take(base, ORDER_BLOCK);
    }
    struct frame *record = frame_ptr(records);
    *block = (struct block){
        .whole = {.type = FRAME_SPLIT},
        .records = (uint32_t)(records >> FRAME_SHIFT),
        .first_free = NO_INDEX,
    };
    for (uint32_t i = 0; i < FRAMES_PER_BLOCK; i++) {
        record[i] = (struct frame){.type = type, .next = i + 1, .prev = i - 1};
    }
    record[0].prev = record[FRAMES_PER_BLOCK - 1].next = NO_INDEX;
    if (type == FRAME_FREE) {
        block->first_free = 0;
        block->free_count = FRAMES_PER_BLOCK;
        partial_add(base);
    }
}

/* Splits a free block; its records go where the frame `wanted` does not lie, nor the run of less
 * than half a block that starts there. */
static void split_free_block(uint64_t base, uint64_t wanted)
{
    struct block *block = block_at(base);
    uint32_t first = index_in_block(wanted) < RECORD_FRAMES ? FRAMES_PER_BLOCK - RECORD_FRAMES : 0;
    frame_split(base, base + first * FRAME_BYTES);
    for (uint32_t i = first; i < first + RECORD_FRAMES; i++) {
        drop_free_frame(block, base + i * FRAME_BYTES);
        frame_records_of(block)[i].type = FRAME_RECORDS;
    }
    frame_counts.free -= RECORD_FRAMES;
    frame_counts.records += RECORD_FRAMES;
}

/* Are all frames of a split block free, but for its records, and do these lie in it? */
static bool all_free(uint64_t base)
{
    const struct block *block = block_at(base);
    uint64_t records = frame_address(block->records);
    return block->free_count == FRAMES_PER_BLOCK - RECORD_FRAMES && base_of(records) == base &&
           frame_at(records)->type == FRAME_RECORDS;
}

static void join(uint64_t base)
{
    partial_drop(base);
    *block_at(base) = (struct block){.whole.type = FRAME_FREE};
    runs_put(base, ORDER_BLOCK);
    frame_counts.free += RECORD_FRAMES;
    frame_counts.records -= RECORD_FRAMES;
}

/* The last split block of its side stays split when all of it is free, so that one who takes and
 * frees a single frame does not split it each time; whole it is when a whole one is wanted. */
static void join_if_free(uint64_t base)
{
    if (frame_partials[side_of(base)].count > 1 && all_free(base)) {
        join(base);
    }
}

static void join_last(unsigned side)
{
    uint64_t base = (uint64_t)frame_partials[side].first << BLOCK_SHIFT;
    if (frame_partials[side].count == 1 && all_free(base)) {
        join(base);
    }
}

/* ---- Finding ---- */

/* In a split block: the index of the first free run of an order, below `end`; `end`: none. */
static uint32_t find_in_block(const struct block *block, uint32_t order, uint32_t end)
{
    const struct frame *records = frame_records_of(block);
    uint32_t start = 0, count = 1u << order;
    for (uint32_t i = 0; i < end && i - start < count; i++) {
        if (records[i].type != FRAME_FREE) {
            i |= count - 1; /* on to the next aligned run */
            start = i + 1;
        }
    }
    return start < end ? start : end;
}

static int64_t find_named(uint64_t address, uint32_t order)
{
    struct run run;
    if (order >= ORDER_BLOCK) {
        join_last(side_of(address));
    }
    int64_t error = frame_run(address, order, &run);
    if (error != OK) {
        return error == E_ORDER ? E_NOT_FREE : error;
    }
    for (uint32_t i = 0; i < run.count; i++) {
        uint8_t type = run_record(&run, i)->type;
        if (type != FRAME_FREE) {
            return type == FRAME_ABSENT ? E_NO_FRAME : E_NOT_FREE;
        }
    }
    return (int64_t)address;
}

static int64_t find_below_1m(uint32_t order)
{
    uint32_t index = order < ORDER_BLOCK ? find_in_block(frame_blocks, order, FIRST_MIB_FRAMES)
                                         : FIRST_MIB_FRAMES;
    return index < FIRST_MIB_FRAMES ? (int64_t)((uint64_t)index << FRAME_SHIFT) : E_NO_MEMORY;
}

static int64_t find_blocks(unsigned side, uint32_t order)
{
    uint64_t base = runs_find(side, order);
    if (base == 0) {
        join_last(side);
        base = runs_find(side, order);
    }
    return base != 0 ? (int64_t)base : E_NO_MEMORY;
}

/* A single frame, above 4 GiB if it may be: of a split block, else of a free one, else of the first
 * block. */
static int64_t find_frame(bool any)
{
    uint64_t base = any ? (uint64_t)frame_partial() << BLOCK_SHIFT
                        : (uint64_t)frame_partials[LOW].first << BLOCK_SHIFT;
    if (base != 0) {
        return (int64_t)(base + block_at(base)->first_free * FRAME_BYTES);
    }
    base = any ? runs_find(HIGH, ORDER_BLOCK) : 0;
    base = base != 0 ? base : runs_find(LOW, ORDER_BLOCK);
    if (base != 0) {
        return (int64_t)(base + RECORD_FRAMES * FRAME_BYTES);
    }
    uint16_t index = frame_blocks[0].first_free;
    return index != NO_INDEX ? (int64_t)((uint64_t)index << FRAME_SHIFT) : E_NO_MEMORY;
}
/* Looks into the first of a side's split blocks, and puts it behind the others. */
static int64_t find_in_partial(unsigned side, uint32_t order)
{
    uint64_t base = (uint64_t)frame_partials[side].first << BLOCK_SHIFT;
    if (base == 0) {
        return E_NO_MEMORY;
    }
    uint32_t index = find_in_block(block_at(base), order, FRAMES_PER_BLOCK);
    if (index < FRAMES_PER_BLOCK) {
        return (int64_t)(base + index * FRAME_BYTES);
    }
    set_first(&frame_partials[side], block_at(base)->whole.next);
    return E_NO_MEMORY;
}

/* Orders 1 to 8, from a zone: in the first split block, else in a free block, else in one split
 * block after the other, a bounded number of them at a time. */
static int64_t find_small_run(uint64_t zone, uint32_t order, uint32_t *search)
{
    int64_t found = E_NO_MEMORY;
    unsigned first = zone == ZONE_ANY ? SIDES : HIGH; /* sides below this one are searched */
    if (*search == 0) {
        uint64_t offset = FRAME_BYTES << (order > 2 ? order : 2); /* past the records */
        for (unsigned side = first; side-- > 0 && found < 0;) {
            uint64_t base;
            found = find_in_partial(side, order);
            if (found < 0 && (base = runs_find(side, ORDER_BLOCK)) != 0) {
                found = (int64_t)(base + offset);
            }
        }
        *search = found < 0 ? frame_partials[LOW].count +
                                  (first == SIDES ? frame_partials[HIGH].count : 0)
                            : 0;
    }
    for (unsigned i = 0; i < SEARCHED_PER_STEP && *search != 0 && found < 0; i++, --*search) {
        bool high = zone == ZONE_ANY && *search > frame_partials[LOW].count;
        found = find_in_partial(high ? HIGH : LOW, order);
    }
    if (found >= 0) {
        *search = 0;
    } else if (*search != 0) {
        return E_AGAIN;
    } else if (find_in_block(frame_blocks, order, FRAMES_PER_BLOCK) < FRAMES_PER_BLOCK) {
        found = (int64_t)find_in_block(frame_blocks, order, FRAMES_PER_BLOCK) << FRAME_SHIFT;
    }
    return found;
}

static int64_t find_in_zone(uint64_t zone, uint32_t order, uint32_t *search)
{
    if (zone == ZONE_BELOW_1M) {
        return find_below_1m(order);
    }
    if (order == ORDER_FRAME) {
        return find_frame(zone == ZONE_ANY);
    }
    if (order < ORDER_BLOCK) {
        return find_small_run(zone, order, search);
    }
    int64_t found = zone == ZONE_ANY ? find_blocks(HIGH, order) : E_NO_MEMORY;
    return found >= 0 ? found : find_blocks(LOW, order);
}

int64_t frame_find(uint64_t where, uint32_t order, uint32_t *search)
{
    if (order > ORDER_MAX) {
        return E_ARGUMENT;
    }
    if (where >= FRAME_BYTES) {
        return find_named(where, order);
    }
    if (where < ZONE_ANY || where > ZONE_BELOW_1M) {
        return E_ARGUMENT;
    }
    return find_in_zone(where, order, search);
}

/* ---- Taking and freeing ---- */

void frame_take(uint64_t address, uint32_t order, struct run *run)
{
    frame_counts.free -= 1ull << order;
    if (order >= ORDER_BLOCK) {
        runs_take(address, order);
        frame_run(address, order, run);
        return;
    }
    struct block *block = block_at(address);
    if (block->whole.type == FRAME_FREE) {
        join_last(side_of(address));
        split_free_block(base_of(address), address);
    }
    frame_run(address, order, run);
    for (uint32_t i = 0; i < run->count; i++) {
        drop_free_frame(block, address + i * FRAME_BYTES);
    }
}

void frame_put(const struct run *run)
{
    frame_counts.free += 1ull << run->order;
    if (run->order >= ORDER_BLOCK) {
        runs_put(run->address, run->order);
        return;
    }
    struct block *block = block_at(run->address);
    if (block->free_count == 0) {
        join_last(side_of(run->address)); /* which is not the last any more */
    }
    for (uint32_t i = 0; i < run->count; i++) {
        push_free_frame(block, run->address + i * FRAME_BYTES);
    }
    join_if_free(base_of(run->address));
}

/* ---- Making the table ---- */

void frame_table_make(struct block *table, uint64_t count)
{
    frame_blocks = table;
    frame_block_count = count;
    memset(frame_blocks, 0, count * sizeof(struct block));
    memset(frame_partials, 0, sizeof frame_partials);
    frame_source = 0;
    runs_init();
    frame_far_init();
    frame_counts = (struct frame_counts){0};
}

/* ---- Checks ---- */

/* Follows one ring of split blocks; every entry has a free frame and links back. */
static bool partial_whole(unsigned side)
{
    uint32_t number = frame_partials[side].first, count = 0;
    while (count < frame_partials[side].count) {
        const struct block *block = frame_block(number);
        if (number == 0 || block == NULL || block->whole.type != FRAME_SPLIT ||
            block->free_count == 0 || side_of((uint64_t)number << BLOCK_SHIFT) != side ||
            frame_blocks[block->whole.next].whole.prev != number) {
            return false;
        }
        number = block->whole.next;
        count++;
    }
    return number == frame_partials[side].first;
}

/* Every free frame of a split block is on its list once. */
static bool block_list_whole(const struct block *block)
{
    const struct frame *records = frame_records_of(block);
    uint32_t index = block->first_free, previous = NO_INDEX, count = 0;
    while (index != NO_INDEX && count < block->free_count) {
        if (records[index].type != FRAME_FREE || records[index].prev != previous) {
            return false;
        }
        count++;
        previous = index;
        index = records[index].next;
    }
    return index == NO_INDEX && count == block->free_count;
}

const char *frame_check_lists(void)
{
    uint32_t with_free = 0;
    for (uint64_t i = 0; i < frame_block_count; i++) {
        const struct block *block = &frame_blocks[i];
        if (block->whole.type != FRAME_SPLIT) {
            continue;
        }
        with_free += block->free_count != 0 && i != 0;
        if (all_free(i << BLOCK_SHIFT) && frame_partials[side_of(i << BLOCK_SHIFT)].count > 1) {
            return "a split block that is all free was not joined";
        }
        if (!block_list_whole(block)) {
            return "the free list of a split block is not whole";
        }
    }
    if (!partial_whole(LOW) || !partial_whole(HIGH) ||
        frame_partials[LOW].count + frame_partials[HIGH].count != with_free) {
        return "a ring of split blocks is broken";
    }
    return runs_check();
}
