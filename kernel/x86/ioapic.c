/*
 * Interrupt lines. The lower ones are global system interrupts, pins of the IO APICs (82093AA data
 * sheet); every one starts masked, and the two legacy PICs are switched off. From
 * FIRST_MESSAGE_LINE on come the messages that devices send by themselves (Intel SDM 3A, 11.11),
 * past any controller: these can only be switched off in the device. Line n has the vector
 * VECTOR_INTERRUPTS + n.
 */
#include <stddef.h>

#include "boot/boot_info.h"
#include "kernel/irq.h"
#include "kernel/x86/apic.h"

#define IO_APIC_SELECT 0x00
#define IO_APIC_WINDOW 0x10
#define IO_APIC_VERSION 1
#define IO_APIC_REDIRECTION 0x10
#define REDIRECTION_MASKED (1u << 16)
#define REDIRECTION_LEVEL (1u << 15)
#define REDIRECTION_LOW (1u << 13)

#define PIC1_DATA 0x21
#define PIC2_DATA 0xa1

#define MESSAGE_ADDRESS 0xfee00000u
#define DESTINATION_MAX 0xfeu /* what fits into 8 bits and is not everybody */

_Static_assert(VECTOR_INTERRUPTS + INTERRUPT_LINES <= VECTOR_TIMER, "each line has a vector");

struct line {
    uint64_t io_apic; /* 0: no such line, or one of messages */
    uint32_t pin;
    uint32_t low; /* low word of its redirection entry, but for the mask */
};

static struct line lines[FIRST_MESSAGE_LINE];
static uint8_t message_cpus[INTERRUPT_LINES - FIRST_MESSAGE_LINE];

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

static BOOT_ONLY void init_io_apic(const struct boot_io_apic *io_apic)
{
    uint32_t pins = (io_apic_read(io_apic->address, IO_APIC_VERSION) >> 16 & 0xff) + 1;
    for (uint32_t pin = 0; pin < pins; pin++) {
        uint32_t number = io_apic->first_line + pin;
        io_apic_write(io_apic->address, IO_APIC_REDIRECTION + 2 * pin, REDIRECTION_MASKED);
        if (number < FIRST_MESSAGE_LINE) {
            lines[number] = (struct line){io_apic->address, pin, VECTOR_INTERRUPTS + number};
        }
    }
}

BOOT_ONLY bool arch_interrupts_init(const struct boot_info *info)
{
    port_write8(PIC1_DATA, 0xff);
    port_write8(PIC2_DATA, 0xff);
    if (info->io_apic_count == 0 || !apic_find(info)) {
        return false;
    }
    arch_local_apic_init();
    for (uint32_t i = 0; i < info->io_apic_count; i++) {
        init_io_apic(&info->io_apics[i]);
    }
    for (unsigned i = 0; i < BOOT_ISA_LINES; i++) {
        const struct boot_isa_line *isa = &info->isa[i];
        if (isa->line < FIRST_MESSAGE_LINE && lines[isa->line].io_apic != 0) {
            lines[isa->line].low |= (isa->level_triggered ? REDIRECTION_LEVEL : 0) |
                                    (isa->active_low ? REDIRECTION_LOW : 0);
        }
    }
    return true;
}

BOOT_ONLY uint64_t arch_device_page(const struct boot_info *info, unsigned index)
{
    if (index == 0) {
        return info->local_apic & ~(BLOCK_BYTES - 1);
    }
    return index - 1 < info->io_apic_count ? info->io_apics[index - 1].address & ~(BLOCK_BYTES - 1)
                                           : 0;
}

bool arch_line_is_message(uint32_t line)
{
    return line >= FIRST_MESSAGE_LINE;
}

bool arch_line_exists(uint32_t line)
{
    return arch_line_is_message(line) ? line < INTERRUPT_LINES && apic_address != 0
                                      : lines[line].io_apic != 0;
}

bool arch_line_level(uint32_t line)
{
    return !arch_line_is_message(line) && (lines[line].low & REDIRECTION_LEVEL) != 0;
}

/* Without interrupt remapping a destination has eight bits. */
static uint32_t destination_of(unsigned cpu)
{
    uint32_t id = apic_id_of(cpu);
    return id <= DESTINATION_MAX ? id : apic_id_of(0);
}

void arch_line_bind(uint32_t line, unsigned cpu)
{
    if (arch_line_is_message(line)) {
        message_cpus[line - FIRST_MESSAGE_LINE] = (uint8_t)cpu;
        return;
    }
    io_apic_write(lines[line].io_apic, IO_APIC_REDIRECTION + 2 * lines[line].pin + 1,
                  destination_of(cpu) << 24);
    write_line(&lines[line], 0);
}

void arch_line_mask(uint32_t line)
{
    if (!arch_line_is_message(line)) {
        write_line(&lines[line], REDIRECTION_MASKED);
    }
}

void arch_line_unmask(uint32_t line)
{
    if (!arch_line_is_message(line)) {
        write_line(&lines[line], 0);
    }
}

uint64_t arch_message_address(uint32_t line)
{
    return MESSAGE_ADDRESS | destination_of(message_cpus[line - FIRST_MESSAGE_LINE]) << 12;
}

uint32_t arch_message_data(uint32_t line)
{
    return VECTOR_INTERRUPTS + line; /* fixed, edge */
}
