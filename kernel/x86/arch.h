/*
 * What the portable kernel sees of the processor: nothing outside kernel/x86/ includes any other
 * header of this folder.
 */
#ifndef KERNEL_X86_ARCH_H
#define KERNEL_X86_ARCH_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A thread's registers in user mode. The order is what kernel/x86/entry.asm pushes; the last five
 * are pushed by the processor (Intel SDM 3A, 6.14.2), straight into the thread's frame.
 */
struct registers {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector; /* of the exception or interrupt; VECTOR_SYSCALL */
    uint64_t code;   /* error code */
    uint64_t rip, cs, rflags, rsp, ss;
};

#define VECTOR_SYSCALL 256
#define VECTOR_BOUNCED 257 /* a system call that goes on at the domain's upcall */
#define VECTOR_PAGE_FAULT 14
#define VECTOR_INTERRUPTS 48 /* first vector of device interrupts */
#define VECTOR_QUANTUM 240   /* the timer that ends a thread's turn */
#define VECTOR_CALL 241      /* from another CPU */
#define VECTOR_SPURIOUS 255

/* Page-table entries (Intel SDM 3A, 4.5). Cache types through the PAT set in cpu.c. */
#define PTE_PRESENT 1ull
#define PTE_WRITE (1ull << 1)
#define PTE_USER (1ull << 2)
#define PTE_PWT (1ull << 3)
#define PTE_PCD (1ull << 4)
#define PTE_LARGE (1ull << 7)
#define PTE_GLOBAL (1ull << 8)
#define PTE_NX (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull

struct boot_info;
struct thread;

/* ---- CPUs (smp.c) ---- */

#define CPUS_MAX 32
extern unsigned arch_cpu_count; /* in use */

/* Finds room for the other CPUs' stacks: after boot_memory_init, before the identity map is built.
 * Logs what it has no room for. */
void arch_cpus_prepare(struct boot_info *info);

/* Starts the other CPUs, one after the other; each enters kernel_cpu_main. Logs those that do not
 * come. After arch_interrupts_init. */
void arch_cpus_start(void);

/* Where a CPU that was started begins its work, on its kernel stack; interrupts are off. */
_Noreturn void kernel_cpu_main(void);

/* Stops all other CPUs, whatever they do, with an NMI on which they call arch_cpu_stop. Waits for
 * that, but not for ever. */
void arch_cpus_halt(void);
_Noreturn void arch_cpu_stop(void);

/* Which CPU this is, by the stack it is on, where GS is not to be trusted; CPUS_MAX: by none. */
unsigned arch_cpu_by_stack(void);

/* In struct cpu (cpu.h), which GS points to in the kernel. */
#define CPU_NUMBER_OFFSET 24
#define CPU_ROOT_OFFSET 32

/* Which of them this is; 0: the one that the firmware started. */
static inline unsigned arch_cpu_number(void)
{
#ifdef COCOS_HOST
    return 0;
#else
    unsigned number;
    __asm__ volatile("movl %%gs:%c1, %0" : "=r"(number) : "i"(CPU_NUMBER_OFFSET));
    return number;
#endif
}

/* ---- Start (cpu.c, apic.c) ---- */

/* Segments, traps, control registers, syscall entry of the boot CPU. Before it, no trap may happen.
 */
void arch_cpu_init(void);

/* Fills a page with the CPU's features that are on ("NX WP SMEP ..."), for the boot log. */
const char *arch_features(void);

/* How many bits a physical address has. */
unsigned arch_physical_bits(void);

/* Local and IO APICs, with every line masked; false: the machine has none that is usable. */
bool arch_interrupts_init(const struct boot_info *info);

/* Device memory the kernel itself uses: address of the index-th 2 MiB page, or 0 past the last. */
uint64_t arch_device_page(const struct boot_info *info, unsigned index);

/* The kernel's stacks, of all CPUs; false past the last. `guard` is the frame below, which the
 * identity map leaves out. */
struct arch_stack {
    uint64_t guard, top;
    unsigned cpu;
    const char *name;
};
bool arch_stack(unsigned index, struct arch_stack *stack);

/* ---- Page tables ---- */

/* Writes `count` entries: first, first + step, first + 2 * step, ... Needs arch_cpu_init. */
void arch_fill_entries(uint64_t *entries, uint64_t count, uint64_t first, uint64_t step);

void arch_set_root(uint64_t root);
/* What arch_set_root was last called with on this CPU. */
static inline uint64_t arch_root(void)
{
    uint64_t root;
    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(root) : "i"(CPU_ROOT_OFFSET));
    return root;
}

/* The processor's own word, for panics and whoever loads another one for a while only. */
uint64_t arch_loaded_root(void);
void arch_load_root(uint64_t root);

uint64_t arch_fault_address(void);
static inline void arch_flush_page(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/* Zeroes whole words. */
static inline void arch_clear(void *at, uint64_t bytes)
{
    uint64_t words = bytes / 8;
    __asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(0) : "memory");
}

/* ---- Threads ---- */

/* Sets a new thread's registers: user mode, interrupts on. */
void arch_thread_init(struct registers *registers, uint64_t rip, uint64_t rsp, uint64_t argument);

/* Makes `next` the thread that kernel_exit returns to: its stack for traps, its FPU and TLS. */
void arch_thread_switch(struct thread *previous, struct thread *next);

/* Sets the FS base of the current thread. */
void arch_set_tls(struct thread *thread, uint64_t base);

/* Puts a clean FPU state into a new thread's frame. */
void arch_fpu_init(struct thread *thread);

/* Enables interrupts until one has come; called with nothing to run. */
void arch_wait_for_interrupt(void);

/* Serves the interrupts that are pending. */
void arch_allow_interrupts(void);

/* Leaves the kernel for the first time, to the current thread. */
_Noreturn void arch_start(void);

/* ---- Interrupt lines ---- */

bool arch_line_exists(uint32_t line);
bool arch_line_level(uint32_t line); /* level-triggered, as opposed to edge */
void arch_line_bind(uint32_t line);
void arch_line_unmask(uint32_t line);
void arch_line_mask(uint32_t line);
void arch_interrupt_end(void);

/* One VECTOR_QUANTUM interrupt after a fixed number of bus cycles: some 16 ms on QEMU. */
void arch_quantum_start(void);

/* ---- Ports ---- */

/* Makes exactly the ports of `ranges` usable in user mode; count 0: none. */
#define PORT_RANGES 8 /* per domain */
struct port_range {
    uint16_t first;
    uint16_t last;
};
void arch_ports_set(const struct port_range *ranges, unsigned count);

/* ---- The emergency console (serial.c, screen.c) ---- */

void serial_init(void);
void serial_putc(char c);
struct screen;
void screen_init(const struct screen *screen);
void screen_putc(char c);

/* ---- Small things ---- */

_Noreturn void arch_halt(void);

/* Return addresses up the kernel's stack, for panics: fills up to `most`, returns how many. */
unsigned arch_backtrace(uint64_t start_rbp, uint64_t *out, unsigned most);

/* The time-stamp counter when the boot code had found it (boot/entry.asm). */
extern const uint64_t boot_start_ticks;

/* The linker's symbols (boot/kernel.ld). */
extern char kernel_start[], kernel_text_end[], kernel_rodata_end[], kernel_end[];

#endif
