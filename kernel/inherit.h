/*
 * Inherited priority: who serves a thread runs at that thread's priority at least, and so does who
 * serves the server, along the chain of calls. A chain is followed INHERIT_DEPTH steps far.
 *
 * The next in a chain is for a thread in state ANSWER its answerer; for one in state SENDING the
 * endpoint's server (endpoint.h).
 */
#ifndef KERNEL_INHERIT_H
#define KERNEL_INHERIT_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/thread.h"

#define INHERIT_DEPTH 32

/* `thread` waits for another one, which is to run at its priority at least. */
void inherit(const struct thread *thread);

/* A thread's own priority has changed, or for whom it is to run: it gets its own, or that of the
 * most urgent that waits for it; and so do those it waits for. */
void inherit_settle(struct thread *thread);

/* One waits for the thread (NULL: nobody) no more. */
static inline void inherit_less(struct thread *thread)
{
    if (thread != NULL && thread->flags & THREAD_BOOSTED) {
        inherit_settle(thread);
    }
}

/* Would `thread` wait for itself, if it waited at `endpoint`? */
bool inherit_is_cycle(const struct thread *thread, const struct endpoint *endpoint);

#endif
