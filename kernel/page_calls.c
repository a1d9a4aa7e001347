/*
 * System calls on the upper half: map, unmap, and the stock of page-table frames.
 */
#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/frame.h"
#include "kernel/frame_ptr.h"
#include "kernel/space.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

static int64_t check_address(uint64_t at, uint64_t order)
{
    if (order != ORDER_FRAME && order != ORDER_BLOCK) {
        return E_ARGUMENT;
    }
    if (at < UPPER_HALF_START || at >= UPPER_HALF_END) {
        return E_HALF;
    }
    return at & ((FRAME_BYTES << order) - 1) ? E_ALIGNMENT : OK;
}

/* May `caller` map this frame anywhere? The system page is anyone's to read. */
static int64_t check_frame(const struct domain *caller, uint64_t frame, uint32_t order,
                           uint32_t rights)
{
    if (frame & ((FRAME_BYTES << order) - 1)) {
        return E_ALIGNMENT;
    }
    const struct frame *record = frame_record(frame, order);
    if (record == NULL || record->type == FRAME_ABSENT) {
        return frame_at(frame) == NULL || record != NULL ? E_NO_FRAME : E_ARGUMENT;
    }
    if (record->type == FRAME_SYSTEM) {
        return rights == MAP_READ ? OK : E_NOT_OWNER;
    }
    if (record->owner != domain_number(caller)) {
        return E_NOT_OWNER;
    }
    return record->type == FRAME_RAM || record->type == FRAME_DEVICE ? OK : E_BUSY;
}

int64_t sys_page_map(const struct call *call)
{
    struct domain *domain;
    uint64_t at = call->arg[1], frame = call->arg[2];
    uint32_t rights = (uint32_t)call->arg[3] & 0xff, order = (uint32_t)call->arg[3] >> 8;
    int64_t error = cap_domain(call->domain, call->arg[0], &domain);
    error = error != OK ? error : check_address(at, order);
    error = error != OK ? error : check_frame(call->domain, frame, order, rights);
    if (error != OK) {
        return error;
    }
    const struct frame *record = frame_record(frame, order);
    const struct mapping mapping = {
        .at = at,
        .frame = frame,
        .order = order,
        .rights = rights,
        .cache = record->type == FRAME_DEVICE ? record->cache : CACHE_WRITE_BACK,
        .kind = record->type == FRAME_DEVICE   ? PTE_AVL_DEVICE
                : record->type == FRAME_SYSTEM ? PTE_AVL_SHARED
                                               : PTE_AVL_OWNED,
    };
    error = space_check(domain, &mapping);
    if (error != OK) {
        return error;
    }
    space_map(domain, &mapping);
    return OK;
}

int64_t sys_page_unmap(const struct call *call)
{
    struct domain *domain;
    uint64_t at = call->arg[1], order = call->arg[2];
    int64_t error = cap_domain(call->domain, call->arg[0], &domain);
    error = error != OK ? error : check_address(at, order);
    if (error != OK) {
        return error;
    }
    if (!space_mapped(domain, at, (uint32_t)order)) {
        return E_NOT_MAPPED;
    }
    space_unmap(domain, at, (uint32_t)order);
    return OK;
}

void domain_add_stock(struct domain *domain, uint64_t frame)
{
    memset(frame_ptr(frame), 0, FRAME_BYTES);
    *(uint64_t *)frame_ptr(frame) = domain->stock;
    domain->stock = frame;
    domain->stock_count++;
}

int64_t sys_page_fund(const struct call *call)
{
    struct domain *domain;
    uint64_t frame = call->arg[1];
    int64_t error = cap_domain(call->domain, call->arg[0], &domain);
    error = error != OK ? error : domain_check_object(call->domain, frame);
    if (error == OK && domain != call->domain) {
        error = domain_check_limit(domain, 1);
    }
    if (error != OK) {
        return error;
    }
    domain_move_frame(call->domain, domain, frame, ORDER_FRAME, FRAME_STOCK);
    domain_add_stock(domain, frame);
    return OK;
}
