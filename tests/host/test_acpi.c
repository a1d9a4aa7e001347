// sources: boot/acpi.c
/*
 * The ACPI tables: what QEMU's and Bochs's firmware give is understood, and damaged, absent or
 * hostile tables leave the defaults, without a read outside a table.
 */
#include "boot/boot_info.h"

#include "boot/acpi_tables.h"
#include "tests/host/check.h"

/* The machine's memory, with one table at each of these addresses. */
enum { AT_RSDT = 0x1000, AT_XSDT = 0x2000, AT_MADT = 0x3000, AT_FADT = 0x4000, AT_DSDT = 0x5000 };
#define MEMORY_BYTES 0x6000

static uint8_t memory[MEMORY_BYTES];

/* The last copies given out: each of exactly the size that was asked for. */
#define COPIES 64
static void *copies[COPIES];
static unsigned next_copy;

static const void *read_memory(uint64_t address, uint64_t bytes)
{
    if (address >= MEMORY_BYTES || bytes > MEMORY_BYTES - address) {
        return 0;
    }
    void **copy = &copies[next_copy++ % COPIES];
    free(*copy);
    *copy = exact_copy(memory + address, bytes);
    return *copy;
}

static void free_copies(void)
{
    for (int i = 0; i < COPIES; i++) {
        free(copies[i]);
        copies[i] = 0;
    }
}

static void store(uint64_t address, uint64_t value, size_t bytes)
{
    memcpy(memory + address, &value, bytes);
}

static uint8_t checksum(const uint8_t *bytes, uint32_t count)
{
    uint8_t sum = 0;
    while (count--) {
        sum = (uint8_t)(sum + *bytes++);
    }
    return (uint8_t)-sum;
}

/* Gives what is at `address` a header and a checksum. */
static void seal(uint64_t address, const char *signature, uint32_t bytes)
{
    memcpy(memory + address, signature, 4);
    store(address + TABLE_LENGTH, bytes, 4);
    memory[address + 9] = 0;
    memory[address + 9] = checksum(memory + address, bytes);
}

/* Appends an entry to a growing table. */
static void append(uint64_t table, uint32_t *size, const void *entry, uint32_t bytes)
{
    memcpy(memory + table + *size, entry, bytes);
    *size += bytes;
}

