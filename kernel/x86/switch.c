/*
 * What is switched from thread to thread: address space, stack for traps, FPU state, TLS, ports.
 *
 * The FPU is switched eagerly between the threads that use it; for all others it is off (CR0.TS)
 * and as new, and the trap that its first use takes makes a thread one that uses it.
 */
#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "kernel/x86/cpu.h"

#define FLAGS_USER_MAY_SET 0x250dd5u /* ID AC RF OF DF TF SF ZF AF PF CF */

_Static_assert(offsetof(struct thread, registers) % 16 == 0, "the processor aligns its pushes");
_Static_assert(offsetof(struct thread, fpu) % 64 == 0, "XSAVE wants 64 bytes");

/* ---- Registers ---- */

static const uint8_t register_offset[] = {
    [THREAD_RIP] = offsetof(struct registers, rip),
    [THREAD_RSP] = offsetof(struct registers, rsp),
    [THREAD_RFLAGS] = offsetof(struct registers, rflags),
    [THREAD_RAX] = offsetof(struct registers, rax),
    [THREAD_RBX] = offsetof(struct registers, rbx),
    [THREAD_RCX] = offsetof(struct registers, rcx),
    [THREAD_RDX] = offsetof(struct registers, rdx),
    [THREAD_RSI] = offsetof(struct registers, rsi),
    [THREAD_RDI] = offsetof(struct registers, rdi),
    [THREAD_RBP] = offsetof(struct registers, rbp),
    [THREAD_R8] = offsetof(struct registers, r8),
    [THREAD_R9] = offsetof(struct registers, r9),
    [THREAD_R10] = offsetof(struct registers, r10),
    [THREAD_R11] = offsetof(struct registers, r11),
    [THREAD_R12] = offsetof(struct registers, r12),
    [THREAD_R13] = offsetof(struct registers, r13),
    [THREAD_R14] = offsetof(struct registers, r14),
    [THREAD_R15] = offsetof(struct registers, r15),
};

static uint64_t *register_at(struct thread *thread, uint64_t number)
{
    switch (number) {
    case THREAD_FS:
        return &thread->fs_base;
    case THREAD_GS:
        return &thread->gs_base;
    default:
        return (uint64_t *)((char *)&thread->registers + register_offset[number]);
    }
}

uint64_t arch_register_get(const struct thread *thread, uint64_t number)
{
    return *register_at((struct thread *)thread, number);
}

