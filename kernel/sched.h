/*
 * The scheduler: on each CPU fixed priorities, round robin within one, tickless (DESIGN section
 * 8). Which CPU a thread runs on says whoever controls it.
 *
 * Each CPU has a current thread: the one whose address space and TLS base it has loaded. It is the
 * running one, unless the CPU rests: inside the kernel after it was made to wait, and while idle.
 *
 * A thread that gives way to a more urgent one goes to the head of its queue, and has the rest of
 * its turn when it goes on; one whose turn has ended, or that yields, goes to the tail.
 *
 * Invariant: every READY thread that no CPU runs is in the run queue of its CPU and priority; no
 * other thread is in one. A running thread is at least as urgent as all in its CPU's run queue.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/thread_queue.h"
#include "kernel/timeline.h"

/* What the scheduler keeps for each CPU, as a part of what that is to kernel/x86/. */
struct sched {
    /* What the short way compares the next thread's key with (kernel/thread.h): of those in the run
     * queue, the most urgent one's. */
    uint32_t ready_key;
    bool rests; /* the current thread is not running */
    bool must_yield;
    struct priority_queue ready;
    struct timeline sleepers; /* threads of this CPU that wait with a deadline */
    uint64_t turn_end;        /* of the running thread, 0: it need not share */
    uint64_t alarm;           /* what the timer is set to, 0: nothing */
    uint64_t found;           /* the thread that the timer interrupted last, 0: none; a name only */
};

/* The thread that runs on this CPU; NULL only inside the kernel, between one that stopped and the
 * next. */
static inline struct thread *sched_current(void)
{
    return arch_sched()->rests ? NULL : arch_current();
}

/* This CPU's running thread has been made to wait. */
static inline void sched_rest(void)
{
    arch_sched()->rests = true;
}

/* Makes a thread that is in no queue READY, behind the others of its priority, on its CPU. */
void sched_ready(struct thread *thread);

/* Takes a READY thread out of its run queue, or off the CPU it runs on, whichever that is. Its new
 * state is set by the caller. */
void sched_unready(struct thread *thread);

/* The same, for one that an interrupt or a signal wakes: if it is more urgent than what this CPU
 * runs, it is the current thread when this returns. */
void sched_wake(struct thread *thread);

/* Makes a thread that is in no queue READY; if it may, it runs next on this CPU, on the time of
 * the one that has been made to wait. */
void sched_hand_over(struct thread *next);

/* The thread's priority or CPU becomes another one, wherever it waits. */
void sched_set_priority(struct thread *thread, uint8_t priority);
void sched_set_cpu(struct thread *thread, uint16_t cpu);

/* A thread that waits does so until `deadline` at most (ns of the clock; DEADLINE_NEVER: for
 * ever); and does not any more. */
void sched_set_deadline(struct thread *thread, uint64_t deadline);
void sched_end_deadline(struct thread *thread);

/* The timer of this CPU went off. */
void sched_timer(void);

/* Another CPU may have set a deadline for a thread of this one. */
void sched_called(void);

/* Chooses who leaves to user mode on this CPU: the current thread while it is READY and nobody of
 * a higher priority is, else the first in the queue; waits for interrupts while there is none. */
void sched_choose(void);
static inline void sched_run(void)
{
    struct sched *sched = arch_sched();
    if (!sched->rests && sched->ready.used >> arch_current()->priority == 0) {
        sched->must_yield = false; /* what most calls end with */
    } else {
        sched_choose();
    }
}

/* No CPU keeps a thread loaded that does not run: its frame is about to be used for something else,
 * or all of its registers are to be read or set there. */
void sched_forget(struct thread *thread);

/* A domain is being ended: none of its threads runs any more, and no CPU keeps its page tables or
 * ports loaded. */
void sched_forget_domain(const struct domain *domain);

#endif
