/*
 * From the register file of a system call to its handler and back.
 *
 * A handler looks up, then checks everything, then commits; committing cannot fail. It returns
 * the caller's rax. Handlers stand with their object, one sys_NAME per entry of cocos/calls.h.
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include <stdint.h>

#include <cocos/calls.h>
#include <cocos/errors.h>

struct domain;
struct thread;

struct call {
    struct thread *thread; /* the caller */
    struct domain *domain; /* its domain */
    uint64_t arg[6];       /* rdi rsi rdx r10 r8 r9 */
};

/* Returned by a handler that has set the caller's registers itself, or that made it wait. */
#define CALL_NO_RESULT INT64_MIN

#define COCOS_CALL_HANDLER(name, arguments, text) int64_t sys_##name(const struct call *call);
COCOS_CALLS(COCOS_CALL_HANDLER)
#undef COCOS_CALL_HANDLER

#endif
