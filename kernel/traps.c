/*
 * Exceptions and interrupts: see traps.h.
 */
#include "kernel/traps.h"

#include <stddef.h>

#include "kernel/check.h"
#include "kernel/fault.h"
#include "kernel/irq.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/thread.h"

#define VECTOR_NMI 2
#define EXCEPTIONS 32

uint64_t nmi_count;

void kernel_interrupt(uint64_t vector)
{
    if (vector == VECTOR_SPURIOUS) {
        return;
    }
    if (vector == VECTOR_TIMER) {
        sched_timer();
    } else if (vector == VECTOR_CALL) {
        sched_called();
    } else if (vector >= VECTOR_INTERRUPTS && vector < VECTOR_INTERRUPTS + INTERRUPT_LINES) {
        irq_arrived((uint32_t)(vector - VECTOR_INTERRUPTS));
    }
    arch_interrupt_end();
}

void kernel_trap(struct registers *r)
{
    uint64_t vector = r->vector; /* another CPU may end the thread before this one has the lock */
    arch_lock();
    if (vector >= EXCEPTIONS) {
        kernel_interrupt(vector);
    } else if (sched_current() != NULL) {
        fault(sched_current());
    } /* else another CPU has stopped the thread: when it goes on, it faults again */
    check_after_call();
    sched_run();
}

void kernel_own_trap(struct registers *r)
{
    if (r->vector == VECTOR_NMI) {
        __atomic_fetch_add(&nmi_count, 1, __ATOMIC_RELAXED);
        panic_nmi();
        return;
    }
    if (r->vector < EXCEPTIONS) {
        panic_fault(r);
    }
    kernel_idle_interrupt(r->vector);
}
