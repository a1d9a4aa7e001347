/*
 * Device memory: see device.h.
 */
#include "kernel/device.h"

#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/frame.h"
#include "kernel/panic.h"
#include "kernel/space.h"
#include "kernel/syscall.h"

#define RECORDS_TAG TAG8('d', 'e', 'v', 'i', 'c', 'e', 's', 0)

/* ---- Frames for records ---- */

/* Takes `count` free frames, side by side, out of an aligned run of 4 or 8, whose other frames are
 * freed at once. Returns their address, or E_NO_MEMORY, E_AGAIN. */
static int64_t take_frames(unsigned count, uint32_t *search)
{
    uint32_t order = count > 4 ? 3 : 2;
    int64_t found = frame_find(ZONE_ANY, order, search);
    if (found < 0) {
        return found;
    }
    struct run run;
    frame_take((uint64_t)found, order, &run);
    for (uint32_t i = count; i < run.count; i++) {
        struct run rest;
        frame_run((uint64_t)found + i * FRAME_BYTES, ORDER_FRAME, &rest);
        frame_put(&rest);
    }
    return found;
}

/* Makes the records that a claim lacks, at the cost of `payer`. OK, E_NO_MEMORY, E_AGAIN. */
static int64_t make_records(struct domain *payer, uint64_t address,
                            const struct missing_records *missing)
{
    unsigned count = frame_device_frames(missing);
    if (count == 0) {
        return OK;
    }
    int64_t found = take_frames(count, &payer->search);
    if (found < 0) {
        return found;
    }
    for (unsigned i = 0; i < count; i++) {
        uint64_t frame = (uint64_t)found + i * FRAME_BYTES;
        struct frame *record = frame_at(frame);
        own_take(record, domain_number(payer), 0);
        own_make_object(record, FRAME_DEVICE_RECORDS, 0, RECORDS_TAG);
        domain_enter(payer, record, frame_number(frame), ORDER_FRAME);
    }
    frame_device_make(address, missing, (uint64_t)found);
    return OK;
}

void device_put(const struct run *run)
{
    struct records_area areas[2];
    unsigned count = frame_device_released(run, areas);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < areas[i].count; j++) {
            struct run frame;
            frame_run(areas[i].first + j * FRAME_BYTES, ORDER_FRAME, &frame);
            domain_leave(frame_ptr(frame_address(frame.first->owner)), frame.first, ORDER_FRAME);
            own_free(frame.first);
            frame_put(&frame);
        }
    }
}

void device_reserve(uint64_t address, uint64_t tag)
{
    struct missing_records missing;
    uint32_t search = 0;
    address &= ~(FRAME_BYTES - 1);
    if (address >= frame_table_top() ||
        frame_device_missing(address, ORDER_FRAME, &missing) != OK) {
        return; /* claims there are refused, or cannot be kept apart by frames */
    }
    if (missing.pieces) {
        int64_t found = take_frames(RECORD_FRAMES, &search);
        if (found < 0) {
            refuse_to_start("no memory for the records of the kernel's devices");
        }
        for (unsigned i = 0; i < RECORD_FRAMES; i++) {
            struct frame *record = frame_at((uint64_t)found + i * FRAME_BYTES);
            record->type = FRAME_KERNEL;
            record->tag = RECORDS_TAG;
        }
        frame_counts.usable -= RECORD_FRAMES;
        frame_device_make(address, &missing, (uint64_t)found);
    }
    struct frame *record = frame_at(address);
    record->type = FRAME_KERNEL;
    record->cache = CACHE_UNCACHED;
    record->tag = tag;
}

/* ---- Claims ---- */

struct claim {
    struct run run;
    struct missing_records missing;
    struct frame blank; /* speaks for far memory that no window covers yet */
};

/* Nobody's, and not RAM: OK, E_NOT_FREE, E_NO_FRAME. */
static int64_t check_free(const struct run *run)
{
    for (uint32_t i = 0; i < run->count; i++) {
        uint8_t type = run_record(run, i)->type;
        if (type != FRAME_ABSENT && type != FRAME_RESERVED) {
            return type == FRAME_DEVICE ? E_NOT_FREE : E_NO_FRAME;
        }
    }
    return OK;
}

