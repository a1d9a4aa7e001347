/*
 * Configuration space in memory: 4 KiB a function, 1 MiB a bus (PCI Express 5.0, 7.2.2). Each bus
 * is claimed when it is first looked at; where that is refused, or the firmware names no such
 * memory, the ports serve.
 */
#include "space.h"

#include <cocos/frames.h>
#include <cocos/service.h>

#include "ports.h"

#define BUSES 256

static enum { NOT_TRIED, IN_MEMORY, BY_PORTS } buses[BUSES];

static volatile uint32_t *word_at(const struct config *config, uint32_t offset)
{
    const struct system_page *system = (const void *)SYSTEM_PAGE;
    return (volatile uint32_t *)(system->pci.address + ((uint64_t)config->address << 12) + offset);
}

static uint32_t read_word(const struct config *config, uint32_t offset)
{
    return *word_at(config, offset);
}

static void write_word(const struct config *config, uint32_t offset, uint32_t value)
{
    *word_at(config, offset) = value;
}

static void try(uint32_t bus)
{
    const struct pci_space *space = &((const struct system_page *)SYSTEM_PAGE)->pci;
    buses[bus] = BY_PORTS;
    if (space->address == 0 || bus < space->first_bus || bus > space->last_bus)
        return;
    uint64_t start = space->address + bus * PCI_BUS_BYTES;
    if (frame_take_device(service_slot("devices0"), start, start + PCI_BUS_BYTES,
                          MAP_READ | MAP_WRITE, CACHE_UNCACHED) == OK)
        buses[bus] = IN_MEMORY;
}

int64_t space_open(void)
{
    return ports_open();
}

struct config space_config(uint32_t bus, uint32_t device, uint32_t function)
{
    if (buses[bus] == NOT_TRIED)
        try(bus);
    if (buses[bus] == BY_PORTS)
        return ports_config(bus, device, function);
    return (struct config){read_word, write_word, bus << 8 | device << 3 | function};
}
