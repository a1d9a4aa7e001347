/*
 * First-in-first-out queues of threads, linked through the threads themselves.
 */
#ifndef KERNEL_THREAD_QUEUE_H
#define KERNEL_THREAD_QUEUE_H

#include <stddef.h>

#include "kernel/thread.h"

struct thread_queue {
    struct thread *first, *last;
};

static inline void thread_queue_add(struct thread_queue *queue, struct thread *thread)
{
    thread->next = NULL;
    thread->prev = queue->last;
    if (queue->last != NULL) {
        queue->last->next = thread;
    } else {
        queue->first = thread;
    }
    queue->last = thread;
}

static inline void thread_queue_remove(struct thread_queue *queue, struct thread *thread)
{
    if (thread->prev != NULL) {
        thread->prev->next = thread->next;
    } else {
        queue->first = thread->next;
    }
    if (thread->next != NULL) {
        thread->next->prev = thread->prev;
    } else {
        queue->last = thread->prev;
    }
    thread->next = thread->prev = NULL;
}

#endif