#define APPEND(table, size, ...)                                                                   \
    append(table, size, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* Three processors, one switched off; one IO APIC; ISA 0 at line 2, ISA 9 level and active low;
 * NMIs at LINT1 of all. */
static uint32_t make_madt(void)
{
    uint32_t size = MADT_ENTRIES;
    store(AT_MADT + MADT_LOCAL_APIC, 0xfee00000, 4);
    APPEND(AT_MADT, &size, MADT_CPU, 8, 0, 0, 1, 0, 0, 0);
    APPEND(AT_MADT, &size, MADT_CPU, 8, 1, 3, 1, 0, 0, 0);
    APPEND(AT_MADT, &size, MADT_CPU, 8, 2, 4, 0, 0, 0, 0);
    APPEND(AT_MADT, &size, MADT_IO_APIC, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0);
    APPEND(AT_MADT, &size, MADT_ISA_LINE, 10, 0, 0, 2, 0, 0, 0, 0, 0);
    APPEND(AT_MADT, &size, MADT_ISA_LINE, 10, 0, 9, 9, 0, 0, 0, 0xf, 0);
    APPEND(AT_MADT, &size, MADT_NMI_PIN, 6, 0xff, 0, 0, 1);
    seal(AT_MADT, "APIC", size);
    return size;
}

static void make_fadt(void)
{
    store(AT_FADT + FADT_DSDT, AT_DSDT, 4);
    store(AT_FADT + FADT_PM1A_CONTROL, 0x604, 4);
    store(AT_FADT + FADT_TIMER, 0x608, 4);
    seal(AT_FADT, "FACP", 116);
}

/* Some bytes of AML before and after, and the given ones between. */
static void make_dsdt(const void *aml, uint32_t bytes)
{
    uint32_t size = TABLE_HEADER_BYTES;
    APPEND(AT_DSDT, &size, 0x10, 0x05, '_', 'S', '5', 'X', AML_NAME, '_', 'S', '4', '_', AML_ZERO);
    append(AT_DSDT, &size, aml, bytes);
    seal(AT_DSDT, "DSDT", size);
}

#define MAKE_DSDT(...)                                                                             \
    make_dsdt((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void make_root_tables(void)
{
    store(AT_RSDT + 36, AT_FADT, 4);
    store(AT_RSDT + 40, AT_MADT, 4);
    seal(AT_RSDT, "RSDT", 44);
    store(AT_XSDT + 36, AT_FADT, 8);
    store(AT_XSDT + 44, AT_MADT, 8);
    seal(AT_XSDT, "XSDT", 52);
}

/* A root pointer of version 0 knows the RSDT, one of version 2 the XSDT too. */
static void make_rsdp(struct boot_info *info, int version)
{
    uint32_t rsdt = AT_RSDT;
    uint64_t xsdt = AT_XSDT;
    memset(info, 0, sizeof(*info));
    memcpy(info->rsdp, "RSD PTR ", 8);
    memcpy(info->rsdp + RSDP_RSDT, &rsdt, 4);
    info->rsdp[RSDP_REVISION] = (uint8_t)version;
    info->rsdp[8] = checksum(info->rsdp, RSDP_V1_BYTES);
    if (version >= 2) {
        info->rsdp[RSDP_LENGTH] = RSDP_V2_BYTES;
        memcpy(info->rsdp + RSDP_XSDT, &xsdt, 8);
        info->rsdp[32] = checksum(info->rsdp, RSDP_V2_BYTES);
    }
}

static void make_machine(struct boot_info *info)
{
    memset(memory, 0, sizeof(memory));
    make_madt();
    make_fadt();
    MAKE_DSDT(AML_NAME, '_', 'S', '5', '_', AML_PACKAGE, 0x06, 4, AML_BYTE, 5, AML_ONE, 0, 0);
    make_root_tables();
    make_rsdp(info, 0);
}

static struct boot_info parsed(struct boot_info info)
{
    acpi_parse(&info, read_memory);
    free_copies();
    return info;
}

static void assert_default_interrupts(const struct boot_info *info)
{
    assert_int_equal(info->cpu_count, 1);
    assert_int_equal(info->cpu_apic_ids[0], 0);
    assert_true(info->local_apic == 0);
    assert_int_equal(info->nmi_pins, 0);
    assert_int_equal(info->io_apic_count, 0);
    for (uint32_t i = 0; i < BOOT_ISA_LINES; i++) {
        assert_int_equal(info->isa[i].line, i);
        assert_int_equal(info->isa[i].level_triggered, 0);
        assert_int_equal(info->isa[i].active_low, 0);
    }
}

static void assert_machine_interrupts(const struct boot_info *info)
{
    assert_int_equal(info->cpu_count, 2);
    assert_int_equal(info->cpu_apic_ids[1], 3);
    assert_true(info->local_apic == 0xfee00000);
    assert_int_equal(info->nmi_pins, 2);
    assert_int_equal(info->io_apic_count, 1);
    assert_true(info->io_apics[0].address == 0xfec00000);
    assert_int_equal(info->isa[0].line, 2);
    assert_int_equal(info->isa[1].line, 1);
    assert_int_equal(info->isa[9].line, 9);
    assert_int_equal(info->isa[9].level_triggered, 1);
    assert_int_equal(info->isa[9].active_low, 1);
}

static void assert_no_power(const struct boot_info *info)
{
    assert_int_equal(info->power_port, 0);
    assert_int_equal(info->power_value, 0);
    assert_int_equal(info->power_port_b, 0);
    assert_int_equal(info->power_value_b, 0);
}

static void assert_power(const struct boot_info *info, uint16_t port, uint16_t type)
{
    assert_int_equal(info->power_port, port);
    assert_int_equal(info->power_value, type << 10 | 1 << 13);
}

static void understands_a_machine(void **state)
{
    (void)state;
    struct boot_info info;
    make_machine(&info);
    info = parsed(info);
    assert_machine_interrupts(&info);
    assert_power(&info, 0x604, 5);
    assert_int_equal(info.power_port_b, 0);
    assert_int_equal(info.timer_port, 0x608);
}

static void without_root_pointer(void **state)
{
    (void)state;
    struct boot_info info;
    make_machine(&info);
    memset(info.rsdp, 0, sizeof(info.rsdp));
    info = parsed(info);
    assert_default_interrupts(&info);
    assert_no_power(&info);
    assert_int_equal(info.timer_port, 0);
}

static void refuses_damaged_root_pointer(void **state)
{
    (void)state;
    for (int i = 0; i < RSDP_V1_BYTES; i++) {
        struct boot_info info;
        make_machine(&info);
        info.rsdp[i] ^= 0x40;
        info = parsed(info);
        assert_default_interrupts(&info);
    }
}

static void prefers_the_xsdt(void **state)
{
    (void)state;
    struct boot_info info;
    make_machine(&info);
    make_rsdp(&info, 2);
    memset(memory + AT_RSDT, 0, 64);
    info = parsed(info);
    assert_machine_interrupts(&info);
    assert_power(&info, 0x604, 5);
}

/* Version 2, but its XSDT or its own second half is damaged. */
static void falls_back_to_the_rsdt(void **state)
{
    (void)state;
    struct boot_info info;
    make_machine(&info);
    make_rsdp(&info, 2);
    memory[AT_XSDT + 40] ^= 1;
    info = parsed(info);
    assert_machine_interrupts(&info);
    make_machine(&info);
    make_rsdp(&info, 2);
    info.rsdp[RSDP_XSDT] ^= 1;
    info = parsed(info);
    assert_machine_interrupts(&info);
}

static void refuses_checksums(void **state)
{
    (void)state;
    struct boot_info info;
    make_machine(&info);
    memory[AT_MADT + MADT_ENTRIES + 3] ^= 1;
    info = parsed(info);
    assert_default_interrupts(&info);
    assert_power(&info, 0x604, 5);
    make_machine(&info);
    memory[AT_FADT + 100] ^= 1;
    info = parsed(info);
    assert_machine_interrupts(&info);
    assert_no_power(&info);
    make_machine(&info);
    memory[AT_DSDT + 38] ^= 1;
    info = parsed(info);
    assert_no_power(&info);
    make_machine(&info);
    memory[AT_RSDT + 38] ^= 1;
    info = parsed(info);
    assert_default_interrupts(&info);
}

static void refuses_lengths(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {0, 35, MEMORY_BYTES, 0x2000000, 0xffffffff};
    static const uint64_t tables[] = {AT_RSDT, AT_MADT, AT_FADT, AT_DSDT};
    for (size_t table = 0; table < 4; table++) {
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
            struct boot_info info;
            make_machine(&info);
            store(tables[table] + TABLE_LENGTH, lengths[i], 4);
            info = parsed(info);
            if (table < 2) {
                assert_default_interrupts(&info);
            }
            if (table != 1) {
                assert_no_power(&info);
            }
        }
    }
}

/* Tables so short that what is looked for is not in them, with correct checksums. */
static void refuses_short_tables(void **state)
{
    (void)state;
    struct boot_info info;
    for (uint32_t size = TABLE_HEADER_BYTES; size < MADT_ENTRIES; size++) {
        make_machine(&info);
        seal(AT_MADT, "APIC", size);
        info = parsed(info);
        assert_default_interrupts(&info);
    }
    for (uint32_t size = TABLE_HEADER_BYTES; size < FADT_PM1A_CONTROL + 4; size++) {
        make_machine(&info);
        seal(AT_FADT, "FACP", size);
        info = parsed(info);
        assert_no_power(&info);
    }
    for (uint32_t size = TABLE_HEADER_BYTES; size < 40; size++) {
        make_machine(&info);
        seal(AT_RSDT, "RSDT", size);
        info = parsed(info);
        assert_default_interrupts(&info);
        assert_no_power(&info);
    }
}

static void refuses_odd_madt_entries(void **state)
{
    (void)state;
    static const uint8_t lengths[] = {0, 1, 7, 255};
    for (size_t i = 0; i < sizeof(lengths); i++) {
        struct boot_info info;
        make_machine(&info);
        uint32_t size = make_madt();
        memory[AT_MADT + MADT_ENTRIES + 1] = lengths[i];
        seal(AT_MADT, "APIC", size);
        info = parsed(info);
        assert_default_interrupts(&info);
    }
    struct boot_info info;
    make_machine(&info);
    uint32_t whole = make_madt();
    for (uint32_t size = whole - 1; size > whole - 6; size--) {
        seal(AT_MADT, "APIC", size);
        struct boot_info found = parsed(info);
        assert_default_interrupts(&found);
    }
}

static void understands_x2apic_and_override(void **state)
{
    (void)state;
    struct boot_info info;
    make_machine(&info);
    uint32_t size = MADT_ENTRIES;
    APPEND(AT_MADT, &size, MADT_X2APIC_CPU, 16, 0, 0, 0x34, 0x12, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
    APPEND(AT_MADT, &size, MADT_APIC_ADDRESS, 12, 0, 0, 0, 0, 0, 0xfe, 1, 0, 0, 0);
    APPEND(AT_MADT, &size, MADT_X2APIC_NMI, 12, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);
    APPEND(AT_MADT, &size, MADT_NMI_PIN, 6, 0xff, 0, 0, 2);             /* no such pin */
    APPEND(AT_MADT, &size, MADT_ISA_LINE, 10, 0, 16, 5, 0, 0, 0, 0, 0); /* no such ISA line */
    seal(AT_MADT, "APIC", size);
    info = parsed(info);
    assert_int_equal(info.cpu_count, 1);
    assert_int_equal(info.cpu_apic_ids[0], 0x1234);
    assert_true(info.local_apic == 0x1fe000000);
    assert_int_equal(info.nmi_pins, 1);
}

static void lists_each_processor_once(void **state)
{
    (void)state;
    struct boot_info info;
    make_machine(&info);
    uint32_t size = MADT_ENTRIES;
    APPEND(AT_MADT, &size, MADT_CPU, 8, 0, 5, 1, 0, 0, 0);
    APPEND(AT_MADT, &size, MADT_CPU, 8, 1, 4, 0, 0, 0, 0);   /* not there */
    APPEND(AT_MADT, &size, MADT_CPU, 8, 2, 3, 2, 0, 0, 0);   /* may be added one day */
    APPEND(AT_MADT, &size, MADT_CPU, 8, 3, 255, 1, 0, 0, 0); /* would be all of them */
    APPEND(AT_MADT, &size, MADT_CPU, 8, 4, 5, 1, 0, 0, 0);   /* listed twice */
    APPEND(AT_MADT, &size, MADT_X2APIC_CPU, 16, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
    APPEND(AT_MADT, &size, MADT_X2APIC_CPU, 16, 0, 0, 255, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0);
    APPEND(AT_MADT, &size, MADT_X2APIC_CPU, 16, 0, 0, 255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0);
    seal(AT_MADT, "APIC", size);
    info = parsed(info);
    assert_int_equal(info.cpu_count, 2);
    assert_int_equal(info.cpu_apic_ids[0], 5);
    assert_int_equal(info.cpu_apic_ids[1], 255);
}

static void assert_cpus(const struct boot_info *info, const uint32_t *ids, uint32_t count)
{
    assert_int_equal(info->cpu_count, count);
    assert_memory_equal(info->cpu_apic_ids, ids, count * sizeof(*ids));
}

static void puts_the_boot_processor_first(void **state)
{
    (void)state;
    struct boot_info info = {.cpu_count = 3, .cpu_apic_ids = {4, 6, 8}};
    acpi_boot_cpu_first(&info, 4);
    assert_cpus(&info, (const uint32_t[]){4, 6, 8}, 3);
    acpi_boot_cpu_first(&info, 8);
    assert_cpus(&info, (const uint32_t[]){8, 4, 6}, 3);
    acpi_boot_cpu_first(&info, 1); /* which the table left out */
    assert_cpus(&info, (const uint32_t[]){1, 8, 4, 6}, 4);
    while (info.cpu_count < BOOT_CPUS) {
        info.cpu_apic_ids[info.cpu_count] = 100 + info.cpu_count;
        info.cpu_count++;
    }
    acpi_boot_cpu_first(&info, 50);
    assert_int_equal(info.cpu_count, BOOT_CPUS);
    assert_int_equal(info.cpu_apic_ids[0], 50);
    assert_int_equal(info.cpu_apic_ids[1], 1);
    assert_int_equal(info.cpu_apic_ids[BOOT_CPUS - 1], 100 + BOOT_CPUS - 2);
}

static void limits_processors_and_io_apics(void **state)
{
    (void)state;
    struct boot_info info;
    make_machine(&info);
    uint32_t size = MADT_ENTRIES;
    for (uint32_t i = 0; i < BOOT_CPUS + 10; i++) {
        APPEND(AT_MADT, &size, MADT_X2APIC_CPU, 16, 0, 0, (uint8_t)i, (uint8_t)(i >> 8), 0, 0, 1, 0,
               0, 0, 0, 0, 0, 0);
    }
    for (uint8_t i = 0; i < BOOT_IO_APICS + 2; i++) {
        APPEND(AT_MADT, &size, MADT_IO_APIC, 12, i, 0, 0, 0, 0xc0, 0xfe, i, 0, 0, 0);
    }
    seal(AT_MADT, "APIC", size);
    info = parsed(info);
    assert_int_equal(info.cpu_count, BOOT_CPUS);
    assert_int_equal(info.cpu_apic_ids[BOOT_CPUS - 1], BOOT_CPUS - 1);
    assert_int_equal(info.io_apic_count, BOOT_IO_APICS);
    assert_int_equal(info.io_apics[BOOT_IO_APICS - 1].first_line, BOOT_IO_APICS - 1);
}

/* ---- Power ---- */

static struct boot_info parsed_with_aml(const void *aml, uint32_t bytes)
{
    struct boot_info info;
    make_machine(&info);
    memset(memory + AT_DSDT, 0, 0x400);
    make_dsdt(aml, bytes);
    return parsed(info);
}

#define PARSED_WITH_AML(...)                                                                       \
    parsed_with_aml((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void understands_s5(void **state)
{
    (void)state;
    struct boot_info info;
    info = PARSED_WITH_AML(AML_NAME, '_', 'S', '5', '_', AML_PACKAGE, 6, 4, 0, 0, 0, 0);
    assert_power(&info, 0x604, 0);
    info = PARSED_WITH_AML(AML_NAME, AML_ROOT, '_', 'S', '5', '_', AML_PACKAGE, 6, 4, 1, 1, 0, 0);
    assert_power(&info, 0x604, 1);
    info = PARSED_WITH_AML(AML_NAME, '_', 'S', '5', '_', AML_PACKAGE, 7, 2, AML_WORD, 6, 0, 1);
    assert_power(&info, 0x604, 6);
    info = PARSED_WITH_AML(AML_NAME, '_', 'S', '5', '_', AML_PACKAGE, 7, 1, AML_DWORD, 7, 0, 0, 0);
    assert_power(&info, 0x604, 7);
    /* a length of three bytes */
    info = PARSED_WITH_AML(AML_NAME, '_', 'S', '5', '_', AML_PACKAGE, 0x8a, 0, 0, 2, AML_BYTE, 5,
                           AML_BYTE, 5);
    assert_power(&info, 0x604, 5);
    info = PARSED_WITH_AML(AML_NAME, '_', 'S', '5', '_', AML_PACKAGE, 4, 2, AML_ONES, 0);
    assert_power(&info, 0x604, 7);
    /* something that only looks like it comes first */
    info = PARSED_WITH_AML('_', 'S', '5', '_', 0x70, AML_NAME, '_', 'S', '5', '_', AML_PACKAGE, 4,
                           2, AML_ONE, 0);
    assert_power(&info, 0x604, 1);
}

static void refuses_s5(void **state)
{
    (void)state;
    struct boot_info info;
    info = PARSED_WITH_AML(AML_NAME, '_', 'S', '4', '_', AML_PACKAGE, 6, 4, 0, 0, 0, 0);
    assert_no_power(&info);
    info = PARSED_WITH_AML('_', 'S', '5', '_', AML_PACKAGE, 6, 4, 0, 0, 0, 0);
    assert_no_power(&info);
    info = PARSED_WITH_AML(AML_NAME, '_', 'S', '5', '_', AML_BYTE, 5);
    assert_no_power(&info);
    info = PARSED_WITH_AML(AML_NAME, '_', 'S', '5', '_', AML_PACKAGE, 6, 0, 0, 0, 0, 0);
    assert_no_power(&info);
    info = PARSED_WITH_AML(AML_NAME, '_', 'S', '5', '_', AML_PACKAGE, 6, 4, 0x70, 0, 0, 0);
    assert_no_power(&info);
}

/* The table ends inside the package: nothing beyond it is read. */
static void refuses_truncated_s5(void **state)
{
    (void)state;
    static const uint8_t aml[] = {AML_NAME, '_',       'S', '5', '_', AML_PACKAGE, 0x8a,     0, 0,
                                  2,        AML_DWORD, 5,   0,   0,   0,           AML_WORD, 5, 0};
    for (uint32_t size = 0; size < sizeof(aml); size++) {
        struct boot_info info = parsed_with_aml(aml, size);
        assert_no_power(&info);
    }
    struct boot_info info = parsed_with_aml(aml, sizeof(aml));
    assert_power(&info, 0x604, 5);
}

static void finds_both_control_blocks(void **state)
{
    (void)state;
    struct boot_info info;
    make_machine(&info);
    store(AT_FADT + FADT_PM1B_CONTROL, 0x704, 4);
    seal(AT_FADT, "FACP", 116);
    info = parsed(info);
    assert_power(&info, 0x604, 5);
    assert_int_equal(info.power_port_b, 0x704);
    assert_int_equal(info.power_value_b, 1 << 10 | 1 << 13);
}

static void finds_extended_fields(void **state)
{
    (void)state;
    struct boot_info info;
    make_machine(&info);
    store(AT_FADT + FADT_DSDT, 0, 4);
    store(AT_FADT + FADT_PM1A_CONTROL, 0, 4);
    store(AT_FADT + FADT_X_DSDT, AT_DSDT, 8);
    memory[AT_FADT + FADT_X_PM1A_CONTROL] = SPACE_IO_PORTS;
    store(AT_FADT + FADT_X_PM1A_CONTROL + GENERIC_ADDRESS, 0x1804, 8);
    seal(AT_FADT, "FACP", 244);
    struct boot_info found = parsed(info);
    assert_power(&found, 0x1804, 5);
    memory[AT_FADT + FADT_X_PM1A_CONTROL] = 0; /* registers in memory are not ports */
    seal(AT_FADT, "FACP", 244);
    found = parsed(info);
    assert_no_power(&found);
}

/* Configuration space in memory: the first entry of segment 0 that holds together. */
static void finds_configuration_space(void **state)
{
    (void)state;
    static const struct {
        uint64_t address;
        uint16_t segment;
        uint8_t first, last;
        uint32_t bytes; /* of the table */
        int good;
    } entries[] = {
        {0xb0000000, 0, 0, 255, 60, 1}, {0xb0000000, 1, 0, 255, 60, 0},
        {0xb0001000, 0, 0, 255, 60, 0}, {0, 0, 0, 255, 60, 0},
        {0xb0000000, 0, 2, 1, 60, 0},   {0xb0000000, 0, 0, 255, 59, 0},
        {0xb0000000, 0, 0, 255, 44, 0}, {1ull << 47, 0, 0, 255, 60, 0},
        {0xe0000000, 0, 0, 63, 60, 1},
    };
    for (unsigned i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        struct boot_info info;
        make_machine(&info);
        store(AT_FADT + MCFG_ENTRIES, entries[i].address, 8);
        store(AT_FADT + MCFG_ENTRIES + 8, entries[i].segment, 2);
        store(AT_FADT + MCFG_ENTRIES + 10, entries[i].first, 1);
        store(AT_FADT + MCFG_ENTRIES + 11, entries[i].last, 1);
        seal(AT_FADT, "MCFG", entries[i].bytes);
        struct boot_info found = parsed(info);
        assert_true(found.pci.address == (entries[i].good ? entries[i].address : 0));
        assert_int_equal(found.pci.last_bus, entries[i].good ? entries[i].last : 0);
    }
}

static void finds_reset_and_century(void **state)
{
    (void)state;
    struct boot_info info;
    make_machine(&info);
    store(AT_FADT + FADT_CENTURY, 0x32, 1);
    store(AT_FADT + FADT_FLAGS, FADT_RESET_SUPPORTED, 4);
    store(AT_FADT + FADT_RESET, SPACE_IO_PORTS, 1);
    store(AT_FADT + FADT_RESET + GENERIC_ADDRESS, 0xcf9, 8);
    store(AT_FADT + FADT_RESET_VALUE, 0x0f, 1);
    seal(AT_FADT, "FACP", 129);
    struct boot_info found = parsed(info);
    assert_int_equal(found.reset_port, 0xcf9);
    assert_int_equal(found.reset_value, 0x0f);
    assert_int_equal(found.century_register, 0x32);

    static const struct {
        uint32_t offset;
        uint64_t value;
        uint32_t size; /* of the table */
    } spoiled[] = {
        {FADT_FLAGS, ~FADT_RESET_SUPPORTED, 129},
        {FADT_FLAGS, FADT_RESET_SUPPORTED, 128}, /* the value is missing */
        {FADT_RESET, 0, 129},                    /* a register in memory is no port */
        {FADT_RESET + GENERIC_ADDRESS, 0x10cf9, 129},
    };
    for (unsigned i = 0; i < sizeof(spoiled) / sizeof(spoiled[0]); i++) {
        store(AT_FADT + spoiled[i].offset, spoiled[i].value, 4);
        seal(AT_FADT, "FACP", spoiled[i].size);
        found = parsed(info);
        assert_int_equal(found.reset_port, 0);
        assert_int_equal(found.reset_value, 0);
        assert_int_equal(found.century_register, 0x32);
        store(AT_FADT + FADT_FLAGS, FADT_RESET_SUPPORTED, 4);
        store(AT_FADT + FADT_RESET, SPACE_IO_PORTS, 1);
    }
    seal(AT_FADT, "FACP", FADT_CENTURY);
    assert_int_equal(parsed(info).century_register, 0);
}

static void refuses_ports_beyond_16_bits(void **state)
{
    (void)state;
    struct boot_info info;
    make_machine(&info);
    store(AT_FADT + FADT_PM1A_CONTROL, 0x10604, 4);
    seal(AT_FADT, "FACP", 116);
    info = parsed(info);
    assert_no_power(&info);
}

/* Every byte of every table changed, with and without a correct checksum. */
static void survives_damage(void **state)
{
    (void)state;
    static const struct {
        uint64_t address;
        const char *signature;
        uint32_t bytes;
    } tables[] = {{AT_RSDT, "RSDT", 44},
                  {AT_MADT, "APIC", 44 + 62},
                  {AT_FADT, "FACP", 116},
                  {AT_DSDT, "DSDT", 61}};
    struct boot_info info;
    for (size_t table = 0; table < 4; table++) {
        for (uint32_t i = TABLE_HEADER_BYTES; i < tables[table].bytes; i++) {
            for (int value = 0; value < 256; value += 3) {
                make_machine(&info);
                memory[tables[table].address + i] = (uint8_t)value;
                seal(tables[table].address, tables[table].signature, tables[table].bytes);
                info = parsed(info);
                assert_in_range(info.cpu_count, 1, BOOT_CPUS);
                assert_in_range(info.io_apic_count, 0, BOOT_IO_APICS);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(understands_a_machine),
        cmocka_unit_test(without_root_pointer),
        cmocka_unit_test(refuses_damaged_root_pointer),
        cmocka_unit_test(prefers_the_xsdt),
        cmocka_unit_test(falls_back_to_the_rsdt),
        cmocka_unit_test(refuses_checksums),
        cmocka_unit_test(refuses_lengths),
        cmocka_unit_test(refuses_short_tables),
        cmocka_unit_test(refuses_odd_madt_entries),
        cmocka_unit_test(understands_x2apic_and_override),
        cmocka_unit_test(lists_each_processor_once),
        cmocka_unit_test(puts_the_boot_processor_first),
        cmocka_unit_test(limits_processors_and_io_apics),
        cmocka_unit_test(understands_s5),
        cmocka_unit_test(refuses_s5),
        cmocka_unit_test(refuses_truncated_s5),
        cmocka_unit_test(finds_both_control_blocks),
        cmocka_unit_test(finds_extended_fields),
        cmocka_unit_test(finds_configuration_space),
        cmocka_unit_test(finds_reset_and_century),
        cmocka_unit_test(refuses_ports_beyond_16_bits),
        cmocka_unit_test(survives_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
