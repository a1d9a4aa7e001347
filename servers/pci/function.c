#include "function.h"

#include <string.h>

#include <linux/pci_regs.h>

#include <cocos/pci.h>
#include <cocos/protocol/pci.h>

#define NOBODY 0xffffu

static bool is_bridge_type(uint32_t type)
{
    return (type & 0x7f) == PCI_HEADER_TYPE_BRIDGE;
}

bool function_exists(const struct config *config)
{
    uint16_t vendor = (uint16_t)config->read(config, PCI_VENDOR_ID);
    return vendor != NOBODY && vendor != 0;
}

/* ---- Base address registers (PCI 3.0, 6.2.5.1) ---- */

/* Writes ones; what stays 0 is the size. */
static uint32_t mask_of(const struct config *config, uint32_t offset, uint32_t *value)
{
    *value = config->read(config, offset);
    config->write(config, offset, ~0u);
    uint32_t mask = config->read(config, offset);
    config->write(config, offset, *value);
    return mask;
}

/* Sizes are powers of two, and addresses are multiples of them. */
static const char *check_bar(const struct bar *bar, uint64_t mask)
{
    if (bar->address != 0 && bar->bytes == 0)
        return "a BAR has an address, but no size";
    if ((bar->bytes & (bar->bytes - 1)) != 0 || (mask & (bar->bytes - 1)) != 0)
        return "the size of a BAR is no power of two";
    if (bar->bytes != 0 && (bar->address & (bar->bytes - 1)) != 0)
        return "a BAR is not aligned to its size";
    return NULL;
}

static const char *read_ports(struct bar *bar, uint32_t value, uint32_t mask)
{
    uint32_t bits = mask & (uint32_t)PCI_BASE_ADDRESS_IO_MASK & 0xffff;
    bar->flags = PCI_BAR_PORTS;
    bar->address = value & (uint32_t)PCI_BASE_ADDRESS_IO_MASK & 0xffff;
    bar->bytes = bits == 0 ? 0 : (~bits & 0xffff) + 1;
    return check_bar(bar, bits);
}

static const char *read_memory(const struct config *config, uint32_t offset, uint32_t value,
                               uint64_t mask, struct bar *bar)
{
    uint32_t type = value & PCI_BASE_ADDRESS_MEM_TYPE_MASK, high = 0;
    uint64_t above = ~0ull << 32;
    if (type == (PCI_BASE_ADDRESS_MEM_TYPE_1M | PCI_BASE_ADDRESS_MEM_TYPE_64))
        return "a BAR is of a type that does not exist";
    if (type == PCI_BASE_ADDRESS_MEM_TYPE_64) {
        above = (uint64_t)mask_of(config, offset + 4, &high) << 32;
        bar->flags |= PCI_BAR_WIDE;
    }
    if (value & PCI_BASE_ADDRESS_MEM_PREFETCH)
        bar->flags |= PCI_BAR_PREFETCH;
    uint64_t low = mask & ~15ull;
    bar->address = (value & ~15u) | (uint64_t)high << 32;
    if (low == 0 && (above == 0 || type != PCI_BASE_ADDRESS_MEM_TYPE_64))
        return check_bar(bar, 0);
    mask = low | above;
    bar->bytes = mask & -mask;
    return bar->bytes == -mask ? check_bar(bar, mask) : "the size of a BAR is no power of two";
}

static const char *read_bars(const struct config *config, struct function *function)
{
    uint32_t count = function->is_bridge ? 2 : PCI_BARS;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t offset = PCI_BASE_ADDRESS_0 + 4 * i, value;
        struct bar *bar = &function->bars[i];
        uint32_t mask = mask_of(config, offset, &value);
        const char *problem = NULL;
        if (value & PCI_BASE_ADDRESS_SPACE_IO)
            problem = read_ports(bar, value, mask);
        else if ((value & PCI_BASE_ADDRESS_MEM_TYPE_64) && i + 1 == count)
            problem = "the last BAR is half of one of 64 bits";
        else
            problem = read_memory(config, offset, value, mask, bar);
        if (problem)
            return problem;
        if (bar->flags & PCI_BAR_WIDE)
            i++;
    }
    return NULL;
}

