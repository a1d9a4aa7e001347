/*
 * The frame table: see frame.h.
 */
#include "kernel/frame.h"

#include <stddef.h>

#include "kernel/frame_ptr.h"
#include "kernel/frame_table.h"
#include "kernel/panic.h"
#include "kernel/string.h"

#define FOUR_GIB (4 * GIB_BYTES)
#define FIRST_MIB_FRAMES 256u

/* Free blocks, and split blocks with a free frame: below and above 4 GiB. The first block is on
 * neither list: its frames are handed out by name, for ZONE_BELOW_1M, or when nothing else is. */
enum { LOW, HIGH, SIDES };
static struct frame_list free_blocks[SIDES];
static struct frame_list partial_blocks[SIDES];

static struct block *blocks;
static uint64_t block_count;
struct frame_counts frame_counts;

/* ---- Looking ---- */

static struct frame *records_of(const struct block *block)
{
    return frame_ptr((uint64_t)block->records << FRAME_SHIFT);
}

static uint32_t index_in_block(uint64_t address)
{
    return (uint32_t)(address >> FRAME_SHIFT) % FRAMES_PER_BLOCK;
}

struct frame *frame_record(uint64_t address, uint32_t order)
{
    uint64_t index = address >> BLOCK_SHIFT;
    if (index >= block_count) {
        return NULL;
    }
    struct block *block = &blocks[index];
    bool split = block->whole.type == FRAME_SPLIT;
    if (order == ORDER_BLOCK) {
        return split ? NULL : &block->whole;
    }
    return split ? &records_of(block)[index_in_block(address)] : NULL;
}

struct frame *frame_at(uint64_t address)
{
    struct frame *record = frame_record(address, ORDER_FRAME);
    return record != NULL ? record : frame_record(address, ORDER_BLOCK);
}

uint64_t frame_table_top(void)
{
    return block_count << BLOCK_SHIFT;
}

struct block *frame_block(uint64_t index)
{
    return index < block_count ? &blocks[index] : NULL;
}

/* ---- Lists ---- */

/* The record that carries the links of what starts at frame `number`: for a split block on a list
 * of blocks, the block's own. */
static struct frame *linked(uint32_t number, bool of_block)
{
    uint64_t address = (uint64_t)number << FRAME_SHIFT;
    return of_block ? &blocks[address >> BLOCK_SHIFT].whole : frame_at(address);
}

static void list_add(struct frame_list *list, uint64_t address, bool of_block)
{
    uint32_t number = (uint32_t)(address >> FRAME_SHIFT);
    struct frame *record = linked(number, of_block);
    record->next = list->first;
    record->prev = 0;
    if (list->first != 0) {
        linked(list->first, of_block)->prev = number;
    }
    list->first = number;
}

static void list_remove(struct frame_list *list, uint64_t address, bool of_block)
{
    struct frame *record = linked((uint32_t)(address >> FRAME_SHIFT), of_block);
    if (record->prev != 0) {
        linked(record->prev, of_block)->next = record->next;
    } else {
        list->first = record->next;
    }
    if (record->next != 0) {
        linked(record->next, of_block)->prev = record->prev;
    }
    record->next = record->prev = 0;
}

void frame_list_add(struct frame_list *list, uint64_t address)
{
    list_add(list, address, false);
}

void frame_list_remove(struct frame_list *list, uint64_t address)
{
    list_remove(list, address, false);
}

static unsigned side_of(uint64_t address)
{
    return address < FOUR_GIB ? LOW : HIGH;
}

/* The free frames of one split block: linked by frame number through next and prev. */
static void push_free_frame(struct block *block, uint64_t address)
{
    uint32_t index = index_in_block(address);
    struct frame_list list = {0};
    uint64_t base = address & ~(BLOCK_BYTES - 1);
    if (block->first_free != NO_INDEX) {
        list.first = (uint32_t)(base >> FRAME_SHIFT) + block->first_free;
    }
    frame_list_add(&list, address);
    block->first_free = (uint16_t)index;
    if (block->free_count++ == 0 && base != 0) {
        list_add(&partial_blocks[side_of(base)], base, true);
    }
}

static void remove_free_frame(struct block *block, uint64_t address)
{
    uint64_t base = address & ~(BLOCK_BYTES - 1);
    struct frame_list list = {(uint32_t)(base >> FRAME_SHIFT) + block->first_free};
    frame_list_remove(&list, address);
    block->first_free = list.first == 0 ? NO_INDEX : (uint16_t)(list.first % FRAMES_PER_BLOCK);
    if (--block->free_count == 0 && base != 0) {
        list_remove(&partial_blocks[side_of(base)], base, true);
    }
}

/* ---- Splitting and joining ---- */

