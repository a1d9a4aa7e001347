/*
 * What user mode cannot do by itself: a fault is a call that the kernel makes on the thread's
 * behalf to its domain's fault endpoint (DESIGN section 6).
 */
#ifndef KERNEL_FAULT_H
#define KERNEL_FAULT_H

struct thread;

/* The running thread has taken an exception, as its registers say: it goes on at once, where the
 * kernel itself has only to load something; else its domain's fault endpoint is called; else it
 * stops. */
void fault(struct thread *thread);

#endif
