/*
 * Domains: making, changing and ending them, and their accounts of frames. See domain.h.
 */
#include "kernel/domain.h"

#include <stddef.h>

#include "kernel/device.h"
#include "kernel/endpoint.h"
#include "kernel/frame_ptr.h"
#include "kernel/ipc.h"
#include "kernel/panic.h"
#include "kernel/reply.h"
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

void domain_enter(struct domain *domain, struct frame *record, uint32_t number, uint32_t order)
{
    if (record->type == FRAME_TABLE) {
        ring_add(domain->root_record, frame_number(domain->root), record, number);
    } else if (record->type == FRAME_DEVICE) {
        uint32_t slots = frame_number(frame_of(domain->slots));
        ring_add(domain->slots_record, slots, record, number);
    } else {
        ring_add(domain->record, domain->number, record, number);
    }
    domain->frames += 1u << order;
}

void domain_change_type(struct domain *domain, uint64_t frame, enum frame_type type, uint32_t level,
                        uint64_t tag)
{
    struct frame *record = frame_at(frame);
    domain_leave(domain, record, ORDER_FRAME);
    own_make_object(record, type, level, tag);
    domain_enter(domain, record, frame_number_ram(frame), ORDER_FRAME);
}

void domain_give_object(struct domain *from, struct domain *to, uint64_t frame,
                        enum frame_type type, uint64_t tag)
{
    struct frame *record = frame_at(frame);
    domain_leave(from, record, ORDER_FRAME);
    own_make_object(record, type, 0, tag);
    own_give(record, domain_number(to));
    domain_enter(to, record, frame_number_ram(frame), ORDER_FRAME);
}

int64_t domain_check_object(const struct domain *owner, uint64_t address)
{
    if (address & (FRAME_BYTES - 1)) {
        return E_ALIGNMENT;
    }
    const struct frame *record = frame_at(address);
    if (record == NULL) {
        return E_NO_FRAME;
    }
    int64_t error = own_check_object(record, domain_number(owner));
    return error == OK && !frame_is_split(address) ? E_BUSY : error;
}

/* ---- Making ---- */

struct domain *domain_make(uint64_t domain_frame, uint64_t root_frame, uint64_t slots_frame,
                           const struct domain *creator)
{
    struct domain *domain = frame_ptr(domain_frame);
    memset(domain, 0, FRAME_BYTES);
    memset(frame_ptr(slots_frame), 0, FRAME_BYTES);
    space_make_root(root_frame);
    domain->number = frame_number_ram(domain_frame);
    domain->root = root_frame;
    domain->slots = frame_ptr(slots_frame);
    domain->record = frame_at(domain_frame);
    domain->root_record = frame_at(root_frame);
    domain->slots_record = frame_at(slots_frame);
    for (unsigned i = 0; i < 4; i++) {
        domain->latest[i / 2][i % 2].key = TABLE_NONE;
    }
    if (creator != NULL) {
        domain->creator = (struct slot){
            .type = CAP_DOMAIN,
            .object = frame_of(creator),
            .generation = creator->record->tag,
        };
    }
    own_make_object(domain->record, FRAME_DOMAIN, 0, cap_new_generation());
    own_make_object(domain->root_record, FRAME_TABLE, 4, 0);
    own_make_object(domain->slots_record, FRAME_SLOTS, 0, 0);
    own_give(domain->record, domain->number);
    own_give(domain->root_record, domain->number);
    own_give(domain->slots_record, domain->number);
    ring_make(domain->record, domain->number);
    ring_make(domain->root_record, frame_number_ram(root_frame));
    ring_make(domain->slots_record, frame_number(slots_frame));
    domain->frames = 3;
    domain->frame_limit = domain->frames;
    domain->priority_limit = creator != NULL ? creator->priority_limit : PRIORITIES - 1;
    return domain;
}