/* The device answers at no address while its BARs hold ones. */
static const char *size_bars(const struct config *config, struct function *function)
{
    /* The upper half of this word is the status, where ones clear what they are written to. */
    uint32_t command = config->read(config, PCI_COMMAND) & 0xffff;
    config->write(config, PCI_COMMAND, command & ~(uint32_t)(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
    const char *problem = read_bars(config, function);
    config->write(config, PCI_COMMAND, command);
    return problem;
}

/* ---- Capabilities (PCI 3.0, 6.7) ---- */

static const char *check_table(const struct function *function)
{
    const struct message_table *table = &function->message_table;
    const struct bar *bar = table->bar < PCI_BARS ? &function->bars[table->bar] : NULL;
    uint64_t table_bytes = (uint64_t)PCI_MSIX_ENTRY_SIZE * table->entries;
    if (!bar || (bar->flags & PCI_BAR_PORTS) || bar->bytes < table_bytes ||
        table->offset > bar->bytes - table_bytes)
        return "its table of messages lies outside its memory";
    return NULL;
}

static const char *read_capabilities(const struct config *config, struct function *function)
{
    uint32_t words[PCI_CONFIG_BYTES / 4];
    for (uint32_t i = 0; i < PCI_CONFIG_BYTES / 4; i++)
        words[i] = config->read(config, 4 * i);
    if (!pci_capabilities_good(words))
        return "its list of capabilities is broken";
    uint32_t messages = pci_capability(words, PCI_CAP_ID_MSI, 0);
    uint32_t table = pci_capability(words, PCI_CAP_ID_MSIX, 0);
    /* MSI's data lies at the end, 12 or 8 bytes behind the start (PCI 3.0, 6.8.1). */
    if (messages > PCI_CONFIG_BYTES - 16 || table > PCI_CONFIG_BYTES - PCI_CAP_MSIX_SIZEOF)
        return "a capability reaches beyond its configuration space";
    function->messages = (uint8_t)messages;
    function->table = (uint8_t)table;
    if (table == 0)
        return NULL;
    uint32_t where = words[(table + PCI_MSIX_TABLE) / 4];
    uint32_t flags = words[table / 4] >> 16;
    function->message_table = (struct message_table){
        .bar = where & PCI_MSIX_TABLE_BIR,
        .offset = where & PCI_MSIX_TABLE_OFFSET,
        .entries = (flags & PCI_MSIX_FLAGS_QSIZE) + 1,
    };
    return check_table(function);
}

/* ---- The whole ---- */

uint32_t function_addresses(const struct config *config, uint64_t *at)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < PCI_BARS; i++) {
        uint32_t value = config->read(config, PCI_BASE_ADDRESS_0 + 4 * i);
        if (value & PCI_BASE_ADDRESS_SPACE_IO)
            continue;
        at[count] = value & ~15u;
        if ((value & PCI_BASE_ADDRESS_MEM_TYPE_64) && i + 1 < PCI_BARS)
            at[count] |= (uint64_t)config->read(config, PCI_BASE_ADDRESS_0 + 4 * ++i) << 32;
        count += at[count] != 0;
    }
    return count;
}

void function_name(const struct config *config, struct function *function)
{
    uint32_t ids = config->read(config, PCI_VENDOR_ID);
    uint32_t type = config->read(config, PCI_CACHE_LINE_SIZE) >> 16 & 0x7f;
    *function = (struct function){
        .vendor = (uint16_t)ids,
        .device = (uint16_t)(ids >> 16),
        .class = config->read(config, PCI_CLASS_REVISION) >> 8,
        .is_bridge = is_bridge_type(type),
    };
    if (function->is_bridge)
        function->bus_behind = (uint8_t)(config->read(config, PCI_PRIMARY_BUS) >> 8);
}

const char *function_read(const struct config *config, struct function *function)
{
    uint32_t type = config->read(config, PCI_CACHE_LINE_SIZE) >> 16 & 0x7f;
    uint32_t interrupt = config->read(config, PCI_INTERRUPT_LINE);
    function_name(config, function);
    if ((interrupt >> 8 & 0xff) != 0 && (interrupt & 0xff) != 0xff)
        function->line = (uint8_t)interrupt;
    if (type > PCI_HEADER_TYPE_BRIDGE)
        return "its header is of a type that nobody knows";
    const char *problem = size_bars(config, function);
    return problem ? problem : read_capabilities(config, function);
}

const char *function_misplaced(const struct function *function, const struct memory_range *memory,
                               uint32_t ranges)
{
    for (uint32_t i = 0; i < PCI_BARS; i++) {
        const struct bar *bar = &function->bars[i];
        if (bar->address == 0 || (bar->flags & PCI_BAR_PORTS))
            continue;
        if (bar->address >= LOWER_HALF_END || bar->bytes > LOWER_HALF_END - bar->address)
            return "a BAR lies beyond the addresses that frames have";
        for (uint32_t range = 0; range < ranges; range++) {
            if (memory[range].type == MEMORY_FREE && bar->address < memory[range].end &&
                memory[range].start < bar->address + bar->bytes)
                return "a BAR lies over RAM";
        }
    }
    return NULL;
}

/* The frames of a BAR, as [first, end). */
static bool frames_of(const struct bar *bar, uint64_t *first, uint64_t *end)
{
    *first = bar->address / FRAME_BYTES;
    *end = (bar->address + bar->bytes + FRAME_BYTES - 1) / FRAME_BYTES;
    return bar->address != 0 && bar->bytes != 0 && !(bar->flags & PCI_BAR_PORTS);
}

bool functions_overlap(const struct function *one, const struct function *other)
{
    for (uint32_t i = 0; i < PCI_BARS; i++) {
        for (uint32_t k = 0; k < PCI_BARS; k++) {
            uint64_t first, end, other_first, other_end;
            if (frames_of(&one->bars[i], &first, &end) &&
                frames_of(&other->bars[k], &other_first, &other_end) && first < other_end &&
                other_first < end)
                return true;
        }
    }
    return false;
}
