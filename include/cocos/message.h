/*
 * Messages: what the registers hold on either side of the message calls.
 *
 * Sending (call, reply, reply_wait):
 *   rax  call number
 *   rbx  slot in bits 0-15: the endpoint (call, wait, reply_wait);
 *        slot in bits 16-31: the reply capability to answer (reply, reply_wait), or where the
 *        next caller's reply capability is to be put (wait; reply_wait reuses the same slot);
 *        slot in bits 32-47: a capability to send along (copied), 0 = none;
 *        slot in bits 48-63: where a capability that comes with the message is to be put, 0 = it
 *        is not taken.
 *   rdi rsi rdx r10 r8 r9   the six words
 *   r12  first frame of a range to lend along, 0 = none; r13 its size in frames. (The registers
 *        are settled; ranges are refused with E_UNSUPPORTED until frames can be lent.)
 *   r14  deadline: nanoseconds of the system clock, DEADLINE_NOW polls, DEADLINE_NEVER waits for
 *        ever; other deadlines are refused with E_UNSUPPORTED until there is a clock.
 *
 * Receiving (call when it returns, wait, reply_wait):
 *   rax  RECEIVED_CALL (0): a call came (for call: the answer came);
 *        RECEIVED_SIGNAL (1): word 0 holds the signal bits, which are now cleared;
 *        negative: an error, and no register but rax, rcx, r11 has changed.
 *   rbx  the badge of the capability the sender used (answers: 0)
 *   rdi rsi rdx r10 r8 r9   the six words
 *   r12 r13  the range that came along (0 = none); r15  1 when a capability was put in the slot
 *        named for it, else 0.
 * rcx and r11 are lost, as by any SYSCALL. rbp, rsp and r14 are kept.
 */
#ifndef COCOS_MESSAGE_H
#define COCOS_MESSAGE_H

#include <stdint.h>

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
