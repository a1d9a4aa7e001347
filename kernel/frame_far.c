/*
 * Records of device memory: see frame_far.h.
 */
#include "kernel/frame_far.h"

#include <stddef.h>

#include "kernel/frame.h"
#include "kernel/frame_ptr.h"
#include "kernel/string.h"

#define WINDOW_BLOCKS (GIB_BYTES / BLOCK_BYTES)
#define WINDOW_SHIFT (GIB_SHIFT - FRAME_SHIFT)
#define WINDOW_FRAMES (1u << WINDOW_SHIFT)
_Static_assert(FAR_NUMBERS + FAR_WINDOWS * WINDOW_FRAMES - 1 == UINT32_MAX, "numbers fit");
_Static_assert(FRAME_TABLE_LIMIT % GIB_BYTES == 0, "a window and the table never share a GiB");

struct block *frame_far_windows[FAR_WINDOWS];
static struct window {
    uint64_t gib;     /* address / GIB_BYTES; 0: not in use */
    uint32_t claimed; /* its blocks that are claimed, in whole or in part */
} windows[FAR_WINDOWS];

void frame_far_init(void)
{
    memset(windows, 0, sizeof windows);
    memset(frame_far_windows, 0, sizeof frame_far_windows);
}

/* ---- Looking ---- */

/* The window that covers a GiB, which is not 0, or NULL. */
static struct window *window_of(uint64_t gib)
{
    for (unsigned i = 0; i < FAR_WINDOWS; i++) {
        if (windows[i].gib == gib) {
            return &windows[i];
        }
    }
    return NULL;
}

static struct block *blocks_of(const struct window *window)
{
    return frame_far_windows[window - windows];
}

/* The window a block not of the table lies in. */
static struct window *window_of_block(uint64_t index)
{
    uint64_t gib = index / WINDOW_BLOCKS;
    return gib != 0 ? window_of(gib) : NULL;
}

struct block *frame_far_block(uint64_t index)
{
    const struct window *window = window_of_block(index);
    return window != NULL ? blocks_of(window) + index % WINDOW_BLOCKS : NULL;
}

struct frame *frame_far_at(uint64_t address)
{
    struct block *block = frame_far_block(address >> BLOCK_SHIFT);
    return block != NULL ? frame_in_block(block, address >> FRAME_SHIFT) : NULL;
}

uint32_t frame_far_number(uint64_t address)
{
    const struct window *window = window_of_block(address >> BLOCK_SHIFT);
    return window != NULL ? FAR_NUMBERS | (uint32_t)(window - windows) << WINDOW_SHIFT |
                                (uint32_t)(address >> FRAME_SHIFT) % WINDOW_FRAMES
                          : 0;
}

uint64_t frame_far_address(uint32_t number)
{
    if (number < FAR_NUMBERS) {
        return 0;
    }
    const struct window *window = &windows[(number - FAR_NUMBERS) >> WINDOW_SHIFT];
    uint64_t offset = (uint64_t)(number % WINDOW_FRAMES) << FRAME_SHIFT;
    return window->gib != 0 ? (window->gib << GIB_SHIFT) + offset : 0;
}

uint64_t frame_next_block(uint64_t index)
{
    if (index < frame_block_count) {
        return index;
    }
    uint64_t next = NO_BLOCK;
    for (unsigned i = 0; i < FAR_WINDOWS; i++) {
        uint64_t start = windows[i].gib * WINDOW_BLOCKS;
        if (windows[i].gib != 0 && index < start + WINDOW_BLOCKS) {
            start = index > start ? index : start;
            next = start < next ? start : next;
        }
    }
    return next;
}

/* ---- Making ---- */

int64_t frame_device_missing(uint64_t address, uint32_t order, struct missing_records *missing)
{
    const struct block *block = frame_block(address >> BLOCK_SHIFT);
    bool whole = block == NULL || block->whole.type != FRAME_SPLIT;
    *missing = (struct missing_records){
        .window = block == NULL,
        .pieces = whole && order < ORDER_BLOCK,
    };
    if (block != NULL) {
        return OK;
    }
    /* What is beyond the lower half has no name; a GiB that the table ends in has no window. */
    if ((address & ~(GIB_BYTES - 1)) < frame_table_top() || address >= LOWER_HALF_END) {
        return E_NO_FRAME;
    }
    return window_of(0) != NULL ? OK : E_LIMIT;
}

unsigned frame_device_frames(const struct missing_records *missing)
{
    return (missing->window ? FAR_RECORD_FRAMES : 0) + (missing->pieces ? RECORD_FRAMES : 0);
}

static void make_window(uint64_t gib, uint64_t records)
{
    struct window *window = window_of(0);
    struct block *blocks = frame_ptr(records);
    *window = (struct window){.gib = gib};
    frame_far_windows[window - windows] = blocks;
    for (unsigned i = 0; i < WINDOW_BLOCKS; i++) {
        blocks[i] = (struct block){.whole.type = FRAME_ABSENT};
    }
}

