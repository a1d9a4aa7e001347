/*
 * The one table of system calls. Numbers, the kernel's dispatch, names for traces and the
 * user stubs are all made from it.
 *
 * Registers (SYSCALL instruction): rax = number; arguments 1-6 in rdi, rsi, rdx, r10, r8, r9.
 * Back: rax = result, negative = error (cocos/errors.h); rcx and r11 are lost; every other
 * register is kept, but for the message calls, which are described in cocos/message.h.
 *
 * A number outside the table, made in a domain that registered an upcall, is bounced
 * (doc/programs.md); in any other domain it is answered with E_CALL. The numbers start where
 * Linux has none, so that the two never meet.
 *
 * X(name, arguments, what it does). The contract of each call, with every error, stands with
 * its user stub in cocos/sys.h.
 */
#ifndef COCOS_CALLS_H
#define COCOS_CALLS_H

#define COCOS_CALL_BASE 4096

/* The message calls come first: their numbers are what the fast path compares with. */
/* clang-format off */
#define COCOS_CALLS(X) \
    X(call,             0, "send six words and wait for the answer") \
    X(reply_wait,       0, "answer a caller, then wait for the next message") \
    X(wait,             0, "wait for a message or signal") \
    X(reply,            0, "answer a caller") \
    X(signal,           2, "set bits in an endpoint") \
    X(yield,            0, "let another thread of the same priority run") \
    X(frame_claim,      4, "take a free frame or block") \
    X(frame_release,    2, "give a frame or block back to the machine") \
    X(frame_give,       4, "hand a frame to another domain") \
    X(frame_claim_device,5,"take device memory by its name") \
    X(page_map,         4, "map an owned frame in the upper half") \
    X(page_unmap,       3, "undo a mapping of the upper half") \
    X(page_fund,        2, "give a domain a frame for its page tables") \
    X(domain_create,    4, "make a protection domain out of three frames") \
    X(domain_set,       3, "set one property of a domain") \
    X(domain_destroy,   1, "end a domain, one bounded step at a time") \
    X(thread_create,    3, "make a thread out of a frame") \
    X(thread_start,     4, "let a thread run from an address") \
    X(thread_set_tls,   1, "set the calling thread's FS base") \
    X(endpoint_create,  2, "make an endpoint out of a frame") \
    X(object_destroy,   1, "end an endpoint or a thread; its frame is the owner's again") \
    X(slot_copy,        5, "copy a capability, with fewer rights or a badge") \
    X(slot_drop,        1, "empty a slot") \
    X(slot_query,       2, "say what a slot holds") \
    X(interrupt_bind,   4, "deliver an interrupt line as a signal") \
    X(interrupt_ack,    2, "unmask a line after its interrupt was served") \
    X(ports_enable,     1, "let the calling domain use a range of I/O ports") \
    X(machine_query,    2, "read a number about the machine") \
    X(machine_log,      0, "print on the kernel's console before a console server runs")
/* clang-format on */

#define COCOS_CALL_INDEX(name, arguments, text) CALL_INDEX_##name,
enum { COCOS_CALLS(COCOS_CALL_INDEX) COCOS_CALL_COUNT };
#undef COCOS_CALL_INDEX

#define COCOS_CALL_NUMBER(name, arguments, text) CALL_##name = COCOS_CALL_BASE + CALL_INDEX_##name,
enum cocos_call { COCOS_CALLS(COCOS_CALL_NUMBER) };
#undef COCOS_CALL_NUMBER

#endif