int64_t sys_domain_create(uint64_t number, uint64_t domain_frame, uint64_t root_frame,
                          uint64_t slots_frame)
{
    struct domain *caller = caller_domain();
    const uint64_t frames[] = {domain_frame, root_frame, slots_frame};
    struct slot *slot;
    int64_t error = cap_find_empty(caller, number, &slot);
    for (unsigned i = 0; i < 3 && error == OK; i++) {
        error = domain_check_object(caller, frames[i]);
    }
    if (error != OK) {
        return error;
    }
    if (frames[0] == frames[1] || frames[0] == frames[2] || frames[1] == frames[2]) {
        return E_BUSY;
    }
    for (unsigned i = 0; i < 3; i++) {
        domain_leave(caller, frame_at(frames[i]), ORDER_FRAME);
    }
    caller->frame_limit -= 3;
    domain_make(frames[0], frames[1], frames[2], caller);
    *slot = (struct slot){
        .object = frames[0],
        .generation = frame_at(frames[0])->tag,
        .type = CAP_DOMAIN,
        .rights = RIGHT_ALL,
    };
    return OK;
}

int64_t sys_domain_adopt(uint64_t number, uint64_t machine, uint64_t address)
{
    const struct domain *caller = caller_domain();
    struct slot *slot;
    int64_t error = cap_find(caller, machine, CAP_MACHINE, RIGHT_CONTROL, &slot);
    error = error != OK ? error : cap_find_empty(caller, number, &slot);
    if (error != OK) {
        return error;
    }
    const struct frame *record = address % FRAME_BYTES == 0 ? frame_at(address) : NULL;
    if (record == NULL || record->type != FRAME_DOMAIN) {
        return E_ARGUMENT;
    }
    *slot = (struct slot){
        .object = address,
        .generation = record->tag,
        .type = CAP_DOMAIN,
        .rights = RIGHT_ALL,
    };
    return OK;
}

/* ---- Changing ---- */

static int64_t set_fault_endpoint(struct domain *domain, uint64_t number)
{
    struct slot *slot;
    int64_t error = cap_find(caller_domain(), number, CAP_ENDPOINT, RIGHT_SEND, &slot);
    if (error == OK) {
        domain->fault_endpoint = *slot;
    }
    return error;
}

/* Limits are handed over, never made: what one domain may own more, another may own less. So no
 * domain can use up more than what it and those it created were given together. */
static int64_t set_limit(struct domain *caller, struct domain *domain, uint64_t value)
{
    if (domain == caller || value > UINT32_MAX) {
        return E_ARGUMENT;
    }
    uint64_t together = (uint64_t)caller->frame_limit + domain->frame_limit;
    if (value < domain->frames || value + caller->frames > together) {
        return E_LIMIT;
    }
    caller->frame_limit = (uint32_t)(together - value);
    domain->frame_limit = (uint32_t)value;
    return OK;
}

