/*
 * The processor's own structures, shared by the files of kernel/x86/ and entry.asm.
 */
#ifndef KERNEL_X86_CPU_H
#define KERNEL_X86_CPU_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/sched.h"
#include "kernel/x86/arch.h"

/* Segment selectors. SYSRET wants user data directly before user code (SDM 2B, SYSRET). */
#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_USER_DATA 0x1b
#define SELECTOR_USER_CODE 0x23
#define SELECTOR_TSS 0x28

#define CR4_MCE (1ull << 6)
#define CR4_PGE (1ull << 7)
#define CR4_OSFXSR (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_UMIP (1ull << 11)
#define CR4_FSGSBASE (1ull << 16)
#define CR4_OSXSAVE (1ull << 18)
#define CR4_SMEP (1ull << 20)
#define CR4_SMAP (1ull << 21)
#define CR0_TS (1ull << 3)
#define CR0_WP (1ull << 16)

#define MSR_EFER 0xc0000080u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_FMASK 0xc0000084u
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define MSR_PAT 0x277u
#define MSR_APIC_BASE 0x1bu

/* 64-bit task state segment (SDM 3A, 7.7), with the I/O permission bitmap behind it. */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map;
    uint8_t ports[8192 + 1]; /* a set bit refuses; the last byte must be all ones */
} __attribute__((packed));
#define NO_IO_MAP sizeof(struct tss) /* in io_map: behind the end, every port is refused */

/*
 * A CPU's stacks: for threads' way into the kernel, NMI, double fault, machine check and debug
 * exceptions. Each lies above a frame that the identity map leaves out. tests/test_stack.py holds
 * the sizes against what the compiler says of every path.
 */
enum stack {
    STACK_KERNEL,
    STACK_NMI,
    STACK_DOUBLE_FAULT,
    STACK_MACHINE_CHECK,
    STACK_DEBUG,
    STACKS
};
#define STACK_GUARD_BYTES 4096
#define STACK_KERNEL_BYTES 8192
#define STACK_TRAP_BYTES 4096 /* of the others */
#define STACKS_BYTES                                                                               \
    (STACKS * STACK_GUARD_BYTES + STACK_KERNEL_BYTES + (STACKS - 1) * STACK_TRAP_BYTES)

/*
 * One for each CPU, whose GS base it is in the kernel. tss.rsp[0] is the end of the registers of
 * the thread that the CPU runs: traps push there, and entry.asm, too.
 */
struct cpu {
    struct cpu *self;
    uint64_t kernel_stack;     /* top */
    uint64_t scratch;          /* user rsp while SYSCALL is entered */
    uint32_t number;           /* 0: the one that the firmware started */
    volatile uint32_t request; /* what another CPU waits for */
    uint32_t apic_id;
    volatile uint8_t running; /* it has come up */
    bool fpu_on;              /* CR0.TS is clear */
    uint8_t spare[2];
    uint32_t port_count;           /* of `ports` */
    const struct domain *ports_of; /* whose they are */
    uint32_t more_spare;           /* puts tss.rsp[0] at a multiple of 8 */
    struct tss tss;
    uint64_t gdt[7] __attribute__((aligned(16)));
    struct sched sched;
    uint64_t epoch; /* cap_epoch, on the page that the short way needs anyway */
    struct port_range ports[PORT_RANGES]; /* those that user mode may use */
    uint64_t stacks;                      /* STACKS_BYTES of them */
} __attribute__((aligned(256))); /* the part of the TSS that is read at once lies in one page */
_Static_assert(offsetof(struct cpu, number) == CPU_NUMBER_OFFSET, "stated in arch.h");
_Static_assert(offsetof(struct cpu, tss.rsp[0]) == CPU_TOP_OFFSET, "stated in arch.h");
_Static_assert(offsetof(struct cpu, sched) == CPU_SCHED_OFFSET, "stated in arch.h");
_Static_assert(offsetof(struct cpu, tss.rsp[0]) % 8 == 0, "read and written as one");

extern struct cpu boot_cpu;

#define FLAGS_USER 0x202u /* IF and the bit that is always one */
#define FLAG_TRAP 0x100u

/* By number; those that are in use or may come to be, else NULL. */
extern struct cpu *cpus[CPUS_MAX];

/* Gives a CPU its number and STACKS_BYTES for its stacks. */
void cpu_make(struct cpu *cpu, unsigned number, uint64_t stacks);

/* An exception is handled at `entry` from now on, on every CPU. */
void cpu_set_trap(unsigned vector, const void *entry);

/* Sets up the CPU that it runs on: segments, traps, control registers, system calls. */
void cpu_init(struct cpu *cpu);

/* This CPU's; not in handlers on stacks of their own, which do not trust GS. */
static inline struct cpu *arch_cpu(void)
{
    struct cpu *cpu;
    __asm__("movq %%gs:0, %0" : "=r"(cpu));
    return cpu;
}
_Static_assert(offsetof(struct cpu, self) == 0, "stated in arch_cpu");

/* entry.asm */
extern char syscall_entry[], syscall_entry_locking[], syscall_entry_bare[];
extern char page_fault_short[];
void idle_until_interrupt(void);
void idle_serve_interrupts(void);

/* The current thread is taken out of this CPU, but stays its current one; and is put back
 * (switch.c). */
void arch_park(void);
void arch_unpark(void);

extern volatile uint32_t kernel_lock; /* lock.c */

/* What the processor has, and which parts of the FPU state a thread's frame keeps. */
extern bool cpu_has_fsgsbase;
extern bool cpu_has_xsave;
extern uint32_t cpu_xstate_mask;

static inline uint64_t read_msr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return low | (uint64_t)high << 32;
}

static inline void write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(msr));
}

static inline void port_write8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t port_read8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

#define DEFINE_CONTROL_REGISTER(name)                                                              \
    static inline uint64_t read_##name(void)                                                       \
    {                                                                                              \
        uint64_t value;                                                                            \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(value));                                     \
        return value;                                                                              \
    }                                                                                              \
    static inline void write_##name(uint64_t value)                                                \
    {                                                                                              \
        __asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");                            \
    }
DEFINE_CONTROL_REGISTER(cr0)
DEFINE_CONTROL_REGISTER(cr2)
DEFINE_CONTROL_REGISTER(cr3)
DEFINE_CONTROL_REGISTER(cr4)

#endif
