/*
 * Runs of frames in messages (cocos/message.h). What comes with a call is lent until the call is
 * over: leaves of kind PTE_AVL_CARRIED in the receiver's lower half, which the loan's end takes
 * away again. What comes with an answer is a grant like those of sys_frame_grant.
 *
 * Invariant: a thread whose `lent` is not 0 awaits an answer, and the reply capability for it is
 * in a slot of the domain `lent_to`, whose page tables are whole. (Reply capabilities stay in the
 * domain they were put in; a domain that is being ended loses its slots first.)
 */
#ifndef KERNEL_LOAN_H
#define KERNEL_LOAN_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/thread.h"

struct domain;

/*
 * May `owner` send the run that r12 says, with an answer or a call? Clears what was not cleared
 * yet. OK, E_ARGUMENT, E_ALIGNMENT, E_NO_FRAME, E_ORDER, E_NOT_OWNER, E_BUSY, E_WRITE_EXECUTE;
 * E_AGAIN: call again.
 */
int64_t loan_check(const struct domain *owner, uint64_t run, bool answer);

/*
 * The run in `sender`'s r12, checked when it was sent, reaches `receiver`, or does not; r12 and
 * r13 of the receiver say which. Nothing has changed for a run that does not arrive.
 */
void loan_transfer(struct thread *sender, struct thread *receiver, bool answer);

/* What the thread lent is taken from the receiver's reach: as much of it as is there still. */
void loan_take_back(struct thread *thread);

/* The thread awaits an answer no more. */
static inline void loan_end(struct thread *thread)
{
    if (thread->lent != 0) {
        loan_take_back(thread);
    }
}

/* Does the invariant hold for the thread? (kernel/check.c) */
bool loan_is_whole(const struct thread *thread);

#endif
