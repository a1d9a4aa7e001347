/*
 * The frame table: see frame.h. Free runs of blocks are frame_free.c, finding is frame_find.c.
 */
#include "kernel/frame.h"

#include <stddef.h>

#include "kernel/frame_table.h"
#include "kernel/panic.h"
#include "kernel/string.h"

struct partial_ring frame_partials[SIDES];
uint32_t frame_source;
struct block *frame_blocks;
uint64_t frame_block_count;
struct frame_counts frame_counts;

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
        run->first = split ? &frame_records_of(block)[frame_index(address)] : &block->whole;
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

void frame_set_first(struct partial_ring *ring, uint32_t number)
{
    ring->first = number;
    frame_source =
        frame_partials[HIGH].first ? frame_partials[HIGH].first : frame_partials[LOW].first;
}

static void partial_add(uint64_t base)
{
    struct partial_ring *ring = &frame_partials[frame_side(base)];
    uint32_t number = (uint32_t)(base >> BLOCK_SHIFT);
    struct frame *record = &frame_blocks[number].whole;
    uint32_t next = ring->first != 0 ? ring->first : number;
    struct frame *after = &frame_blocks[next].whole;
    record->next = next;
    record->prev = ring->first != 0 ? after->prev : number;
    frame_blocks[record->prev].whole.next = number;
    after->prev = number;
    frame_set_first(ring, number);
    ring->count++;
}

static void partial_drop(uint64_t base)
{
    struct partial_ring *ring = &frame_partials[frame_side(base)];
    struct frame *record = &frame_block_at(base)->whole;
    frame_blocks[record->prev].whole.next = record->next;
    frame_blocks[record->next].whole.prev = record->prev;
    ring->count--;
    if (ring->first == base >> BLOCK_SHIFT) {
        frame_set_first(ring, ring->count != 0 ? record->next : 0);
    }
    record->next = record->prev = 0;
}

/* ---- The free frames of one split block: linked by their index ---- */

static void push_free_frame(struct block *block, uint64_t address)
{
    frame_link_free(block, frame_records_of(block), frame_index(address));
    if (block->free_count == 1 && address >= BLOCK_BYTES) {
        partial_add(frame_base(address));
    }
}

static void drop_free_frame(struct block *block, uint64_t address)
{
    frame_unlink_free(block, frame_records_of(block), frame_index(address));
    if (block->free_count == 0 && address >= BLOCK_BYTES) {
        partial_drop(frame_base(address));
    }
}

/* ---- Splitting and joining ---- */

void frame_split(uint64_t base, uint64_t records)
{
    struct block *block = frame_block_at(base);
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
    struct block *block = frame_block_at(base);
    uint32_t first = frame_index(wanted) < RECORD_FRAMES ? FRAMES_PER_BLOCK - RECORD_FRAMES : 0;
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
    const struct block *block = frame_block_at(base);
    uint64_t records = frame_address(block->records);
    return block->free_count == FRAMES_PER_BLOCK - RECORD_FRAMES && frame_base(records) == base &&
           frame_at(records)->type == FRAME_RECORDS;
}

static void join(uint64_t base)
{
    partial_drop(base);
    *frame_block_at(base) = (struct block){.whole.type = FRAME_FREE};
    runs_put(base, ORDER_BLOCK);
    frame_counts.free += RECORD_FRAMES;
    frame_counts.records -= RECORD_FRAMES;
}

/* The last split block of its side stays split when all of it is free, so that one who takes and
 * frees a single frame does not split it each time; whole it is when a whole one is wanted. */
static void join_if_free(uint64_t base)
{
    if (frame_partials[frame_side(base)].count > 1 && all_free(base)) {
        join(base);
    }
}

void frame_join_last(unsigned side)
{
    uint64_t base = (uint64_t)frame_partials[side].first << BLOCK_SHIFT;
    if (frame_partials[side].count == 1 && all_free(base)) {
        join(base);
    }
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
    struct block *block = frame_block_at(address);
    if (block->whole.type == FRAME_FREE) {
        frame_join_last(frame_side(address));
        split_free_block(frame_base(address), address);
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
    struct block *block = frame_block_at(run->address);
    if (block->free_count == 0) {
        frame_join_last(frame_side(run->address)); /* which is not the last any more */
    }
    for (uint32_t i = 0; i < run->count; i++) {
        push_free_frame(block, run->address + i * FRAME_BYTES);
    }
    join_if_free(frame_base(run->address));
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
            block->free_count == 0 || frame_side((uint64_t)number << BLOCK_SHIFT) != side ||
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
        if (all_free(i << BLOCK_SHIFT) && frame_partials[frame_side(i << BLOCK_SHIFT)].count > 1) {
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
