// sources: boot/acpi.c
/*
 * Fuzzes acpi_parse. The input is the machine's memory; the root pointer is its first 36 bytes.
 * Checksums are made right before parsing wherever a table's signature is found: a fuzzer does
 * not guess them, and firmware that is wrong has correct ones.
 */
#include "boot/boot_info.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint8_t *memory;
static size_t memory_bytes;

static const void *read_memory(uint64_t address, uint64_t bytes)
{
    return address <= memory_bytes && bytes <= memory_bytes - address ? memory + address : 0;
}

static void require(int holds)
{
    if (!holds) {
        __builtin_trap();
    }
}

static void correct_checksum(uint8_t *bytes, size_t count, size_t where)
{
    uint8_t sum = 0;
    bytes[where] = 0;
    for (size_t i = 0; i < count; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    bytes[where] = (uint8_t)-sum;
}

static void correct_tables(void)
{
    static const char *const signatures[] = {"RSDT", "XSDT", "APIC", "FACP", "DSDT"};
    for (size_t i = 0; i + 36 <= memory_bytes; i++) {
        for (size_t kind = 0; kind < 5; kind++) {
            uint32_t length;
            memcpy(&length, memory + i + 4, sizeof(length));
            if (memcmp(memory + i, signatures[kind], 4) == 0 && length >= 36 &&
                length <= memory_bytes - i) {
                correct_checksum(memory + i, length, 9);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct boot_info info = {0};
    if (size < sizeof(info.rsdp)) {
        return 0;
    }
    memory = malloc(size);
    if (!memory) {
        return 0;
    }
    memory_bytes = size;
    memcpy(memory, bytes, size);
    correct_tables();
    correct_checksum(memory, 20, 8);
    correct_checksum(memory, 36, 32);
    memcpy(info.rsdp, memory, sizeof(info.rsdp));
    acpi_parse(&info, read_memory);
    free(memory);
    if (getenv("FUZZ_ACCEPTED")) { /* the seed must be good */
        require(info.cpu_count == 2 && info.io_apic_count == 1 && info.power_port == 0x604);
    }
    require(info.cpu_count >= 1 && info.cpu_count <= BOOT_CPUS);
    require(info.io_apic_count <= BOOT_IO_APICS);
    require(info.nmi_pins < 4);
    require((info.power_port != 0) == (info.power_value != 0));
    require((info.power_value & ~(7u << 10 | 1u << 13)) == 0);
    return 0;
}
