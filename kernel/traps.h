/*
 * What kernel/x86/entry.asm calls. All run with interrupts off on the CPU's kernel stack; when
 * one of the first two returns, the current thread leaves to user mode.
 */
#ifndef KERNEL_TRAPS_H
#define KERNEL_TRAPS_H

struct registers;

/* SYSCALL by the current thread, whose registers these are. */
void kernel_syscall(struct registers *registers);

/* An exception or interrupt in user mode. */
void kernel_trap(struct registers *registers);

/* In kernel mode: interrupts while idle; everything else is the kernel's own fault. */
void kernel_own_trap(struct registers *registers);

#endif
