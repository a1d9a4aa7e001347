/*
 * What kernel/x86/entry.asm calls. All run with interrupts off on the CPU's kernel stack; when
 * kernel_syscall or kernel_trap returns, the current thread leaves to user mode.
 */
#ifndef KERNEL_TRAPS_H
#define KERNEL_TRAPS_H

#include <stdint.h>

struct registers;

/*
 * SYSCALL with one of the numbers plain_call_first, +1, ..., plain_call_count of them: the handler
 * gets the caller's argument registers as its arguments, as many as it has; what it returns is the
 * caller's rax. The caller's registers are not saved.
 */
typedef void (*plain_call)(void);
extern const plain_call plain_calls[];
extern const uint64_t plain_call_first, plain_call_count;

/* SYSCALL with any other number by the current thread, whose registers these are. */
void kernel_syscall(struct registers *registers);

/* An exception or interrupt in user mode. */
void kernel_trap(struct registers *registers);

/* In kernel mode: interrupts while idle; everything else is the kernel's own fault. */
void kernel_own_trap(struct registers *registers);

#endif