int64_t sys_domain_set(uint64_t number, uint64_t property, uint64_t value)
{
    struct domain *caller = caller_domain();
    struct domain *domain;
    int64_t error = cap_domain(caller, number, RIGHT_CONTROL, &domain);
    if (error != OK) {
        return error;
    }
    switch (property) {
    case DOMAIN_FRAME_LIMIT:
        return set_limit(caller, domain, value);
    case DOMAIN_UPCALL:
        if (value != 0 && (value < UPPER_HALF_START || value >= PROGRAM_END)) {
            return E_ARGUMENT;
        }
        domain->upcall = value;
        return OK;
    case DOMAIN_FAULT_ENDPOINT:
        return set_fault_endpoint(domain, value);
    case DOMAIN_NAME:
        domain->name = value;
        return OK;
    case DOMAIN_ACCEPT:
        if (value > UINT32_MAX) {
            return E_ARGUMENT;
        }
        domain->accept = (uint32_t)value;
        return OK;
    case DOMAIN_PRIORITY_LIMIT:
        if (value >= PRIORITIES) {
            return E_ARGUMENT;
        }
        if (value > caller->priority_limit) {
            return E_RIGHTS;
        }
        domain->priority_limit = (uint8_t)value;
        return OK;
    case DOMAIN_KEEP:
        if ((value & (FRAME_BYTES - 1)) >= DOMAIN_KEPT) {
            return E_ARGUMENT;
        }
        domain->keep[value & (FRAME_BYTES - 1)] = value & ~(FRAME_BYTES - 1);
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
    cap_something_ended();
    sched_forget_domain(domain);
    for (unsigned i = 0; i < SLOTS_PER_DOMAIN; i++) {
        reply_drop(&domain->slots[i], E_GONE);
        slot_clear(&domain->slots[i]);
    }
}

/* Who gets a frame that others still use. */
static struct domain *heir_of(const struct domain *domain)
{
    struct domain *creator = frame_ptr(domain->creator.object);
    bool alive = domain->creator.type == CAP_DOMAIN && cap_alive(&domain->creator) == OK;
    return alive && !creator->dying ? creator : init_domain;
}

/* Ends the object in a frame, and the domain's hold of it. E_AGAIN: the same frame needs another
 * step. */
static int64_t end_frame(struct domain *domain, uint64_t address, struct frame *record)
{
    uint32_t order = frame_is_split(address) ? ORDER_FRAME : ORDER_BLOCK;
    if (record->type == FRAME_THREAD) {
        thread_end(frame_ptr(address));
    }
    if (record->type == FRAME_ENDPOINT && endpoint_close(frame_ptr(address)) != OK) {
        return E_AGAIN;
    }
    domain_leave(domain, record, order);
    /* What others still use; the last claim there ends a device's records, whoever has them. */
    if (record->mappings != 0 || record->type == FRAME_DEVICE_RECORDS) {
        struct domain *heir = heir_of(domain);
        own_give(record, domain_number(heir));
        domain_enter(heir, record, frame_number(address), order);
        return OK;
    }
    struct run run;
    frame_run(address, order, &run);
    own_free(record);
    if (record->type == FRAME_FREE) {
        frame_put(&run);
    } else {
        device_put(&run);
    }
    return OK;
}

static void free_frame(struct frame *record, uint64_t address)
{
    struct run run;
    frame_run(address, ORDER_FRAME, &run);
    own_free(record);
    frame_put(&run);
}

/* One page table per call: what it maps is mapped no more. */
static void end_table(struct domain *domain, uint64_t table)
{
    space_drop_table(table);
    domain_leave(domain, frame_at(table), ORDER_FRAME);
    free_frame(frame_at(table), table);
}

/* Page tables first, then device memory, then the rest; the three frames that a domain is made of
 * last, its object after all others. */
static int64_t end_step(struct domain *domain)
{
    uint64_t table = frame_address(domain->root_record->next);
    if (table != domain->root) {
        end_table(domain, table);
        return E_AGAIN;
    }
    for (unsigned i = 0; i < FREED_PER_STEP; i++) {
        uint64_t address = frame_address(domain->slots_record->next);
        if (address == frame_of(domain->slots)) {
            address = frame_address(domain->record->next);
        }
        if (address == frame_of(domain)) {
            heir_of(domain)->frame_limit += domain->frame_limit;
            free_frame(domain->slots_record, frame_of(domain->slots));
            free_frame(domain->root_record, domain->root);
            free_frame(domain->record, address);
            return OK;
        }
        if (end_frame(domain, address, frame_at(address)) != OK) {
            return E_AGAIN;
        }
    }
    return E_AGAIN;
}

int64_t sys_domain_destroy(uint64_t number)
{
    const struct domain *caller = caller_domain();
    struct slot *slot;
    int64_t error = cap_find(caller, number, CAP_DOMAIN, RIGHT_CONTROL, &slot);
    if (error != OK) {
        return error;
    }
    struct domain *domain = frame_ptr(slot->object);
    if (domain == caller || domain == init_domain) {
        return E_ARGUMENT;
    }
    if (!domain->dying) {
        begin_end(domain);
        return E_AGAIN;
    }
    return end_step(domain);
}