static bool is_canonical(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

bool arch_register_set(struct thread *thread, uint64_t number, uint64_t value)
{
    bool is_address =
        number == THREAD_RIP || number == THREAD_RSP || number == THREAD_FS || number == THREAD_GS;
    if (is_address && !is_canonical(value)) {
        return false;
    }
    if (number == THREAD_RFLAGS) {
        if (value & ~(uint64_t)(FLAGS_USER_MAY_SET | FLAGS_USER)) {
            return false;
        }
        value |= FLAGS_USER;
    }
    *register_at(thread, number) = value;
    if (number == THREAD_FS) {
        thread->tls_base = value;
    }
    thread->registers.vector = VECTOR_ALL_REGISTERS;
    return true;
}

/* ---- New threads, and the FPU ---- */

void arch_fpu_reset(struct thread *thread)
{
    /* The state FNINIT and a reset leave (SDM 3A, table 9-1), in FXSAVE form; XRSTOR takes the
     * parts that XSTATE_BV (all zero) does not name from their initial configuration. */
    memset(thread->fpu, 0, sizeof thread->fpu);
    thread->fpu[0] = 0x7f;
    thread->fpu[1] = 0x03;
    thread->fpu[24] = 0x80;
    thread->fpu[25] = 0x1f;
}

void arch_thread_make(struct thread *thread)
{
    arch_fpu_reset(thread);
    thread->registers.cs = SELECTOR_USER_CODE;
    thread->registers.ss = SELECTOR_USER_DATA;
    thread->registers.rflags = FLAGS_USER;
    thread->registers.vector = VECTOR_ALL_REGISTERS;
}

void arch_thread_begin(struct thread *thread, uint64_t rip, uint64_t rsp, uint64_t argument)
{
    thread->registers.rip = rip;
    thread->registers.rsp = rsp;
    thread->registers.rdi = argument;
}

static void save_fpu(struct thread *thread)
{
    if (cpu_has_xsave) {
        __asm__ volatile("xsave64 (%0)"
                         :
                         : "r"(thread->fpu), "a"(cpu_xstate_mask), "d"(0)
                         : "memory");
    } else {
        __asm__ volatile("fxsave64 (%0)" : : "r"(thread->fpu) : "memory");
    }
}

static void load_fpu(const struct thread *thread)
{
    if (cpu_has_xsave) {
        __asm__ volatile("xrstor64 (%0)"
                         :
                         : "r"(thread->fpu), "a"(cpu_xstate_mask), "d"(0)
                         : "memory");
    } else {
        __asm__ volatile("fxrstor64 (%0)" : : "r"(thread->fpu) : "memory");
    }
}

static void set_fpu(struct cpu *cpu, bool on)
{
    if (cpu->fpu_on == on) {
        return;
    }
    cpu->fpu_on = on;
    if (on) {
        __asm__ volatile("clts");
    } else {
        write_cr0(read_cr0() | CR0_TS);
    }
}

/* ---- Ports ---- */

static void mark_ports(uint8_t *map, const struct port_range *range, bool refused)
{
    for (unsigned port = range->first; port <= range->last; port++) {
        uint8_t bit = (uint8_t)(1u << port % 8);
        map[port / 8] = (uint8_t)(refused ? map[port / 8] | bit : map[port / 8] & ~bit);
    }
}

static bool ports_loaded(const struct cpu *cpu, const struct domain *domain)
{
    return cpu->ports_of == domain && cpu->port_count == domain->port_count;
}

bool arch_ports_loaded(const struct domain *domain)
{
    return ports_loaded(arch_cpu(), domain);
}

/* Fills the CPU's bitmap with the domain's ports: a domain only ever gets more. */
static void load_ports(struct cpu *cpu, const struct domain *domain)
{
    if (cpu->ports_of != domain) {
        for (unsigned i = 0; i < cpu->port_count; i++) {
            mark_ports(cpu->tss.ports, &cpu->ports[i], true);
        }
        cpu->port_count = 0;
        cpu->ports_of = domain;
    }
    while (cpu->port_count < domain->port_count) {
        const struct port_range *range = &domain->ports[cpu->port_count];
        mark_ports(cpu->tss.ports, range, false);
        cpu->ports[cpu->port_count++] = *range;
    }
}

/* The address stays what the ports are of, but it is another domain's then, or nobody's. */
void arch_ports_forget(const struct domain *domain)
{
    for (unsigned i = 0; i < arch_cpu_count; i++) {
        if (cpus[i]->ports_of == domain) {
            cpus[i]->ports_of = NULL;
        }
    }
}

/* ---- Threads ---- */

uint64_t arch_top_of(unsigned cpu)
{
    return cpus[cpu]->tss.rsp[0];
}

struct sched *arch_sched_of(unsigned cpu)
{
    return &cpus[cpu]->sched;
}

void arch_set_epoch(uint64_t epoch)
{
    for (unsigned i = 0; i < arch_cpu_count; i++) {
        cpus[i]->epoch = epoch;
    }
}

static void set_current(struct cpu *cpu, struct thread *thread)
{
    cpu->tss.rsp[0] = thread_top(thread);
}

/* User mode's GS base lies behind SWAPGS. */
static void save(struct thread *thread)
{
    if (cpu_has_fsgsbase) {
        __asm__ volatile("rdfsbase %0" : "=r"(thread->fs_base));
        __asm__ volatile("swapgs\n\t"
                         "rdgsbase %0\n\t"
                         "swapgs"
                         : "=r"(thread->gs_base));
    }
    if (thread->flags & THREAD_HAS_FPU) {
        save_fpu(thread);
    }
}

static void load_bases(const struct thread *thread)
{
    if (cpu_has_fsgsbase) {
        __asm__ volatile("wrfsbase %0\n\t"
                         "swapgs\n\t"
                         "wrgsbase %1\n\t"
                         "swapgs"
                         :
                         : "r"(thread->fs_base), "r"(thread->gs_base));
    } else {
        write_msr(MSR_FS_BASE, thread->fs_base);
        write_msr(MSR_KERNEL_GS_BASE, thread->gs_base);
    }
}

/* Before the FPU is switched off, it is made as new: CR0.TS alone keeps nobody from what is left in
 * it on processors that read it in speculation (CVE-2018-3665), nor in QEMU 7.2, where XSAVE does
 * not look at the bit. */
static void load_fpu_of(struct cpu *cpu, const struct thread *thread)
{
    if (thread->flags & THREAD_HAS_FPU) {
        set_fpu(cpu, true);
        load_fpu(thread);
    } else if (cpu->fpu_on) {
        load_fpu(&thread_nobody);
        set_fpu(cpu, false);
    }
}

static void load_ports_of(struct cpu *cpu, const struct thread *thread)
{
    if (thread->flags & THREAD_HAS_PORTS) {
        if (!ports_loaded(cpu, thread->domain)) {
            load_ports(cpu, thread->domain);
        }
        cpu->tss.io_map = offsetof(struct tss, ports);
    } else {
        cpu->tss.io_map = NO_IO_MAP;
    }
}

void arch_load_more(struct thread *thread)
{
    load_fpu_of(arch_cpu(), thread);
    load_ports_of(arch_cpu(), thread);
}

/* While another CPU has this one stopped, nothing of the current thread is left in it. */
void arch_park(void)
{
    save(arch_current());
    write_cr3(thread_nobody.root);
    arch_load_more(&thread_nobody);
}

void arch_unpark(void)
{
    write_cr3(arch_root());
    load_bases(arch_current());
    arch_load_more(arch_current());
}

void arch_switch(struct thread *next)
{
    struct cpu *cpu = arch_cpu();
    struct thread *previous = arch_current();
    if (previous == next) {
        return;
    }
    save(previous);
    set_current(cpu, next);
    if (previous->root != next->root) {
        write_cr3(next->root);
    }
    load_bases(next);
    uint8_t flags = previous->flags | next->flags;
    if (flags & THREAD_HAS_FPU) {
        load_fpu_of(cpu, next);
    }
    if (flags & THREAD_HAS_PORTS) {
        load_ports_of(cpu, next);
    }
}

void arch_unload(unsigned number)
{
    struct cpu *cpu = cpus[number];
    if (number == arch_cpu_number()) {
        arch_park();
    }
    set_current(cpu, &thread_nobody);
}

/* Which way system calls take, when it is known how many CPUs there are; and nobody has the FPU. */
void arch_user_mode_init(void)
{
    void *way = !cpu_has_fsgsbase    ? syscall_entry_bare
                : arch_cpu_count > 1 ? syscall_entry_locking
                                     : syscall_entry;
    write_msr(MSR_LSTAR, (uint64_t)way);
    if (way == syscall_entry) {
        cpu_set_trap(VECTOR_PAGE_FAULT, page_fault_short);
    }
    arch_cpu()->epoch = cap_epoch;
    arch_fpu_reset(&thread_nobody);
    arch_cpu()->fpu_on = true;
    arch_load_more(&thread_nobody);
}

void arch_set_tls(struct thread *thread, uint64_t base)
{
    thread->tls_base = thread->fs_base = base;
    write_msr(MSR_FS_BASE, base);
}
