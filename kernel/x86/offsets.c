/*
 * What the assembler files know of C's structures. This is compiled to assembler, never to code:
 * the Makefile turns every line "-> NAME VALUE" of it into a line of build/gen/offsets.inc.
 */
#include <stddef.h>

#include <cocos/calls.h>
#include <cocos/message.h>

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
    DEFINE_OFFSET(CPU_APIC_ID, cpu, apic_id);
    DEFINE_OFFSET(CPU_READY_KEY, cpu, sched.ready_key);
    DEFINE_OFFSET(CPU_TOP, cpu, tss.rsp[0]);
    DEFINE_OFFSET(CPU_EPOCH, cpu, epoch);
    DEFINE_VALUE(FLAGS_USER, FLAGS_USER);
    DEFINE_VALUE(FLAG_TRAP, FLAG_TRAP);
    DEFINE_VALUE(STACK_GUARD_BYTES, STACK_GUARD_BYTES);
    DEFINE_VALUE(STACK_KERNEL_BYTES, STACK_KERNEL_BYTES);
    DEFINE_VALUE(STACKS_BYTES, STACKS_BYTES);
    DEFINE_VALUE(USER_CODE, SELECTOR_USER_CODE);
    DEFINE_VALUE(USER_DATA, SELECTOR_USER_DATA);
    DEFINE_VALUE(VECTOR_DEBUG, VECTOR_DEBUG);
    DEFINE_VALUE(VECTOR_SYSCALL, VECTOR_SYSCALL);
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
    DEFINE_OFFSET(THREAD_ROOT, thread, root);
    DEFINE_OFFSET(THREAD_SLOTS, thread, slots);
    DEFINE_OFFSET(THREAD_TLS_BASE, thread, tls_base);
    DEFINE_OFFSET(THREAD_AS_NEXT, thread, as_next);
    DEFINE_OFFSET(THREAD_AS_PREVIOUS, thread, as_previous);
    DEFINE_OFFSET(THREAD_STATE, thread, state);
    DEFINE_OFFSET(THREAD_CALLER, thread, caller);
    DEFINE_OFFSET(THREAD_ANSWERER, thread, answerer);
    DEFINE_OFFSET(THREAD_CALL_SLOT, thread, call_slot);
    DEFINE_OFFSET(THREAD_CALL_EPOCH, thread, call_epoch);
    DEFINE_OFFSET(THREAD_CALL_ENDPOINT, thread, call_endpoint);
    DEFINE_OFFSET(THREAD_CALL_BADGE, thread, call_badge);
    DEFINE_OFFSET(THREAD_WAIT_SLOTS, thread, wait_slots);
    DEFINE_OFFSET(THREAD_WAIT_EPOCH, thread, wait_epoch);
    DEFINE_OFFSET(THREAD_WAIT_ENDPOINT, thread, wait_endpoint);
    DEFINE_OFFSET(THREAD_WAIT_REPLY, thread, wait_reply);
    DEFINE_OFFSET(THREAD_DOMAIN, thread, domain);
    DEFINE_OFFSET(THREAD_FAULTED, thread, faulted);
    DEFINE_OFFSET(THREAD_FS_BASE, thread, fs_base);
    DEFINE_OFFSET(THREAD_GS_BASE, thread, gs_base);
    DEFINE_VALUE(KEY_NOT_NEXT, (int)KEY_NOT_NEXT);
    DEFINE_VALUE(THREAD_READY, THREAD_READY);
    DEFINE_VALUE(THREAD_ANSWER, THREAD_ANSWER);
    DEFINE_VALUE(THREAD_RECEIVING, THREAD_RECEIVING);
    DEFINE_VALUE(PRIORITIES, PRIORITIES);
}

static void offsets_objects(void)
{
    DEFINE_OFFSET(DOMAIN_UPCALL, domain, upcall);
    DEFINE_OFFSET(DOMAIN_FAULT_ENDPOINT, domain, fault_endpoint);
    DEFINE_VALUE(VECTOR_PAGE_FAULT, VECTOR_PAGE_FAULT);
    DEFINE_VALUE(FAULT_MESSAGE_LOW, (int)(FAULT_MESSAGE & 0x7fffffff));
    DEFINE_VALUE(FAULT_MESSAGE_HIGH, (int)(FAULT_MESSAGE >> 31));
    DEFINE_VALUE(FAULT_RESUME, FAULT_RESUME);
    DEFINE_OFFSET(SLOT_OBJECT, slot, object);
    DEFINE_OFFSET(SLOT_BADGE, slot, badge);
    DEFINE_OFFSET(SLOT_TYPE, slot, type);
    DEFINE_VALUE(SLOT_SHIFT, __builtin_ctz(sizeof(struct slot)));
    DEFINE_VALUE(SLOTS_PER_DOMAIN, SLOTS_PER_DOMAIN);
    DEFINE_VALUE(RIGHT_SEND, RIGHT_SEND);
    DEFINE_VALUE(RIGHT_SIGNAL, RIGHT_SIGNAL);
    DEFINE_VALUE(CAP_EMPTY, CAP_EMPTY);
    DEFINE_OFFSET(ENDPOINT_FAST, endpoint, fast);
    DEFINE_OFFSET(ENDPOINT_SIGNALS, endpoint, signals);
    DEFINE_OFFSET(ENDPOINT_SENDERS_USED, endpoint, senders.used);
    DEFINE_OFFSET(ENDPOINT_RECEIVERS, endpoint, receivers.first);
    DEFINE_VALUE(ENDPOINT_IDLE, ENDPOINT_IDLE);
    DEFINE_VALUE(ENDPOINT_LOOK, ENDPOINT_LOOK);
}
_Static_assert(offsetof(struct slot, rights) == offsetof(struct slot, type) + 1 &&
                   offsetof(struct slot, checked_low) == offsetof(struct slot, type) + 2,
               "short.inc loads the three at once");

static void offsets_calls(void)
{
    DEFINE_VALUE(COCOS_CALL_BASE, COCOS_CALL_BASE);
    DEFINE_VALUE(PLAIN_CALLS, CALL_INDEX_call);
    DEFINE_VALUE(CALL_INDEX_reply_wait, CALL_INDEX_reply_wait - CALL_INDEX_call);
    DEFINE_VALUE(CALL_INDEX_wait, CALL_INDEX_wait - CALL_INDEX_call);
    DEFINE_VALUE(CALL_INDEX_signal, CALL_INDEX_signal - CALL_INDEX_call);
    DEFINE_VALUE(MESSAGE_NUMBERS, 2 * (MESSAGE_HAS_RUN | MESSAGE_HAS_DEADLINE));
    DEFINE_VALUE(RECEIVED_SIGNAL, RECEIVED_SIGNAL);
}

void offsets(void)
{
    offsets_calls();
    offsets_cpu();
    offsets_registers();
    offsets_thread();
    offsets_objects();
}
