/*
 * The processor's tables and modes: segments, traps, page protection, SYSCALL, FPU. One CPU so far:
 * boot_cpu.
 */
#include "kernel/x86/cpu.h"

#include <stddef.h>

#include <cpuid.h>

#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "kernel/thread.h"

/* CPUID bits (Intel SDM 2A, CPUID). */
#define CPUID_1_ECX_XSAVE (1u << 26)
#define CPUID_7_EBX_FSGSBASE (1u << 0)
#define CPUID_7_EBX_SMEP (1u << 7)
#define CPUID_7_EBX_SMAP (1u << 20)
#define CPUID_7_ECX_UMIP (1u << 2)

#define FLAGS_CLEARED_ON_SYSCALL 0x47700u /* TF IF DF IOPL NT AC */

/* PAT: WB, WC, UC-, UC, and the same again; so PWT alone selects write-combining. */
#define PAT_VALUE 0x0007010600070106ull

#define XSTATE_X87_SSE 3u
#define XSTATE_AVX 4u
#define XSTATE_AVX512 0xe0u

struct idt_gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

struct cpu boot_cpu;
struct cpu *arch_cpus[CPUS_MAX];
static struct idt_gate idt[256] __attribute__((aligned(16)));
bool cpu_has_fsgsbase;
bool cpu_has_xsave;
uint32_t cpu_xstate_mask;
static char features[64];

extern const uint64_t trap_stubs[256];
extern char nmi_entry[], double_fault_entry[], machine_check_entry[],
    kernel_exit[];
extern char boot_stack_top[], nmi_stack_top[], double_fault_stack_top[], machine_check_stack_top[];
extern char boot_stack_guard[], nmi_stack_guard[], double_fault_stack_guard[],
    machine_check_stack_guard[];
extern char kernel_stacks_start[], kernel_stacks_end[];

static void load_segments(struct cpu *cpu)
{
    cpu->gdt[0] = 0;
    cpu->gdt[1] = 0x00209a0000000000ull; /* kernel code, 64-bit */
    cpu->gdt[2] = 0x0000920000000000ull; /* kernel data */
    cpu->gdt[3] = 0x0000f20000000000ull; /* user data */
    cpu->gdt[4] = 0x0020fa0000000000ull; /* user code, 64-bit */
    uint64_t base = (uint64_t)&cpu->tss;
    uint64_t limit = sizeof(struct tss) - 1;
    cpu->gdt[5] = (limit & 0xffff) | (base & 0xffffff) << 16 | 0x89ull << 40 |
                  (limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
    cpu->gdt[6] = base >> 32;

    cpu->tss.rsp[0] = thread_top(&thread_nobody);
    cpu->tss.ist[0] = (uint64_t)nmi_stack_top;
    cpu->tss.ist[1] = (uint64_t)double_fault_stack_top;
    cpu->tss.ist[2] = (uint64_t)machine_check_stack_top;
    cpu->tss.io_map = NO_IO_MAP;
    memset(cpu->tss.ports, 0xff, sizeof cpu->tss.ports);

    struct table_pointer pointer = {sizeof cpu->gdt - 1, (uint64_t)cpu->gdt};
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movw %w2, %%ss\n\t"
                     "movw %w3, %%ds\n\t"
                     "movw %w3, %%es\n\t"
                     "movw %w3, %%fs\n\t"
                     "movw %w3, %%gs\n\t"
                     "ltr %w4"
                     :
                     : "m"(pointer), "i"(SELECTOR_KERNEL_CODE), "r"(SELECTOR_KERNEL_DATA), "r"(0),
                       "r"(SELECTOR_TSS)
                     : "rax", "memory");
    write_msr(MSR_GS_BASE, (uint64_t)cpu);
    write_msr(MSR_KERNEL_GS_BASE, 0);
}

static void set_gate(unsigned vector, uint64_t handler, unsigned ist)
{
    idt[vector] = (struct idt_gate){
        .offset_low = (uint16_t)handler,
        .selector = SELECTOR_KERNEL_CODE,
        .ist = (uint8_t)ist,
        .type = 0x8e, /* present, interrupt gate */
        .offset_middle = (uint16_t)(handler >> 16),
        .offset_high = (uint32_t)(handler >> 32),
    };
}

