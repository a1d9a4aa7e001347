/*
 * The frame table: who owns every physical frame, and what it is (DESIGN section 3).
 *
 * Two levels: a record per 2 MiB block, and, for a block that is handed out in pieces ("split"),
 * a record per 4 KiB frame. The records of a block split after boot lie in three frames of that
 * block itself; so the kernel never runs out of them. A frame is named by its physical address.
 * Free blocks lie in runs of 2 MiB to 1 GiB, each aligned to its size and halved and joined as
 * memory comes and goes (a buddy system); so what booting costs grows with GiBs.
 * Device memory may lie beyond the table, or be claimed in pieces of a block without RAM: its
 * records are made when it is claimed, of frames that the claimer pays for (frame_far.h).
 *
 * Invariants (kernel/check.c): a frame is FRAME_FREE exactly when it has no owner and no mapping;
 * every free frame is on the free list of its block once, every free run on the list of its size
 * once, every split block with a free frame on the list of such blocks once.
 * What may become of a record is kernel/own.h; here is where the records are and which are free.
 */
#ifndef KERNEL_FRAME_H
#define KERNEL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/errors.h>

#include "kernel/frame_far.h"
#include "kernel/frame_ptr.h"
#include "kernel/own.h"

struct boot_info;

struct block {
    struct frame whole;  /* FRAME_SPLIT: only type and links are used */
    uint32_t records;    /* FRAME_SPLIT: frame number of its 512 records */
    uint16_t free_count; /* FRAME_SPLIT */
    uint16_t first_free; /* FRAME_SPLIT: index of the first free frame, NO_INDEX = none */
};
_Static_assert(sizeof(struct block) == 32, "a record of a block is 32 bytes");

#define NO_INDEX 0xffffu
#define RECORD_FRAMES 3 /* 512 records of 24 bytes */

/* How many frames there are of what; split blocks count frame by frame. */
struct frame_counts {
    uint64_t usable; /* RAM that domains can own, records included */
    uint64_t free;
    uint64_t records; /* of blocks split after boot */
};
extern struct frame_counts frame_counts;

/* ---- Boot: in this order ---- */

/* Makes the table for memory and devices below `top` out of boot memory. */
void frame_init(const struct boot_info *info, uint64_t top);

/* Takes the free frames of [start, end) out of circulation as `type`, owned by nobody. */
void frame_reserve(uint64_t start, uint64_t end, enum frame_type type, uint64_t tag);

/* ---- Looking ---- */

extern struct block *frame_blocks;
extern uint64_t frame_block_count;

/* The block at `index` = address / BLOCK_BYTES, or NULL: there are no records of it. */
static inline struct block *frame_block(uint64_t index)
{
    return index < frame_block_count ? &frame_blocks[index] : frame_far_block(index);
}

static inline struct frame *frame_records_of(const struct block *block)
{
    return frame_ptr((uint64_t)block->records << FRAME_SHIFT); /* RAM */
}

/* The record that speaks for a frame in a block, `frame` being its number or address >> 12. */
static inline struct frame *frame_in_block(struct block *block, uint64_t frame)
{
    return block->whole.type != FRAME_SPLIT ? &block->whole
                                            : &frame_records_of(block)[frame % FRAMES_PER_BLOCK];
}

/* The record that speaks for an address: of its frame, or of the whole block it lies in; NULL:
 * there is none. */
static inline struct frame *frame_at(uint64_t address)
{
    uint64_t index = address >> BLOCK_SHIFT;
    return index < frame_block_count ? frame_in_block(&frame_blocks[index], address >> FRAME_SHIFT)
                                     : frame_far_at(address);
}

/* The record of a frame (order below ORDER_BLOCK: its block must be split) or of a whole block
 * (ORDER_BLOCK and more: must not be split), or NULL. */
static inline struct frame *frame_record(uint64_t address, uint32_t order)
{
    struct block *block = frame_block(address >> BLOCK_SHIFT);
    if (block == NULL || (block->whole.type == FRAME_SPLIT) != (order < ORDER_BLOCK)) {
        return NULL;
    }
    return frame_in_block(block, address >> FRAME_SHIFT);
}

