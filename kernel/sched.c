/*
 * The scheduler: see sched.h.
 */
#include "kernel/sched.h"

#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/syscall.h"
#include "kernel/thread.h"
#include "kernel/thread_queue.h"

struct thread *sched_running;
struct domain *sched_domain;
static struct thread *loaded; /* whose FPU and TLS state the CPU holds */
static struct thread_queue queues[PRIORITIES];
static uint32_t ready_priorities; /* bit p: queues[p] is not empty */
static bool must_yield;
static bool quantum_runs;             /* the timer will end this turn */
static const struct domain *ports_of; /* whose ports, if any, are set; NULL: set them anew */
static bool ports_enabled;            /* the CPU lets user mode use some port */

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
    if (thread == sched_running) {
        sched_running = NULL;
        return;
    }
    struct thread_queue *queue = &queues[thread->priority];
    thread_queue_remove(queue, thread);
    if (queue->first == NULL) {
        ready_priorities &= ~(1u << thread->priority);
    }
}

int64_t sys_yield(void)
{
    must_yield = true;
    return OK;
}

void sched_quantum_ended(void)
{
    quantum_runs = false;
    must_yield = true;
}

void sched_hand_over(struct thread *next)
{
    next->state = THREAD_READY;
    if (sched_running != NULL) {
        enqueue(sched_running);
    }
    sched_running = next;
}

#define STOPPED_PER_LOOK 64

/* The first thread of the highest priority, taken out of its queue. NULL: none is ready; or, with
 * queues that are not empty yet, only threads of a domain that is being ended were found: these
 * stop here, each once and a bounded number of them at a time. */
static struct thread *take_first(void)
{
    for (unsigned i = 0; i < STOPPED_PER_LOOK && ready_priorities != 0; i++) {
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
    if (sched_running != NULL) {
        uint32_t rivals = ready_priorities >> sched_running->priority;
        if (rivals > 1 || (must_yield && rivals != 0)) {
            enqueue(sched_running);
            sched_running = NULL;
        }
    }
    must_yield = false;
    return sched_running != NULL ? sched_running : take_first();
}

/* Loads what belongs to the thread besides its registers. */
static void load(struct thread *next)
{
    struct domain *domain = next->domain;
    sched_domain = domain;
    if (arch_root() != domain->root) {
        arch_set_root(domain->root);
    }
    if (ports_of != domain) {
        if (domain->port_count != 0 || ports_enabled) {
            arch_ports_set(domain->ports, domain->port_count);
            ports_enabled = domain->port_count != 0;
        }
        ports_of = domain;
    }
    if (loaded != next) {
        arch_thread_switch(loaded, next);
        loaded = next;
    }
}

/* The current thread goes on, and nothing has to be loaded for it: what most calls end with. */
static bool goes_on(void)
{
    const struct thread *thread = sched_running;
    return thread != NULL && thread == loaded && ready_priorities >> thread->priority == 0 &&
           thread->domain == ports_of;
}

void sched_run(void)
{
    if (goes_on()) {
        must_yield = false;
        return;
    }
    struct thread *next = choose();
    while (next == NULL) {
        if (ready_priorities != 0) {
            arch_allow_interrupts();
        } else {
            arch_wait_for_interrupt();
        }
        next = choose();
    }
    sched_running = next;
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
