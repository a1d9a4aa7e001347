/*
 * Domains: making, changing and ending them, and their accounts of frames. See domain.h.
 */
#include "kernel/domain.h"

#include <stddef.h>

#include "kernel/endpoint.h"
#include "kernel/frame_ptr.h"
#include "kernel/ipc.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/space.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/thread.h"

struct domain *init_domain;

/* ---- Accounts ---- */

int64_t domain_check_limit(const struct domain *domain, uint64_t frames)
{
    return domain->frames + frames <= domain->frame_limit ? OK : E_LIMIT;
}

static struct frame_list *list_of(struct domain *domain, const struct frame *record)
{
    return record->type == FRAME_TABLE ? &domain->tables : &domain->owned;
}

void domain_add_frame(struct domain *domain, uint64_t address, uint32_t order)
{
    struct frame *record = frame_record(address, order);
    record->owner = domain_number(domain);
    frame_list_add(list_of(domain, record), address);
    domain->frames += 1u << order;
}

void domain_remove_frame(struct domain *domain, uint64_t address, uint32_t order)
{
    struct frame *record = frame_record(address, order);
    frame_list_remove(list_of(domain, record), address);
    record->owner = 0;
    domain->frames -= 1u << order;
}

void domain_move_frame(struct domain *from, struct domain *to, uint64_t address, uint32_t order,
                       enum frame_type type)
{
    domain_remove_frame(from, address, order);
    frame_record(address, order)->type = (uint8_t)type;
    domain_add_frame(to, address, order);
}

int64_t domain_check_object(const struct domain *owner, uint64_t address)
{
    if (address & (FRAME_BYTES - 1)) {
        return E_ALIGNMENT;
    }
    const struct frame *record = frame_at(address);
    if (record == NULL || record->type == FRAME_ABSENT) {
        return E_NO_FRAME;
    }
    if (record->owner != domain_number(owner)) {
        return E_NOT_OWNER;
    }
    bool single = frame_record(address, ORDER_FRAME) != NULL;
    return single && record->type == FRAME_RAM && record->mappings == 0 ? OK : E_BUSY;
}

/* ---- Making ---- */

struct domain *domain_make(uint64_t domain_frame, uint64_t root_frame, uint64_t slots_frame,
                           struct domain *creator)
{
    struct domain *domain = frame_ptr(domain_frame);
    memset(domain, 0, FRAME_BYTES);
    memset(frame_ptr(slots_frame), 0, FRAME_BYTES);
    domain->root = root_frame;
    domain->slots = frame_ptr(slots_frame);
    if (creator != NULL) {
        domain->creator = (struct slot){
            .type = CAP_DOMAIN,
            .object = frame_of(creator),
            .generation = frame_record(frame_of(creator), ORDER_FRAME)->tag,
        };
    }
    struct frame *record = frame_record(domain_frame, ORDER_FRAME);
    record->type = FRAME_DOMAIN;
    record->tag = cap_new_generation();
    frame_record(slots_frame, ORDER_FRAME)->type = FRAME_SLOTS;
    record = frame_record(root_frame, ORDER_FRAME);
    record->type = FRAME_TABLE;
    record->cache = 4;
    space_make_root(root_frame);
    domain_add_frame(domain, domain_frame, ORDER_FRAME);
    domain_add_frame(domain, slots_frame, ORDER_FRAME);
    domain_add_frame(domain, root_frame, ORDER_FRAME);
    domain->frame_limit = domain->frames;
    return domain;
}

int64_t sys_domain_create(const struct call *call)
{
    const uint64_t *frames = &call->arg[1]; /* domain, root, slots */
    struct slot *slot;
    int64_t error = cap_find_empty(call->domain, call->arg[0], &slot);
    for (unsigned i = 0; i < 3 && error == OK; i++) {
        error = domain_check_object(call->domain, frames[i]);
    }
    if (error != OK) {
        return error;
    }
    if (frames[0] == frames[1] || frames[0] == frames[2] || frames[1] == frames[2]) {
        return E_BUSY;
    }
    for (unsigned i = 0; i < 3; i++) {
        domain_remove_frame(call->domain, frames[i], ORDER_FRAME);
    }
    domain_make(frames[0], frames[1], frames[2], call->domain);
    *slot = (struct slot){
        .object = frames[0],
        .generation = frame_record(frames[0], ORDER_FRAME)->tag,
        .type = CAP_DOMAIN,
        .rights = RIGHT_ALL,
    };
    return OK;
}

/* ---- Changing ---- */

static int64_t set_fault_endpoint(const struct call *call, struct domain *domain)
{
    struct slot *slot;
    int64_t error = cap_find(call->domain, call->arg[2], CAP_ENDPOINT, RIGHT_SEND, &slot);
    if (error == OK) {
        domain->fault_endpoint = *slot;
    }
    return error;
}

