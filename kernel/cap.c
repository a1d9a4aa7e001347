/*
 * Slots and what they hold: see cap.h.
 */
#include "kernel/cap.h"

#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/endpoint.h"
#include "kernel/frame_ptr.h"
#include "kernel/ipc.h"
#include "kernel/syscall.h"
#include "kernel/thread.h"

static uint64_t last_generation;

uint64_t cap_new_generation(void)
{
    return ++last_generation;
}

/* The frame type of an object capability; FRAME_ABSENT for the others. */
static enum frame_type object_type(uint8_t type)
{
    switch (type) {
    case CAP_DOMAIN:
        return FRAME_DOMAIN;
    case CAP_THREAD:
        return FRAME_THREAD;
    case CAP_ENDPOINT:
        return FRAME_ENDPOINT;
    default:
        return FRAME_ABSENT;
    }
}

int64_t cap_alive(const struct slot *slot)
{
    if (slot->type == CAP_REPLY) {
        return ipc_caller(slot) != NULL ? OK : E_DEAD;
    }
    enum frame_type type = object_type(slot->type);
    if (type == FRAME_ABSENT) {
        return OK;
    }
    const struct frame *record = frame_record(slot->object, ORDER_FRAME);
    return record != NULL && record->type == type && record->tag == slot->generation ? OK : E_DEAD;
}

int64_t cap_find(const struct domain *domain, uint64_t number, enum capability_type type,
                 uint32_t rights, struct slot **slot)
{
    if (number == SLOT_NONE || number >= SLOTS_PER_DOMAIN) {
        return E_SLOT;
    }
    struct slot *found = &domain->slots[number];
    if (found->type == CAP_EMPTY) {
        return E_SLOT;
    }
    if (found->type != type) {
        return E_TYPE;
    }
    int64_t error = cap_alive(found);
    if (error != OK) {
        return error;
    }
    if ((found->rights & rights) != rights) {
        return E_RIGHTS;
    }
    *slot = found;
    return OK;
}

int64_t cap_domain(const struct domain *caller, uint64_t number, struct domain **domain)
{
    struct slot *slot;
    int64_t error = cap_find(caller, number, CAP_DOMAIN, RIGHT_CONTROL, &slot);
    if (error != OK) {
        return error;
    }
    struct domain *found = frame_ptr(slot->object);
    if (found->dying) {
        return E_DEAD;
    }
    *domain = found;
    return OK;
}

int64_t cap_endpoint(const struct domain *caller, uint64_t number, uint32_t rights,
                     struct endpoint **endpoint, uint64_t *badge)
{
    struct slot *slot;
    int64_t error = cap_find(caller, number, CAP_ENDPOINT, rights, &slot);
    if (error != OK) {
        return error == E_DEAD ? E_GONE : error;
    }
    struct endpoint *found = frame_ptr(slot->object);
    if (found->closing) {
        return E_GONE;
    }
    *endpoint = found;
    *badge = slot->badge;
    return OK;
}

int64_t cap_find_empty(const struct domain *domain, uint64_t number, struct slot **slot)
{
    if (number == SLOT_NONE || number >= SLOTS_PER_DOMAIN) {
        return E_SLOT;
    }
    if (domain->dying) {
        return E_DEAD;
    }
    struct slot *found = &domain->slots[number];
    if (found->type != CAP_EMPTY && cap_alive(found) == OK) {
        return E_OCCUPIED;
    }
    *slot = found;
    return OK;
}

int cap_covers(const struct slot *slot, uint64_t first, uint64_t count)
{
    return first >= slot->object && count <= slot->generation &&
           first - slot->object <= slot->generation - count;
}

/* ---- System calls ---- */

static bool is_range(uint8_t type)
{
    return type == CAP_INTERRUPT || type == CAP_PORTS || type == CAP_DEVICE;
}

/* Narrows a range copy to first | count << 32, both in units of the range; 0: all of it. */
static int64_t narrow(struct slot *copy, uint64_t part)
{
    uint64_t first = part & 0xffffffff, count = part >> 32;
    if (part == 0) {
        return OK;
    }
    if (count == 0 || !cap_covers(copy, first, count)) {
        return E_ARGUMENT;
    }
    copy->object = first;
    copy->generation = count;
    return OK;
}

int64_t sys_slot_copy(const struct call *call)
{
    struct domain *target;
    int64_t error = cap_domain(call->domain, call->arg[0], &target);
    if (error != OK) {
        return error;
    }
    uint64_t from = call->arg[2];
    if (from == SLOT_NONE || from >= SLOTS_PER_DOMAIN ||
        call->domain->slots[from].type == CAP_EMPTY) {
        return E_SLOT;
    }
    struct slot copy = call->domain->slots[from];
    if (cap_alive(&copy) != OK) {
        return E_DEAD;
    }
    if (copy.type == CAP_REPLY || copy.type == CAP_AWAITED) {
        return E_ARGUMENT;
    }
    if (!(copy.rights & RIGHT_COPY)) {
        return E_RIGHTS;
    }
    uint64_t badge = call->arg[4];
    if (is_range(copy.type)) {
        error = narrow(&copy, badge);
    } else if (badge != 0 && copy.badge != 0) {
        error = E_ARGUMENT;
    } else if (badge != 0) {
        copy.badge = badge;
    }
    struct slot *to;
    error = error != OK ? error : cap_find_empty(target, call->arg[1], &to);
    if (error != OK) {
        return error;
    }
    copy.rights &= (uint8_t)call->arg[3];
    *to = copy;
    return OK;
}

int64_t sys_slot_drop(const struct call *call)
{
    uint64_t number = call->arg[0];
    if (number == SLOT_NONE || number >= SLOTS_PER_DOMAIN) {
        return E_SLOT;
    }
    struct slot *slot = &call->domain->slots[number];
    if (slot->type == CAP_EMPTY) {
        return E_SLOT;
    }
    if (slot->type == CAP_AWAITED) {
        return E_OCCUPIED;
    }
    ipc_drop_reply(slot, E_DROPPED);
    *slot = (struct slot){0};
    return OK;
}

int64_t sys_slot_query(const struct call *call)
{
    struct domain *target;
    int64_t error = cap_domain(call->domain, call->arg[0], &target);
    if (error != OK) {
        return error;
    }
    if (call->arg[1] >= SLOTS_PER_DOMAIN) {
        return E_SLOT;
    }
    const struct slot *slot = &target->slots[call->arg[1]];
    if (slot->type == CAP_EMPTY || cap_alive(slot) != OK) {
        return CAP_EMPTY;
    }
    return (int64_t)(slot->type | (uint64_t)slot->rights << 8);
}
