/*
 * Threads: what the scheduler runs. A thread is one frame; its domain owns the frame.
 *
 * A thread is in exactly one place: running, in a run queue (READY), in an endpoint's queue of
 * senders (SENDING) or receivers (RECEIVING), named by one reply capability at most (ANSWER), or
 * nowhere (NEW, STOPPED).
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/message.h>

#include "kernel/cap.h"
#include "kernel/x86/arch.h"

struct domain;
struct endpoint;

enum thread_state {
    THREAD_NEW,
    THREAD_READY,     /* in a run queue, or running */
    THREAD_SENDING,   /* queued at `endpoint` until someone receives */
    THREAD_ANSWER,    /* its message was received: waits for the answer to `call` */
    THREAD_RECEIVING, /* queued at `endpoint` for a message */
    THREAD_STOPPED
};

#define PRIORITIES 32
#define PRIORITY_NORMAL 16
#define THREAD_FPU_BYTES 2816

struct thread {
    struct registers registers; /* user mode's, while the thread does not run */

    struct domain *domain;
    struct thread *next, *prev; /* in the queue its state names */
    uint8_t state;              /* enum thread_state */
    uint8_t priority;
    bool faulted; /* the message is a fault's: words in `fault` */

    /* While SENDING, ANSWER or RECEIVING: */
    struct endpoint *endpoint;
    uint64_t badge; /* of the capability it called through */
    uint64_t call;  /* generation of this call, 0 = none */
    uint16_t reply_slot, send_slot, receive_slot;
    uint64_t lent;          /* with the call: a run as in r12, 0 = none (kernel/loan.h) */
    struct domain *lent_to; /* who received it */
    uint64_t fault[MESSAGE_WORDS];

    uint64_t fs_base, gs_base;
    uint8_t fpu[THREAD_FPU_BYTES] __attribute__((aligned(64)));
};
_Static_assert(sizeof(struct thread) <= FRAME_BYTES, "a thread is one frame");

/* Turns a frame that `domain` owns, typed FRAME_THREAD, into a thread that has not started. */
struct thread *thread_make(uint64_t frame, struct domain *domain);

/* Ends a thread wherever it waits; a thread that awaits an answer leaves a dead reply
 * capability. Not for the running thread. Its frame is still a thread's. */
void thread_stop(struct thread *thread);

#endif
