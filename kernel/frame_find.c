/*
 * Finding free frames, by name or in a zone, without taking them: see frame_find in frame.h.
 */
#include "kernel/frame_table.h"

#define FIRST_MIB_FRAMES 256u
#define SEARCHED_PER_STEP 8u

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
        frame_join_last(frame_side(address));
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
        frame_join_last(side);
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
        return (int64_t)(base + frame_block_at(base)->first_free * FRAME_BYTES);
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
    uint32_t index = find_in_block(frame_block_at(base), order, FRAMES_PER_BLOCK);
    if (index < FRAMES_PER_BLOCK) {
        return (int64_t)(base + index * FRAME_BYTES);
    }
    frame_set_first(&frame_partials[side], frame_block_at(base)->whole.next);
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
