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
#include "kernel/x86/cpu.h"

#define CPUID_TOPOLOGY 0xb
#define XAPIC_IDS 0xffu /* ids that a local APIC in xAPIC mode can send to */

/* Microseconds. The first is of the SDM's algorithm; a CPU that is there comes within a few of the
 * second, but an emulator's may have to wait for a turn on the host. */
#define INIT_TIME 10000u
#define ANSWER_TIME 1000000u
#define POLL_TIME 100u
#define SECOND_SIGNAL_TIME 1000u
#define STOP_POLLS 10000000u

#define PIT_HZ 1193182u
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND 0x43
#define PIT_COMMAND_ONE_SHOT 0xb0 /* channel 2, low byte and high byte, mode 0 */
#define PIT_GATE_PORT 0x61
#define PIT_GATE 1u
#define PIT_SPEAKER 2u
#define PIT_OUTPUT 0x20u
#define PIT_POLLS 10000000u

unsigned arch_cpu_count = 1;

/* boot/cpu_start.asm */
extern const char cpu_start_page[], cpu_start_page_end[];
extern struct cpu *volatile cpu_starting;
extern uint64_t cpu_starting_root;

static uint32_t apic_ids[BOOT_CPUS]; /* of those that may be started */
static unsigned id_count;
static unsigned room_count; /* struct cpus with stacks, the boot CPU's among them */
static uint64_t local_apic;
static volatile uint32_t stopped_count;

static uint32_t apic_id_here(void)
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid_count(CPUID_TOPOLOGY, 0, &a, &b, &c, &d) && (b & 0xffff) != 0) {
        return d;
    }
    __get_cpuid(1, &a, &b, &c, &d);
    return b >> 24;
}

/* ---- What the interrupt controller does ---- */

#define LOCAL_APIC_TASK_PRIORITY 0x80
#define LOCAL_APIC_SPURIOUS 0xf0
#define LOCAL_APIC_ENABLE 0x100
#define LOCAL_APIC_COMMAND 0x300
#define LOCAL_APIC_COMMAND_TO 0x310
#define COMMAND_PENDING (1u << 12)
#define COMMAND_NMI 0x4400u   /* asserted */
#define COMMAND_INIT 0x4500u  /* asserted */
#define COMMAND_START 0x4600u /* asserted; page number in the low byte */
#define COMMAND_OTHERS (3u << 18)
#define COMMAND_POLLS 1000000u
#define APIC_BASE_ENABLE (1ull << 11)

static volatile uint32_t *apic_word(uint32_t offset)
{
    return frame_ptr(local_apic + offset);
}

static void apic_command(uint32_t apic_id, uint32_t command)
{
    *apic_word(LOCAL_APIC_COMMAND_TO) = apic_id << 24;
    *apic_word(LOCAL_APIC_COMMAND) = command;
    for (unsigned i = 0; i < COMMAND_POLLS; i++) {
        if (!(*apic_word(LOCAL_APIC_COMMAND) & COMMAND_PENDING)) {
            return;
        }
    }
}

static void ipi_init(uint32_t apic_id)
{
    apic_command(apic_id, COMMAND_INIT);
}

static void ipi_start(uint32_t apic_id, uint64_t page)
{
    apic_command(apic_id, COMMAND_START | (uint32_t)(page >> FRAME_SHIFT));
}

static void ipi_nmi_others(void)
{
    apic_command(0, COMMAND_NMI | COMMAND_OTHERS);
}

static void local_apic_init(void)
{
    write_msr(MSR_APIC_BASE, read_msr(MSR_APIC_BASE) | APIC_BASE_ENABLE);
    *apic_word(LOCAL_APIC_TASK_PRIORITY) = 0;
    *apic_word(LOCAL_APIC_SPURIOUS) = LOCAL_APIC_ENABLE | VECTOR_SPURIOUS;
}

/* ---- Before the identity map ---- */

