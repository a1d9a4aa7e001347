/*
 * The two ways the machine stops: a refusal to start, and a broken invariant of the kernel. The CPU
 * that panics first stops all others; what goes wrong in a panic ends it.
 */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include <stdint.h>

struct registers;

/* Stops because this machine or what the loader brought cannot be used: one sentence, without
 * its full stop, formatted as by log_print. */
_Noreturn void refuse_to_start(const char *format, ...);

/* Stops because the kernel itself is wrong; prints the sentence and a backtrace. */
_Noreturn void panic(const char *format, ...);

/* Stops because the kernel itself took a fault; prints its registers, too, and whose memory the
 * address of the fault is. Trusts neither GS nor, more than it must, the kernel's own tables. */
_Noreturn void panic_fault(const struct registers *registers);

/* What an NMI means: does not return where another CPU is in a panic. */
void panic_nmi(void);

/* panic() unless `condition`: for what check-everything-first has made impossible. */
#define ensure(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            panic("%s:%u: not so: %s", __FILE__, (uint32_t)__LINE__, #condition);                  \
        }                                                                                          \
    } while (0)

#endif
