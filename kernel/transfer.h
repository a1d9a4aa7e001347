/*
 * What a message brings, from registers to registers. Nothing is copied through memory that a
 * user can see.
 */
#ifndef KERNEL_TRANSFER_H
#define KERNEL_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/thread.h"

/* Puts what `sender` sends (with its call, or as an answer) into `receiver`'s registers. */
void transfer(struct thread *sender, struct thread *receiver, uint64_t badge, bool answer);

/* A message call gives the bases of FS and GS back as they were set by a call (cocos/message.h). */
static inline void transfer_reset_bases(struct thread *receiver)
{
    receiver->fs_base = receiver->tls_base;
    receiver->gs_base = 0;
}

static inline void transfer_signals(struct thread *receiver, uint64_t bits)
{
    struct registers *r = &receiver->registers;
    r->rax = RECEIVED_SIGNAL;
    r->rdi = bits;
    r->rsi = r->rdx = r->r10 = r->r8 = r->r9 = 0;
    r->rbx = r->r12 = r->r13 = r->r15 = 0;
    transfer_reset_bases(receiver);
}

/* Slots in rbx. */
#define FIELD_ENDPOINT 0
#define FIELD_REPLY 1
#define FIELD_SEND 2
#define FIELD_RECEIVE 3
static inline uint64_t slot_field(const struct thread *thread, unsigned index)
{
    return thread->registers.rbx >> 16 * index & 0xffff;
}

/*
 * May the current thread's registers be what they are: the slots named for a capability to send
 * and one to receive, and (with a call or an answer) the run that is to go along? Keeps what is
 * needed later. OK; E_SLOT, E_DEAD, E_TYPE, E_RIGHTS, E_OCCUPIED; the errors of loan_check.
 */
int64_t transfer_check(struct thread *thread);
int64_t transfer_check_run(const struct thread *thread, bool answer);
void transfer_keep(struct thread *thread);

#endif
