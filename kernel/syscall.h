/*
 * From a system call to its handler and back.
 *
 * A handler is int64_t sys_NAME(...), one per entry of cocos/calls.h, and stands with its object.
 * It gets the user's arguments as C arguments, in the order of the user stub, each with all its 64
 * bits; the caller is caller_thread(), caller_domain(). It looks up, then checks everything, then
 * commits; committing cannot fail. It returns the caller's rax.
 *
 * Calls of class FULL run with all of the caller's registers in its thread's frame. Those of
 * them that the table gives no arguments (messages, and what is sent like one) read and write
 * that register file. When the handler is done, the scheduler chooses who runs.
 *
 * Calls of class PLAIN return straight to the caller. Their handlers must not look at its saved
 * registers, which are those of an earlier trap or call, nor do anything that only sched_run
 * brings into force: they make no thread ready, stop none, and change no ports.
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include <stdint.h>

#include <cocos/calls.h>
#include <cocos/errors.h>

#include "kernel/sched.h"
#include "kernel/thread.h"

/* Returned by a FULL handler that has set the caller's registers itself, or made it wait. */
#define CALL_NO_RESULT INT64_MIN

/* A handler's parameters, by their number. */
#define CALL_PARAMETERS_0 void
#define CALL_PARAMETERS_1 uint64_t a
#define CALL_PARAMETERS_2 CALL_PARAMETERS_1, uint64_t b
#define CALL_PARAMETERS_3 CALL_PARAMETERS_2, uint64_t c
#define CALL_PARAMETERS_4 CALL_PARAMETERS_3, uint64_t d
#define CALL_PARAMETERS_5 CALL_PARAMETERS_4, uint64_t e
#define CALL_PARAMETERS_6 CALL_PARAMETERS_5, uint64_t f

#define CALL_HANDLER(name, arguments, text) int64_t sys_##name(CALL_PARAMETERS_##arguments);
COCOS_CALLS(CALL_HANDLER)
#undef CALL_HANDLER

/* Who makes the call that is being handled: running, and its domain is not being ended. */
static inline struct thread *caller_thread(void)
{
    return arch_current();
}

static inline struct domain *caller_domain(void)
{
    return arch_current()->domain;
}

#endif
