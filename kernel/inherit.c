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

uint8_t inherit_most_urgent(const struct thread *thread)
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

void inherit_settle(struct thread *thread)
{
    if (thread->flags & THREAD_BOOSTED) {
        uint8_t priority = inherit_most_urgent(thread);
        if (priority != thread->priority) {
            sched_set_priority(thread, priority);
        }
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
