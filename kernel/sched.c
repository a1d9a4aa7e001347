/*
 * The scheduler: see sched.h.
 */
#include "kernel/sched.h"

#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/panic.h"
#include "kernel/thread.h"
#include "kernel/thread_queue.h"

static struct thread *current;
static struct thread *loaded; /* whose FPU and TLS state the CPU holds */
static struct thread_queue queues[PRIORITIES];
static uint32_t ready_priorities; /* bit p: queues[p] is not empty */
static bool must_yield;
static bool quantum_runs;             /* the timer will end this turn */
static const struct domain *ports_of; /* whose ports are enabled, NULL: to be set anew */
static bool ports_enabled;            /* the CPU lets user mode use some port */

struct thread *sched_current(void)
{
    return current;
}

static void enqueue(struct thread *thread)
{
    thread_queue_add(&queues[thread->priority], thread);
    ready_priorities |= 1u << thread->priority;
}

void sched_ready(struct thread *thread)
{
    thread->state = THREAD_READY;
    enqueue(thread);
}

void sched_unready(struct thread *thread)
{
    if (thread == current) {
        current = NULL;
        return;
    }
    struct thread_queue *queue = &queues[thread->priority];
    thread_queue_remove(queue, thread);
    if (queue->first == NULL) {
        ready_priorities &= ~(1u << thread->priority);
    }
}

void sched_yield(void)
{
    must_yield = true;
}

void sched_quantum_ended(void)
{
    quantum_runs = false;
    must_yield = true;
}

void sched_hand_over(struct thread *next)
{
    next->state = THREAD_READY;
    if (current != NULL) {
        enqueue(current);
    }
    current = next;
}

/* The first thread of the highest priority, taken out of its queue; NULL: none is ready. Threads
 * of a domain that is being ended stop here, each once. */
static struct thread *take_first(void)
{
    while (ready_priorities != 0) {
        unsigned priority = 31u - (unsigned)__builtin_clz(ready_priorities);
        struct thread *thread = queues[priority].first;
        sched_unready(thread);
        if (!thread->domain->dying) {
            return thread;
        }
        thread->state = THREAD_STOPPED;
    }
    return NULL;
}

static struct thread *choose(void)
{
    if (current != NULL) {
        uint32_t rivals = ready_priorities >> current->priority;
        if (rivals > 1 || (must_yield && rivals != 0)) {
            enqueue(current);
            current = NULL;
        }
    }
    must_yield = false;
    return current != NULL ? current : take_first();
}

/* Loads what belongs to the thread besides its registers. */
static void load(struct thread *next)
{
    struct domain *domain = next->domain;
    if (arch_root() != domain->root) {
        arch_set_root(domain->root);
    }
    if (ports_of != domain && (domain->port_count != 0 || ports_enabled)) {
        arch_ports_set(domain->ports, domain->port_count);
        ports_enabled = domain->port_count != 0;
        ports_of = domain;
    }
    if (loaded != next) {
        arch_thread_switch(loaded, next);
        loaded = next;
    }
}

void sched_run(void)
{
    struct thread *next = choose();
    while (next == NULL) {
        arch_wait_for_interrupt();
        next = choose();
    }
    current = next;
    load(next);
    /* Tickless: only who keeps others of his priority waiting gets a limited turn. */
    if (!quantum_runs && ready_priorities >> next->priority != 0) {
        quantum_runs = true;
        arch_quantum_start();
    }
}

void sched_forget(struct thread *thread)
{
    if (loaded == thread) {
        loaded = NULL;
    }
}

void sched_ports_changed(void)
{
    ports_of = NULL;
}
