/*
 * First-in-first-out queues of threads, linked through the threads themselves; and one such queue
 * for each priority.
 */
#ifndef KERNEL_THREAD_QUEUE_H
#define KERNEL_THREAD_QUEUE_H

#include "kernel/thread.h"

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

static inline void thread_queue_add_first(struct thread_queue *queue, struct thread *thread)
{
    thread->prev = NULL;
    thread->next = queue->first;
    if (queue->first != NULL) {
        queue->first->prev = thread;
    } else {
        queue->last = thread;
    }
    queue->first = thread;
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

struct priority_queue {
    struct thread_queue queues[PRIORITIES];
    uint32_t used; /* bit p: queues[p] is not empty */
};
_Static_assert(PRIORITIES == 32, "one bit each");

static inline void priority_queue_add(struct priority_queue *queue, struct thread *thread)
{
    thread_queue_add(&queue->queues[thread->priority], thread);
    queue->used |= 1u << thread->priority;
}

static inline void priority_queue_add_first(struct priority_queue *queue, struct thread *thread)
{
    thread_queue_add_first(&queue->queues[thread->priority], thread);
    queue->used |= 1u << thread->priority;
}

static inline void priority_queue_remove(struct priority_queue *queue, struct thread *thread)
{
    struct thread_queue *threads = &queue->queues[thread->priority];
    thread_queue_remove(threads, thread);
    if (threads->first == NULL) {
        queue->used &= ~(1u << thread->priority);
    }
}

/* The highest priority in the queue, which is not empty. */
static inline unsigned priority_queue_top(const struct priority_queue *queue)
{
    return 31u - (unsigned)__builtin_clz(queue->used);
}

/* The first thread of the highest priority, or NULL. */
static inline struct thread *priority_queue_first(const struct priority_queue *queue)
{
    return queue->used != 0 ? queue->queues[priority_queue_top(queue)].first : NULL;
}

#endif
