/*
 * Inherited priority: see inherit.h.
 */
#include "kernel/inherit.h"

#include "kernel/endpoint.h"
#include "kernel/sched.h"
#include "kernel/thread_queue.h"

/* Whom a thread waits for, or NULL. */
static struct thread *next_in_chain(const struct thread *thread)
{
    switch (thread->state) {
    case THREAD_ANSWER:
        return thread_at(thread->answerer);
    case THREAD_SENDING:
        return thread->endpoint->server;
    default:
        return NULL;
    }
}

void inherit(const struct thread *thread)
{
    uint8_t priority = thread->priority;
    struct thread *next = next_in_chain(thread);
    for (unsigned i = 0; i < INHERIT_DEPTH && next != NULL && next->priority < priority; i++) {
        sched_set_priority(next, priority);
        next = next_in_chain(next);
    }
}

/* The priority a thread is to run at: its own, or that of the most urgent that waits for it. */
static uint8_t most_urgent(const struct thread *thread)
{
    uint8_t priority = thread->own_priority;
    for (const struct thread *caller = thread->callers.first; caller != NULL;
         caller = caller->next) {
        priority = caller->priority > priority ? caller->priority : priority;
    }
    const struct thread *quick = thread_at(thread->caller);
    if (quick != NULL && quick->priority > priority) {
        priority = quick->priority;
    }
    const struct endpoint *endpoint = thread->serves;
    if (endpoint != NULL && endpoint->senders.used != 0) {
        uint8_t waiting = (uint8_t)priority_queue_top(&endpoint->senders);
        priority = waiting > priority ? waiting : priority;
    }
    return priority;
}

static bool is_settled(const struct thread *thread, uint8_t priority)
{
    bool is_marked = (thread->flags & THREAD_BOOSTED) != 0;
    return thread->priority == priority && is_marked == (priority != thread->own_priority);
}

void inherit_settle(struct thread *thread)
{
    for (unsigned i = 0; i < INHERIT_DEPTH && thread != NULL; i++) {
        uint8_t priority = most_urgent(thread);
        if (is_settled(thread, priority)) {
            return;
        }
        sched_set_priority(thread, priority);
        thread = next_in_chain(thread);
    }
}

/* Only where one thread alone receives: of several, another one may come to serve the call. And
 * only where the thread owes an answer itself: who calls an endpoint that it served once may well
 * expect another to do so now. */
bool inherit_is_cycle(const struct thread *thread, const struct endpoint *endpoint)
{
    const struct thread *next = endpoint->several ? NULL : endpoint->server;
    for (unsigned i = 0; i < INHERIT_DEPTH && next != NULL; i++) {
        if (next == thread) {
            return i != 0;
        }
        if (next->state == THREAD_SENDING && next->endpoint->several) {
            return false;
        }
        next = next_in_chain(next);
    }
    return false;
}
