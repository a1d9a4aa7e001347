/*
 * What the portable kernel sees of the processor: nothing outside kernel/x86/ includes any other
 * header of this folder.
 */
#ifndef KERNEL_X86_ARCH_H
#define KERNEL_X86_ARCH_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/abi.h>

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
#define VECTOR_ALL_REGISTERS 257 /* none: the thread leaves with all registers as they are here */
#define VECTOR_DEBUG 1
#define VECTOR_NO_FPU 7
#define VECTOR_PROTECTION 13
#define VECTOR_PAGE_FAULT 14
#define VECTOR_INTERRUPTS 48 /* first vector of device interrupts: line 0 */
#define VECTOR_TIMER 240     /* arch_timer_set */
#define VECTOR_CALL 241      /* another CPU wants this one in the kernel */
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

/* A function that only the start of the kernel calls: its memory is given away afterwards. */
#define BOOT_ONLY __attribute__((section(".text.boot")))

/* A page fault's error code (SDM 3A, 4.7): an entry was there; what was tried. Other bits say that
 * the entry was not as it should be. */
#define PAGE_FAULT_PRESENT 1u
#define PAGE_FAULT_WRITE 2u
#define PAGE_FAULT_USER 4u
#define PAGE_FAULT_FETCH 16u
#define PAGE_FAULT_RIGHTS                                                                          \
    (PAGE_FAULT_PRESENT | PAGE_FAULT_WRITE | PAGE_FAULT_USER | PAGE_FAULT_FETCH)

struct boot_info;
struct domain;
struct sched;
struct thread;

/* ---- CPUs (smp.c) ---- */

extern unsigned arch_cpu_count; /* in use */

/* Finds room for the other CPUs' stacks: after boot_memory_init, before the identity map is built.
 * Logs what it has no room for. */
void arch_cpus_prepare(struct boot_info *info);

/* Starts the other CPUs, one after the other; each enters kernel_cpu_main. Logs those that do not
 * come. After arch_clock_init. */
void arch_cpus_start(void);

/* Where a CPU that was started begins its work, on its kernel stack; interrupts are off. */
_Noreturn void kernel_cpu_main(void);

/* Stops all other CPUs, whatever they do, with an NMI on which they call arch_cpu_halt. Waits for
 * that, but not for ever. */
void arch_cpus_halt(void);
_Noreturn void arch_cpu_halt(void);

/* Which CPU this is, by the stack it is on, where GS is not to be trusted; CPUS_MAX: by none. */
unsigned arch_cpu_by_stack(void);

/* In struct cpu (cpu.h), which GS points to in the kernel. */
#define CPU_NUMBER_OFFSET 24
#define CPU_TOP_OFFSET 64
#define CPU_SCHED_OFFSET 8424

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

/* The top of this CPU's current thread (kernel/thread.h): the one it has loaded. */
static inline uint64_t arch_top(void)
{
#ifdef COCOS_HOST
    extern uint64_t host_top;
    return host_top;
#else
    uint64_t top;
    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(top) : "i"(CPU_TOP_OFFSET));
    return top;
#endif
}

/* What the scheduler keeps for this CPU (kernel/sched.h), and for any. */
static inline struct sched *arch_sched(void)
{
    uint64_t cpu;
    __asm__ volatile("movq %%gs:0, %0" : "=r"(cpu));
    return (struct sched *)(cpu + CPU_SCHED_OFFSET);
}
struct sched *arch_sched_of(unsigned cpu);

/* That of another CPU. It may change at any time, unless that CPU was stopped. */
uint64_t arch_top_of(unsigned cpu);

/* ---- The kernel's lock (lock.c) ---- */

/* One CPU at a time is inside the kernel. It is held from arch_lock until user mode is entered, or
 * while there is nothing to run. */
void arch_lock(void);

/* The same for a thread's system call. false: another CPU has stopped the thread meanwhile. It
 * makes the call again when it goes on, wherever that is; its registers are not to be touched. */
bool arch_lock_for_call(struct registers *call);

/* The same on a CPU that has just been started. */
void arch_wait_for_lock(void);

/* Makes another CPU come into the kernel and wait for the lock, which this one has: it runs no user
 * mode then, has no address space loaded but the kernel's own, so that it keeps no translation of
 * any other, and what its current thread had in registers is in the thread's frame. Returns when
 * that is so. */
void arch_cpu_stop(unsigned cpu);

/* Makes another CPU look at its run queue. */
void arch_cpu_interrupt(unsigned cpu);

/* ---- Start (cpu.c, ioapic.c, apic.c, clock.c) ---- */

/* Segments, traps, control registers, syscall entry of the boot CPU. Before it, no trap may happen.
 */
void arch_cpu_init(void);

/* Fills a page with the CPU's features that are on ("NX WP SMEP ..."), for the boot log. */
const char *arch_features(void);

/* How many bits a physical address has. */
unsigned arch_physical_bits(void);

/* IO APICs, with every line masked, and this CPU's local APIC; false: the machine has none that is
 * usable, and none of the functions that follow has any effect. */
