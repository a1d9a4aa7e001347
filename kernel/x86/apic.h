/*
 * The local APIC as the files of kernel/x86/ reach it (Intel SDM 3A, 11): at its address in memory,
 * or, as an x2APIC, by model-specific registers. Every CPU has its own, at the same place.
 */
#ifndef KERNEL_X86_APIC_H
#define KERNEL_X86_APIC_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/frame_ptr.h"
#include "kernel/x86/cpu.h"

/* Registers: offsets in bytes; divided by 16 they count from MSR_X2APIC. */
#define APIC_ID 0x20
#define APIC_TASK_PRIORITY 0x80
#define APIC_END 0xb0
#define APIC_SPURIOUS 0xf0
#define APIC_ERROR_STATUS 0x280
#define APIC_COMMAND 0x300
#define APIC_COMMAND_HIGH 0x310 /* not in an x2APIC, whose command register has 64 bits */
#define APIC_TIMER 0x320
#define APIC_PIN0 0x350
#define APIC_PIN1 0x360
#define APIC_ERROR 0x370
#define APIC_TIMER_COUNT 0x380
#define APIC_TIMER_LEFT 0x390
#define APIC_TIMER_DIVIDE 0x3e0

#define APIC_MASKED (1u << 16) /* in the entries from APIC_TIMER to APIC_ERROR */

#define MSR_X2APIC 0x800u

extern uint64_t apic_address; /* 0: the machine has none */
extern bool apic_is_x2;

static inline uint32_t apic_read(uint32_t where)
{
    if (apic_is_x2) {
        return (uint32_t)read_msr(MSR_X2APIC + where / 16);
    }
    return *(volatile uint32_t *)frame_ptr(apic_address + where);
}

static inline void apic_write(uint32_t where, uint32_t value)
{
    if (apic_is_x2) {
        write_msr(MSR_X2APIC + where / 16, value);
    } else {
        *(volatile uint32_t *)frame_ptr(apic_address + where) = value;
    }
}

/* Finds the local APIC; false: there is none that is usable. Before arch_local_apic_init. */
bool apic_find(const struct boot_info *info);

/* The local APIC's id of a CPU whose arch_local_apic_init was called. */
uint32_t apic_id_of(unsigned cpu);

#endif
