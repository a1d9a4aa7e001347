/*
 * The one table of system calls. Numbers, the kernel's dispatch, names for traces and the
 * user stubs are all made from it.
 *
 * Registers (SYSCALL instruction): rax = number (messages: and flags); arguments 1-6 in rdi, rsi,
 * rdx, r10, r8, r9. Back: rax = result, negative = error (cocos/errors.h); rcx and r11 are lost.
 * What else is kept depends on the call's class:
 *
 * - FULL: every other register, but for the message calls, which are described in cocos/message.h,
 *   and signal, which may lose its arguments and rdx. They may make another thread run.
 * - PLAIN: rbx, rbp, rsp, r12-r15. The argument registers rdi, rsi, rdx, r10, r8, r9 come back as
 *   zero, used or not. These calls never make another thread ready or run; they have a short way
 *   through the kernel.
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

/* clang-format off */
/* The PLAIN calls come first, then call and reply_wait: so the kernel's entry tells them apart with
 * the fewest comparisons (kernel/x86/entry.asm). */
#define COCOS_PLAIN_CALLS(X) \
    X(frame_claim,      4, "take a run of free frames") \
    X(frame_release,    2, "give a run back to the machine") \
    X(frame_access,     3, "change one's own access to owned frames") \
    X(frame_give,       4, "make another domain the owner") \
    X(frame_grant,      4, "lend or share owned frames") \
    X(frame_revoke,     3, "end a grant") \
    X(frame_reclaim,    2, "take frames from a domain by force, a piece at a time") \
    X(frame_claim_device,5,"take device memory by its name") \
    X(page_map,         4, "map frames in the upper half") \
    X(page_unmap,       3, "undo a mapping of the upper half") \
    X(page_fund,        2, "give a domain a frame for its page tables") \
    X(domain_create,    4, "make a protection domain out of three frames") \
    X(domain_adopt,     3, "take a capability for a domain by the name of its frame") \
    X(domain_set,       3, "set one property of a domain") \
    X(thread_create,    3, "make a thread out of a frame") \
    X(thread_set_tls,   1, "set the calling thread's FS base") \
    X(endpoint_create,  2, "make an endpoint out of a frame") \
    X(slot_copy,        5, "copy a capability, with fewer rights or a badge") \
    X(slot_move,        3, "move a capability to another slot") \
    X(slot_query,       2, "say what a slot holds") \
    X(interrupt_bind,   4, "deliver an interrupt line as a signal") \
    X(machine_query,    2, "read a number about the machine")

#define COCOS_FULL_CALLS(X) \
    X(call,             0, "send six words and wait for the answer") \
    X(reply_wait,       0, "answer a caller, then wait for the next message") \
    X(wait,             0, "wait for a message or signal") \
    X(reply,            0, "answer a caller") \
    X(signal,           2, "set bits in an endpoint") \
    X(yield,            0, "let another thread of the same priority run") \
    X(domain_destroy,   1, "end a domain, one bounded step at a time") \
    X(thread_start,     4, "let a thread run from an address") \
    X(thread_stop,      1, "stop a thread wherever it is") \
    X(thread_resume,    1, "let a stopped thread go on") \
    X(thread_set,       3, "set a thread's priority, its CPU, or one of its registers") \
    X(thread_read,      2, "read six of a thread's registers") \
    X(object_destroy,   1, "end an endpoint or a thread; its frame is the owner's again") \
    X(slot_drop,        1, "empty a slot") \
    X(interrupt_ack,    2, "unmask a line after its interrupt was served") \
    X(ports_enable,     1, "let the calling domain use a range of I/O ports") \
    X(machine_log,      0, "print on the kernel's console before a console server runs") \
    X(frame_query,      2, "read what the frame table says of an address") \
    X(page_query,       4, "read a page-table entry of a domain") \
    X(interrupt_message,2, "say what a device writes, and where, to interrupt by a message line") \
    X(slot_inspect,     3, "say what a slot of any domain holds") \
    X(line_query,       2, "say who an interrupt line is bound to, and how often it came") \
    X(cpu_query,        2, "say which thread a CPU runs")
/* clang-format on */

#define COCOS_CALLS(X) COCOS_PLAIN_CALLS(X) COCOS_FULL_CALLS(X)

#define COCOS_CALL_INDEX(name, arguments, text) CALL_INDEX_##name,
enum { COCOS_CALLS(COCOS_CALL_INDEX) COCOS_CALL_COUNT };
#undef COCOS_CALL_INDEX

#define COCOS_CALL_NUMBER(name, arguments, text) CALL_##name = COCOS_CALL_BASE + CALL_INDEX_##name,
enum cocos_call { COCOS_CALLS(COCOS_CALL_NUMBER) };
#undef COCOS_CALL_NUMBER

#endif
