#include "devices.h"

#include <stdio.h>

#include <linux/pci_regs.h>

#include <cocos/service.h>
#include <cocos/sys.h>

#include "space.h"

#define BUSES 256
#define DEVICES_PER_BUS 32
#define FUNCTIONS_PER_DEVICE 8
#define MULTIFUNCTION (0x80u << 16)

static struct device devices[DEVICES_MAX];
static uint32_t device_count;

/* ---- Finding ---- */

/* Buses to be looked at, each once, whatever bridges say. */
static struct {
    uint8_t list[BUSES];
    bool known[BUSES];
    uint32_t count;
} buses;

static void add_bus(uint8_t bus)
{
    if (buses.known[bus])
        return;
    buses.known[bus] = true;
    buses.list[buses.count++] = bus;
}

static void leave_out(const struct config *config, const char *why)
{
    printf("pci: %02x:%02x.%x is left out: %s\n", config->address >> 8, config->address >> 3 & 31,
           config->address & 7, why);
}

/* The first device stays where two claim the same memory. */
static const char *check_place(const struct function *function)
{
    const struct system_page *system = (const void *)SYSTEM_PAGE;
    uint32_t ranges = system->memory_ranges < MEMORY_RANGES ? system->memory_ranges : MEMORY_RANGES;
    const char *problem = function_misplaced(function, system->memory, ranges);
    for (uint32_t i = 0; i < device_count && !problem; i++)
        if (function != &devices[i].function && functions_overlap(function, &devices[i].function))
            problem = "it has memory in common with another device";
    return problem;
}

/* Whether somebody has memory of it: a driver that an earlier instance gave it to, or the console
 * its screen. Its BARs must not be touched then, not even to see how large they are. */
static uint64_t owner_of(const struct config *config)
{
    uint64_t at[PCI_BARS];
    uint32_t count = function_addresses(config, at);
    for (uint32_t i = 0; i < count; i++) {
        struct frame_info info;
        uint64_t frame = at[i] & ~(FRAME_BYTES - 1);
        if (sys_frame_query(service_slot("machine"), frame, &info) == OK && info.owner != 0)
            return info.owner;
    }
    return 0;
}

static bool is_in_use(const struct config *config)
{
    return owner_of(config) != 0;
}

uint64_t device_owner(const struct device *device)
{
    return owner_of(&device->config);
}

static const char *read_device(struct device *device)
{
    const char *problem = function_read(&device->config, &device->function);
    return problem ? problem : check_place(&device->function);
}

bool device_ready(struct device *device)
{
    if (!device->in_use)
        return true;
    if (is_in_use(&device->config))
        return false;
    const char *problem = read_device(device);
    if (problem)
        leave_out(&device->config, problem);
    device->in_use = problem != NULL;
    return !problem;
}

static void add_function(const struct config *config)
{
    struct device device = {.config = *config, .in_use = is_in_use(config)};
    const char *problem = NULL;
    if (device.in_use)
        function_name(config, &device.function);
    else
        problem = read_device(&device);
    if (device.function.is_bridge)
        add_bus(device.function.bus_behind);
    if (!problem && device_count == DEVICES_MAX)
        problem = "there are too many devices";
    if (problem)
        leave_out(config, problem);
    else
        devices[device_count++] = device;
}

static void look_at(uint32_t bus, uint32_t number)
{
    struct config config = space_config(bus, number, 0);
    if (!function_exists(&config))
        return;
    bool more = config.read(&config, PCI_CACHE_LINE_SIZE) & MULTIFUNCTION;
    add_function(&config);
    for (uint32_t function = 1; more && function < FUNCTIONS_PER_DEVICE; function++) {
        config = space_config(bus, number, function);
        if (function_exists(&config))
            add_function(&config);
    }
}

void devices_find(void)
{
    add_bus(0);
    for (uint32_t i = 0; i < buses.count; i++)
        for (uint32_t number = 0; number < DEVICES_PER_BUS; number++)
            look_at(buses.list[i], number);
}

struct device *devices_at(uint64_t number)
{
    return number < device_count ? &devices[number] : NULL;
}

uint32_t devices_count(void)
{
    return device_count;
}

/* ---- Switching ---- */

void device_command(const struct device *device, uint32_t set, uint32_t clear)
{
    const struct config *config = &device->config;
    uint32_t command = config->read(config, PCI_COMMAND) & 0xffff;
    config->write(config, PCI_COMMAND, (command | set) & ~clear);
}

/* Sets and clears bits of the upper half of a capability's first word, its control register. */
static void change_control(const struct device *device, uint32_t at, uint32_t set, uint32_t clear)
{
    const struct config *config = &device->config;
    if (at != 0)
        config->write(config, at, (config->read(config, at) | set << 16) & ~(clear << 16));
}

void device_silence(const struct device *device)
{
    device_command(device, 0, PCI_COMMAND_MASTER);
    change_control(device, device->function.messages, 0, PCI_MSI_FLAGS_ENABLE);
    change_control(device, device->function.table, 0, PCI_MSIX_FLAGS_ENABLE);
}

/* One message of those it could have (PCI 3.0, 6.8.1). */
static void set_message(const struct device *device, uint64_t message)
{
    const struct config *config = &device->config;
    uint32_t at = device->function.messages;
    bool is_wide = config->read(config, at) >> 16 & PCI_MSI_FLAGS_64BIT;
    config->write(config, at + PCI_MSI_ADDRESS_LO, INTERRUPT_MESSAGE_ADDRESS(message));
    if (is_wide)
        config->write(config, at + PCI_MSI_ADDRESS_HI, 0);
    config->write(config, at + (is_wide ? PCI_MSI_DATA_64 : PCI_MSI_DATA_32),
                  INTERRUPT_MESSAGE_DATA(message));
    change_control(device, at, PCI_MSI_FLAGS_ENABLE, PCI_MSI_FLAGS_QSIZE);
}

bool device_begin_messages(const struct device *device, uint64_t message)
{
    if (device->function.table) {
        change_control(device, device->function.table, PCI_MSIX_FLAGS_ENABLE,
                       PCI_MSIX_FLAGS_MASKALL);
    } else if (device->function.messages) {
        set_message(device, message);
    } else {
        return false;
    }
    device_command(device, PCI_COMMAND_INTX_DISABLE, 0);
    return true;
}
