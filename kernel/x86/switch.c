/*
 * What is switched from thread to thread: the stack for traps, FPU state, TLS, ports.
 */
#include <stddef.h>

#include "kernel/string.h"
#include "kernel/thread.h"
#include "kernel/x86/cpu.h"

#define FLAGS_USER 0x202u /* IF and the bit that is always one */

_Static_assert(offsetof(struct thread, registers) % 16 == 0, "the processor aligns its pushes");
_Static_assert(offsetof(struct thread, fpu) % 64 == 0, "XSAVE wants 64 bytes");

void arch_thread_init(struct registers *registers, uint64_t rip, uint64_t rsp, uint64_t argument)
{
    *registers = (struct registers){
        .rip = rip,
        .rsp = rsp,
        .rdi = argument,
        .cs = SELECTOR_USER_CODE,
        .ss = SELECTOR_USER_DATA,
        .rflags = FLAGS_USER,
    };
}

void arch_fpu_init(struct thread *thread)
{
    /* The state FNINIT and a reset leave (SDM 3A, table 9-1), in FXSAVE form; XRSTOR takes the
     * parts that XSTATE_BV (all zero) does not name from their initial configuration. */
    memset(thread->fpu, 0, sizeof thread->fpu);
    thread->fpu[0] = 0x7f;
    thread->fpu[1] = 0x03;
    thread->fpu[24] = 0x80;
    thread->fpu[25] = 0x1f;
}

static void save_state(struct thread *thread)
{
    if (cpu_has_xsave) {
        __asm__ volatile("xsave64 (%0)"
                         :
                         : "r"(thread->fpu), "a"(cpu_xstate_mask), "d"(0)
                         : "memory");
    } else {
        __asm__ volatile("fxsave64 (%0)" : : "r"(thread->fpu) : "memory");
    }
    if (cpu_has_fsgsbase) {
        __asm__ volatile("rdfsbase %0" : "=r"(thread->fs_base));
        thread->gs_base = read_msr(MSR_KERNEL_GS_BASE);
    }
}

static void load_state(const struct thread *thread)
{
    if (cpu_has_xsave) {
        __asm__ volatile("xrstor64 (%0)"
                         :
                         : "r"(thread->fpu), "a"(cpu_xstate_mask), "d"(0)
                         : "memory");
    } else {
        __asm__ volatile("fxrstor64 (%0)" : : "r"(thread->fpu) : "memory");
    }
    if (cpu_has_fsgsbase) {
        __asm__ volatile("wrfsbase %0" : : "r"(thread->fs_base));
    } else {
        write_msr(MSR_FS_BASE, thread->fs_base);
    }
    write_msr(MSR_KERNEL_GS_BASE, thread->gs_base);
}

void arch_thread_switch(struct thread *previous, struct thread *next)
{
    if (previous != NULL) {
        save_state(previous);
    }
    load_state(next);
    uint64_t end = (uint64_t)(&next->registers + 1);
    arch_cpu()->tss.rsp[0] = end;
}

void arch_set_tls(struct thread *thread, uint64_t base)
{
    thread->fs_base = base;
    write_msr(MSR_FS_BASE, base);
}

void arch_ports_set(const struct port_range *ranges, unsigned count)
{
    struct cpu *cpu = arch_cpu();
    uint8_t *map = cpu->tss.ports;
    for (unsigned i = 0; i < cpu->port_count; i++) {
        for (unsigned port = cpu->ports[i].first; port <= cpu->ports[i].last; port++) {
            map[port / 8] |= (uint8_t)(1u << port % 8);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        cpu->ports[i] = ranges[i];
        for (unsigned port = ranges[i].first; port <= ranges[i].last; port++) {
            map[port / 8] &= (uint8_t) ~(1u << port % 8);
        }
    }
    cpu->port_count = count;
}
