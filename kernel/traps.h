/*
 * Exceptions and interrupts, and what else kernel/x86/entry.asm calls. All run with interrupts off
 * on the CPU's kernel stack; when kernel_syscall or kernel_trap returns, the current thread leaves
 * to user mode, and the kernel's lock is free.
 */
#ifndef KERNEL_TRAPS_H
#define KERNEL_TRAPS_H

#include <stdint.h>

struct registers;

/*
 * SYSCALL with a number of class PLAIN, the first of which is COCOS_CALL_BASE: the handler
 * gets the caller's argument registers as its arguments, as many as it has; what it returns is the
 * caller's rax. The caller's registers are not saved.
 */
typedef void (*plain_call)(void);
extern const plain_call plain_calls[];

/* NMIs since the start, those that stop a CPU in a panic included. */
extern uint64_t nmi_count;

/* SYSCALL with any other number by the current thread, whose registers these are. */
void kernel_syscall(struct registers *registers);

/* An exception or interrupt in user mode. */
void kernel_trap(struct registers *registers);

/* An interrupt, with the kernel's lock taken; and one while there was nothing to run. */
void kernel_interrupt(uint64_t vector);
void kernel_idle_interrupt(uint64_t vector);

/* In kernel mode: interrupts while idle; everything else is the kernel's own fault. */
void kernel_own_trap(struct registers *registers);

#endif