/* The record of a single frame of RAM, where the kernel's objects are, or NULL. */
static inline struct frame *frame_ram_record(uint64_t address)
{
    uint64_t index = address >> BLOCK_SHIFT;
    if (index >= frame_block_count || frame_blocks[index].whole.type != FRAME_SPLIT) {
        return NULL;
    }
    return &frame_records_of(&frame_blocks[index])[(address >> FRAME_SHIFT) % FRAMES_PER_BLOCK];
}

/*
 * Records name frames by number: address / FRAME_BYTES, but for device memory beyond the table.
 * Numbers of consecutive frames of one run are consecutive.
 */
static inline uint32_t frame_number(uint64_t address)
{
    return address >> BLOCK_SHIFT < frame_block_count ? (uint32_t)(address >> FRAME_SHIFT)
                                                      : frame_far_number(address);
}

/* Of RAM, which is where the kernel's objects are. */
static inline uint32_t frame_number_ram(uint64_t address)
{
    return (uint32_t)(address >> FRAME_SHIFT);
}

static inline uint64_t frame_address(uint32_t number)
{
    return number < FAR_NUMBERS ? (uint64_t)number << FRAME_SHIFT : frame_far_address(number);
}

static inline struct frame *frame_at_number(uint32_t number)
{
    uint32_t index = number / FRAMES_PER_BLOCK;
    if (index < frame_block_count) {
        return frame_in_block(&frame_blocks[index], number);
    }
    struct block *window = number >= FAR_NUMBERS ? frame_far_window(number) : NULL;
    return window != NULL ? frame_in_block(window + index % FRAMES_PER_BLOCK, number) : NULL;
}

/* Is the memory at an address recorded frame by frame? */
static inline bool frame_is_split(uint64_t address)
{
    return frame_record(address, ORDER_FRAME) != NULL;
}

/* End of the table; above, only device memory has records, and only while it is claimed. */
uint64_t frame_table_top(void);

/*
 * The records that speak for a run of 2^order frames: `count` of them, `stride` bytes apart; each
 * stands for one leaf of a page table, of 4 KiB below ORDER_BLOCK, else of 2 MiB. Frames of a
 * whole block share its record (stride 0).
 */
struct run {
    uint64_t address;
    uint32_t order;
    uint32_t count;
    struct frame *first;
    uint64_t stride;
};

/* OK, E_ARGUMENT (order), E_ALIGNMENT, E_NO_FRAME (beyond the table), E_ORDER (2 MiB leaves of
 * memory that is recorded frame by frame). */
int64_t frame_run(uint64_t address, uint64_t order, struct run *run);

static inline struct frame *run_record(const struct run *run, uint32_t index)
{
    return (struct frame *)((char *)run->first + index * run->stride);
}

/* Is the run one of records of its own, as claims make them? */
static inline bool run_is_whole(const struct run *run)
{
    return run->stride != 0;
}

/* ---- Taking and freeing ---- */

/*
 * Finds a free run without taking it: `where` names it, or is a zone. Returns its address, or
 * E_ARGUMENT, E_ALIGNMENT, E_NO_FRAME, E_NOT_FREE, E_NO_MEMORY; E_AGAIN: a bounded part of the
 * search is done (orders 1 to 8 in a zone; *search keeps the rest, 0 before the first step).
 */
int64_t frame_find(uint64_t where, uint32_t order, uint32_t *search);

/* Takes what frame_find found off the lists: its records are still FRAME_FREE, but on none. Cannot
 * fail. May split the block; the content is not cleared. */
void frame_take(uint64_t address, uint32_t order, struct run *run);

/* Puts records that are FRAME_FREE again, all of one run, back on the lists. Joins a block whose
 * frames are all free and whose records lie in it. */
void frame_put(const struct run *run);

/* Are the free lists whole? NULL, or what is wrong (kernel/check.c). */
const char *frame_check_lists(void);

#include "kernel/ring.h" /* owners' rings, over frame_at_number */

#endif