static bool find_room(struct cpu *cpu, unsigned number)
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
static void list_others(const struct boot_info *info)
{
    for (uint32_t i = 1; i < info->cpu_count && local_apic != 0; i++) {
        if (info->cpu_apic_ids[i] < XAPIC_IDS) {
            apic_ids[id_count++] = info->cpu_apic_ids[i];
        }
    }
    if (id_count + 1 < info->cpu_count) {
        log_print("cpu: %u are out of the local APIC's reach\n", info->cpu_count - id_count - 1);
    }
}

void arch_cpus_prepare(struct boot_info *info)
{
    acpi_boot_cpu_first(info, apic_id_here());
    boot_cpu.apic_id = info->cpu_apic_ids[0];
    boot_cpu.running = 1;
    local_apic = info->local_apic;
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

/* By the timer that every PC has, because no other is measured yet. At most 50 ms. */
static void wait_microseconds(uint32_t microseconds)
{
    uint32_t count = (uint32_t)((uint64_t)microseconds * PIT_HZ / 1000000) + 1;
    uint8_t gate = port_read8(PIT_GATE_PORT) & ~PIT_SPEAKER;
    port_write8(PIT_GATE_PORT, gate | PIT_GATE);
    port_write8(PIT_COMMAND, PIT_COMMAND_ONE_SHOT);
    port_write8(PIT_CHANNEL_2, (uint8_t)count);
    port_write8(PIT_CHANNEL_2, (uint8_t)(count >> 8));
    for (unsigned i = 0; i < PIT_POLLS && !(port_read8(PIT_GATE_PORT) & PIT_OUTPUT); i++) {}
}

/* Where boot/cpu_start.asm leaves a CPU: on its own kernel stack, with nothing set up. */
_Noreturn void smp_main(struct cpu *cpu);
_Noreturn void smp_main(struct cpu *cpu)
{
    cpu_init(cpu);
    arch_set_root(cpu_starting_root);
    local_apic_init();
    cpu->running = 1;
    kernel_cpu_main();
}

static bool wait_for(const struct cpu *cpu)
{
    for (uint32_t waited = 0; waited < ANSWER_TIME; waited += POLL_TIME) {
        if (cpu->running) {
            return true;
        }
        if (waited == SECOND_SIGNAL_TIME) {
            ipi_start(cpu->apic_id, CPU_START_PAGE);
        }
        wait_microseconds(POLL_TIME);
    }
    return cpu->running;
}

/* Starts one CPU as `cpu`. If it does not come, it is reset once more, so that it cannot come
 * later, and another one may be started in its place. */
static bool start(struct cpu *cpu, uint32_t apic_id)
{
    cpu->apic_id = apic_id;
    __atomic_store_n(&cpu_starting, cpu, __ATOMIC_SEQ_CST);
    ipi_start(apic_id, CPU_START_PAGE);
    if (wait_for(cpu)) {
        return true;
    }
    __atomic_store_n(&cpu_starting, NULL, __ATOMIC_SEQ_CST);
    ipi_init(apic_id);
    wait_microseconds(INIT_TIME);
    log_print("cpu: the one with local APIC %u does not start\n", apic_id);
    return false;
}

void arch_cpus_start(void)
{
    if (room_count == 1) {
        return;
    }
    memcpy(frame_ptr(CPU_START_PAGE), cpu_start_page,
           (uint64_t)(cpu_start_page_end - cpu_start_page));
    cpu_starting_root = arch_root();
    for (unsigned i = 0; i < id_count; i++) {
        ipi_init(apic_ids[i]);
    }
    wait_microseconds(INIT_TIME);
    for (unsigned i = 0; i < id_count && arch_cpu_count < room_count; i++) {
        if (start(cpus[arch_cpu_count], apic_ids[i])) {
            arch_cpu_count++;
        }
    }
}

/* ---- Their work, and their end ---- */

_Noreturn void kernel_cpu_main(void)
{
    for (;;) {
        arch_wait_for_interrupt();
    }
}

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
    ipi_nmi_others();
    for (unsigned i = 0; i < STOP_POLLS && stopped_count < count_others(); i++) {
        __asm__ volatile("pause");
    }
}

_Noreturn void arch_cpu_stop(void)
{
    __atomic_fetch_add(&stopped_count, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}
