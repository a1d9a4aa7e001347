/*
 * One lock for the whole kernel (Peters and others, "For a Microkernel, a Big Lock Is Fine", 2015),
 * taken late and held briefly; and stopping other CPUs. entry.asm takes and frees it, too.
 */
#include <stddef.h>

#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/traps.h"
#include "kernel/x86/cpu.h"

/* So often is looked whether a CPU has stopped: many seconds. What keeps interrupts off is bounded.
 */
#define LOOKS_MOST (1ull << 34)

#define SYSCALL_BYTES 2 /* of the instruction */

/* The boot CPU has it until it enters user mode. */
volatile uint32_t kernel_lock = 1;

static void pause(void)
{
    __asm__ volatile("pause");
}

/* The thread leaves to make its call (again). */
static void undo(struct registers *call)
{
    call->rip -= SYSCALL_BYTES;
    call->vector = VECTOR_ALL_REGISTERS;
}

static void redo(struct registers *call)
{
    call->rip += SYSCALL_BYTES;
    call->vector = VECTOR_SYSCALL;
}

/* Another CPU, which has the lock, wants this one to have no address space loaded. From the second
 * time on that is so already, and what the thread's frame says may be newer. */
static void stop_as_asked(struct cpu *cpu, bool stopped, struct registers *call)
{
    if (!stopped) {
        if (call != NULL) {
            undo(call);
        }
        arch_park();
    }
    __atomic_store_n(&cpu->request, 0, __ATOMIC_RELEASE);
}

/* Was the CPU stopped meanwhile? */
static bool wait_for_lock(struct registers *call)
{
    struct cpu *cpu = arch_cpu();
    bool stopped = false;
    while (__atomic_exchange_n(&kernel_lock, 1, __ATOMIC_ACQUIRE) != 0) {
        while (kernel_lock != 0) {
            if (cpu->request != 0) {
                stop_as_asked(cpu, stopped, call);
                stopped = true;
            }
            pause();
        }
    }
    if (stopped) {
        arch_unpark();
    }
    return stopped;
}

void arch_wait_for_lock(void)
{
    wait_for_lock(NULL);
}

void arch_lock(void)
{
    if (arch_cpu_count > 1) {
        arch_wait_for_lock();
    }
}

bool arch_lock_for_call(struct registers *call)
{
    if (arch_cpu_count == 1 || !wait_for_lock(call)) {
        return true;
    }
    /* From here on the frame that `call` is in may be anything, if it is not the thread's. */
    if (sched_current() == NULL) {
        return false;
    }
    redo(call);
    return true;
}

static void unlock(void)
{
    kernel_lock = 0; /* stores are seen in order (SDM 3A, 8.2.2) */
}

void arch_cpu_stop(unsigned number)
{
    struct cpu *cpu = cpus[number];
    cpu->request = 1;
    arch_cpu_interrupt(number);
    for (uint64_t i = 0; __atomic_load_n(&cpu->request, __ATOMIC_ACQUIRE) != 0; i++) {
        ensure(i < LOOKS_MOST);
        pause();
    }
}

void arch_wait_for_interrupt(void)
{
    unlock();
    idle_until_interrupt();
    arch_lock();
}

void arch_allow_interrupts(void)
{
    unlock();
    idle_serve_interrupts();
    arch_lock();
}

/* An interrupt while there was nothing to run. */
void kernel_idle_interrupt(uint64_t vector)
{
    arch_lock();
    kernel_interrupt(vector);
    unlock();
}
