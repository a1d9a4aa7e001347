/*
 * Making, starting and ending threads: see thread.h.
 */
#include "kernel/thread.h"

#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/endpoint.h"
#include "kernel/frame_ptr.h"
#include "kernel/ipc.h"
#include "kernel/loan.h"
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
    case THREAD_ANSWER:
        loan_end(thread);
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
    return thread;
}

int64_t sys_thread_create(uint64_t number, uint64_t frame, uint64_t domain_slot)
{
    struct domain *caller = caller_domain();
    struct slot *slot;
    struct domain *domain;
    int64_t error = cap_find_empty(caller, number, &slot);
    error = error != OK ? error : cap_domain(caller, domain_slot, RIGHT_CONTROL, &domain);
    error = error != OK ? error : domain_check_object(caller, frame);
    if (error == OK && domain != caller) {
        error = domain_check_limit(domain, 1);
    }
    if (error != OK) {
        return error;
    }
    domain_give_object(caller, domain, frame, FRAME_THREAD, cap_new_generation());
    thread_make(frame, domain);
    *slot = (struct slot){
        .object = frame,
        .generation = frame_at(frame)->tag,
        .type = CAP_THREAD,
        .rights = RIGHT_ALL,
    };
    return OK;
}

static bool in_program_area(uint64_t address)
{
    return address >= UPPER_HALF_START && address < PROGRAM_END;
}

int64_t sys_thread_start(uint64_t number, uint64_t rip, uint64_t rsp, uint64_t argument)
{
    struct slot *slot;
    int64_t error = cap_find(caller_domain(), number, CAP_THREAD, RIGHT_CONTROL, &slot);
    if (error != OK) {
        return error;
    }
    struct thread *thread = frame_ptr(slot->object);
    if (thread->domain->dying) {
        return E_DEAD;
    }
    if (thread->state != THREAD_NEW || !in_program_area(rip) || !in_program_area(rsp)) {
        return E_ARGUMENT;
    }
    arch_thread_init(&thread->registers, rip, rsp, argument);
    sched_ready(thread);
    return OK;
}

int64_t sys_thread_set_tls(uint64_t base)
{
    if ((uint64_t)((int64_t)(base << 16) >> 16) != base) {
        return E_ARGUMENT;
    }
    arch_set_tls(caller_thread(), base);
    return OK;
}

/* Ends an endpoint or a thread; what is left is memory of whoever owns the frame. */
int64_t sys_object_destroy(uint64_t number)
{
    struct slot *slot;
    int64_t error = cap_find(caller_domain(), number, CAP_ENDPOINT, RIGHT_CONTROL, &slot);
    if (error == OK) {
        error = endpoint_close(frame_ptr(slot->object));
    } else if (error == E_TYPE) {
        error = cap_find(caller_domain(), number, CAP_THREAD, RIGHT_CONTROL, &slot);
        if (error == OK && frame_ptr(slot->object) == (void *)caller_thread()) {
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
    own_end_object(frame_at(slot->object));
    *slot = (struct slot){0};
    return OK;
}
