/*
 * Slots and what they hold: see cap.h.
 */
#include "kernel/cap.h"

#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/endpoint.h"
#include "kernel/frame_ptr.h"
#include "kernel/ipc.h"
#include "kernel/likely.h"
#include "kernel/reply.h"
#include "kernel/syscall.h"
#include "kernel/thread.h"

static uint64_t last_generation;

uint64_t cap_epoch = 1;

void cap_something_ended(void)
{
    cap_epoch++;
    arch_set_epoch(cap_epoch);
}

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
        return reply_caller(slot) != NULL ? OK : E_DEAD;
    }
    enum frame_type type = object_type(slot->type);
    if (type == FRAME_ABSENT) {
        return OK;
    }
    const struct frame *record = frame_ram_record(slot->object);
    return record != NULL && record->type == type && record->tag == slot->generation ? OK : E_DEAD;
}

int64_t cap_find(const struct domain *domain, uint64_t number, enum capability_type type,
                 uint32_t rights, struct slot **slot)
{
    if (number == SLOT_NONE || number >= SLOTS_PER_DOMAIN) {
        return E_SLOT;
    }
    struct slot *found = &domain->slots[number];
    reply_write(found);
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

/* Why there is no domain in that slot to be used. */
static __attribute__((noinline)) int64_t domain_error(const struct domain *caller, uint64_t number,
                                                      uint32_t rights)
{
    struct slot *unused;
    int64_t error = cap_find(caller, number, CAP_DOMAIN, rights, &unused);
    return error != OK ? error : E_DEAD;
}

int64_t cap_domain(const struct domain *caller, uint64_t number, uint32_t rights,
                   struct domain **domain)
{
    const struct slot *slot = &caller->slots[number % SLOTS_PER_DOMAIN];
    if (number < SLOTS_PER_DOMAIN && slot->type == CAP_DOMAIN) {
        /* Straight to what nearly every call finds. */
        struct domain *found = frame_ptr(slot->object);
        const struct frame *record =
            LIKELY(found == caller) ? caller->record : frame_at(slot->object);
        if (record->type == FRAME_DOMAIN && record->tag == slot->generation &&
            (slot->rights & rights) == rights && !found->dying) {
            *domain = found;
            return OK;
        }
    }
    return domain_error(caller, number, rights);
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
    endpoint_spread(found);
    slot_set_checked(slot, cap_epoch);
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
    reply_write(found);
    if (found->type != CAP_EMPTY && cap_alive(found) == OK) {
        return E_OCCUPIED;
    }
    *slot = found;
    return OK;
}

/* ---- System calls ---- */

/* A live capability in slot `number` of the caller, of whatever type: OK, E_SLOT, E_DEAD. */
static int64_t find_any(const struct domain *caller, uint64_t number, struct slot **slot)
{
    if (number == SLOT_NONE || number >= SLOTS_PER_DOMAIN ||
        caller->slots[number].type == CAP_EMPTY) {
        return E_SLOT;
    }
    *slot = &caller->slots[number];
    reply_write(*slot);
    return cap_alive(*slot);
}

/* A capability is about to be taken out of its slot: who calls or waits by it does so no more on
 * the word of an earlier check. */
static void leave_slot(const struct slot *slot)
{
    if (slot->type == CAP_ENDPOINT && slot_is_checked(slot, cap_epoch)) {
        cap_something_ended();
    }
}

int64_t sys_slot_copy(uint64_t domain, uint64_t to, uint64_t from, uint64_t rights, uint64_t badge)
{
    const struct domain *caller = caller_domain();
    struct domain *target;
    struct slot *original, *empty;
    struct slot copy;
    int64_t error = cap_domain(caller, domain, RIGHT_CONTROL, &target);
    error = error != OK ? error : find_any(caller, from, &original);
    error = error != OK ? error : slot_make_copy(original, rights, badge, &copy);
    error = error != OK ? error : cap_find_empty(target, to, &empty);
    if (error == OK) {
        *empty = copy;
    }
    return error;
}

int64_t sys_slot_move(uint64_t domain, uint64_t to, uint64_t from)
{
    const struct domain *caller = caller_domain();
    struct domain *target;
    struct slot *original, *empty;
    int64_t error = cap_domain(caller, domain, RIGHT_CONTROL, &target);
    error = error != OK ? error : find_any(caller, from, &original);
    error = error != OK ? error : slot_check_move(original, target == caller);
    error = error != OK ? error : cap_find_empty(target, to, &empty);
    if (error == OK) {
        leave_slot(original);
        slot_move(empty, original);
    }
    return error;
}

int64_t sys_slot_drop(uint64_t number)
{
    if (number == SLOT_NONE || number >= SLOTS_PER_DOMAIN) {
        return E_SLOT;
    }
    struct slot *slot = &caller_domain()->slots[number];
    reply_write(slot);
    if (slot->type == CAP_EMPTY) {
        return E_SLOT;
    }
    if (slot->type == CAP_AWAITED) {
        return E_OCCUPIED;
    }
    reply_drop(slot, E_DROPPED);
    leave_slot(slot);
    slot_clear(slot);
    return OK;
}

int64_t sys_slot_query(uint64_t domain, uint64_t number)
{
    struct domain *target;
    int64_t error = cap_domain(caller_domain(), domain, RIGHT_CONTROL, &target);
    if (error != OK) {
        return error;
    }
    if (number >= SLOTS_PER_DOMAIN) {
        return E_SLOT;
    }
    struct slot *slot = &target->slots[number];
    reply_write(slot);
    if (slot->type == CAP_EMPTY || cap_alive(slot) != OK) {
        return CAP_EMPTY;
    }
    return (int64_t)(slot->type | (uint64_t)slot->rights << 8);
}
