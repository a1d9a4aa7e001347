/*
 * The ACPI tables -> the second part of struct boot_info: processors and interrupt controllers
 * from the MADT, a timer and how to turn the machine off and start it again from the FADT and the
 * DSDT. A table is read whole, its length and checksum are verified, and then only bytes inside it
 * are looked at; a damaged one is treated as absent.
 */
#include "boot/boot_info.h"

#include <cocos/memory_map.h>

#include "boot/acpi_tables.h"
#include "boot/bytes.h"

/* A verified table. bytes is NULL where there is none. */
struct table {
    const uint8_t *bytes;
    uint32_t size; /* >= TABLE_HEADER_BYTES */
};

static int sum_is_zero(const uint8_t *bytes, uint32_t count)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    return sum == 0;
}

static int has_signature(const uint8_t *bytes, const char *signature)
{
    for (int i = 0; i < 4; i++) {
        if (bytes[i] != (uint8_t)signature[i]) {
            return 0;
        }
    }
    return 1;
}

static struct table find_at(acpi_reader read, uint64_t address, const char *signature)
{
    struct table none = {0};
    const uint8_t *bytes = address ? read(address, TABLE_HEADER_BYTES) : 0;
    if (!bytes || !has_signature(bytes, signature)) {
        return none;
    }
    uint32_t size = read_u32(bytes + TABLE_LENGTH);
    if (size < TABLE_HEADER_BYTES || size > TABLE_BYTES_MAX) {
        return none;
    }
    bytes = read(address, size);
    if (!bytes || !sum_is_zero(bytes, size)) {
        return none;
    }
    return (struct table){bytes, size};
}

/* The first intact table of that signature in a root table of `width`-byte addresses. */
static struct table find_in(acpi_reader read, struct table root, uint32_t width,
                            const char *signature)
{
    struct table found = {0};
    for (uint32_t i = TABLE_HEADER_BYTES; !found.bytes && root.size - i >= width; i += width) {
        const uint8_t *entry = root.bytes + i;
        found = find_at(read, width == 8 ? read_u64(entry) : read_u32(entry), signature);
    }
    return found;
}

/* The newer root table is asked first (5.2.8); the older serves where the newer is damaged. */
static struct table find_table(const uint8_t *rsdp, acpi_reader read, const char *signature)
{
    struct table found = {0};
    if (!has_signature(rsdp, "RSD ") || !has_signature(rsdp + 4, "PTR ") ||
        !sum_is_zero(rsdp, RSDP_V1_BYTES)) {
        return found;
    }
    if (rsdp[RSDP_REVISION] >= 2 && read_u32(rsdp + RSDP_LENGTH) == RSDP_V2_BYTES &&
        sum_is_zero(rsdp, RSDP_V2_BYTES)) {
        struct table xsdt = find_at(read, read_u64(rsdp + RSDP_XSDT), "XSDT");
        if (xsdt.bytes) {
            found = find_in(read, xsdt, 8, signature);
        }
    }
    if (!found.bytes) {
        struct table rsdt = find_at(read, read_u32(rsdp + RSDP_RSDT), "RSDT");
        if (rsdt.bytes) {
            found = find_in(read, rsdt, 4, signature);
        }
    }
    return found;
}

/* ---- MADT ---- */

/* Not those that could only be added to the running machine ("online capable"), nor ids that
 * address all CPUs at once. Firmware may list one both as a CPU and as an x2APIC CPU. */
static void add_cpu(struct boot_info *info, uint32_t apic_id, uint32_t flags, uint32_t broadcast)
{
    if (!(flags & MADT_CPU_ENABLED) || apic_id == broadcast || info->cpu_count == BOOT_CPUS) {
        return;
    }
    for (uint32_t i = 0; i < info->cpu_count; i++) {
        if (info->cpu_apic_ids[i] == apic_id) {
            return;
        }
    }
    info->cpu_apic_ids[info->cpu_count++] = apic_id;
}

void acpi_boot_cpu_first(struct boot_info *info, uint32_t apic_id)
{
    uint32_t at = 0;
    while (at < info->cpu_count && info->cpu_apic_ids[at] != apic_id) {
        at++;
    }
    if (at == info->cpu_count) {
        /* The table does not know the CPU that reads it; it is there all the same. */
        at -= at == BOOT_CPUS;
        info->cpu_count = at + 1;
    }
    for (; at > 0; at--) {
        info->cpu_apic_ids[at] = info->cpu_apic_ids[at - 1];
    }
    info->cpu_apic_ids[0] = apic_id;
}

static void add_io_apic(struct boot_info *info, const uint8_t *entry)
{
    if (info->io_apic_count < BOOT_IO_APICS) {
        info->io_apics[info->io_apic_count++] = (struct boot_io_apic){
            .address = read_u32(entry + 4),
            .first_line = read_u32(entry + 8),
        };
    }
}

