/*
 * Endpoints: where messages and signals arrive (DESIGN section 5). An endpoint is one frame.
 *
 * Invariant: not both queues hold threads; with receivers waiting, no signal is pending
 * (but while the receivers' domain is being ended).
 */
#ifndef KERNEL_ENDPOINT_H
#define KERNEL_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/thread_queue.h"

struct endpoint {
    struct thread_queue senders;   /* SENDING */
    struct thread_queue receivers; /* RECEIVING */
    uint64_t signals;
    bool closing; /* being ended: takes nothing more */
};

/* Sets bits; a waiting receiver gets them at once. */
void endpoint_signal(struct endpoint *endpoint, uint64_t bits);

/* Ends it: up to a fixed number of those who wait get E_GONE. OK when none is left, else
 * E_AGAIN. */
int64_t endpoint_close(struct endpoint *endpoint);

#endif