static void load_traps(void)
{
    for (unsigned vector = 0; vector < 256; vector++) {
        set_gate(vector, trap_stubs[vector], 0);
    }
    set_gate(2, (uint64_t)nmi_entry, 1);
    set_gate(8, (uint64_t)double_fault_entry, 2);
    set_gate(18, (uint64_t)machine_check_entry, 3);
    struct table_pointer pointer = {sizeof idt - 1, (uint64_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

static void add_feature(const char *name)
{
    size_t length = strlen(features);
    if (length != 0) {
        features[length++] = ' ';
    }
    memcpy(features + length, name, strlen(name) + 1);
}

/* Turns on what the CPU has; NX is checked before this (boot/entry.asm) and on already. */
static void enable_protection(void)
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    __get_cpuid_count(7, 0, &a, &b, &c, &d);
    uint64_t cr4 = read_cr4() | CR4_MCE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    add_feature("NX WP");
    if (b & CPUID_7_EBX_SMEP) {
        cr4 |= CR4_SMEP;
        add_feature("SMEP");
    }
    if (b & CPUID_7_EBX_SMAP) {
        cr4 |= CR4_SMAP;
        add_feature("SMAP");
    }
    if (c & CPUID_7_ECX_UMIP) {
        cr4 |= CR4_UMIP;
        add_feature("UMIP");
    }
    if (b & CPUID_7_EBX_FSGSBASE) {
        cr4 |= CR4_FSGSBASE;
        cpu_has_fsgsbase = true;
        add_feature("FSGSBASE");
    }
    write_cr4(cr4);
    write_cr0(read_cr0() | CR0_WP);
    write_msr(MSR_PAT, PAT_VALUE);
}

/* Chooses the FPU state that fits a thread's frame (SDM 1, 13.3). */
static void enable_fpu(void)
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    __get_cpuid(1, &a, &b, &c, &d);
    cpu_has_xsave = (c & CPUID_1_ECX_XSAVE) != 0;
    if (!cpu_has_xsave) {
        return;
    }
    write_cr4(read_cr4() | CR4_OSXSAVE);
    add_feature("XSAVE");
    __get_cpuid_count(0xd, 0, &a, &b, &c, &d);
    const uint32_t wanted[] = {XSTATE_X87_SSE | XSTATE_AVX | XSTATE_AVX512,
                               XSTATE_X87_SSE | XSTATE_AVX, XSTATE_X87_SSE};
    for (unsigned i = 0; i < 3; i++) {
        cpu_xstate_mask = a & wanted[i];
        if ((cpu_xstate_mask & XSTATE_AVX512) != XSTATE_AVX512) {
            cpu_xstate_mask &= ~XSTATE_AVX512;
        }
        __asm__ volatile("xsetbv" : : "a"(cpu_xstate_mask), "d"(0), "c"(0));
        uint32_t size = 0, unused;
        __get_cpuid_count(0xd, 0, &unused, &size, &unused, &unused);
        if (size <= THREAD_FPU_BYTES) {
            return;
        }
    }
    panic("the FPU state does not fit into a thread's frame");
}

void arch_cpu_init(void)
{
    struct cpu *cpu = &boot_cpu;
    cpu->self = cpu;
    arch_cpus[cpu->number] = cpu;
    cpu->kernel_stack = (uint64_t)boot_stack_top;
    load_segments(cpu);
    load_traps();
    enable_protection();
    enable_fpu();
    write_msr(MSR_EFER, read_msr(MSR_EFER) | 1); /* SCE: SYSCALL */
    write_msr(MSR_STAR, (uint64_t)SELECTOR_KERNEL_CODE << 32 | (uint64_t)(SELECTOR_KERNEL_DATA | 3)
                                                                   << 48);
    write_msr(MSR_FMASK, FLAGS_CLEARED_ON_SYSCALL);
}

const char *arch_features(void)
{
    return features;
}

unsigned arch_physical_bits(void)
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(0x80000008, &a, &b, &c, &d) ? a & 0xff : 36;
}

uint64_t arch_loaded_root(void)
{
    return read_cr3();
}

void arch_load_root(uint64_t root)
{
    write_cr3(root);
}

uint64_t arch_fault_address(void)
{
    return read_cr2();
}

_Noreturn void arch_halt(void)
{
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

unsigned arch_backtrace(uint64_t rbp, uint64_t *out, unsigned most)
{
    unsigned count = 0;
    while (count < most && rbp % 8 == 0 && rbp >= (uint64_t)kernel_stacks_start &&
           rbp + 16 <= (uint64_t)kernel_stacks_end) {
        const uint64_t *frame = (const uint64_t *)rbp;
        out[count++] = frame[1];
        /* Above the way in of a PLAIN call stands the user's rbp. */
        bool entered = frame[1] >= (uint64_t)syscall_entry && frame[1] < (uint64_t)kernel_exit;
        if (entered || frame[0] <= rbp) {
            break;
        }
        rbp = frame[0];
    }
    return count;
}

uint64_t arch_guard_frame(unsigned index)
{
    const uint64_t guards[] = {
        (uint64_t)boot_stack_guard,
        (uint64_t)nmi_stack_guard,
        (uint64_t)double_fault_stack_guard,
        (uint64_t)machine_check_stack_guard,
    };
    return index < sizeof guards / sizeof guards[0] ? guards[index] : 0;
}
