/*
 * Reply capabilities: see reply.h.
 */
#include "kernel/reply.h"

#include "kernel/domain.h"
#include "kernel/inherit.h"
#include "kernel/ipc.h"
#include "kernel/loan.h"
#include "kernel/thread_queue.h"

static struct slot *reply_slot_of(const struct thread *answerer)
{
    return &answerer->slots[answerer->reply_slot];
}

static void link(struct thread *answerer, struct thread *caller)
{
    caller->answerer = thread_top(answerer);
    thread_queue_add(&answerer->callers, caller);
}

void reply_owe(struct thread *answerer, struct thread *caller)
{
    caller->call = cap_new_generation();
    *reply_slot_of(answerer) = (struct slot){
        .object = frame_of(caller),
        .generation = caller->call,
        .type = CAP_REPLY,
        .rights = RIGHT_ALL,
    };
    link(answerer, caller);
}

void reply_write_slot(struct slot *slot)
{
    struct thread *answerer = frame_ptr(slot->object);
    struct thread *caller = thread_at(answerer->caller);
    if (caller == NULL) {
        return;
    }
    answerer->caller = 0;
    ipc_no_extras(caller);
    caller->endpoint = NULL;
    reply_owe(answerer, caller);
}

struct thread *reply_caller(const struct slot *slot)
{
    if (slot->type != CAP_REPLY) {
        return NULL;
    }
    const struct frame *record = frame_ram_record(slot->object);
    if (record == NULL || record->type != FRAME_THREAD) {
        return NULL;
    }
    struct thread *thread = frame_ptr(slot->object);
    return thread->call == slot->generation && thread->state == THREAD_ANSWER ? thread : NULL;
}

void reply_end(struct thread *caller)
{
    struct thread *answerer = thread_at(caller->answerer);
    if (answerer != NULL && thread_at(answerer->caller) == caller) {
        reply_write_slot(reply_slot_of(answerer));
    }
    loan_end(caller);
    caller->call = 0;
    if (answerer != NULL) {
        caller->answerer = 0;
        thread_queue_remove(&answerer->callers, caller);
        inherit_less(answerer);
    }
}

/* Reply capabilities stay in the domain they were put into, so there are no more callers than it
 * has slots. */
void reply_answerer_ends(struct thread *answerer)
{
    if (answerer->caller != 0) {
        reply_write_slot(reply_slot_of(answerer));
    }
    for (struct thread *caller; (caller = answerer->callers.first) != NULL;) {
        caller->answerer = 0;
        thread_queue_remove(&answerer->callers, caller);
    }
}

void reply_drop(struct slot *slot, int64_t error)
{
    reply_write(slot);
    struct thread *caller = reply_caller(slot);
    if (caller != NULL) {
        ipc_fail(caller, error);
    }
}
