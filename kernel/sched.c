/*
 * The scheduler: see sched.h.
 */
#include "kernel/sched.h"

#include "kernel/domain.h"
#include "kernel/endpoint.h"
#include "kernel/ipc.h"
#include "kernel/syscall.h"

#define TURN_NS 10000000u
#define STOPPED_PER_LOOK 64
#define EXPIRED_PER_TIMER 64

/* ---- Run queues ---- */

static void set_ready_key(struct sched *sched, uint32_t cpu)
{
    uint32_t top = 31u - (uint32_t)__builtin_clz(sched->ready.used | 1);
    sched->ready_key = cpu << KEY_CPU_SHIFT | top;
}

static void enqueue(struct sched *sched, struct thread *thread)
{
    priority_queue_add(&sched->ready, thread);
    set_ready_key(sched, thread->cpu);
}

static void enqueue_first(struct sched *sched, struct thread *thread)
{
    priority_queue_add_first(&sched->ready, thread);
    set_ready_key(sched, thread->cpu);
}

static void dequeue(struct sched *sched, struct thread *thread)
{
    priority_queue_remove(&sched->ready, thread);
    set_ready_key(sched, thread->cpu);
}

/* A thread that has a limited turn gives way: apart, so that the usual case stays short. */
static __attribute__((noinline)) void preempt_in_turn(struct sched *sched, struct thread *running)
{
    uint64_t end = sched->turn_end, now = arch_now();
    sched->turn_end = 0;
    if (end <= now) {
        enqueue(sched, running);
        return;
    }
    running->turn_left = (uint32_t)(end - now);
    enqueue_first(sched, running);
}

/* The running thread gives way to a more urgent one: unless its turn is over, the rest of that is
 * kept for it, and it goes on before the others of its priority. */
static void preempt(struct sched *sched, struct thread *running)
{
    if (sched->turn_end != 0) {
        preempt_in_turn(sched, running);
        return;
    }
    enqueue_first(sched, running);
}

static bool runs(const struct thread *thread)
{
    return arch_current_of(thread->cpu) == thread && !arch_sched_of(thread->cpu)->rests;
}

/* Another CPU is to look at its run queue, if what was added there concerns it now. */
static void notify(const struct thread *thread)
{
    unsigned cpu = thread->cpu;
    if (cpu == arch_cpu_number()) {
        return;
    }
    const struct thread *running = arch_sched_of(cpu)->rests ? NULL : arch_current_of(cpu);
    if (running == NULL || thread->priority >= running->priority) {
        arch_cpu_interrupt(cpu);
    }
}

void sched_ready(struct thread *thread)
{
    thread->state = THREAD_READY;
    enqueue(arch_sched_of(thread->cpu), thread);
    notify(thread);
}

void sched_wake(struct thread *thread)
{
    struct sched *sched = arch_sched();
    struct thread *running = arch_current();
    if (thread->cpu != arch_cpu_number() || sched->ready.used >> thread->priority != 0 ||
        thread->domain->dying || (!sched->rests && running->priority >= thread->priority)) {
        sched_ready(thread);
        return;
    }
    if (!sched->rests) {
        preempt(sched, running);
    }
    thread->state = THREAD_READY;
    arch_switch(thread);
    sched->rests = false;
}

void sched_unready(struct thread *thread)
{
    struct sched *sched = arch_sched_of(thread->cpu);
    if (!runs(thread)) {
        dequeue(sched, thread);
        return;
    }
    if (thread->cpu != arch_cpu_number()) {
        arch_cpu_stop(thread->cpu);
    }
    sched->rests = true;
}

void sched_hand_over(struct thread *next)
{
    struct sched *sched = arch_sched();
    if (next->cpu != arch_cpu_number() || sched->ready.used >> next->priority > 1 ||
        next->domain->dying) {
        sched_ready(next);
        return;
    }
    next->state = THREAD_READY;
    arch_switch(next);
    sched->rests = false;
}

/* ---- Priority and CPU ---- */

void sched_set_priority(struct thread *thread, uint8_t priority)
{
    bool queued = thread->state == THREAD_READY && !runs(thread);
    struct priority_queue *senders =
        thread->state == THREAD_SENDING ? &thread->endpoint->senders : NULL;
    struct sched *sched = arch_sched_of(thread->cpu);
    if (queued) {
        dequeue(sched, thread);
    }
    if (senders != NULL) {
        priority_queue_remove(senders, thread);
    }
    thread->priority = priority;
    thread->flags = (uint8_t)(priority == thread->own_priority ? thread->flags & ~THREAD_BOOSTED
                                                               : thread->flags | THREAD_BOOSTED);
    thread_set_key(thread);
    if (senders != NULL) {
        priority_queue_add(senders, thread);
    }
    if (queued) {
        enqueue(sched, thread);
        notify(thread);
    } else if (thread->state == THREAD_READY && thread->cpu != arch_cpu_number()) {
        arch_cpu_interrupt(thread->cpu); /* another may be more urgent there now */
    }
}

void sched_set_cpu(struct thread *thread, uint16_t cpu)
{
    if (thread->cpu == cpu) {
        return;
    }
    bool ready = thread->state == THREAD_READY;
    uint64_t deadline = deadline_is_set(&thread->deadline) ? thread->deadline.at : DEADLINE_NEVER;
    if (ready) {
        sched_unready(thread);
    }
    sched_end_deadline(thread);
    /* The CPU it leaves may hold its FPU state and TLS base: they are saved there. */
    if (arch_current_of(thread->cpu) == thread) {
        if (thread->cpu != arch_cpu_number()) {
            arch_cpu_stop(thread->cpu);
        }
        arch_unload(thread->cpu);
    }
    thread->cpu = cpu;
    thread_set_key(thread);
    sched_set_deadline(thread, deadline);
    if (ready) {
        sched_ready(thread);
    }
}

