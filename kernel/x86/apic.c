/*
 * The local APICs (Intel SDM 3A, 11): what each CPU's interrupts pass through, and how one CPU
 * interrupts another. The lines of devices are in ioapic.c, the timer in timer.c.
 */
#include "kernel/x86/apic.h"

#include <cpuid.h>

#include "boot/boot_info.h"
#include "kernel/x86/timer.h"

#define CPUID_1_ECX_X2APIC (1u << 21)
#define APIC_BASE_X2 (1ull << 10)
#define APIC_BASE_ENABLE (1ull << 11)
#define SPURIOUS_ENABLE 0x100u

/* Command register: what is sent, and to whom. */
#define COMMAND_NMI (4u << 8)
#define COMMAND_INIT (5u << 8)
#define COMMAND_START (6u << 8)
#define COMMAND_PENDING (1u << 12)
#define COMMAND_ASSERT (1u << 14)
#define COMMAND_TO_OTHERS (3u << 18)
#define COMMAND_POLLS 100000

uint64_t apic_address;
bool apic_is_x2;
static uint32_t ids[CPUS_MAX];
static uint8_t nmi_pins;

BOOT_ONLY bool apic_find(const struct boot_info *info)
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    __get_cpuid(1, &a, &b, &c, &d);
    apic_address = info->local_apic;
    apic_is_x2 = apic_address != 0 && (c & CPUID_1_ECX_X2APIC) != 0;
    nmi_pins = info->nmi_pins;
    return apic_address != 0;
}

static BOOT_ONLY void init_pin(unsigned pin, uint32_t where)
{
    apic_write(where, nmi_pins >> pin & 1 ? COMMAND_NMI : APIC_MASKED);
}

BOOT_ONLY void arch_local_apic_init(void)
{
    /* An x2APIC is first enabled as an xAPIC (11.12.5.1). */
    uint64_t base = read_msr(MSR_APIC_BASE) | APIC_BASE_ENABLE;
    write_msr(MSR_APIC_BASE, base);
    if (apic_is_x2) {
        write_msr(MSR_APIC_BASE, base | APIC_BASE_X2);
    }
    apic_write(APIC_TASK_PRIORITY, 0);
    apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    init_pin(0, APIC_PIN0);
    init_pin(1, APIC_PIN1);
    apic_write(APIC_ERROR, APIC_MASKED);
    apic_write(APIC_ERROR_STATUS, 0);
    uint32_t id = apic_read(APIC_ID);
    ids[arch_cpu_number()] = apic_is_x2 ? id : id >> 24;
    timer_cpu_init();
}

uint32_t apic_id_of(unsigned cpu)
{
    return ids[cpu];
}

void arch_interrupt_end(void)
{
    apic_write(APIC_END, 0);
}

/* ---- From CPU to CPU ---- */

/* What was written before is seen by the CPU that is interrupted. */
static void send(uint32_t command, uint32_t id)
{
    if (apic_is_x2) {
        /* Writes to its registers wait for no others (11.12.3). */
        __asm__ volatile("mfence; lfence" : : : "memory");
        write_msr(MSR_X2APIC + APIC_COMMAND / 16, (uint64_t)id << 32 | command);
        return;
    }
    for (unsigned i = 0; i < COMMAND_POLLS && apic_read(APIC_COMMAND) & COMMAND_PENDING; i++) {
        __asm__ volatile("pause");
    }
    apic_write(APIC_COMMAND_HIGH, id << 24);
    apic_write(APIC_COMMAND, command);
}

void arch_cpu_interrupt(unsigned cpu)
{
    send(COMMAND_ASSERT | VECTOR_CALL, ids[cpu]);
}

BOOT_ONLY void arch_ipi_init(uint32_t apic_id)
{
    send(COMMAND_ASSERT | COMMAND_INIT, apic_id);
}

BOOT_ONLY void arch_ipi_start(uint32_t apic_id, uint64_t page)
{
    send(COMMAND_ASSERT | COMMAND_START | (uint32_t)(page >> FRAME_SHIFT & 0xff), apic_id);
}

void arch_ipi_nmi_others(void)
{
    if (apic_address != 0) {
        send(COMMAND_ASSERT | COMMAND_NMI | COMMAND_TO_OTHERS, 0);
    }
}