static void start_split(struct block *block, uint64_t records)
{
    memset(frame_ptr(records), 0, RECORDS_BYTES);
    block->whole = (struct frame){.type = FRAME_SPLIT};
    block->records = (uint32_t)(records >> FRAME_SHIFT);
    block->free_count = 0;
    block->first_free = NO_INDEX;
}

void frame_split(uint64_t base, uint64_t records)
{
    struct block *block = &blocks[base >> BLOCK_SHIFT];
    uint8_t type = block->whole.type;
    if (type == FRAME_FREE) {
        list_remove(&free_blocks[side_of(base)], base, true);
    }
    start_split(block, records);
    for (uint32_t i = FRAMES_PER_BLOCK; i-- > 0;) {
        records_of(block)[i].type = type;
        if (type == FRAME_FREE) {
            push_free_frame(block, base + i * FRAME_BYTES);
        }
    }
}

/* Splits a free block; its records go where the frame `wanted` does not lie. */
static void split_free_block(uint64_t base, uint64_t wanted)
{
    struct block *block = &blocks[base >> BLOCK_SHIFT];
    uint32_t first = index_in_block(wanted) < RECORD_FRAMES ? FRAMES_PER_BLOCK - RECORD_FRAMES : 0;
    frame_split(base, base + first * FRAME_BYTES);
    for (uint32_t i = first; i < first + RECORD_FRAMES; i++) {
        remove_free_frame(block, base + i * FRAME_BYTES);
        records_of(block)[i].type = FRAME_RECORDS;
    }
    frame_counts.free -= RECORD_FRAMES;
    frame_counts.records += RECORD_FRAMES;
}

/* Joins a split block when all but its own records are free. */
static void join_if_free(uint64_t base)
{
    struct block *block = &blocks[base >> BLOCK_SHIFT];
    const struct frame *of_records = frame_at((uint64_t)block->records << FRAME_SHIFT);
    bool own_records =
        (uint64_t)block->records >> (BLOCK_SHIFT - FRAME_SHIFT) == base >> BLOCK_SHIFT &&
        of_records->type == FRAME_RECORDS;
    if (!own_records || block->free_count != FRAMES_PER_BLOCK - RECORD_FRAMES) {
        return;
    }
    list_remove(&partial_blocks[side_of(base)], base, true);
    *block = (struct block){.whole.type = FRAME_FREE};
    list_add(&free_blocks[side_of(base)], base, true);
    frame_counts.free += RECORD_FRAMES;
    frame_counts.records -= RECORD_FRAMES;
}

/* ---- Taking and freeing ---- */

static int64_t find_named(uint64_t address, uint32_t order)
{
    if (address & ((FRAME_BYTES << order) - 1)) {
        return E_ALIGNMENT;
    }
    struct frame *record = frame_at(address);
    if (record == NULL || record->type == FRAME_ABSENT) {
        return E_NO_FRAME;
    }
    bool split = frame_record(address, ORDER_FRAME) != NULL;
    if (record->type != FRAME_FREE || (order == ORDER_BLOCK && split)) {
        return E_NOT_FREE;
    }
    return (int64_t)address;
}

static int64_t find_below_1m(void)
{
    const struct block *block = &blocks[0];
    uint32_t index = block->first_free;
    for (uint32_t i = 0; i < block->free_count; i++) {
        if (index < FIRST_MIB_FRAMES) {
            return (int64_t)((uint64_t)index << FRAME_SHIFT);
        }
        index = records_of(block)[index].next;
    }
    return E_NO_MEMORY;
}

static int64_t find_frame(unsigned side)
{
    if (partial_blocks[side].first != 0) {
        uint64_t base = (uint64_t)partial_blocks[side].first << FRAME_SHIFT;
        return (int64_t)(base + blocks[base >> BLOCK_SHIFT].first_free * FRAME_BYTES);
    }
    if (free_blocks[side].first != 0) {
        return (int64_t)(((uint64_t)free_blocks[side].first + RECORD_FRAMES) << FRAME_SHIFT);
    }
    return E_NO_MEMORY;
}

static int64_t find_block(unsigned side)
{
    uint32_t first = free_blocks[side].first;
    return first != 0 ? (int64_t)((uint64_t)first << FRAME_SHIFT) : E_NO_MEMORY;
}

static int64_t find_in_zone(uint64_t zone, uint32_t order)
{
    if (zone == ZONE_BELOW_1M) {
        return order == ORDER_FRAME ? find_below_1m() : E_NO_MEMORY;
    }
    int64_t found = E_NO_MEMORY;
    if (zone == ZONE_ANY) {
        found = order == ORDER_BLOCK ? find_block(HIGH) : find_frame(HIGH);
    }
    if (found < 0) {
        found = order == ORDER_BLOCK ? find_block(LOW) : find_frame(LOW);
    }
    if (found < 0 && order == ORDER_FRAME && blocks[0].first_free != NO_INDEX) {
        found = (int64_t)((uint64_t)blocks[0].first_free << FRAME_SHIFT);
    }
    return found;
}

