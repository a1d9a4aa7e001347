/*
 * Runs of frames as the system calls handle them: whose they are, clearing, entering and leaving
 * accounts. See frame_calls.h.
 */
#include "kernel/domain.h"
#include "kernel/frame.h"
#include "kernel/frame_calls.h"
#include "kernel/frame_ptr.h"
#include "kernel/string.h"

static uint32_t piece_order(const struct run *run)
{
    return run->order >= ORDER_BLOCK ? ORDER_BLOCK : ORDER_FRAME;
}

static uint32_t piece_number(const struct run *run, uint32_t index)
{
    return frame_number(run->address) + (index << piece_order(run));
}

int64_t run_check_owned(uint64_t address, uint64_t order, const struct domain *owner,
                        struct run *run)
{
    int64_t error = frame_run(address, order, run);
    for (uint32_t i = 0; error == OK && i < run->count; i++) {
        const struct frame *record = run_record(run, i);
        error = own_check(record, domain_number(owner));
        if (error == OK && (record->type == FRAME_DEVICE) != (run->first->type == FRAME_DEVICE)) {
            error = E_ORDER; /* RAM beside device memory: two runs */
        }
    }
    return error;
}

int64_t run_check_whole(uint64_t address, uint64_t order, const struct domain *owner,
                        struct run *run)
{
    int64_t error = run_check_owned(address, order, owner, run);
    return error == OK && !run_is_whole(run) ? E_ORDER : error;
}

int64_t run_clear(const struct run *run)
{
    uint64_t bytes = run_is_whole(run) && run->order < ORDER_BLOCK ? FRAME_BYTES : BLOCK_BYTES;
    for (uint32_t i = 0; i < run->count; i++) {
        struct frame *record = run_record(run, i);
        if (record->type == FRAME_DIRTY) {
            arch_clear(frame_ptr((run->address & ~(bytes - 1)) + i * bytes), bytes);
            own_set_clear(record);
            if (run->order > ORDER_BLOCK && i + 1 < run->count) {
                return E_AGAIN;
            }
        }
    }
    return OK;
}

void run_enter(struct domain *domain, const struct run *run)
{
    for (uint32_t i = 0; i < run->count; i++) {
        domain_enter(domain, run_record(run, i), piece_number(run, i), piece_order(run));
    }
}

void run_leave(struct domain *domain, const struct run *run)
{
    for (uint32_t i = 0; i < run->count; i++) {
        domain_leave(domain, run_record(run, i), piece_order(run));
    }
}
