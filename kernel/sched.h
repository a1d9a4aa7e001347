/*
 * The scheduler: fixed priorities, round robin within one (DESIGN section 8). One CPU so far.
 *
 * Invariant: every READY thread but the current one is in the run queue of its priority; no other
 * thread is in one.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

struct domain;
struct thread;

/* The running thread; NULL only inside the kernel, between one that stopped and the next. Written
 * by sched.c alone. */
extern struct thread *sched_running;

/* The domain whose address space is loaded: the running thread's, or that of the last one. */
extern struct domain *sched_domain;

static inline struct thread *sched_current(void)
{
    return sched_running;
}

/* Makes a thread READY, behind the others of its priority. */
void sched_ready(struct thread *thread);

/* Takes a READY thread out of the run queues (its new state is set by the caller). The current
 * thread, too: sched_run then picks another. */
void sched_unready(struct thread *thread);

/* The timer says that the current turn is over. */
void sched_quantum_ended(void);

/* Makes a thread that is in no queue READY and lets it run next, on the current one's time. */
void sched_hand_over(struct thread *next);

/* Chooses who leaves to user mode: the current thread while it is READY and nobody of a higher
 * priority is, else the first in the queues; waits for an interrupt while there is none. */
void sched_run(void);

/* A thread's frame is about to be used for something else: the CPU must not save to it. */
void sched_forget(struct thread *thread);

/* A domain's port ranges changed, or it is no more: they are set anew before user mode runs. */
void sched_ports_changed(void);

#endif
