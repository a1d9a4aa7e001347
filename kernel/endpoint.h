/*
 * Endpoints: where messages and signals arrive (DESIGN section 5). An endpoint is one frame.
 *
 * The short way (entry.asm) looks at one word of it, `fast`: ENDPOINT_IDLE, nothing waits here;
 * the top of the one thread that waits for a message, and wants nothing but words; or
 * ENDPOINT_LOOK, which sends it the long way. That begins with endpoint_spread, so that who waits
 * is in a queue, and ends with endpoint_settle.
 *
 * Invariant: not both queues hold threads; with receivers waiting, no signal is pending
 * (but while the receivers' domain is being ended).
 */
#ifndef KERNEL_ENDPOINT_H
#define KERNEL_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/thread_queue.h"

#define ENDPOINT_IDLE 0u
#define ENDPOINT_LOOK 1u

struct endpoint {
    uint64_t fast;
    uint64_t signals;
    struct priority_queue senders; /* SENDING */
    struct thread_queue receivers; /* RECEIVING, but for the one in `fast` */
    struct thread *server;         /* the last that received here and did not go elsewhere */
    bool several;                  /* more than one thread has received here */
    bool closing;                  /* being ended: takes nothing more */
};
_Static_assert(sizeof(struct endpoint) <= FRAME_BYTES, "an endpoint is one frame");

/* Puts who waits in `fast` into the queue of receivers. */
void endpoint_spread_fast(struct endpoint *endpoint);
static inline void endpoint_spread(struct endpoint *endpoint)
{
    if (endpoint->fast > ENDPOINT_LOOK) {
        endpoint_spread_fast(endpoint);
    }
}

/* Says in `fast` whether the short way is to look at the rest. */
static inline void endpoint_settle(struct endpoint *endpoint)
{
    bool idle = endpoint->signals == 0 && endpoint->senders.used == 0 &&
                endpoint->receivers.first == NULL && !endpoint->closing;
    endpoint->fast = idle ? ENDPOINT_IDLE : ENDPOINT_LOOK;
}

/* Sets bits; a waiting receiver gets them at once. */
void endpoint_signal(struct endpoint *endpoint, uint64_t bits);

/* Makes a thread the endpoint's server, or (NULL) leaves it without. */
void endpoint_set_server(struct endpoint *endpoint, struct thread *server);

/* Ends it: up to a fixed number of those who wait get E_GONE. OK when none is left, else
 * E_AGAIN. */
int64_t endpoint_close(struct endpoint *endpoint);

#endif