/* FRAME_SPLIT with such records: `mappings` counts the frames that are claimed. */
static void make_pieces(struct block *block, uint64_t records)
{
    struct frame *pieces = frame_ptr(records);
    for (unsigned i = 0; i < FRAMES_PER_BLOCK; i++) {
        pieces[i] = (struct frame){.type = block->whole.type};
    }
    *block = (struct block){
        .whole = {.type = FRAME_SPLIT},
        .records = frame_number(records),
        .first_free = NO_INDEX,
    };
}

void frame_device_make(uint64_t address, const struct missing_records *missing, uint64_t records)
{
    if (missing->window) {
        make_window(address >> GIB_SHIFT, records);
        records += FAR_RECORD_FRAMES * FRAME_BYTES;
    }
    if (missing->pieces) {
        make_pieces(frame_block(address >> BLOCK_SHIFT), records);
    }
}

/* ---- Counting ---- */

/* Are the records of a block's pieces such as come and go, rather than of boot? */
static bool is_made(const struct block *block)
{
    if (block->whole.type != FRAME_SPLIT) {
        return false;
    }
    /* Those of the first block have none: they are the kernel's data. */
    const struct frame *record = frame_at_number(block->records);
    return record != NULL && record->type == FRAME_DEVICE_RECORDS;
}

void frame_device_claimed(const struct run *run)
{
    uint64_t index = run->address >> BLOCK_SHIFT;
    struct block *block = frame_block(index);
    struct window *window = index < frame_block_count ? NULL : window_of_block(index);
    uint32_t blocks = run->count;
    if (is_made(block)) {
        blocks = block->whole.mappings == 0;
        block->whole.mappings += (uint16_t)run->count;
    }
    if (window != NULL) {
        window->claimed += blocks;
    }
}

unsigned frame_device_released(const struct run *run, struct records_area areas[2])
{
    uint64_t index = run->address >> BLOCK_SHIFT;
    struct block *block = frame_block(index);
    struct window *window = index < frame_block_count ? NULL : window_of_block(index);
    uint32_t blocks = run->count;
    unsigned count = 0;
    if (is_made(block)) {
        block->whole.mappings -= (uint16_t)run->count;
        blocks = block->whole.mappings == 0;
        if (blocks != 0) {
            /* All pieces are what the block was before. */
            areas[count++] = (struct records_area){frame_address(block->records), RECORD_FRAMES};
            *block = (struct block){.whole.type = frame_records_of(block)->type};
        }
    }
    if (window != NULL && (window->claimed -= blocks) == 0) {
        areas[count++] = (struct records_area){frame_of(blocks_of(window)), FAR_RECORD_FRAMES};
        *window = (struct window){0};
        frame_far_windows[window - windows] = NULL;
    }
    return count;
}

/* ---- Checks ---- */

static bool is_claimed(const struct block *block)
{
    return block->whole.type == FRAME_SPLIT || block->whole.type == FRAME_DEVICE;
}

static bool records_kept(uint64_t first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct frame *record = frame_record(first + i * FRAME_BYTES, ORDER_FRAME);
        if (record == NULL || record->type != FRAME_DEVICE_RECORDS) {
            return false;
        }
    }
    return true;
}

static unsigned count_pieces(const struct block *block, enum frame_type type)
{
    const struct frame *pieces = frame_records_of(block);
    unsigned count = 0;
    for (unsigned i = 0; i < FRAMES_PER_BLOCK; i++) {
        count += pieces[i].type == type;
    }
    return count;
}

static bool pieces_counted(const struct block *block)
{
    unsigned claimed = count_pieces(block, FRAME_DEVICE);
    return claimed != 0 && claimed == block->whole.mappings &&
           records_kept(frame_address(block->records), RECORD_FRAMES);
}

static bool window_counted(const struct window *window)
{
    const struct block *blocks = blocks_of(window);
    unsigned claimed = 0;
    for (unsigned i = 0; i < WINDOW_BLOCKS; i++) {
        claimed += is_claimed(&blocks[i]);
    }
    return claimed != 0 && claimed == window->claimed &&
           records_kept(frame_of(blocks), FAR_RECORD_FRAMES);
}

const char *frame_check_devices(void)
{
    uint64_t needed = 0, there = 0; /* frames for records */
    for (unsigned i = 0; i < FAR_WINDOWS; i++) {
        if (windows[i].gib != 0 && !window_counted(&windows[i])) {
            return "a window on far device memory is not what its claims make it";
        }
        needed += windows[i].gib != 0 ? FAR_RECORD_FRAMES : 0;
    }
    for (uint64_t i = frame_next_block(0); i != NO_BLOCK; i = frame_next_block(i + 1)) {
        while (i + 1 < frame_block_count && frame_blocks[i].whole.type != FRAME_SPLIT) {
            i++; /* most are not */
        }
        const struct block *block = frame_block(i);
        if (block->whole.type != FRAME_SPLIT) {
            continue;
        }
        if (is_made(block) && !pieces_counted(block)) {
            return "a block of device memory in pieces is not what its claims make it";
        }
        needed += is_made(block) ? RECORD_FRAMES : 0;
        there += count_pieces(block, FRAME_DEVICE_RECORDS);
    }
    return needed == there ? NULL : "frames are kept for records that nothing needs";
}
