/*
 * What the assembler files know of C's structures. This is compiled to assembler, never to code:
 * the Makefile turns every line "-> NAME VALUE" of it into a line of build/gen/offsets.inc.
 */
#include <stddef.h>

#include "kernel/cap.h"
#include "kernel/domain.h"
#include "kernel/endpoint.h"
#include "kernel/thread.h"
#include "kernel/x86/cpu.h"

#define DEFINE_VALUE(name, value) __asm__ volatile("\n-> " #name " %c0" : : "i"(value))
#define DEFINE_OFFSET(name, type, field)                                                           \
    __asm__ volatile("\n-> " #name " %c0" : : "i"(offsetof(struct type, field)))

void offsets(void);

static void offsets_cpu(void)
{
    DEFINE_OFFSET(CPU_SELF, cpu, self);
    DEFINE_OFFSET(CPU_KERNEL_STACK, cpu, kernel_stack);
    DEFINE_OFFSET(CPU_SCRATCH, cpu, scratch);
    DEFINE_OFFSET(CPU_NUMBER, cpu, number);
    DEFINE_OFFSET(CPU_REQUEST, cpu, request);
    DEFINE_OFFSET(CPU_ROOT, cpu, root);
    DEFINE_OFFSET(CPU_APIC_ID, cpu, apic_id);
    DEFINE_OFFSET(CPU_REGISTERS_END, cpu, tss.rsp[0]);
    DEFINE_VALUE(STACK_GUARD_BYTES, STACK_GUARD_BYTES);
    DEFINE_VALUE(STACK_KERNEL_BYTES, STACK_KERNEL_BYTES);
    DEFINE_VALUE(STACKS_BYTES, STACKS_BYTES);
    DEFINE_VALUE(USER_CODE, SELECTOR_USER_CODE);
    DEFINE_VALUE(USER_DATA, SELECTOR_USER_DATA);
    DEFINE_VALUE(VECTOR_SYSCALL, VECTOR_SYSCALL);
    DEFINE_VALUE(VECTOR_BOUNCED, VECTOR_BOUNCED);
}

static void offsets_registers(void)
{
    DEFINE_OFFSET(REG_R15, registers, r15);
    DEFINE_OFFSET(REG_R14, registers, r14);
    DEFINE_OFFSET(REG_R13, registers, r13);
    DEFINE_OFFSET(REG_R12, registers, r12);
    DEFINE_OFFSET(REG_R11, registers, r11);
    DEFINE_OFFSET(REG_R10, registers, r10);
    DEFINE_OFFSET(REG_R9, registers, r9);
    DEFINE_OFFSET(REG_R8, registers, r8);
    DEFINE_OFFSET(REG_RBP, registers, rbp);
    DEFINE_OFFSET(REG_RDI, registers, rdi);
    DEFINE_OFFSET(REG_RSI, registers, rsi);
    DEFINE_OFFSET(REG_RDX, registers, rdx);
    DEFINE_OFFSET(REG_RCX, registers, rcx);
    DEFINE_OFFSET(REG_RBX, registers, rbx);
    DEFINE_OFFSET(REG_RAX, registers, rax);
    DEFINE_OFFSET(REG_VECTOR, registers, vector);
    DEFINE_OFFSET(REG_CODE, registers, code);
    DEFINE_OFFSET(REG_RIP, registers, rip);
    DEFINE_OFFSET(REG_CS, registers, cs);
    DEFINE_OFFSET(REG_FLAGS, registers, rflags);
    DEFINE_OFFSET(REG_RSP, registers, rsp);
    DEFINE_OFFSET(REG_SS, registers, ss);
    DEFINE_VALUE(REG_BYTES, sizeof(struct registers));
}

static void offsets_thread(void)
{
    DEFINE_OFFSET(THREAD_REGISTERS, thread, registers);
    DEFINE_OFFSET(THREAD_DOMAIN, thread, domain);
    DEFINE_OFFSET(THREAD_NEXT, thread, next);
    DEFINE_OFFSET(THREAD_PREV, thread, prev);
    DEFINE_OFFSET(THREAD_STATE, thread, state);
    DEFINE_OFFSET(THREAD_PRIORITY, thread, priority);
    DEFINE_OFFSET(THREAD_ENDPOINT, thread, endpoint);
    DEFINE_OFFSET(THREAD_BADGE, thread, badge);
    DEFINE_OFFSET(THREAD_CALL, thread, call);
    DEFINE_OFFSET(THREAD_REPLY_SLOT, thread, reply_slot);
    DEFINE_OFFSET(THREAD_SEND_SLOT, thread, send_slot);
    DEFINE_OFFSET(THREAD_RECEIVE_SLOT, thread, receive_slot);
    DEFINE_OFFSET(THREAD_LENT, thread, lent);
    DEFINE_OFFSET(THREAD_FS_BASE, thread, fs_base);
    DEFINE_OFFSET(THREAD_GS_BASE, thread, gs_base);
    DEFINE_OFFSET(THREAD_FPU, thread, fpu);
}

static void offsets_objects(void)
{
    DEFINE_OFFSET(DOMAIN_ROOT, domain, root);
    DEFINE_OFFSET(DOMAIN_SLOTS, domain, slots);
    DEFINE_OFFSET(DOMAIN_NUMBER, domain, number);
    DEFINE_OFFSET(DOMAIN_UPCALL, domain, upcall);
    DEFINE_OFFSET(DOMAIN_PORT_COUNT, domain, port_count);
    DEFINE_OFFSET(DOMAIN_DYING, domain, dying);
    DEFINE_OFFSET(SLOT_OBJECT, slot, object);
    DEFINE_OFFSET(SLOT_GENERATION, slot, generation);
    DEFINE_OFFSET(SLOT_BADGE, slot, badge);
    DEFINE_OFFSET(SLOT_TYPE, slot, type);
    DEFINE_OFFSET(SLOT_RIGHTS, slot, rights);
    DEFINE_VALUE(SLOT_BYTES, sizeof(struct slot));
    DEFINE_OFFSET(ENDPOINT_SENDERS, endpoint, senders);
    DEFINE_OFFSET(ENDPOINT_RECEIVERS, endpoint, receivers);
    DEFINE_OFFSET(ENDPOINT_SIGNALS, endpoint, signals);
    DEFINE_OFFSET(ENDPOINT_CLOSING, endpoint, closing);
}

void offsets(void)
{
    offsets_cpu();
    offsets_registers();
    offsets_thread();
    offsets_objects();
}
