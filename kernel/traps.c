/*
 * Exceptions and interrupts: see traps.h. A user's exception becomes a message to its fault
 * endpoint (DESIGN section 6); the kernel's own is a panic.
 */
#include "kernel/traps.h"

#include <stddef.h>

#include "kernel/check.h"
#include "kernel/ipc.h"
#include "kernel/irq.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/thread.h"

#define VECTOR_NMI 2
#define EXCEPTIONS 32

static void interrupt(uint64_t vector)
{
    if (vector == VECTOR_SPURIOUS) {
        return;
    }
    if (vector == VECTOR_TIMER) {
        sched_quantum_ended();
        arch_interrupt_end();
        return;
    }
    if (vector == VECTOR_CALL) {
        arch_interrupt_end();
        return;
    }
    uint64_t line = vector - VECTOR_INTERRUPTS;
    if (vector >= VECTOR_INTERRUPTS && line < INTERRUPT_LINES) {
        irq_arrived((uint32_t)line);
        arch_interrupt_end();
    }
}

static void fault(struct thread *thread)
{
    const struct registers *r = &thread->registers;
    thread->fault[FAULT_WORD_KIND] = FAULT_MESSAGE + r->vector;
    thread->fault[FAULT_WORD_ADDRESS] = r->vector == VECTOR_PAGE_FAULT ? arch_fault_address() : 0;
    thread->fault[FAULT_WORD_RIP] = r->rip;
    thread->fault[FAULT_WORD_RSP] = r->rsp;
    thread->fault[FAULT_WORD_CODE] = r->code;
    thread->fault[FAULT_WORD_SPARE] = 0;
    ipc_fault(thread);
}

void kernel_trap(struct registers *r)
{
    if (r->vector < EXCEPTIONS) {
        fault(sched_current());
    } else {
        interrupt(r->vector);
    }
    check_after_call();
    sched_run();
}

void kernel_own_trap(struct registers *r)
{
    if (r->vector == VECTOR_NMI) {
        panic_nmi();
        return;
    }
    if (r->vector < EXCEPTIONS) {
        panic_fault(r);
    }
    interrupt(r->vector);
}
