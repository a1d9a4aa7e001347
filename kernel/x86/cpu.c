/*
 * The processor's tables and modes: segments, traps, page protection, SYSCALL, FPU. The boot CPU
 * chooses, and every CPU does the same.
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
struct cpu *cpus[CPUS_MAX];
static struct idt_gate idt[256] __attribute__((aligned(16)));
bool cpu_has_fsgsbase;
bool cpu_has_xsave;
uint32_t cpu_xstate_mask;
static char features[64];
static uint64_t chosen_cr4; /* bits to be set on every CPU */

extern const uint64_t trap_stubs[256];
extern char nmi_entry[], double_fault_entry[], machine_check_entry[], debug_entry[], kernel_exit[];
extern char boot_stack_guard[];

/* ---- Stacks ---- */

static uint64_t stack_guard(const struct cpu *cpu, unsigned stack)
{
    return cpu->stacks + (uint64_t)stack * (STACK_GUARD_BYTES + STACK_TRAP_BYTES) +
           (stack > STACK_KERNEL ? STACK_KERNEL_BYTES - STACK_TRAP_BYTES : 0);
}

static uint64_t stack_top(const struct cpu *cpu, unsigned stack)
{
    return stack_guard(cpu, stack) + STACK_GUARD_BYTES +
           (stack == STACK_KERNEL ? STACK_KERNEL_BYTES : STACK_TRAP_BYTES);
}

bool arch_stack(unsigned index, struct arch_stack *stack)
{
    static const char *const names[STACKS] = {"kernel", "NMI", "double-fault", "machine-check",
                                              "debug"};
    unsigned number = index / STACKS;
    if (number >= CPUS_MAX || cpus[number] == NULL) {
        return false;
    }
    *stack = (struct arch_stack){
        .guard = stack_guard(cpus[number], index % STACKS),
        .top = stack_top(cpus[number], index % STACKS),
        .cpu = number,
        .name = names[index % STACKS],
    };
    return true;
}

/* The stack that an address lies in, without its guard. */
static bool find_stack(uint64_t address, struct arch_stack *stack)
{
    for (unsigned i = 0; arch_stack(i, stack); i++) {
        if (address >= stack->guard + STACK_GUARD_BYTES && address < stack->top) {
            return true;
        }
    }
    return false;
}

unsigned arch_cpu_by_stack(void)
{
    struct arch_stack stack;
    return find_stack((uint64_t)__builtin_frame_address(0), &stack) ? stack.cpu : CPUS_MAX;
}

/* ---- Tables ---- */

static BOOT_ONLY void load_segments(struct cpu *cpu)
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
    for (unsigned stack = STACK_NMI; stack < STACKS; stack++) {
        cpu->tss.ist[stack - 1] = stack_top(cpu, stack);
    }
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

static BOOT_ONLY void make_gates(void)
{
    for (unsigned vector = 0; vector < 256; vector++) {
        set_gate(vector, trap_stubs[vector], 0);
    }
    set_gate(VECTOR_DEBUG, (uint64_t)debug_entry, STACK_DEBUG);
    set_gate(2, (uint64_t)nmi_entry, STACK_NMI);
    set_gate(8, (uint64_t)double_fault_entry, STACK_DOUBLE_FAULT);
    set_gate(18, (uint64_t)machine_check_entry, STACK_MACHINE_CHECK);
}

void cpu_set_trap(unsigned vector, const void *entry)
{
    set_gate(vector, (uint64_t)entry, 0);
}

static BOOT_ONLY void load_traps(void)
{
    struct table_pointer pointer = {sizeof idt - 1, (uint64_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

static BOOT_ONLY void add_feature(const char *name)
{
    size_t length = strlen(features);
    if (length != 0) {
        features[length++] = ' ';
    }
    memcpy(features + length, name, strlen(name) + 1);
}

/* What the boot CPU has is turned on here and on all others. NX is checked before this
 * (boot/entry.asm) and on already. */
static BOOT_ONLY uint64_t choose_protection(void)
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    __get_cpuid_count(7, 0, &a, &b, &c, &d);
    uint64_t cr4 = CR4_MCE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;
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
    __get_cpuid(1, &a, &b, &c, &d);
    if (c & CPUID_1_ECX_XSAVE) {
        cr4 |= CR4_OSXSAVE;
        cpu_has_xsave = true;
        add_feature("XSAVE");
    }
    return cr4;
}

static BOOT_ONLY void set_xstate(uint32_t mask)
{
    __asm__ volatile("xsetbv" : : "a"(mask), "d"(0), "c"(0));
}

/* Chooses the FPU state that fits a thread's frame (SDM 1, 13.3). */
static BOOT_ONLY uint32_t choose_xstate(void)
{
    uint32_t possible = 0, size = 0, c = 0, d = 0;
    __get_cpuid_count(0xd, 0, &possible, &size, &c, &d);
    const uint32_t wanted[] = {XSTATE_X87_SSE | XSTATE_AVX | XSTATE_AVX512,
                               XSTATE_X87_SSE | XSTATE_AVX, XSTATE_X87_SSE};
    for (unsigned i = 0; i < 3; i++) {
        uint32_t mask = possible & wanted[i], unused;
        if ((mask & XSTATE_AVX512) != XSTATE_AVX512) {
            mask &= ~XSTATE_AVX512;
        }
        set_xstate(mask);
        __get_cpuid_count(0xd, 0, &unused, &size, &c, &d);
        if (size <= THREAD_FPU_BYTES) {
            return mask;
        }
    }
    panic("the FPU state does not fit into a thread's frame");
}

static BOOT_ONLY void enable_system_calls(void)
{
    write_msr(MSR_EFER, read_msr(MSR_EFER) | 1); /* SCE: SYSCALL */
    write_msr(MSR_STAR, (uint64_t)SELECTOR_KERNEL_CODE << 32 | (uint64_t)(SELECTOR_KERNEL_DATA | 3)
                                                                   << 48);
    write_msr(MSR_FMASK, FLAGS_CLEARED_ON_SYSCALL);
}

BOOT_ONLY void cpu_make(struct cpu *cpu, unsigned number, uint64_t stacks)
{
    cpu->self = cpu;
    cpu->number = number;
    cpu->stacks = stacks;
    cpu->kernel_stack = stack_top(cpu, STACK_KERNEL);
    cpus[number] = cpu;
}

BOOT_ONLY void cpu_init(struct cpu *cpu)
{
    load_segments(cpu);
    load_traps();
    write_cr4(read_cr4() | chosen_cr4);
    write_cr0(read_cr0() | CR0_WP);
    write_msr(MSR_PAT, PAT_VALUE);
    if (cpu_has_xsave && cpu_xstate_mask != 0) {
        set_xstate(cpu_xstate_mask);
    }
    enable_system_calls();
}

BOOT_ONLY void arch_cpu_init(void)
{
    cpu_make(&boot_cpu, 0, (uint64_t)boot_stack_guard);
    make_gates();
    chosen_cr4 = choose_protection();
    cpu_init(&boot_cpu);
    if (cpu_has_xsave) {
        cpu_xstate_mask = choose_xstate();
    }
}

BOOT_ONLY const char *arch_features(void)
{
    return features;
}

BOOT_ONLY unsigned arch_physical_bits(void)
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
    struct arch_stack stack;
    unsigned count = 0;
    if (!find_stack(rbp, &stack)) {
        return 0;
    }
    while (count < most && rbp % 8 == 0 && rbp >= stack.guard + STACK_GUARD_BYTES &&
           rbp + 16 <= stack.top) {
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
