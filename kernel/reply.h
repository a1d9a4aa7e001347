/*
 * Who is owed an answer. A thread in state ANSWER is named by one reply capability, in a slot of
 * the domain whose thread received its message, its answerer.
 *
 * On the short way (entry.asm) that capability is not written: the answerer's `caller` names who
 * is owed it, and its reply slot still says CAP_AWAITED, as while it waited. Whatever looks at such
 * a slot calls reply_write first.
 *
 * Invariant: each thread in state ANSWER is its answerer's `caller`, or among its `callers`, or its
 * `answerer` is 0; what a `caller` names is in state ANSWER.
 */
#ifndef KERNEL_REPLY_H
#define KERNEL_REPLY_H

#include "kernel/thread.h"

/* Puts a reply capability for `caller`, which is in no queue, into its answerer's reply slot. */
void reply_owe(struct thread *answerer, struct thread *caller);

/* What the short way left unwritten: a slot that stands for a caller becomes a reply capability. */
void reply_write_slot(struct slot *slot);
static inline void reply_write(struct slot *slot)
{
    if (slot->type == CAP_AWAITED) {
        reply_write_slot(slot);
    }
}

/* The thread that waits for the answer a reply capability stands for, or NULL. */
struct thread *reply_caller(const struct slot *slot);

/* A thread in state ANSWER is owed nothing any more: its reply capability is dead. */
void reply_end(struct thread *caller);

/* A thread will answer nobody any more; its domain's other threads still can. */
void reply_answerer_ends(struct thread *answerer);

/* If the slot holds a live reply capability, its caller goes on with `error`. */
void reply_drop(struct slot *slot, int64_t error);

#endif
