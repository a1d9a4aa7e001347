/*
 * Threads: what the scheduler runs. A thread is one frame; its domain owns the frame.
 *
 * A thread is in exactly one place: running on a CPU, in a CPU's run queue (READY), at an endpoint
 * as a sender (SENDING) or receiver (RECEIVING), owed an answer by one reply capability at most
 * (ANSWER), asleep (SLEEPING), or nowhere (NEW, STOPPED). One that waits with a deadline is in its
 * CPU's timeline, too.
 *
 * A thread's *top* is the end of its registers, where traps from user mode start to push: the one
 * number a CPU needs to know who runs on it (TSS.RSP0). What entry.asm follows are tops.
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/message.h>

#include "kernel/cap.h"
#include "kernel/frame_ptr.h"
#include "kernel/timeline.h"
#include "kernel/x86/arch.h"

struct domain;
struct endpoint;

enum thread_state {
    THREAD_NEW,
    THREAD_READY,     /* in a run queue, or running */
    THREAD_SENDING,   /* queued at `endpoint` until someone receives */
    THREAD_ANSWER,    /* its message was received: waits for the answer to its call */
    THREAD_RECEIVING, /* at `endpoint`, for a message */
    THREAD_SLEEPING,  /* until its deadline */
    THREAD_STOPPED
};

/* Why a thread is not switched to or from by the short way (entry.asm). */
#define THREAD_HAS_FPU 1u   /* uses the FPU: its state is to be saved and loaded */
#define THREAD_HAS_PORTS 2u /* the CPU's bitmap of ports is to be set for it */
#define THREAD_BOOSTED 4u   /* runs at another priority than its own */

/* Keys that the short way compares (thread_set_key). */
#define KEY_CPU_SHIFT 8
#define KEY_NOT_NEXT 0x80000000u
#define KEY_NOT_PREVIOUS 0x40000000u

#define THREAD_FPU_BYTES 2816
#define NO_WAIT UINT64_MAX

struct thread_queue {
    struct thread *first, *last;
};

struct thread {
    struct registers registers; /* user mode's, while the thread does not run */

    /* What the short way reads and writes. */
    uint64_t root;                 /* of its domain's page tables */
    struct slot *slots;            /* its domain's */
    uint64_t tls_base;             /* user mode's FS base after a message call */
    uint32_t as_next, as_previous; /* thread_set_key */
    uint8_t state;                 /* enum thread_state */
    uint8_t priority;              /* it runs at: its own, or that of who waits for it */
    uint8_t own_priority;
    uint8_t flags;       /* THREAD_HAS_*, THREAD_BOOSTED */
    uint16_t cpu;        /* where it runs */
    uint16_t reply_slot; /* named when it waited last */
    uint64_t caller;     /* top of who is owed an answer through reply_slot (ipc.h), 0: nobody */
    uint64_t answerer; /* ANSWER: top of the thread that received its message, 0: that has ended */
    /* Its last call by the short way: the slot in rbx, when that was checked (cap_epoch; 0: there
     * was none), the endpoint and badge it led to. */
    uint64_t call_slot, call_epoch;
    struct endpoint *call_endpoint;
    uint64_t call_badge;
    /* Its last wait that may be repeated by the short way: rbx then, when that was checked
     * (cap_epoch), the endpoint and the slot it led to. NO_WAIT: there was none. */
    uint64_t wait_slots, wait_epoch;
    struct endpoint *wait_endpoint;
    struct slot *wait_reply;

    struct domain *domain;
    struct thread *next, *prev; /* in the queue its state names; ANSWER: among its answerer's */
    bool faulted;               /* the message is a fault's: words in `fault` */
    uint32_t turn_left;         /* of the turn it was in when a more urgent one came, in ns; or 0 */

    /* While SENDING, ANSWER or RECEIVING: */
    struct endpoint *endpoint;
    uint64_t badge; /* of the capability it called through */
    uint64_t call;  /* generation of this call, 0 = none, or none was needed yet */
    uint16_t send_slot, receive_slot;
    struct deadline deadline;
    uint64_t lent;          /* with the call: a run as in r12, 0 = none (kernel/loan.h) */
    struct domain *lent_to; /* who received it */
    uint64_t fault[MESSAGE_WORDS];

    struct thread_queue callers; /* who wait for its answers, but for `caller` */
    struct endpoint *serves;     /* where it received last: that endpoint's server, or NULL */
    uint64_t fs_base, gs_base;
    uint8_t fpu[THREAD_FPU_BYTES] __attribute__((aligned(64)));
};
_Static_assert(sizeof(struct thread) <= FRAME_BYTES, "a thread is one frame");

static inline uint64_t thread_top(const struct thread *thread)
{
    return frame_of(thread) + sizeof(struct registers);
}

/* Current where no thread is: its address space is the kernel's own. */
extern struct thread thread_nobody;

/* The thread with that top; 0: NULL. */
static inline struct thread *thread_at(uint64_t top)
{
    return top != 0 ? frame_ptr(top - sizeof(struct registers)) : NULL;
}

/* The thread that this CPU has loaded, and that which another one has. Never NULL. */
static inline struct thread *arch_current(void)
{
    return frame_ptr(arch_top() - sizeof(struct registers));
}

static inline struct thread *arch_current_of(unsigned cpu)
{
    return frame_ptr(arch_top_of(cpu) - sizeof(struct registers));
}

/* The page tables this CPU uses. */
static inline uint64_t arch_root(void)
{
    return arch_current()->root;
}

/* To be called when priority, CPU or flags have changed. The short way switches from thread p to
 * n when 0 <= n->as_next - p->as_previous < PRIORITIES: both on one CPU, n not less urgent than p,
 * and nothing but registers and address space to be switched. */
void thread_set_key(struct thread *thread);

/* Turns a frame that `domain` owns, typed FRAME_THREAD, into a thread that has not started. */
struct thread *thread_make(uint64_t frame, struct domain *domain);

/* Stops a thread wherever it is, on whichever CPU; one that awaits an answer leaves a dead reply
 * capability. It can be resumed: a message call it waited in then says E_STOPPED. */
void thread_stop(struct thread *thread);

/* Stops it for good: nothing names it any more but capabilities, and its frame. */
void thread_end(struct thread *thread);

#endif
