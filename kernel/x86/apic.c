/*
 * Interrupt controllers: the local APIC and the IO APICs (Intel SDM 3A, 11; 82093AA data sheet).
 * A line is a global system interrupt; its vector is VECTOR_INTERRUPTS + line. Every line starts
 * masked; the two legacy PICs are switched off.
 */
#include <stddef.h>

#include "boot/boot_info.h"
#include "kernel/frame_ptr.h"
#include "kernel/irq.h"
#include "kernel/x86/cpu.h"

#define LOCAL_APIC_TASK_PRIORITY 0x80
#define LOCAL_APIC_END 0xb0
#define LOCAL_APIC_SPURIOUS 0xf0
#define LOCAL_APIC_ID 0x20
#define LOCAL_APIC_ENABLE 0x100
#define LOCAL_APIC_TIMER 0x320
#define LOCAL_APIC_TIMER_COUNT 0x380
#define LOCAL_APIC_TIMER_DIVIDE 0x3e0
#define DIVIDE_BY_16 3
#define QUANTUM_CYCLES 1000000 /* times 16; the bus clock is not measured yet */
#define APIC_BASE_ENABLE (1ull << 11)

#define IO_APIC_SELECT 0x00
#define IO_APIC_WINDOW 0x10
#define IO_APIC_VERSION 1
#define IO_APIC_REDIRECTION 0x10
#define REDIRECTION_MASKED (1u << 16)
#define REDIRECTION_LEVEL (1u << 15)
#define REDIRECTION_LOW (1u << 13)

#define PIC1_DATA 0x21
#define PIC2_DATA 0xa1

struct line {
    uint64_t io_apic; /* 0: no such line */
    uint32_t pin;
    uint32_t low; /* low word of its redirection entry, but for the mask */
};

static uint64_t local_apic;
static struct line lines[INTERRUPT_LINES];

static volatile uint32_t *device_word(uint64_t address)
{
    return frame_ptr(address);
}

static uint32_t io_apic_read(uint64_t io_apic, uint32_t index)
{
    *device_word(io_apic + IO_APIC_SELECT) = index;
    return *device_word(io_apic + IO_APIC_WINDOW);
}

static void io_apic_write(uint64_t io_apic, uint32_t index, uint32_t value)
{
    *device_word(io_apic + IO_APIC_SELECT) = index;
    *device_word(io_apic + IO_APIC_WINDOW) = value;
}

static void write_line(const struct line *line, uint32_t mask)
{
    io_apic_write(line->io_apic, IO_APIC_REDIRECTION + 2 * line->pin, line->low | mask);
}

static void init_io_apic(const struct boot_io_apic *io_apic)
{
    uint32_t pins = (io_apic_read(io_apic->address, IO_APIC_VERSION) >> 16 & 0xff) + 1;
    for (uint32_t pin = 0; pin < pins; pin++) {
        uint32_t number = io_apic->first_line + pin;
        io_apic_write(io_apic->address, IO_APIC_REDIRECTION + 2 * pin, REDIRECTION_MASKED);
        if (number < INTERRUPT_LINES) {
            lines[number] = (struct line){io_apic->address, pin, VECTOR_INTERRUPTS + number};
        }
    }
}

bool arch_interrupts_init(const struct boot_info *info)
{
    port_write8(PIC1_DATA, 0xff);
    port_write8(PIC2_DATA, 0xff);
    if (info->local_apic == 0 || info->io_apic_count == 0) {
        return false;
    }
    local_apic = info->local_apic;
    write_msr(MSR_APIC_BASE, read_msr(MSR_APIC_BASE) | APIC_BASE_ENABLE);
    *device_word(local_apic + LOCAL_APIC_TASK_PRIORITY) = 0;
    *device_word(local_apic + LOCAL_APIC_SPURIOUS) = LOCAL_APIC_ENABLE | VECTOR_SPURIOUS;
    *device_word(local_apic + LOCAL_APIC_TIMER_DIVIDE) = DIVIDE_BY_16;
    *device_word(local_apic + LOCAL_APIC_TIMER) = VECTOR_QUANTUM; /* once, not masked */
    for (uint32_t i = 0; i < info->io_apic_count; i++) {
        init_io_apic(&info->io_apics[i]);
    }
    for (unsigned i = 0; i < BOOT_ISA_LINES; i++) {
        const struct boot_isa_line *isa = &info->isa[i];
        if (isa->line < INTERRUPT_LINES && lines[isa->line].io_apic != 0) {
            lines[isa->line].low |= (isa->level_triggered ? REDIRECTION_LEVEL : 0) |
                                    (isa->active_low ? REDIRECTION_LOW : 0);
        }
    }
    return true;
}

uint64_t arch_device_page(const struct boot_info *info, unsigned index)
{
    if (index == 0) {
        return info->local_apic & ~(BLOCK_BYTES - 1);
    }
    return index - 1 < info->io_apic_count ? info->io_apics[index - 1].address & ~(BLOCK_BYTES - 1)
                                           : 0;
}

bool arch_line_exists(uint32_t line)
{
    return line < INTERRUPT_LINES && lines[line].io_apic != 0;
}

bool arch_line_level(uint32_t line)
{
    return (lines[line].low & REDIRECTION_LEVEL) != 0;
}

void arch_line_bind(uint32_t line)
{
    uint32_t destination = *device_word(local_apic + LOCAL_APIC_ID) & 0xff000000;
    io_apic_write(lines[line].io_apic, IO_APIC_REDIRECTION + 2 * lines[line].pin + 1, destination);
    write_line(&lines[line], 0);
}

void arch_line_mask(uint32_t line)
{
    write_line(&lines[line], REDIRECTION_MASKED);
}

void arch_line_unmask(uint32_t line)
{
    write_line(&lines[line], 0);
}

void arch_quantum_start(void)
{
    if (local_apic != 0) {
        *device_word(local_apic + LOCAL_APIC_TIMER_COUNT) = QUANTUM_CYCLES;
    }
}

void arch_interrupt_end(void)
{
    *device_word(local_apic + LOCAL_APIC_END) = 0;
}
