/*
 * The ACPI tables the kernel reads, in numbers: offsets in bytes (ACPI specification 6.4,
 * chapters 5.2.5 to 5.2.12) and the few byte codes of AML (20.2) that a \_S5 package is made of.
 */
#ifndef BOOT_ACPI_TABLES_H
#define BOOT_ACPI_TABLES_H

/* Root pointer, version 1 and later. */
#define RSDP_V1_BYTES 20
#define RSDP_REVISION 15
#define RSDP_RSDT 16
#define RSDP_LENGTH 20
#define RSDP_XSDT 24
#define RSDP_V2_BYTES 36

/* Every table: signature, u32 length of all, ..., u8 that makes the sum of all bytes 0. */
#define TABLE_LENGTH 4
#define TABLE_HEADER_BYTES 36u
/* The largest tables known, DSDTs of servers, have about a megabyte. */
#define TABLE_BYTES_MAX 0x1000000u

/* MADT: u32 address of the local APICs, u32 flags, entries of u8 type, u8 length. */
#define MADT_LOCAL_APIC 36
#define MADT_ENTRIES 44u

enum madt_entry {
    MADT_CPU = 0,          /* 3: u8 APIC id, 4: u32 flags */
    MADT_IO_APIC = 1,      /* 4: u32 address, 8: u32 first line */
    MADT_ISA_LINE = 2,     /* 3: u8 ISA line, 4: u32 line, 8: u16 flags */
    MADT_NMI_PIN = 4,      /* 2: u8 CPU, or ff for all, 3: u16 flags, 5: u8 pin */
    MADT_APIC_ADDRESS = 5, /* 4: u64 address of the local APICs */
    MADT_X2APIC_CPU = 9,   /* 4: u32 x2APIC id, 8: u32 flags */
    MADT_X2APIC_NMI = 10,  /* 2: u16 flags, 4: u32 CPU, or ffffffff, 8: u8 pin */
};

#define MADT_CPU_ENABLED 1u
#define APIC_BROADCAST 0xffu
#define X2APIC_BROADCAST 0xffffffffu
#define MADT_POLARITY_MASK 0x3u
#define MADT_ACTIVE_LOW 0x3u
#define MADT_TRIGGER_MASK 0xcu
#define MADT_LEVEL 0xcu

/* FADT. The X_ fields came later, and are generic addresses: u8 space, ..., 4: u64 address. */
#define FADT_DSDT 40u
#define FADT_PM1A_CONTROL 64u
#define FADT_PM1B_CONTROL 68u
#define FADT_TIMER 76u
#define FADT_CENTURY 108u
#define FADT_FLAGS 112u
#define FADT_RESET 116u
#define FADT_RESET_VALUE 128u
#define FADT_X_DSDT 140u
#define FADT_X_PM1A_CONTROL 172u
#define FADT_X_PM1B_CONTROL 184u
#define FADT_X_TIMER 208u
#define FADT_RESET_SUPPORTED (1u << 10)
#define GENERIC_ADDRESS 4u
#define GENERIC_ADDRESS_BYTES 12u
#define SPACE_IO_PORTS 1

/* MCFG (PCI Firmware Specification 3.2, 4.1.2): entries of u64 address of bus 0, u16 segment, u8
 * first bus, u8 last bus, u32 reserved. */
#define MCFG_ENTRIES 44u
#define MCFG_ENTRY_BYTES 16u

/* PM1 control register (4.8.3.2.1): type of sleep in bits 10-12, start of sleep. */
#define PM1_SLEEP_TYPE_SHIFT 10
#define PM1_SLEEP_TYPE_MASK 7u
#define PM1_SLEEP_START (1u << 13)

enum aml_code {
    AML_ZERO = 0x00,
    AML_ONE = 0x01,
    AML_NAME = 0x08,
    AML_BYTE = 0x0a,
    AML_WORD = 0x0b,
    AML_DWORD = 0x0c,
    AML_PACKAGE = 0x12,
    AML_ROOT = 0x5c,
    AML_ONES = 0xff,
};

#endif