/* ---- Time ---- */

/* Sets this CPU's timer to what comes first. It may be set to something earlier that is not wanted
 * any more: then it goes off, and is set anew. */
static void set_alarm(struct sched *sched)
{
    const struct deadline *first = timeline_first(&sched->sleepers);
    uint64_t at = first != NULL ? first->at : UINT64_MAX;
    if (sched->turn_end != 0 && sched->turn_end < at) {
        at = sched->turn_end;
    }
    if (at != UINT64_MAX && (sched->alarm == 0 || at < sched->alarm)) {
        sched->alarm = at;
        arch_timer_set(at);
    }
}

void sched_set_deadline(struct thread *thread, uint64_t deadline)
{
    if (deadline == DEADLINE_NEVER) {
        return;
    }
    timeline_add(&arch_sched_of(thread->cpu)->sleepers, &thread->deadline, deadline);
    if (thread->cpu == arch_cpu_number()) {
        set_alarm(arch_sched());
    } else {
        arch_cpu_interrupt(thread->cpu);
    }
}

void sched_end_deadline(struct thread *thread)
{
    if (deadline_is_set(&thread->deadline)) {
        timeline_remove(&arch_sched_of(thread->cpu)->sleepers, &thread->deadline);
    }
}

void sched_timer(void)
{
    struct sched *sched = arch_sched();
    uint64_t now = arch_now();
    sched->alarm = 0;
    sched->found = sched->rests ? 0 : frame_of(arch_current());
    for (unsigned i = 0; i < EXPIRED_PER_TIMER; i++) {
        struct deadline *first = timeline_first(&sched->sleepers);
        if (first == NULL || first->at > now) {
            break;
        }
        ipc_expire(frame_ptr(frame_of(first) & ~(FRAME_BYTES - 1)));
    }
    if (sched->turn_end != 0 && sched->turn_end <= now) {
        sched->turn_end = 0;
        sched->must_yield = true;
    }
    set_alarm(sched);
}

void sched_called(void)
{
    set_alarm(arch_sched());
}

/* ---- Choosing ---- */

int64_t sys_yield(void)
{
    arch_sched()->must_yield = true;
    return OK;
}

/* The first thread of the highest priority, taken out of its queue. NULL: none is ready; or, with
 * queues that are not empty yet, only threads of a domain that is being ended were found: these
 * stop here, each once and a bounded number of them at a time. */
static struct thread *take_first(struct sched *sched)
{
    for (unsigned i = 0; i < STOPPED_PER_LOOK && sched->ready.used != 0; i++) {
        struct thread *thread = priority_queue_first(&sched->ready);
        dequeue(sched, thread);
        if (!thread->domain->dying) {
            return thread;
        }
        thread->state = THREAD_STOPPED;
    }
    return NULL;
}

static struct thread *choose(struct sched *sched)
{
    if (!sched->rests) {
        struct thread *running = arch_current();
        uint32_t rivals = sched->ready.used >> running->priority;
        bool yields = sched->must_yield && rivals != 0;
        sched->must_yield = false;
        if (!yields && rivals <= 1) {
            return running;
        }
        sched->rests = true;
        if (yields) {
            enqueue(sched, running);
        } else {
            preempt(sched, running);
        }
    }
    return take_first(sched);
}

/* Tickless: only who keeps others of his priority waiting gets a limited turn. Who was preempted
 * has what is left of his. */
static void limit_turn(struct sched *sched, struct thread *running)
{
    if (running->turn_left != 0) {
        sched->turn_end = arch_now() + running->turn_left;
        running->turn_left = 0;
        set_alarm(sched);
    } else if (sched->turn_end == 0 && sched->ready.used >> running->priority != 0) {
        sched->turn_end = arch_now() + TURN_NS;
        set_alarm(sched);
    }
}

void sched_choose(void)
{
    struct sched *sched = arch_sched();
    struct thread *next = choose(sched);
    while (next == NULL) {
        if (sched->ready.used != 0) {
            arch_allow_interrupts();
        } else {
            arch_wait_for_interrupt();
        }
        next = choose(sched);
    }
    arch_switch(next);
    sched->rests = false;
    limit_turn(sched, next);
}

/* ---- What CPUs have loaded ---- */

static void unload(unsigned cpu)
{
    if (cpu != arch_cpu_number()) {
        arch_cpu_stop(cpu);
    }
    arch_sched_of(cpu)->rests = true;
    arch_unload(cpu);
}

void sched_forget(struct thread *thread)
{
    if (arch_current_of(thread->cpu) == thread) {
        unload(thread->cpu);
    }
}

void sched_forget_domain(const struct domain *domain)
{
    arch_ports_forget(domain);
    for (unsigned cpu = 0; cpu < arch_cpu_count; cpu++) {
        struct thread *thread = arch_current_of(cpu);
        if (thread == NULL || thread->domain != domain) {
            continue;
        }
        if (!arch_sched_of(cpu)->rests) {
            thread_stop(thread);
        }
        unload(cpu);
    }
}