int64_t sys_domain_set(const struct call *call)
{
    struct domain *domain;
    uint64_t value = call->arg[2];
    int64_t error = cap_domain(call->domain, call->arg[0], &domain);
    if (error != OK) {
        return error;
    }
    switch (call->arg[1]) {
    case DOMAIN_FRAME_LIMIT:
        /* A domain does not raise its own limit, and nobody grants more than he may own. */
        if (domain == call->domain || value > call->domain->frame_limit) {
            return E_ARGUMENT;
        }
        domain->frame_limit = (uint32_t)value;
        return OK;
    case DOMAIN_UPCALL:
        if (value != 0 && (value < UPPER_HALF_START || value >= PROGRAM_END)) {
            return E_ARGUMENT;
        }
        domain->upcall = value;
        return OK;
    case DOMAIN_FAULT_ENDPOINT:
        return set_fault_endpoint(call, domain);
    case DOMAIN_NAME:
        domain->name = value;
        return OK;
    default:
        return E_ARGUMENT;
    }
}

/* ---- Ending: each step is bounded, and what is left is always a whole domain ---- */

#define FREED_PER_STEP 64

/* Callers that wait for an answer from this domain, and the threads' claim on the CPU. */
static void begin_end(struct domain *domain)
{
    domain->dying = true;
    domain->port_count = 0;
    sched_ports_changed();
    for (unsigned i = 0; i < SLOTS_PER_DOMAIN; i++) {
        ipc_drop_reply(&domain->slots[i], E_GONE);
        domain->slots[i] = (struct slot){0};
    }
}

/* Who gets a frame that others still use. */
static struct domain *heir_of(const struct domain *domain)
{
    struct domain *creator = frame_ptr(domain->creator.object);
    bool alive = domain->creator.type == CAP_DOMAIN && cap_alive(&domain->creator) == OK;
    return alive && !creator->dying ? creator : init_domain;
}

/* Ends the object in the first frame of the owned list, or frees the frame. E_AGAIN: the same
 * frame needs another step. */
static int64_t end_frame(struct domain *domain, uint64_t address, struct frame *record)
{
    uint32_t order = frame_record(address, ORDER_FRAME) == NULL ? ORDER_BLOCK : ORDER_FRAME;
    if (record->type == FRAME_THREAD) {
        thread_stop(frame_ptr(address));
        sched_forget(frame_ptr(address));
    }
    if (record->type == FRAME_ENDPOINT && endpoint_close(frame_ptr(address)) != OK) {
        return E_AGAIN;
    }
    if (record->mappings != 0) {
        struct domain *heir = heir_of(domain);
        domain_move_frame(domain, heir, address, order, record->type);
        return OK;
    }
    bool device = record->type == FRAME_DEVICE;
    domain_remove_frame(domain, address, order);
    if (device) {
        frame_free_device(address, order);
    } else {
        frame_free(address, order);
    }
    return OK;
}

/* One page table per call: what it maps is mapped no more. */
static void end_table(struct domain *domain, uint64_t table)
{
    space_drop_table(table);
    domain_remove_frame(domain, table, ORDER_FRAME);
    frame_free(table, ORDER_FRAME);
}

/* The domain's object frame goes last; it is put aside while others remain. */
static int64_t end_step(struct domain *domain)
{
    if (domain->tables.first != 0) {
        end_table(domain, (uint64_t)domain->tables.first << FRAME_SHIFT);
        return E_AGAIN;
    }
    uint64_t self = frame_of(domain);
    for (unsigned i = 0; i < FREED_PER_STEP; i++) {
        uint64_t address = (uint64_t)domain->owned.first << FRAME_SHIFT;
        if (address == self) {
            address = (uint64_t)frame_at(self)->next << FRAME_SHIFT;
        }
        if (address == 0) {
            domain_remove_frame(domain, self, ORDER_FRAME);
            frame_free(self, ORDER_FRAME);
            return OK;
        }
        if (end_frame(domain, address, frame_at(address)) != OK) {
            return E_AGAIN;
        }
    }
    return E_AGAIN;
}

int64_t sys_domain_destroy(const struct call *call)
{
    struct slot *slot;
    int64_t error = cap_find(call->domain, call->arg[0], CAP_DOMAIN, RIGHT_CONTROL, &slot);
    if (error != OK) {
        return error;
    }
    struct domain *domain = frame_ptr(slot->object);
    if (domain == call->domain || domain == init_domain) {
        return E_ARGUMENT;
    }
    if (!domain->dying) {
        begin_end(domain);
        return E_AGAIN;
    }
    return end_step(domain);
}
