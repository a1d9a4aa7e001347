/*
 * The frame table at boot: which frames there are, and which are taken already. After frame_init
 * and the reservations of kernel_main nothing here runs again.
 *
 * A cleared record is one of free memory. So the blocks of a large range of free memory need no
 * more than their place on the lists, GiB by GiB, and what is marked is the rest.
 */
#include <stddef.h>

#include "boot/boot_info.h"
#include "kernel/boot_memory.h"
#include "kernel/frame.h"
#include "kernel/frame_ptr.h"
#include "kernel/frame_table.h"
#include "kernel/panic.h"

/* Records for blocks that are split from the start: taken once, used from the front. */
static uint64_t boot_records, boot_records_end;
static struct frame first_block_records[FRAMES_PER_BLOCK] __attribute__((aligned(4096)));

static uint64_t round_up(uint64_t address, uint64_t unit)
{
    return (address + unit - 1) & ~(unit - 1);
}

static void split_at_boot(uint64_t address)
{
    uint64_t base = address & ~(BLOCK_BYTES - 1);
    if (frame_record(base, ORDER_BLOCK) == NULL) {
        return; /* it is split */
    }
    if (base == 0) {
        frame_split(base, frame_of(first_block_records));
        return;
    }
    ensure(boot_records + RECORDS_BYTES <= boot_records_end);
    frame_split(base, boot_records);
    boot_records += RECORDS_BYTES;
}

/* Records for the blocks that a taken area fills only in part. */
static void split_at_ends(uint64_t start, uint64_t end)
{
    if (start % BLOCK_BYTES != 0) {
        split_at_boot(start);
    }
    if (end % BLOCK_BYTES != 0) {
        split_at_boot(end);
    }
}

/* The order of the largest run that starts at `at` and ends by `end`: of whole blocks, or inside of
 * one that is split or must be. The first block is split. */
static uint32_t largest_run(uint64_t at, uint64_t end, uint32_t largest)
{
    bool whole = at != 0 && at % BLOCK_BYTES == 0 && end - at >= BLOCK_BYTES && !frame_is_split(at);
    uint32_t order = whole ? largest : ORDER_BLOCK - 1;
    while (order > ORDER_FRAME &&
           (at % (FRAME_BYTES << order) != 0 || end - at < FRAME_BYTES << order)) {
        order--;
    }
    return order;
}

/* Calls for every run of [start, end), of at most the order `largest`. */
static void set_range(uint64_t start, uint64_t end, uint32_t largest,
                      void (*set)(uint64_t address, uint32_t order, enum frame_type, uint64_t tag),
                      enum frame_type type, uint64_t tag)
{
    for (uint64_t at = start; at < end;) {
        uint32_t order = largest_run(at, end, largest);
        if (order < ORDER_BLOCK) {
            split_at_boot(at);
        }
        set(at, order, type, tag);
        at += FRAME_BYTES << order;
    }
}

static void set_records(const struct run *run, enum frame_type type, uint64_t tag)
{
    for (uint32_t i = 0; i < run->count; i++) {
        struct frame *record = run_record(run, i);
        record->type = (uint8_t)type;
        record->tag = tag;
    }
}

static void add_free(uint64_t address, uint32_t order, enum frame_type type, uint64_t tag)
{
    frame_counts.usable += 1ull << order;
    if (order >= ORDER_BLOCK) {
        frame_counts.free += 1ull << order;
        runs_put(address, order); /* the records say so already */
        return;
    }
    struct run run;
    frame_run(address, order, &run);
    set_records(&run, type, tag);
    frame_put(&run);
}

static void add_reserved(uint64_t address, uint32_t order, enum frame_type type, uint64_t tag)
{
    struct run run;
    frame_run(address, order, &run);
    set_records(&run, type, tag);
}

/* What is free comes off the lists; where only a part is, by halves. */
static void take_memory(uint64_t address, uint32_t order, enum frame_type type, uint64_t tag)
{
    uint32_t search = 0;
    bool free = frame_find(address, order, &search) == (int64_t)address;
    if (!free && order != ORDER_FRAME && order < ORDER_BLOCK) {
        take_memory(address, order - 1, type, tag);
        take_memory(address + (FRAME_BYTES << (order - 1)), order - 1, type, tag);
        return;
    }
    struct run run;
    frame_run(address, order, &run);
    if (free) {
        frame_take(address, order, &run);
        frame_counts.usable -= type == FRAME_KERNEL ? 1ull << order : 0;
    }
    set_records(&run, type, tag);
}

void frame_reserve(uint64_t start, uint64_t end, enum frame_type type, uint64_t tag)
{
    uint64_t top = frame_table_top();
    set_range(start & ~(FRAME_BYTES - 1), end < top ? round_up(end, FRAME_BYTES) : top, ORDER_BLOCK,
              take_memory, type, tag);
}

