/*
 * The configuration space of PCI devices, for tests: through its ports, which must be enabled (PCI
 * 3.0, 3.2.2.3.2). A device is the number of one on bus 0, function 0.
 */
#ifndef TESTS_SYSTEM_PCI_H
#define TESTS_SYSTEM_PCI_H

#include "tests/system/check.h"

enum { PCI_COMMAND = 0x04, PCI_BAR0 = 0x10, PCI_CAPABILITIES = 0x34 };
enum { PCI_MEMORY = 2, PCI_MASTER = 4 }; /* of its command register */

#define PCI_ADDRESS_PORT 0xcf8
#define PCI_DATA_PORT 0xcfc

static inline void out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint32_t in32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint32_t config_read(uint32_t device, uint32_t offset)
{
    out32(PCI_ADDRESS_PORT, 1u << 31 | device << 11 | offset);
    return in32(PCI_DATA_PORT);
}

static inline void config_write(uint32_t device, uint32_t offset, uint32_t value)
{
    out32(PCI_ADDRESS_PORT, 1u << 31 | device << 11 | offset);
    out32(PCI_DATA_PORT, value);
}

/* By its device number and vendor. */
static inline uint32_t find_device(uint32_t id)
{
    uint32_t device = 0;
    while (device < 32 && config_read(device, 0) != id) {
        device++;
    }
    EXPECT(1, device < 32);
    return device;
}

#endif