bool arch_interrupts_init(const struct boot_info *info);

/* The local APIC of the CPU that calls it, whose number must be known (arch_cpu_number): accepts
 * every interrupt, and NMIs where the firmware says; its timer is set to nothing. The boot CPU's is
 * done by arch_interrupts_init. */
void arch_local_apic_init(void);

/* Measures the time-stamp counter and the timer, in some 10 ms, and says in the boot log what it
 * found. After arch_interrupts_init, on the boot CPU. */
void arch_clock_init(const struct boot_info *info);

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

/* A new thread's registers and FPU state: user mode, interrupts on, all else zero or as after a
 * reset; and where it begins. */
void arch_thread_make(struct thread *thread);
void arch_fpu_reset(struct thread *thread);
void arch_thread_begin(struct thread *thread, uint64_t rip, uint64_t rsp, uint64_t argument);

/* Makes `next` the current thread, which kernel_exit returns to: saves what the one before had in
 * the CPU, loads its address space, TLS base, and where it has them FPU and ports. */
void arch_switch(struct thread *next);

/* Tells the short way that cap_epoch is another one. */
void arch_set_epoch(uint64_t epoch);

/* The current thread has something more to be loaded (THREAD_HAS_FPU, THREAD_HAS_PORTS). */
void arch_load_more(struct thread *thread);

/* Are the domain's ports, as they are now, loaded on this CPU? */
bool arch_ports_loaded(const struct domain *domain);

/* A domain is no more: no CPU has its ports loaded. */
void arch_ports_forget(const struct domain *domain);

/* The CPU, this one or a stopped one, has nobody loaded any more (thread_nobody). */
void arch_unload(unsigned cpu);

/* Sets the FS base of the current thread. */
void arch_set_tls(struct thread *thread, uint64_t base);

/* One of a thread's registers (enum thread_register, up to THREAD_GS) as it is in its frame.
 * Setting it makes the thread leave with all of them as they are in the frame; false: no thread may
 * have that value. */
uint64_t arch_register_get(const struct thread *thread, uint64_t number);
bool arch_register_set(struct thread *thread, uint64_t number, uint64_t value);

/* Enables interrupts until one has come; called with nothing to run. Meanwhile the lock is free. */
void arch_wait_for_interrupt(void);

/* Serves the interrupts that are pending, and lets others have the lock. */
void arch_allow_interrupts(void);

/* To be called on each CPU before it enters user mode, when arch_cpu_count is what it will be. */
void arch_user_mode_init(void);

/* Leaves the kernel for the first time, to the current thread. */
_Noreturn void arch_start(void);

/* ---- Interrupt lines ---- */

/* Below INTERRUPT_LINES (kernel/irq.h), as all lines here. All but arch_line_exists: of a line that
 * exists. */
bool arch_line_exists(uint32_t line);
bool arch_line_level(uint32_t line); /* level-triggered, as opposed to edge */
bool arch_line_is_message(uint32_t line);

/* From now on the line interrupts that CPU, or CPU 0 where its local APIC's id has more than eight
 * bits, which lines cannot name; unmasks it. For a message line, which has no mask, this only says
 * what its address is. */
void arch_line_bind(uint32_t line, unsigned cpu);
void arch_line_unmask(uint32_t line);
void arch_line_mask(uint32_t line);

/* What a device writes, and where, to interrupt by a message line; after arch_line_bind. */
uint64_t arch_message_address(uint32_t line);
uint32_t arch_message_data(uint32_t line);

/* The interrupt this CPU serves is over. */
void arch_interrupt_end(void);

/* ---- Time (clock.c, timer.c) ---- */

/* Nanoseconds since the kernel's start, the same on all CPUs, never less than before. 0 before
 * arch_clock_init. */
uint64_t arch_now(void);

/* The clock's scale, for the system page. */
extern struct clock_scale arch_clock;

/*
 * One VECTOR_TIMER on this CPU once arch_now() has come to `deadline`, at once if it has already;
 * UINT64_MAX: none. It takes the place of the deadline set before. The interrupt may come early,
 * where the deadline is further away than the timer's counter reaches (some 10 s at least), or
 * because an earlier deadline's was on its way: whoever gets it asks arch_now() and sets it again.
 */
void arch_timer_set(uint64_t deadline);

/* ---- From CPU to CPU (apic.c); interrupts are off ---- */

/* INIT; and start-up at a page below 1 MiB: to the local APIC with this id (SDM 3A, 9.4.4). */
void arch_ipi_init(uint32_t apic_id);
void arch_ipi_start(uint32_t apic_id, uint64_t page);

/* An NMI to all CPUs but this one. */
void arch_ipi_nmi_others(void);

/* ---- Ports ---- */

#define PORT_RANGES 8 /* per domain */
struct port_range {
    uint16_t first;
    uint16_t last;
};

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
extern char kernel_start[], kernel_boot_text[], kernel_text_end[], kernel_rodata_end[],
    kernel_end[];

#endif