int64_t frame_find(uint64_t where, uint32_t order)
{
    if (order != ORDER_FRAME && order != ORDER_BLOCK) {
        return E_ARGUMENT;
    }
    if (where >= FRAME_BYTES) {
        return find_named(where, order);
    }
    if (where < ZONE_ANY || where > ZONE_BELOW_1M) {
        return E_ARGUMENT;
    }
    return find_in_zone(where, order);
}

struct frame *frame_take(uint64_t address, uint32_t order, enum frame_type type)
{
    uint64_t base = address & ~(BLOCK_BYTES - 1);
    struct block *block = &blocks[base >> BLOCK_SHIFT];
    if (order == ORDER_BLOCK) {
        list_remove(&free_blocks[side_of(base)], base, true);
        frame_counts.free -= FRAMES_PER_BLOCK;
    } else {
        if (block->whole.type == FRAME_FREE) {
            split_free_block(base, address);
        }
        remove_free_frame(block, address);
        frame_counts.free--;
    }
    struct frame *record = frame_at(address);
    ensure(record->type == FRAME_FREE);
    *record = (struct frame){.type = (uint8_t)type};
    return record;
}

void frame_free(uint64_t address, uint32_t order)
{
    struct frame *record = frame_record(address, order);
    uint64_t base = address & ~(BLOCK_BYTES - 1);
    *record = (struct frame){.type = FRAME_FREE};
    if (order == ORDER_BLOCK) {
        list_add(&free_blocks[side_of(base)], base, true);
        frame_counts.free += FRAMES_PER_BLOCK;
        return;
    }
    push_free_frame(&blocks[base >> BLOCK_SHIFT], address);
    frame_counts.free++;
    join_if_free(base);
}

void frame_free_device(uint64_t address, uint32_t order)
{
    *frame_record(address, order) = (struct frame){.type = FRAME_ABSENT};
}

/* ---- Making the table ---- */

void frame_table_make(struct block *table, uint64_t count)
{
    blocks = table;
    block_count = count;
    memset(blocks, 0, count * sizeof(struct block));
    memset(free_blocks, 0, sizeof free_blocks);
    memset(partial_blocks, 0, sizeof partial_blocks);
    frame_counts = (struct frame_counts){0};
}

/* ---- Checks ---- */

/* Follows one list of blocks; every entry is of `type` and links back. Returns its length, or -1.
 */
static int64_t count_blocks(struct frame_list list, enum frame_type type)
{
    int64_t count = 0;
    uint32_t previous = 0;
    for (uint32_t number = list.first; number != 0; count++) {
        const struct block *block = &blocks[(uint64_t)number >> (BLOCK_SHIFT - FRAME_SHIFT)];
        if (block->whole.type != type || block->whole.prev != previous ||
            (uint64_t)count > block_count) {
            return -1;
        }
        previous = number;
        number = block->whole.next;
    }
    return count;
}

/* Every free frame of a split block is on its list once. */
static bool block_list_whole(const struct block *block)
{
    const struct frame *records = records_of(block);
    uint32_t index = block->first_free, count = 0;
    while (index != NO_INDEX && count < block->free_count) {
        if (records[index].type != FRAME_FREE) {
            return false;
        }
        count++;
        index = records[index].next == 0 ? NO_INDEX : records[index].next % FRAMES_PER_BLOCK;
    }
    return index == NO_INDEX && count == block->free_count;
}

const char *frame_check_lists(void)
{
    int64_t free = 0, partial = 0;
    for (uint64_t i = 0; i < block_count; i++) {
        const struct block *block = &blocks[i];
        free += block->whole.type == FRAME_FREE;
        if (block->whole.type != FRAME_SPLIT) {
            continue;
        }
        partial += block->free_count != 0 && i != 0;
        if (!block_list_whole(block)) {
            return "the free list of a split block is not whole";
        }
    }
    int64_t listed_free = 0, listed_partial = 0;
    for (unsigned side = LOW; side < SIDES; side++) {
        int64_t frees = count_blocks(free_blocks[side], FRAME_FREE);
        int64_t partials = count_blocks(partial_blocks[side], FRAME_SPLIT);
        if (frees < 0 || partials < 0) {
            return "a list of blocks is broken";
        }
        listed_free += frees;
        listed_partial += partials;
    }
    return free == listed_free && partial == listed_partial ? NULL
                                                            : "a block is missing from its list";
}