/* The kernel's own map must not call the same memory by another cache type (Intel SDM 3A,
 * 11.12.4). OK, E_ARGUMENT. */
static int64_t check_cache(const struct run *run, uint64_t cache)
{
    uint64_t step = run->order < ORDER_BLOCK ? FRAME_BYTES : BLOCK_BYTES;
    uint64_t bits = PTE_PCD | PTE_PWT;
    uint64_t wanted = leaf_entry(&(const struct leaf){0}, (uint32_t)cache) & bits;
    for (uint32_t i = 0; i < run->count; i++) {
        unsigned level;
        uint64_t entry = space_walk(space_kernel_root(), run->address + i * step, &level);
        if (level != 0 && (entry & bits) != wanted) {
            return E_ARGUMENT;
        }
    }
    return OK;
}

/* OK, E_ARGUMENT (order), E_ALIGNMENT, E_NO_FRAME, E_ORDER, E_NOT_FREE, E_LIMIT (windows). */
static int64_t check_memory(const struct slot *range, uint64_t address, uint64_t order,
                            struct claim *claim)
{
    if (order > ORDER_MAX) {
        return E_ARGUMENT;
    }
    if (address & ((FRAME_BYTES << order) - 1)) {
        return E_ALIGNMENT;
    }
    if (!cap_covers(range, address >> FRAME_SHIFT, 1ull << order)) {
        return E_NO_FRAME;
    }
    int64_t error = frame_device_missing(address, (uint32_t)order, &claim->missing);
    if (error != OK) {
        return error;
    }
    if (!claim->missing.window) {
        error = frame_run(address, order, &claim->run);
        return error != OK ? error : check_free(&claim->run);
    }
    claim->run = (struct run){
        .address = address,
        .order = (uint32_t)order,
        .count = 1u << (order < ORDER_BLOCK ? order : order - ORDER_BLOCK),
        .first = &claim->blank,
    };
    return OK;
}

/* Everything has been checked, and has its records. */
static void take(struct domain *domain, const struct run *run, uint32_t cache)
{
    uint32_t order = run->order < ORDER_BLOCK ? ORDER_FRAME : ORDER_BLOCK;
    uint32_t number = frame_number(run->address);
    for (uint32_t i = 0; i < run->count; i++) {
        own_take_device(run_record(run, i), cache, domain_number(domain));
        domain_enter(domain, run_record(run, i), number + (i << order), order);
    }
    frame_device_claimed(run);
}

int64_t sys_frame_claim_device(uint64_t range, uint64_t address, uint64_t order, uint64_t rights,
                               uint64_t cache)
{
    struct domain *caller = caller_domain();
    struct slot *slot;
    struct claim claim = {.blank = {.type = FRAME_ABSENT}};
    struct mapping mapping = {
        .at = address, .run = &claim.run, .rights = (uint32_t)rights, .kind = PTE_AVL_DEVICE};
    int64_t error = cap_find(caller, range, CAP_DEVICE, RIGHT_USE, &slot);
    if (error == OK && cache > CACHE_WRITE_COMBINING) {
        error = E_ARGUMENT;
    }
    error = error != OK || rights == 0 ? error : leaf_check_rights(rights, false);
    error = error != OK ? error : check_memory(slot, address, order, &claim);
    error = error != OK ? error : check_cache(&claim.run, cache);
    if (error == OK) {
        uint64_t frames = (1ull << order) + frame_device_frames(&claim.missing);
        error = domain_check_limit(caller, frames);
    }
    error = error != OK || rights == 0 ? error : space_check(caller, &mapping);
    error = error != OK ? error : make_records(caller, address, &claim.missing);
    if (error != OK) {
        return error;
    }
    frame_run(address, order, &claim.run);
    take(caller, &claim.run, (uint32_t)cache);
    if (rights != 0) {
        space_map(caller, &mapping);
    }
    return OK;
}