/* Flags of 0 mean "as the bus has it", which for ISA is edge, active high. */
static void set_isa_line(struct boot_info *info, const uint8_t *entry)
{
    uint16_t flags = read_u16(entry + 8);
    if (entry[3] < BOOT_ISA_LINES) {
        info->isa[entry[3]] = (struct boot_isa_line){
            .line = read_u32(entry + 4),
            .level_triggered = (flags & MADT_TRIGGER_MASK) == MADT_LEVEL,
            .active_low = (flags & MADT_POLARITY_MASK) == MADT_ACTIVE_LOW,
        };
    }
}

/* CPUs whose NMI pins differ are not made. */
static void add_nmi_pin(struct boot_info *info, uint8_t pin)
{
    info->nmi_pins |= pin < 2 ? (uint8_t)(1u << pin) : 0;
}

/* The least length of the entries that are read here; of others, their own header. */
static uint8_t madt_entry_bytes(uint8_t type)
{
    switch (type) {
    case MADT_NMI_PIN:
        return 6;
    case MADT_CPU:
        return 8;
    case MADT_ISA_LINE:
        return 10;
    case MADT_IO_APIC:
    case MADT_APIC_ADDRESS:
    case MADT_X2APIC_NMI:
        return 12;
    case MADT_X2APIC_CPU:
        return 16;
    default:
        return 2;
    }
}

/* Whether the entries fill the table exactly, each long enough for its type. */
static int madt_is_whole(struct table madt)
{
    uint32_t offset = MADT_ENTRIES;
    while (offset < madt.size && madt.size - offset >= 2) {
        const uint8_t *entry = madt.bytes + offset;
        if (entry[1] < madt_entry_bytes(entry[0]) || entry[1] > madt.size - offset) {
            return 0;
        }
        offset += entry[1];
    }
    return offset == madt.size;
}

static void parse_madt(struct table madt, struct boot_info *info)
{
    if (!madt_is_whole(madt)) {
        return;
    }
    info->local_apic = read_u32(madt.bytes + MADT_LOCAL_APIC);
    for (uint32_t offset = MADT_ENTRIES; offset < madt.size; offset += madt.bytes[offset + 1]) {
        const uint8_t *entry = madt.bytes + offset;
        switch (entry[0]) {
        case MADT_CPU:
            add_cpu(info, entry[3], read_u32(entry + 4), APIC_BROADCAST);
            break;
        case MADT_X2APIC_CPU:
            add_cpu(info, read_u32(entry + 4), read_u32(entry + 8), X2APIC_BROADCAST);
            break;
        case MADT_IO_APIC:
            add_io_apic(info, entry);
            break;
        case MADT_ISA_LINE:
            set_isa_line(info, entry);
            break;
        case MADT_NMI_PIN:
            add_nmi_pin(info, entry[5]);
            break;
        case MADT_X2APIC_NMI:
            add_nmi_pin(info, entry[8]);
            break;
        case MADT_APIC_ADDRESS:
            info->local_apic = read_u64(entry + 4);
            break;
        default:
            break;
        }
    }
}

/* ---- Timer and power: FADT, and \_S5 of the DSDT ---- */

/* What a power-off writes to the two control blocks: types of sleep. */
struct s5 {
    uint8_t a, b;
};

