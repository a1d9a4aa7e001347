/*
 * The frame table at boot: which frames there are, and which are taken already. After frame_init
 * and the reservations of kernel_main nothing here runs again.
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

/* Calls for every whole block and every single frame of [start, end). */
static void set_range(uint64_t start, uint64_t end,
                      void (*set)(uint64_t address, uint32_t order, enum frame_type, uint64_t tag),
                      enum frame_type type, uint64_t tag)
{
    uint64_t at = start;
    while (at < end) {
        uint64_t base = at & ~(BLOCK_BYTES - 1);
        bool whole = at == base && end - at >= BLOCK_BYTES && base != 0 &&
                     frame_record(at, ORDER_BLOCK) != NULL;
        if (!whole) {
            split_at_boot(at);
        }
        set(at, whole ? ORDER_BLOCK : ORDER_FRAME, type, tag);
        at += whole ? BLOCK_BYTES : FRAME_BYTES;
    }
}

static void add_memory(uint64_t address, uint32_t order, enum frame_type type, uint64_t tag)
{
    (void)tag;
    if (type == FRAME_FREE) {
        frame_free(address, order);
        frame_counts.usable += 1ull << order;
    } else {
        frame_record(address, order)->type = (uint8_t)type;
    }
}

static void take_memory(uint64_t address, uint32_t order, enum frame_type type, uint64_t tag)
{
    struct frame *record = frame_record(address, order);
    if (record->type == FRAME_FREE) {
        record = frame_take(address, order, type);
        if (type == FRAME_KERNEL) {
            frame_counts.usable -= 1ull << order;
        }
    }
    record->type = (uint8_t)type;
    record->tag = tag;
}

void frame_reserve(uint64_t start, uint64_t end, enum frame_type type, uint64_t tag)
{
    uint64_t top = frame_table_top();
    set_range(start & ~(FRAME_BYTES - 1),
              end > top ? top : (end + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1), take_memory, type,
              tag);
}

static void add_ranges(const struct boot_info *info, bool free)
{
    uint64_t top = frame_table_top();
    for (uint32_t i = 0; i < info->memory_count; i++) {
        const struct memory_range *range = &info->memory[i];
        if ((range->type == MEMORY_FREE) != free || range->start >= top) {
            continue;
        }
        /* Free memory in whole frames only; what is reserved even in part is not touched. */
        uint64_t start = free ? (range->start + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1)
                              : range->start & ~(FRAME_BYTES - 1);
        uint64_t end = free ? range->end & ~(FRAME_BYTES - 1)
                            : (range->end + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1);
        if (free && start == 0) {
            start = FRAME_BYTES; /* page 0 is never anyone's */
        }
        set_range(start, end > top ? top : end, add_memory, free ? FRAME_FREE : FRAME_RESERVED, 0);
    }
}

void frame_init(const struct boot_info *info, uint64_t top)
{
    uint64_t blocks = (top + BLOCK_BYTES - 1) >> BLOCK_SHIFT;
    frame_table_make(frame_ptr(boot_memory_area(blocks * sizeof(struct block))), blocks);
    /* Every end of a range, a module or a taken area can split one block; the areas taken after
     * this one are none. */
    uint64_t splits = 2ull * (info->memory_count + info->module_count + BOOT_AREAS);
    boot_records = boot_memory_area(splits * RECORDS_BYTES);
    boot_records_end = boot_records + splits * RECORDS_BYTES;

    split_at_boot(0);
    add_ranges(info, true);
    add_ranges(info, false);

    /* What boot took, but for the records that were not needed: these blocks are split by now or
     * wholly inside, except the last, which must not need records of its own below its end. */
    struct boot_area areas[BOOT_AREAS];
    unsigned count = boot_memory_taken(areas);
    for (unsigned i = 0; i < count; i++) {
        split_at_boot(areas[i].start);
        split_at_boot(areas[i].end - 1);
    }
    for (uint32_t i = 0; i < info->module_count; i++) {
        const struct boot_module *module = &info->modules[i];
        split_at_boot(module->address);
        split_at_boot(module->address + module->bytes - (module->bytes != 0));
    }
    for (unsigned i = 0; i < count; i++) {
        uint64_t end = areas[i].end == boot_records_end ? boot_records : areas[i].end;
        frame_reserve(areas[i].start, end, FRAME_KERNEL, 0);
    }
    boot_records_end = boot_records;
}
