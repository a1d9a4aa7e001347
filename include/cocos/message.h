/*
 * Messages: what the registers hold on either side of the message calls.
 *
 * Sending (call, reply, reply_wait):
 *   rax  call number, plus MESSAGE_HAS_RUN if r12 and r13 count, and MESSAGE_HAS_DEADLINE if r14
 *        does; without them no run comes either way, and the deadline is DEADLINE_NEVER
 *   rbx  slot in bits 0-15: the endpoint (call, wait, reply_wait);
 *        slot in bits 16-31: the reply capability to answer (reply, reply_wait), or where the
 *        next caller's reply capability is to be put (wait; reply_wait reuses the same slot);
 *        slot in bits 32-47: a capability to send along (copied), 0 = none;
 *        slot in bits 48-63: where a capability that comes with the message is to be put, 0 = it
 *        is not taken.
 *   rdi rsi rdx r10 r8 r9   the six words
 *   r12  a run of frames to come along, owned by the sender: MESSAGE_RUN(address, order, rights), 0
 *        = none (wait: not looked at)
 *   r13  the most frames of a run that are taken with what is received, 0 = none comes
 *   r14  deadline: nanoseconds of the system clock (cocos/clock.h). DEADLINE_NOW does not wait: a
 *        call is then made only if somebody waits for it. DEADLINE_NEVER waits for ever.
 *
 * Receiving (call when it returns, wait, reply_wait):
 *   rax  RECEIVED_CALL (0): a call came (for call: the answer came);
 *        RECEIVED_SIGNAL (1): word 0 holds the signal bits, which are now cleared;
 *        negative: an error.
 *   rbx  the badge of the capability the sender used (answers: 0)
 *   rdi rsi rdx r10 r8 r9   the six words
 *   r12  the run that came along, as it was sent, and accessible here at its own address; 0 = none
 *   r13  its size in frames, 0 = none
 *   r15  1 when a capability was put in the slot named for it, else 0
 * Of all other registers only rsp and rbp are kept; r12 to r15 hold what is said above or zero (on
 * an error, anything of the thread's own). The flags are lost, and the bases of FS and GS may be
 * what they were last set to by thread_set_tls, and zero. The FPU's registers are kept.
 *
 * A run that comes with a call is lent until the call is over: until it is answered, the receiver
 * lets go of the reply capability or ends, or the caller does. One that comes with an answer is
 * granted, as by frame_grant: lent, or shared (GRANT_SHARE among its rights), until it is revoked;
 * so the receiver must have agreed to so many with DOMAIN_ACCEPT, too. What the receiver can
 * access already in that way (and not for another call only) comes along as it is.
 *
 * A message whose run the receiver does not take, or that it has no page tables for, arrives
 * without it. The sender is not told: if it matters, the protocol has the receiver say so.
 */
#ifndef COCOS_MESSAGE_H
#define COCOS_MESSAGE_H

#include <stdint.h>

#include <cocos/memory_map.h>

/* A run in one word: where it begins, ORDER_*, and MAP_READ or MAP_READ | MAP_WRITE (in answers
 * perhaps | GRANT_SHARE). */
#define MESSAGE_RUN(address, order, rights)                                                        \
    ((uint64_t)(address) | (uint64_t)(order) | (uint64_t)(rights) << 5)
#define MESSAGE_RUN_ADDRESS(run) ((uint64_t)(run) & ~(FRAME_BYTES - 1))
#define MESSAGE_RUN_ORDER(run) ((uint64_t)(run)&31)
#define MESSAGE_RUN_RIGHTS(run) ((uint64_t)(run) >> 5 & 0x7f)
#define MESSAGE_RUN_FRAMES(run) ((run) == 0 ? 0ull : 1ull << MESSAGE_RUN_ORDER(run))

/* Beside a message call's number in rax. */
#define MESSAGE_HAS_RUN 0x10000u
#define MESSAGE_HAS_DEADLINE 0x20000u

#define MESSAGE_WORDS 6
#define MESSAGE_BYTES 48

#define DEADLINE_NOW 0ull
#define DEADLINE_NEVER 0xffffffffffffffffull

#define RECEIVED_CALL 0
#define RECEIVED_SIGNAL 1

/* What the kernel sends to a domain's fault endpoint on a thread's behalf. */
enum fault_word {
    FAULT_WORD_KIND,    /* FAULT_MESSAGE + the processor's exception vector (Intel SDM 3A, 6.15) */
    FAULT_WORD_ADDRESS, /* page faults: CR2; others: 0 */
    FAULT_WORD_RIP,
    FAULT_WORD_RSP,
    FAULT_WORD_CODE, /* the processor's error code */
    FAULT_WORD_SPARE
};
/* Word 0 of a fault; no protocol uses request numbers this high. */
#define FAULT_MESSAGE 0xfa0170000ull
/* Answers to a fault, in word 0: anything else ends the thread. */
#define FAULT_RESUME 1

#endif
