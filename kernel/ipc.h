/*
 * Messages between threads: call, wait, reply, and the calls the kernel makes on behalf of a
 * thread that faulted (DESIGN sections 5 and 6; registers: cocos/message.h).
 */
#ifndef KERNEL_IPC_H
#define KERNEL_IPC_H

#include <stdint.h>

#include "kernel/cap.h"

struct endpoint;
struct thread;

/* The thread that waits for the answer a reply capability stands for, or NULL. */
struct thread *ipc_caller(const struct slot *reply);

/* If the slot holds a live reply capability, its caller goes on with `error`. */
void ipc_drop_reply(const struct slot *slot, int64_t error);

/* A thread that was waiting for messages does so no more: its reply slot is empty again. */
void ipc_release_slot(const struct thread *receiver);

/* The current thread faulted: its domain's fault endpoint is called with the words in
 * thread->fault, or it stops when there is none. */
void ipc_fault(struct thread *thread);

/* A waiting thread goes on with `error` in rax; it is in no queue any more. */
void ipc_fail(struct thread *thread, int64_t error);

#endif