/* A port's number, from the old field or, if that is 0, from the new one; 0: none. */
static uint16_t port_of(struct table fadt, uint32_t old, uint32_t new)
{
    uint64_t port = fadt.size >= old + 4 ? read_u32(fadt.bytes + old) : 0;
    if (port == 0 && fadt.size >= new + GENERIC_ADDRESS_BYTES &&
        fadt.bytes[new] == SPACE_IO_PORTS) {
        port = read_u64(fadt.bytes + new + GENERIC_ADDRESS);
    }
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

static struct table find_dsdt(struct table fadt, acpi_reader read)
{
    uint64_t address = fadt.size >= FADT_DSDT + 4 ? read_u32(fadt.bytes + FADT_DSDT) : 0;
    if (address == 0 && fadt.size >= FADT_X_DSDT + 8) {
        address = read_u64(fadt.bytes + FADT_X_DSDT);
    }
    return find_at(read, address, "DSDT");
}

/* Reads a constant at *offset and moves past it; 0 if there is none, whole, before `end`. */
static int aml_constant(const uint8_t *bytes, uint32_t end, uint32_t *offset, uint8_t *value)
{
    if (*offset >= end) {
        return 0;
    }
    uint8_t code = bytes[(*offset)++];
    uint32_t width = code == AML_BYTE ? 1 : code == AML_WORD ? 2 : code == AML_DWORD ? 4 : 0;
    if (width == 0) {
        *value = code;
        return code == AML_ZERO || code == AML_ONE || code == AML_ONES;
    }
    if (end - *offset < width) {
        return 0;
    }
    *value = bytes[*offset]; /* a type of sleep has three bits */
    *offset += width;
    return 1;
}

/* Name object, "_S5_" at `offset`: package, its length (20.2.4), u8 count, constants. */
static int parse_s5(struct table dsdt, uint32_t offset, struct s5 *s5)
{
    const uint8_t *bytes = dsdt.bytes;
    int named = bytes[offset - 1] == AML_NAME ||
                (bytes[offset - 1] == AML_ROOT && bytes[offset - 2] == AML_NAME);
    offset += 4;
    if (!named || dsdt.size - offset < 2 || bytes[offset] != AML_PACKAGE) {
        return 0;
    }
    uint32_t more = bytes[offset + 1] >> 6; /* further bytes of the length */
    offset += 2 + more;
    if (offset >= dsdt.size) {
        return 0;
    }
    uint8_t count = bytes[offset++];
    struct s5 result = {0};
    if (count < 1 || !aml_constant(bytes, dsdt.size, &offset, &result.a) ||
        (count > 1 && !aml_constant(bytes, dsdt.size, &offset, &result.b))) {
        return 0;
    }
    *s5 = result;
    return 1;
}

static int find_s5(struct table dsdt, struct s5 *s5)
{
    for (uint32_t i = TABLE_HEADER_BYTES + 1; i + 4 <= dsdt.size; i++) {
        if (has_signature(dsdt.bytes + i, "_S5_") && parse_s5(dsdt, i, s5)) {
            return 1;
        }
    }
    return 0;
}

static uint16_t power_value(uint8_t type)
{
    return (uint16_t)((type & PM1_SLEEP_TYPE_MASK) << PM1_SLEEP_TYPE_SHIFT | PM1_SLEEP_START);
}

static void parse_power(struct table fadt, acpi_reader read, struct boot_info *info)
{
    struct table dsdt = find_dsdt(fadt, read);
    uint16_t port = port_of(fadt, FADT_PM1A_CONTROL, FADT_X_PM1A_CONTROL);
    struct s5 s5;
    if (!dsdt.bytes || port == 0 || !find_s5(dsdt, &s5)) {
        return;
    }
    info->power_port = port;
    info->power_value = power_value(s5.a);
    info->power_port_b = port_of(fadt, FADT_PM1B_CONTROL, FADT_X_PM1B_CONTROL);
    info->power_value_b = info->power_port_b ? power_value(s5.b) : 0;
}

/* The reset register (4.8.3.6), if it is a port. */
static void parse_reset(struct table fadt, struct boot_info *info)
{
    if (fadt.size <= FADT_RESET_VALUE ||
        !(read_u32(fadt.bytes + FADT_FLAGS) & FADT_RESET_SUPPORTED) ||
        fadt.bytes[FADT_RESET] != SPACE_IO_PORTS) {
        return;
    }
    uint64_t port = read_u64(fadt.bytes + FADT_RESET + GENERIC_ADDRESS);
    info->reset_port = port <= UINT16_MAX ? (uint16_t)port : 0;
    info->reset_value = info->reset_port ? fadt.bytes[FADT_RESET_VALUE] : 0;
}

/* ---- MCFG: the first entry of the first segment ---- */

static void parse_mcfg(struct table mcfg, struct boot_info *info)
{
    for (uint32_t i = MCFG_ENTRIES; i < mcfg.size && mcfg.size - i >= MCFG_ENTRY_BYTES;
         i += MCFG_ENTRY_BYTES) {
        const uint8_t *entry = mcfg.bytes + i;
        uint64_t address = read_u64(entry);
        if (read_u16(entry + 8) == 0 && address != 0 && address % PCI_BUS_BYTES == 0 &&
            address < LOWER_HALF_END - 256 * PCI_BUS_BYTES && entry[10] <= entry[11]) {
            info->pci = (struct pci_space){
                .address = address, .first_bus = entry[10], .last_bus = entry[11]};
            return;
        }
    }
}

void acpi_parse(struct boot_info *info, acpi_reader read)
{
    info->local_apic = 0;
    info->nmi_pins = 0;
    info->timer_port = 0;
    info->io_apic_count = 0;
    info->cpu_count = 0;
    info->power_port = info->power_value = 0;
    info->power_port_b = info->power_value_b = 0;
    info->reset_port = info->reset_value = info->century_register = 0;
    info->pci = (struct pci_space){0};
    for (uint32_t i = 0; i < BOOT_ISA_LINES; i++) {
        info->isa[i] = (struct boot_isa_line){.line = i};
    }

    struct table madt = find_table(info->rsdp, read, "APIC");
    if (madt.bytes) {
        parse_madt(madt, info);
    }
    if (info->cpu_count == 0) {
        info->cpu_apic_ids[0] = 0;
        info->cpu_count = 1;
    }
    struct table fadt = find_table(info->rsdp, read, "FACP");
    if (fadt.bytes) {
        info->timer_port = port_of(fadt, FADT_TIMER, FADT_X_TIMER);
        info->century_register = fadt.size > FADT_CENTURY ? fadt.bytes[FADT_CENTURY] : 0;
        parse_power(fadt, read, info);
        parse_reset(fadt, info);
    }
    struct table mcfg = find_table(info->rsdp, read, "MCFG");
    if (mcfg.bytes) {
        parse_mcfg(mcfg, info);
    }
}
