/*
 * A call with all registers chosen, and all of them seen after it.
 */
#ifndef TESTS_SYSTEM_ALL_REGISTERS_H
#define TESTS_SYSTEM_ALL_REGISTERS_H

#include <stdint.h>

enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, R8, R9, R10, R11, R12, R13, R14, R15, FLAGS, REGISTERS };

#define FLAG_CARRY 1u
#define FLAG_DIRECTION 0x400u
#define FLAGS_ON 0x202u /* interrupts, and the bit that is always one */

/* Makes a call with these registers and flags, and gives back those after it. */
void call_with(uint64_t registers[REGISTERS]);
__asm__("call_with:\n\t"
        "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n\t"
        "push %rdi\n\t"
        "push 15*8(%rdi); popfq\n\t"
        "mov 0*8(%rdi), %rax; mov 1*8(%rdi), %rbx; mov 3*8(%rdi), %rdx; mov 4*8(%rdi), %rsi\n\t"
        "mov 6*8(%rdi), %rbp; mov 7*8(%rdi), %r8; mov 8*8(%rdi), %r9; mov 9*8(%rdi), %r10\n\t"
        "mov 11*8(%rdi), %r12; mov 12*8(%rdi), %r13; mov 13*8(%rdi), %r14\n\t"
        "mov 14*8(%rdi), %r15; mov 5*8(%rdi), %rdi\n\t"
        "syscall\n"
        "behind_call:\n\t"
        "pushfq; cld\n\t"
        "xchg %rdi, 8(%rsp)\n\t"
        "mov %rax, 0*8(%rdi); mov %rbx, 1*8(%rdi); mov %rcx, 2*8(%rdi); mov %rdx, 3*8(%rdi)\n\t"
        "mov %rsi, 4*8(%rdi); mov %rbp, 6*8(%rdi); mov %r8, 7*8(%rdi); mov %r9, 8*8(%rdi)\n\t"
        "mov %r10, 9*8(%rdi); mov %r11, 10*8(%rdi); mov %r12, 11*8(%rdi)\n\t"
        "mov %r13, 12*8(%rdi); mov %r14, 13*8(%rdi); mov %r15, 14*8(%rdi)\n\t"
        "pop 15*8(%rdi); pop 5*8(%rdi)\n\t"
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n\t"
        "ret");
extern const char behind_call[];

#endif
