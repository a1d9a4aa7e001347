/*
 * Making, starting and ending threads: see thread.h.
 */
#include "kernel/thread.h"

#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/endpoint.h"
#include "kernel/frame_ptr.h"
#include "kernel/ipc.h"
#include "kernel/sched.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

void thread_stop(struct thread *thread)
{
    switch (thread->state) {
    case THREAD_READY:
        sched_unready(thread);
        break;
    case THREAD_SENDING:
        thread_queue_remove(&thread->endpoint->senders, thread);
        break;
    case THREAD_RECEIVING:
        thread_queue_remove(&thread->endpoint->receivers, thread);
        ipc_release_slot(thread);
        break;
    default:
        break;
    }
    thread->state = THREAD_STOPPED;
    thread->call = 0;
    thread->endpoint = NULL;
    thread->faulted = false;
}

struct thread *thread_make(uint64_t frame, struct domain *domain)
{
    struct thread *thread = frame_ptr(frame);
    memset(thread, 0, FRAME_BYTES);
    thread->domain = domain;
    thread->priority = PRIORITY_NORMAL;
    arch_fpu_init(thread);
    frame_record(frame, ORDER_FRAME)->tag = cap_new_generation();
    return thread;
}

int64_t sys_thread_create(const struct call *call)
{
    struct slot *slot;
    struct domain *domain;
    uint64_t frame = call->arg[1];
    int64_t error = cap_find_empty(call->domain, call->arg[0], &slot);
    error = error != OK ? error : cap_domain(call->domain, call->arg[2], &domain);
    error = error != OK ? error : domain_check_object(call->domain, frame);
    if (error == OK && domain != call->domain) {
        error = domain_check_limit(domain, 1);
    }
    if (error != OK) {
        return error;
    }
    domain_move_frame(call->domain, domain, frame, ORDER_FRAME, FRAME_THREAD);
    thread_make(frame, domain);
    *slot = (struct slot){
        .object = frame,
        .generation = frame_record(frame, ORDER_FRAME)->tag,
        .type = CAP_THREAD,
        .rights = RIGHT_ALL,
    };
    return OK;
}

static bool in_program_area(uint64_t address)
{
    return address >= UPPER_HALF_START && address < PROGRAM_END;
}

int64_t sys_thread_start(const struct call *call)
{
    struct slot *slot;
    int64_t error = cap_find(call->domain, call->arg[0], CAP_THREAD, RIGHT_CONTROL, &slot);
    if (error != OK) {
        return error;
    }
    struct thread *thread = frame_ptr(slot->object);
    if (thread->domain->dying) {
        return E_DEAD;
    }
    if (thread->state != THREAD_NEW || !in_program_area(call->arg[1]) ||
        !in_program_area(call->arg[2])) {
        return E_ARGUMENT;
    }
    arch_thread_init(&thread->registers, call->arg[1], call->arg[2], call->arg[3]);
    sched_ready(thread);
    return OK;
}

int64_t sys_thread_set_tls(const struct call *call)
{
    uint64_t base = call->arg[0];
    if ((uint64_t)((int64_t)(base << 16) >> 16) != base) {
        return E_ARGUMENT;
    }
    arch_set_tls(call->thread, base);
    return OK;
}

/* Ends an endpoint or a thread; what is left is memory of whoever owns the frame. */
int64_t sys_object_destroy(const struct call *call)
{
    uint64_t number = call->arg[0];
    struct slot *slot;
    int64_t error = cap_find(call->domain, number, CAP_ENDPOINT, RIGHT_CONTROL, &slot);
    if (error == OK) {
        error = endpoint_close(frame_ptr(slot->object));
    } else if (error == E_TYPE) {
        error = cap_find(call->domain, number, CAP_THREAD, RIGHT_CONTROL, &slot);
        if (error == OK && frame_ptr(slot->object) == (void *)call->thread) {
            error = E_ARGUMENT;
        }
        if (error == OK) {
            thread_stop(frame_ptr(slot->object));
            sched_forget(frame_ptr(slot->object));
        }
    }
    if (error != OK) {
        return error;
    }
    struct frame *record = frame_record(slot->object, ORDER_FRAME);
    record->type = FRAME_RAM;
    record->tag = 0;
    memset(frame_ptr(slot->object), 0, FRAME_BYTES);
    *slot = (struct slot){0};
    return OK;
}
