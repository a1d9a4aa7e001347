/*
 * What the kernel knows of the machine it was started on. The boot code fills it from whatever
 * the loader and firmware left (boot/multiboot.c, boot/acpi.c); nothing else knows the loader.
 */
#ifndef BOOT_BOOT_INFO_H
#define BOOT_BOOT_INFO_H

#include <stdint.h>

#include <cocos/abi.h>

#define BOOT_COMMAND_LINE_BYTES 256
#define BOOT_CPUS 256
#define BOOT_IO_APICS 4
#define BOOT_ISA_LINES 16

struct boot_io_apic {
    uint64_t address;
    uint32_t first_line; /* global system interrupt of its first pin */
    uint32_t spare;
};

/* Where an ISA interrupt arrives (ACPI 6.4, 5.2.12.5). */
struct boot_isa_line {
    uint32_t line; /* global system interrupt */
    uint8_t level_triggered;
    uint8_t active_low;
    uint16_t spare;
};

struct boot_info {
    struct memory_range memory[MEMORY_RANGES]; /* by rising start, without overlaps, not empty */
    uint32_t memory_count;
    uint32_t module_count;
    struct boot_module modules[PROCESS_MODULES]; /* bytes not rounded; frame-aligned starts */
    char command_line[BOOT_COMMAND_LINE_BYTES];
    struct screen screen;
    uint64_t loader_start, loader_end; /* the loader's own structure: free after boot */

    uint8_t rsdp[36];    /* the loader's copy of the ACPI root pointer; all zero: none */
    uint64_t local_apic; /* physical address, 0: none found */
    uint8_t nmi_pins;    /* bit n: pin LINTn of the local APICs is where NMIs come */
    uint16_t timer_port; /* the ACPI power management timer, 0 = none */
    uint32_t io_apic_count;
    struct boot_io_apic io_apics[BOOT_IO_APICS];
    struct boot_isa_line isa[BOOT_ISA_LINES];
    uint32_t cpu_count; /* enabled ones, each once */
    uint32_t cpu_apic_ids[BOOT_CPUS];
    uint16_t power_port, power_value, power_port_b, power_value_b;
    uint16_t reset_port;
    uint8_t reset_value, century_register;
    struct pci_space pci;
};

/*
 * Parses a Multiboot2 information structure (Multiboot2 specification 2.0, 3.6) of at most
 * `bytes_max` bytes. Returns NULL and fills the first part of *info (down to rsdp), or returns
 * one sentence that says what is wrong with it and leaves *info undefined. Overlapping memory
 * ranges are resolved in favour of the stricter type; adjacent ones of one type are joined.
 */
const char *multiboot_parse(const void *structure, uint64_t bytes_max, struct boot_info *info);

/* Returns a pointer to `bytes` bytes at physical address `address`, or NULL when they cannot be
 * read. The kernel checks against what is mapped; tests read from an array. */
typedef const void *(*acpi_reader)(uint64_t address, uint64_t bytes);

/*
 * Fills the second part of *info from the ACPI tables that info->rsdp names (ACPI 6.4, 5.2):
 * MADT, FADT and MCFG, and the \_S5 package of the DSDT. Damaged or absent tables leave what they
 * would have said at: no IO APIC, ISA lines at their own number (edge, active high), no pin for
 * NMIs, one CPU with id 0, no timer, no power port, no reset port, no register of the century, no
 * configuration space in memory. Never fails.
 */
void acpi_parse(struct boot_info *info, acpi_reader read);

/* Puts the CPU that runs the kernel first among those found; the others keep their order. */
void acpi_boot_cpu_first(struct boot_info *info, uint32_t apic_id);

#endif
