/*
 * The inside of the frame table, for its own files and for the short way through claim and release
 * (frame_calls.c) only.
 */
#ifndef KERNEL_FRAME_TABLE_H
#define KERNEL_FRAME_TABLE_H

#include "kernel/frame.h"

#define RECORDS_BYTES (FRAMES_PER_BLOCK * sizeof(struct frame))

static inline uint64_t frame_base(uint64_t address)
{
    return address & ~(BLOCK_BYTES - 1);
}

static inline uint32_t frame_index(uint64_t address)
{
    return (uint32_t)(address >> FRAME_SHIFT) % FRAMES_PER_BLOCK;
}

static inline struct block *frame_block_at(uint64_t address)
{
    return &frame_blocks[address >> BLOCK_SHIFT];
}

/* Starts an empty table: every block absent, nothing counted. */
void frame_table_make(struct block *table, uint64_t count);

/* Splits a block that is not split, and in no use: each frame is then what the block was (absent,
 * reserved or free). Its records go to the address `records`. */
void frame_split(uint64_t base, uint64_t records);

/* ---- Split blocks with a free frame, and the free frames in them (frame.c) ---- */

/* Rings by block number, below and above 4 GiB; first 0: empty. The first block is on neither: its
 * frames are handed out by name, for ZONE_BELOW_1M, or when nothing else is. */
struct partial_ring {
    uint32_t first, count;
};
enum { LOW, HIGH, SIDES };
extern struct partial_ring frame_partials[SIDES];

static inline unsigned frame_side(uint64_t address)
{
    return address < 4 * GIB_BYTES ? LOW : HIGH;
}

/* From now on that block is the first of its ring; 0: the ring is empty. */
void frame_set_first(struct partial_ring *ring, uint32_t number);

/* Joins the only block of a side's ring if all of it is free, because a whole one is wanted. */
void frame_join_last(unsigned side);

/* The number of the block that the next single frame comes from; 0: all free memory is in whole
 * blocks, or there is none. */
extern uint32_t frame_source;

static inline uint32_t frame_partial(void)
{
    return frame_source;
}

/* Free frames of a split block are linked by their index. These do only that. */
static inline void frame_link_free(struct block *block, struct frame *records, uint32_t index)
{
    uint32_t next = block->first_free;
    records[index].next = next;
    records[index].prev = NO_INDEX;
    if (next != NO_INDEX) {
        records[next].prev = index;
    }
    block->first_free = (uint16_t)index;
    block->free_count++;
}

static inline struct frame *frame_unlink_free(struct block *block, struct frame *records,
                                              uint32_t index)
{
    struct frame *record = &records[index];
    if (record->prev != NO_INDEX) {
        records[record->prev].next = record->next;
    } else {
        block->first_free = (uint16_t)record->next;
    }
    if (record->next != NO_INDEX) {
        records[record->next].prev = record->prev;
    }
    block->free_count--;
    return record;
}

/* The first of them, which is not the last. */
static inline struct frame *frame_pop_free(struct block *block, struct frame *records)
{
    struct frame *record = &records[block->first_free];
    uint32_t next = record->next;
    block->first_free = (uint16_t)next;
    records[next].prev = NO_INDEX;
    block->free_count--;
    return record;
}

/* Puts a frame before the first of them, where there is one. */
static inline void frame_push_free(struct block *block, struct frame *records, uint32_t index)
{
    uint32_t next = block->first_free;
    records[index].next = next;
    records[index].prev = NO_INDEX;
    records[next].prev = index;
    block->first_free = (uint16_t)index;
    block->free_count++;
}

/* frame_at_number for RAM, quicker where it lies in block `near`, whose records these are. */
static inline struct frame *frame_near(uint32_t number, uint32_t near, struct frame *records)
{
    return __builtin_expect(number / FRAMES_PER_BLOCK == near, 1)
               ? &records[number % FRAMES_PER_BLOCK]
               : frame_in_block(&frame_blocks[number / FRAMES_PER_BLOCK], number);
}

/* ---- Free runs of blocks (frame_free.c) ---- */

void runs_init(void);

/* The first free run of at least `order` on a side (ZONE: below 4 GiB, or above), 0: none. */
uint64_t runs_find(bool high, uint32_t order);

/* Takes them out of it: free blocks on no list. */
void runs_take(uint64_t base, uint32_t order);

/* Blocks typed FRAME_FREE and on no list become a free run, joined with its neighbours. */
void runs_put(uint64_t base, uint32_t order);

/* The same for `count` runs of 1 GiB in a row, at least one, on one side of 4 GiB: all that boot
 * does for most of a large machine's memory. */
void runs_put_gibs(uint64_t base, uint64_t count);

const char *runs_check(void);

#endif
