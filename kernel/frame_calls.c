/*
 * System calls on frames: claim, release, give, device memory. The frame table itself is frame.c;
 * accounts are domain.c; access in the lower half is space.c.
 */
#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/frame.h"
#include "kernel/frame_ptr.h"
#include "kernel/space.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

/* Access of a frame's owner at the frame's own address. */
static struct mapping own_access(uint64_t address, uint32_t order, uint64_t rights)
{
    const struct frame *record = frame_record(address, order);
    bool device = record != NULL && record->type == FRAME_DEVICE;
    return (struct mapping){
        .at = address,
        .frame = address,
        .order = order,
        .rights = (uint32_t)rights,
        .cache = device ? record->cache : CACHE_WRITE_BACK,
        .kind = device ? PTE_AVL_DEVICE : PTE_AVL_OWNED,
    };
}

/* As space_check, for rights that may be 0, and for a frame whose block is not split yet. */
static int64_t check_access(const struct domain *domain, uint64_t address, uint32_t order,
                            uint64_t rights)
{
    if (rights > (MAP_READ | MAP_WRITE | MAP_EXECUTE)) {
        return E_ARGUMENT;
    }
    if (rights & MAP_EXECUTE) {
        return E_WRITE_EXECUTE;
    }
    if (rights == 0) {
        return OK;
    }
    const struct mapping mapping = own_access(address, order, rights);
    return space_check(domain, &mapping);
}

int64_t sys_frame_claim(const struct call *call)
{
    uint64_t order = call->arg[1], rights = call->arg[2];
    if (order != ORDER_FRAME && order != ORDER_BLOCK) {
        return E_ARGUMENT;
    }
    int64_t found = frame_find(call->arg[0], (uint32_t)order);
    if (found < 0) {
        return found;
    }
    uint64_t address = (uint64_t)found;
    int64_t error = domain_check_limit(call->domain, 1ull << order);
    error = error != OK ? error : check_access(call->domain, address, (uint32_t)order, rights);
    if (error != OK) {
        return error;
    }
    struct frame *record = frame_take(address, (uint32_t)order, FRAME_RAM);
    record->tag = call->arg[3];
    domain_add_frame(call->domain, address, (uint32_t)order);
    memset(frame_ptr(address), 0, FRAME_BYTES << order);
    if (rights != 0) {
        const struct mapping mapping = own_access(address, (uint32_t)order, rights);
        space_map(call->domain, &mapping);
    }
    return found;
}

/* Is this a frame or block of memory or device that the caller owns, and that only its own lower
 * half maps? */
static int64_t check_owned(const struct domain *owner, uint64_t address, uint64_t order)
{
    if (order != ORDER_FRAME && order != ORDER_BLOCK) {
        return E_ARGUMENT;
    }
    if (address & ((FRAME_BYTES << order) - 1)) {
        return E_ALIGNMENT;
    }
    const struct frame *record = frame_record(address, (uint32_t)order);
    if (record == NULL) {
        return frame_at(address) == NULL ? E_NO_FRAME : E_ARGUMENT;
    }
    if (record->type == FRAME_ABSENT) {
        return E_NO_FRAME;
    }
    if (record->owner != domain_number(owner)) {
        return E_NOT_OWNER;
    }
    return record->type == FRAME_RAM || record->type == FRAME_DEVICE ? OK : E_BUSY;
}

static void end_own_access(struct domain *domain, uint64_t address, uint32_t order)
{
    if (space_mapped(domain, address, order)) {
        space_unmap(domain, address, order);
    }
}

int64_t sys_frame_release(const struct call *call)
{
    uint64_t address = call->arg[0];
    uint32_t order = (uint32_t)call->arg[1];
    int64_t error = check_owned(call->domain, address, call->arg[1]);
    if (error != OK) {
        return error;
    }
    struct frame *record = frame_record(address, order);
    unsigned own = space_mapped(call->domain, address, order) ? 1 : 0;
    if (record->mappings != own) {
        return E_BUSY;
    }
    end_own_access(call->domain, address, order);
    bool device = record->type == FRAME_DEVICE;
    domain_remove_frame(call->domain, address, order);
    if (device) {
        frame_free_device(address, order);
    } else {
        frame_free(address, order);
    }
    return OK;
}

int64_t sys_frame_give(const struct call *call)
{
    struct domain *to;
    uint64_t address = call->arg[0], rights = call->arg[3];
    uint32_t order = (uint32_t)call->arg[1];
    int64_t error = check_owned(call->domain, address, call->arg[1]);
    error = error != OK ? error : cap_domain(call->domain, call->arg[2], &to);
    if (error == OK && to != call->domain) {
        error = domain_check_limit(to, 1ull << order);
    }
    if (error != OK) {
        return error;
    }
    /* A change of one's own rights finds its leaf there already. */
    if (to == call->domain && space_mapped(to, address, order)) {
        if (rights > (MAP_READ | MAP_WRITE | MAP_EXECUTE)) {
            return E_ARGUMENT;
        }
        if (rights & MAP_EXECUTE) {
            return E_WRITE_EXECUTE;
        }
    } else {
        error = check_access(to, address, order, rights);
    }
    if (error != OK) {
        return error;
    }
    end_own_access(call->domain, address, order);
    if (to != call->domain) {
        domain_move_frame(call->domain, to, address, order, frame_record(address, order)->type);
    }
    if (rights != 0) {
        const struct mapping mapping = own_access(address, order, rights);
        space_map(to, &mapping);
    }
    return OK;
}

int64_t sys_frame_claim_device(const struct call *call)
{
    uint64_t address = call->arg[1], order = call->arg[2], rights = call->arg[3];
    uint64_t cache = call->arg[4];
    struct slot *range;
    int64_t error = cap_find(call->domain, call->arg[0], CAP_DEVICE, RIGHT_USE, &range);
    if (error != OK) {
        return error;
    }
    if ((order != ORDER_FRAME && order != ORDER_BLOCK) || cache > CACHE_WRITE_COMBINING ||
        rights == 0) {
        return E_ARGUMENT;
    }
    if (address & ((FRAME_BYTES << order) - 1)) {
        return E_ALIGNMENT;
    }
    struct frame *record = frame_record(address, (uint32_t)order);
    if (!cap_covers(range, address >> FRAME_SHIFT, 1ull << order)) {
        return E_NO_FRAME;
    }
    if (record == NULL) {
        return frame_at(address) == NULL ? E_NO_FRAME : E_UNSUPPORTED;
    }
    if (record->type == FRAME_DEVICE) {
        return E_NOT_FREE;
    }
    if (record->type != FRAME_ABSENT && record->type != FRAME_RESERVED) {
        return E_NO_FRAME;
    }
    error = domain_check_limit(call->domain, 1ull << order);
    error = error != OK ? error : check_access(call->domain, address, (uint32_t)order, rights);
    if (error != OK) {
        return error;
    }
    *record = (struct frame){.type = FRAME_DEVICE, .cache = (uint8_t)cache};
    domain_add_frame(call->domain, address, (uint32_t)order);
    const struct mapping mapping = own_access(address, (uint32_t)order, rights);
    space_map(call->domain, &mapping);
    return OK;
}
