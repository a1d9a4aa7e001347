/*
 * The CPUs of the machine: their stacks, their start (Intel SDM 3A, 9.4; boot/cpu_start.asm), and
 * their end in a panic.
 */
#include <stddef.h>

#include <cpuid.h>

#include "boot/boot_info.h"
#include "kernel/boot_memory.h"
#include "kernel/frame_ptr.h"
#include "kernel/log.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/cpu.h"

#define CPUID_TOPOLOGY 0xb
#define XAPIC_IDS 0xffu /* ids that a local APIC in xAPIC mode can send to */

/* Nanoseconds. The first is of the SDM's algorithm; a CPU that is there answers within a few of the
 * second, but an emulator's may have to wait for a turn on the host. */
#define INIT_TIME 10000000u
#define SECOND_SIGNAL_TIME 1000000u
#define ANSWER_TIME 1000000000u
#define STOP_POLLS 10000000u

unsigned arch_cpu_count = 1;

/* boot/cpu_start.asm */
extern const char cpu_start_page[], cpu_start_page_end[];
extern struct cpu *volatile cpu_starting;
extern uint64_t cpu_starting_root;

static uint32_t apic_ids[BOOT_CPUS]; /* of those that may be started */
static unsigned id_count;
static unsigned room_count; /* struct cpus with stacks, the boot CPU's among them */
static volatile uint32_t stopped_count;

static BOOT_ONLY uint32_t apic_id_here(void)
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_count(CPUID_TOPOLOGY, 0, &a, &b, &c, &d) && (b & 0xffff) != 0) {
        return d;
    }
    __get_cpuid(1, &a, &b, &c, &d);
    return b >> 24;
}

/* ---- Before the identity map ---- */

static BOOT_ONLY bool find_room(struct cpu *cpu, unsigned number)
{
    uint64_t stacks = boot_memory_low(STACKS_BYTES);
    if (stacks == 0) {
        return false;
    }
    memset(cpu, 0, sizeof *cpu);
    cpu_make(cpu, number, stacks);
    return true;
}

/* Whom an interrupt can be sent to: another CPU with a local APIC that can be named. */
static BOOT_ONLY void list_others(const struct boot_info *info)
{
    bool found = apic_find(info);
    for (uint32_t i = 1; i < info->cpu_count && found; i++) {
        if (apic_is_x2 || info->cpu_apic_ids[i] < XAPIC_IDS) {
            apic_ids[id_count++] = info->cpu_apic_ids[i];
        }
    }
    if (id_count + 1 < info->cpu_count) {
        log_print("cpu: %u are out of the local APIC's reach\n", info->cpu_count - id_count - 1);
    }
}

BOOT_ONLY void arch_cpus_prepare(struct boot_info *info)
{
    acpi_boot_cpu_first(info, apic_id_here());
    boot_cpu.apic_id = info->cpu_apic_ids[0];
    boot_cpu.running = 1;
    list_others(info);
    room_count = 1;
    if (id_count == 0) {
        return;
    }
    if (!boot_memory_is_free(CPU_START_PAGE, CPU_START_PAGE + FRAME_BYTES)) {
        log_print("cpu: the others cannot start: no memory at 0x%lx\n", CPU_START_PAGE);
        return;
    }
    unsigned most = id_count < CPUS_MAX ? id_count + 1 : CPUS_MAX;
    struct cpu *structs = frame_ptr(boot_memory_area((most - 1) * sizeof(struct cpu)));
    while (room_count < most && find_room(&structs[room_count - 1], room_count)) {
        room_count++;
    }
    if (room_count <= id_count) {
        log_print("cpu: no room for %u of them\n", id_count + 1 - room_count);
    }
}

/* ---- Their start ---- */

/* Where boot/cpu_start.asm leaves a CPU: on its own kernel stack, with nothing set up. */
_Noreturn void smp_main(struct cpu *cpu);
_Noreturn void smp_main(struct cpu *cpu)
{
    cpu_init(cpu);
    arch_load_root(cpu_starting_root);
    arch_local_apic_init();
    cpu->running = 1;
    kernel_cpu_main();
}

/* Until the CPU runs, NULL: none will; at most for that time. */
static BOOT_ONLY bool wait_for(const struct cpu *cpu, uint64_t ns)
{
    uint64_t end = arch_now() + ns;
    while (arch_now() < end) {
        if (cpu != NULL && cpu->running) {
            return true;
        }
        __asm__ volatile("pause");
    }
    return false;
}

/* Starts one CPU as `cpu`. If it does not come, it is reset once more, so that it cannot come
 * later, and another one may be started in its place. */
static BOOT_ONLY bool start(struct cpu *cpu, uint32_t apic_id)
{
    cpu->apic_id = apic_id;
    __atomic_store_n(&cpu_starting, cpu, __ATOMIC_SEQ_CST);
    arch_ipi_start(apic_id, CPU_START_PAGE);
    if (wait_for(cpu, SECOND_SIGNAL_TIME)) {
        return true;
    }
    arch_ipi_start(apic_id, CPU_START_PAGE);
    if (wait_for(cpu, ANSWER_TIME)) {
        return true;
    }
    __atomic_store_n(&cpu_starting, NULL, __ATOMIC_SEQ_CST);
    arch_ipi_init(apic_id);
    wait_for(NULL, INIT_TIME);
    log_print("cpu: the one with local APIC %u does not start\n", apic_id);
    return false;
}

BOOT_ONLY void arch_cpus_start(void)
{
    if (room_count == 1) {
        return;
    }
    memcpy(frame_ptr(CPU_START_PAGE), cpu_start_page,
           (uint64_t)(cpu_start_page_end - cpu_start_page));
    cpu_starting_root = thread_nobody.root;
    for (unsigned i = 0; i < id_count; i++) {
        arch_ipi_init(apic_ids[i]);
    }
    wait_for(NULL, INIT_TIME);
    for (unsigned i = 0; i < id_count && arch_cpu_count < room_count; i++) {
        if (start(cpus[arch_cpu_count], apic_ids[i])) {
            arch_cpu_count++;
        }
    }
}

/* ---- Their end ---- */

/* Those that run, but for the one that asks. */
static unsigned count_others(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < CPUS_MAX && cpus[i] != NULL; i++) {
        count += cpus[i]->running;
    }
    return count != 0 ? count - 1 : 0;
}

void arch_cpus_halt(void)
{
    if (count_others() == 0) {
        return;
    }
    arch_ipi_nmi_others();
    for (unsigned i = 0; i < STOP_POLLS && stopped_count < count_others(); i++) {
        __asm__ volatile("pause");
    }
}

_Noreturn void arch_cpu_halt(void)
{
    __atomic_fetch_add(&stopped_count, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}
