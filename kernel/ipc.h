/*
 * Messages between threads: call, wait, reply, signal (DESIGN section 5; registers:
 * cocos/message.h). This is the long way, for all that messages can bring and all that can happen;
 * entry.asm has the short one, for words between threads of one CPU.
 */
#ifndef KERNEL_IPC_H
#define KERNEL_IPC_H

#include <stdint.h>

#include "kernel/cap.h"

struct endpoint;
struct thread;

/* The current thread calls `endpoint` with what its registers, or its fault, hold; it has been
 * checked. CALL_NO_RESULT: it waits. With nothing changed, E_GONE: who would receive belongs to a
 * domain that is being ended; E_CYCLE: it would wait for itself. */
int64_t ipc_send(struct thread *sender, struct endpoint *endpoint, uint64_t badge,
                 uint64_t deadline);

/* A thread that was waiting for messages does so no more: its reply slot is empty again. */
void ipc_release_slot(const struct thread *receiver);

/* A waiting thread goes on with `error` in rax; it is in no queue any more, or its call has been
 * received. */
void ipc_fail(struct thread *thread, int64_t error);

/* Its deadline has passed. */
void ipc_expire(struct thread *thread);

/* Ends whatever a thread waits for; it is in no state of waiting any more, and in no queue. */
void ipc_leave(struct thread *thread);

/* A thread waits for the answer to a fault no more. */
void ipc_end_fault(struct thread *thread);

/* What a thread that waits by the short way has not said: it sends and takes words alone. */
void ipc_no_extras(struct thread *thread);

#endif
