#include "ports.h"

#include <cocos/port_io.h>
#include <cocos/service.h>

#define ADDRESS_PORT 0xcf8
#define DATA_PORT 0xcfc
#define ADDRESS_ON (1u << 31)

static uint32_t read_word(const struct config *config, uint32_t offset)
{
    port_write32(ADDRESS_PORT, ADDRESS_ON | config->address << 8 | offset);
    return port_read32(DATA_PORT);
}

static void write_word(const struct config *config, uint32_t offset, uint32_t value)
{
    port_write32(ADDRESS_PORT, ADDRESS_ON | config->address << 8 | offset);
    port_write32(DATA_PORT, value);
}

int64_t ports_open(void)
{
    return sys_ports_enable(service_slot("ports0"));
}

struct config ports_config(uint32_t bus, uint32_t device, uint32_t function)
{
    return (struct config){read_word, write_word, bus << 8 | device << 3 | function};
}
