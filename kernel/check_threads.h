/*
 * The invariants of threads, endpoints, replies and the scheduler: a part of check.c, in the
 * checking build only.
 *
 * Nothing is noted in between and no memory is taken: each queue is walked from its head, and what
 * is in it must say so itself; then there must be as many in queues as threads say that they are.
 */
#ifndef KERNEL_CHECK_THREADS_H
#define KERNEL_CHECK_THREADS_H

#include "kernel/domain.h"
#include "kernel/endpoint.h"
#include "kernel/thread.h"

#ifdef COCOS_CHECKING

/* Counts begin anew. The queues and timelines of all CPUs. */
const char *check_scheduler(void);

/* Each thread, endpoint, and domain's slots that there are, in any order. */
const char *check_thread(const struct thread *thread);
const char *check_endpoint(const struct endpoint *endpoint);
const char *check_slots(const struct domain *domain);

/* When all were shown: do the counts agree? */
const char *check_counted(void);

#else

static inline const char *check_scheduler(void)
{
    return NULL;
}

static inline const char *check_thread(const struct thread *thread)
{
    (void)thread;
    return NULL;
}

static inline const char *check_endpoint(const struct endpoint *endpoint)
{
    (void)endpoint;
    return NULL;
}

static inline const char *check_slots(const struct domain *domain)
{
    (void)domain;
    return NULL;
}

static inline const char *check_counted(void)
{
    return NULL;
}

#endif

#endif