/* What is not free as a whole, block by block, is absent until more is known of it. */
static void mark_absent(const struct boot_info *info)
{
    uint64_t at = 0;
    for (uint32_t i = 0; i < info->memory_count; i++) {
        const struct memory_range *range = &info->memory[i];
        uint64_t first = (range->start + BLOCK_BYTES - 1) >> BLOCK_SHIFT;
        uint64_t end = range->end >> BLOCK_SHIFT;
        first = first == 0 ? 1 : first;
        end = end > frame_block_count ? frame_block_count : end;
        if (range->type == MEMORY_FREE && first < end) {
            for (; at < first; at++) {
                frame_blocks[at].whole.type = FRAME_ABSENT;
            }
            at = end;
        }
    }
    for (; at < frame_block_count; at++) {
        frame_blocks[at].whole.type = FRAME_ABSENT;
    }
}

/* Whole GiBs, on one side of 4 GiB; returns the end of the last. */
static uint64_t add_free_gibs(uint64_t start, uint64_t end)
{
    uint64_t count = start < end ? (end - start) >> GIB_SHIFT : 0;
    if (count != 0) {
        runs_put_gibs(start, count);
        frame_counts.usable += count << ORDER_MAX;
        frame_counts.free += count << ORDER_MAX;
    }
    return start + count * GIB_BYTES;
}

/* Free memory in whole frames only; page 0 is never anyone's. */
static void add_free_range(uint64_t start, uint64_t end)
{
    uint64_t top = frame_table_top();
    start = start == 0 ? FRAME_BYTES : round_up(start, FRAME_BYTES);
    end = end < top ? end & ~(FRAME_BYTES - 1) : top;
    uint64_t at = round_up(start, GIB_BYTES);
    set_range(start, at < end ? at : end, ORDER_MAX, add_free, FRAME_FREE, 0);
    at = add_free_gibs(at, end < 4 * GIB_BYTES ? end : 4 * GIB_BYTES);
    at = add_free_gibs(at, end);
    set_range(at, end, ORDER_MAX, add_free, FRAME_FREE, 0);
}

/* What is reserved even in part is not touched. */
static void add_reserved_range(uint64_t start, uint64_t end)
{
    uint64_t top = frame_table_top();
    set_range(start & ~(FRAME_BYTES - 1), end < top ? round_up(end, FRAME_BYTES) : top, ORDER_MAX,
              add_reserved, FRAME_RESERVED, 0);
}

/* What boot took, but for the records that were not needed: whatever else needs records gets them
 * first, and then the block that they end in. */
static void reserve_taken(const struct boot_info *info)
{
    struct boot_area areas[BOOT_AREAS];
    unsigned count = boot_memory_taken(areas);
    for (unsigned i = 0; i < count; i++) {
        bool last = areas[i].end == boot_records_end;
        split_at_ends(areas[i].start, last ? areas[i].start : areas[i].end);
    }
    for (uint32_t i = 0; i < info->module_count; i++) {
        const struct boot_module *module = &info->modules[i];
        split_at_ends(module->address, module->address + module->bytes);
    }
    while (boot_records % BLOCK_BYTES != 0 && !frame_is_split(boot_records)) {
        split_at_boot(boot_records);
    }
    for (unsigned i = 0; i < count; i++) {
        bool last = areas[i].end == boot_records_end;
        frame_reserve(areas[i].start, last ? boot_records : areas[i].end, FRAME_KERNEL,
                      TAG8('t', 'a', 'b', 'l', 'e', 's', 0, 0));
    }
    boot_records_end = boot_records;
}

void frame_init(const struct boot_info *info, uint64_t top)
{
    uint64_t blocks = (top + BLOCK_BYTES - 1) >> BLOCK_SHIFT;
    frame_table_make(frame_ptr(boot_memory_area(blocks * sizeof(struct block))), blocks);
    mark_absent(info);

    /* Every end of a range, a module or a taken area can split one block, and the end of the
     * records two. */
    uint64_t splits = 2ull * (info->memory_count + info->module_count + BOOT_AREAS) + 2;
    boot_records = boot_memory_area(splits * RECORDS_BYTES);
    boot_records_end = boot_records + splits * RECORDS_BYTES;
    split_at_boot(0);
    for (uint32_t i = 0; i < info->memory_count; i++) {
        const struct memory_range *range = &info->memory[i];
        if (range->type == MEMORY_FREE) {
            add_free_range(range->start, range->end);
        } else {
            add_reserved_range(range->start, range->end);
        }
    }
    reserve_taken(info);
}
