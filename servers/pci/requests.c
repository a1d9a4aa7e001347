#include "requests.h"

#include <stddef.h>

#include <linux/pci_regs.h>

#include <cocos/frames.h>
#include <cocos/protocol/init.h>
#include <cocos/protocol/pci.h>
#include <cocos/service.h>

#include "devices.h"

#define LINES_END 192

/* Lines of interrupts beyond a device's first, given out downwards. */
static uint32_t next_line = LINES_END;

/* A capability made for one answer, which has copied it. */
static uint32_t sent_slot = SLOT_NONE;

void requests_sent(void)
{
    if (sent_slot == SLOT_NONE)
        return;
    sys_slot_drop(sent_slot);
    slot_put(sent_slot);
    sent_slot = SLOT_NONE;
}

/* Sends a part of a range along: as sys_slot_copy says it. */
static int64_t send_part(const char *range, uint64_t part, struct message *answer)
{
    sent_slot = slot_take();
    if (sent_slot == SLOT_NONE)
        return E_FULL;
    int64_t error =
        sys_slot_copy(SLOT_SELF, sent_slot, service_slot(range), RIGHT_USE | RIGHT_COPY, part);
    if (error < 0)
        requests_sent();
    else
        answer->send_slot = sent_slot;
    return error;
}

static int64_t ask_init(enum init_request request, uint64_t word1, uint64_t word2)
{
    struct message message = {.words = {request, word1, word2}};
    int64_t got = sys_call(SLOT_PARENT, &message);
    return got < 0 ? got : (int64_t)message.words[0];
}

/* ---- What there is ---- */

static int64_t describe(const struct device *device, struct message *answer)
{
    const struct function *function = &device->function;
    answer->words[1] =
        function->vendor | (uint64_t)function->device << 16 | (uint64_t)function->class << 32;
    answer->words[2] = device->config.address;
    answer->words[3] = device->holder;
    return OK;
}

static const struct bar *find_bar(const struct device *device, uint64_t number)
{
    const struct bar *bar = number < PCI_BARS ? &device->function.bars[number] : NULL;
    return bar && bar->bytes != 0 && bar->address != 0 ? bar : NULL;
}

static int64_t describe_bar(const struct device *device, uint64_t number, struct message *answer)
{
    const struct bar *bar = find_bar(device, number);
    if (!bar)
        return E_ARGUMENT;
    answer->words[1] = bar->address;
    answer->words[2] = bar->bytes;
    answer->words[3] = bar->flags;
    return OK;
}

/* ---- Whose it is ---- */

static bool is_gone(uint32_t program)
{
    return ask_init(INIT_DOMAIN, program, 0) == E_NAME;
}

/* Memory that is still lent would be two drivers'. */
static int64_t release(struct device *device)
{
    device_silence(device);
    if (device->memory != 0 && sys_frame_release(device->memory, device->memory_order) < 0)
        return E_BUSY;
    device->memory = 0;
    device->holder = 0;
    return OK;
}

static int64_t claim(struct device *device, uint32_t caller)
{
    const struct function *function = &device->function;
    uint64_t ids = function->vendor | (uint64_t)function->device << 16 |
                   (uint64_t)(function->class >> 8) << 32;
    int64_t error = function->is_bridge ? E_RIGHTS : ask_init(INIT_MAY_CLAIM, caller, ids);
    if (error < 0)
        return error;
    if (!device_ready(device))
        return E_NOT_FREE;
    if (device->holder != 0 && (device->holder == caller || !is_gone(device->holder)))
        return E_NOT_FREE;
    device_silence(device);
    device_command(device, PCI_COMMAND_MEMORY | PCI_COMMAND_IO, 0);
    device->holder = caller;
    return OK;
}

/* ---- What its driver may do ---- */

static int64_t read_config(const struct device *device, uint64_t offset, struct message *answer)
{
    if (offset >= PCI_CONFIG_BYTES || offset % 4 != 0)
        return E_ARGUMENT;
    answer->words[1] = device->config.read(&device->config, (uint32_t)offset);
    return OK;
}

/* Whether `offset` lies in `bytes` bytes from `at` on. */
static bool is_in(uint64_t offset, uint32_t at, uint32_t bytes)
{
    return at != 0 && offset >= at && offset < at + bytes;
}

/* What is the same for all devices stays the server's. */
static int64_t write_config(const struct device *device, uint64_t offset, uint64_t value)
{
    const struct function *function = &device->function;
    if (offset < PCI_STD_HEADER_SIZEOF || offset >= PCI_CONFIG_BYTES || offset % 4 != 0 ||
        value > UINT32_MAX || is_in(offset, function->messages, PCI_MSI_MASK_64 + 8) ||
        is_in(offset, function->table, PCI_CAP_MSIX_SIZEOF))
        return E_ARGUMENT;
    device->config.write(&device->config, (uint32_t)offset, (uint32_t)value);
    return OK;
}

static int64_t set_master(const struct device *device, uint64_t on)
{
    if (on > 1)
        return E_ARGUMENT;
    device_command(device, on ? PCI_COMMAND_MASTER : 0, on ? 0 : PCI_COMMAND_MASTER);
    return OK;
}

static int64_t send_memory(const struct device *device, uint64_t number, struct message *answer)
{
    const struct bar *bar = find_bar(device, number);
    if (!bar)
        return E_ARGUMENT;
    if (bar->flags & PCI_BAR_PORTS)
        return send_part("ports1", bar->address | bar->bytes << 32, answer);
    uint64_t first = bar->address / FRAME_BYTES;
    uint64_t end = (bar->address + bar->bytes + FRAME_BYTES - 1) / FRAME_BYTES;
    uint64_t part = first | (end - first) << 32;
    if (end > UINT32_MAX)
        part = RANGE_OF_BLOCKS | bar->address / BLOCK_BYTES |
               (bar->bytes + BLOCK_BYTES - 1) / BLOCK_BYTES << 32;
    return send_part("devices0", part, answer);
}

static int64_t send_line(uint64_t line, struct message *answer)
{
    answer->words[1] = line;
    return send_part("interrupts0", line | 1ull << 32, answer);
}

/* The first is known without books, for a new instance of this server. */
static uint32_t message_line(struct device *device, uint64_t number)
{
    uint32_t first_lines_end = FIRST_MESSAGE_LINE + devices_count();
    if (number == 0)
        return FIRST_MESSAGE_LINE + (uint32_t)(device - devices_at(0));
    if (device->lines[number] == 0 && next_line > first_lines_end)
        device->lines[number] = --next_line;
    return device->lines[number];
}

static int64_t send_interrupt(struct device *device, uint64_t number, struct message *answer)
{
    const struct function *function = &device->function;
    uint32_t how = function->table      ? PCI_BY_TABLE
                   : function->messages ? PCI_BY_MESSAGE
                                        : PCI_BY_PIN;
    uint32_t count = how == PCI_BY_TABLE ? function->message_table.entries : 1;
    if (number >= count || number >= LINES_PER_DEVICE)
        return E_ARGUMENT;
    answer->words[2] = how;
    if (how == PCI_BY_PIN)
        return function->line ? send_line(function->line, answer) : E_UNSUPPORTED;
    uint32_t line = message_line(device, number);
    if (line == 0)
        return E_FULL;
    answer->words[3] = function->message_table.bar;
    answer->words[4] = function->message_table.offset;
    answer->words[5] = function->message_table.entries;
    return send_line(line, answer);
}

/* The memory stays here when the driver ends, so that nobody else gets it before the device is
 * silent. The loan to a driver ends with it. */
static int64_t lend_memory(struct device *device, uint64_t order, struct message *answer)
{
    if (order > PCI_MEMORY_ORDER)
        return E_ARGUMENT;
    if (device->memory == 0) {
        /* Some devices reach no further. */
        int64_t got = sys_frame_claim(ZONE_BELOW_4G, (uint32_t)order, 0, tag_of("dma"));
        if (got < 0)
            return got;
        device->memory = (uint64_t)got;
        device->memory_order = (uint32_t)order;
    }
    if (device->memory_order != order)
        return E_ORDER;
    answer->words[1] = device->memory;
    answer->send_run = MESSAGE_RUN(device->memory, order, MAP_READ | MAP_WRITE);
    return OK;
}

static int64_t drive(struct device *device, const struct message *asked, struct message *answer)
{
    uint64_t word2 = asked->words[2];
    switch (asked->words[0]) {
    case PCI_RELEASE:
        return release(device);
    case PCI_READ:
        return read_config(device, word2, answer);
    case PCI_WRITE:
        return write_config(device, word2, asked->words[3]);
    case PCI_MASTER:
        return set_master(device, word2);
    case PCI_RANGE:
        return send_memory(device, word2, answer);
    case PCI_INTERRUPT:
        return send_interrupt(device, word2, answer);
    case PCI_MESSAGES:
        return device_begin_messages(device, word2) ? OK : E_UNSUPPORTED;
    case PCI_MEMORY:
        return lend_memory(device, word2, answer);
    default:
        return E_REQUEST;
    }
}

static int64_t serve(const struct message *asked, struct message *answer)
{
    struct device *device = devices_at(asked->words[1]);
    if (asked->words[0] < PCI_DEVICE || asked->words[0] > PCI_MEMORY)
        return E_REQUEST;
    if (!device)
        return E_NAME;
    switch (asked->words[0]) {
    case PCI_DEVICE:
        return describe(device, answer);
    case PCI_BAR:
        device_ready(device);
        return describe_bar(device, asked->words[2], answer);
    case PCI_CLAIM:
        return claim(device, (uint32_t)asked->badge);
    default:
        return device->holder == asked->badge ? drive(device, asked, answer) : E_NOT_OWNER;
    }
}

/* A device whose driver an earlier instance knew is told by whose its memory is; one that nobody
 * holds or has memory of may be its, too. */
static bool may_be_driven_by(const struct device *device, uint32_t program, uint64_t domain)
{
    uint64_t owner = device_owner(device);
    bool is_nobodys = device->holder == 0 && owner == 0 && !device->function.is_bridge;
    return device->holder == program || is_nobodys || (domain != 0 && owner == domain);
}

void requests_drivers_ended(void)
{
    struct message message = {.words = {INIT_DRIVER_ENDED}};
    while (sys_call(SLOT_PARENT, &message) == OK && (int64_t)message.words[0] == OK &&
           message.words[1] != 0) {
        uint32_t program = (uint32_t)message.words[1];
        for (uint32_t i = 0; i < devices_count(); i++)
            if (may_be_driven_by(devices_at(i), program, message.words[2]))
                device_silence(devices_at(i));
        message = (struct message){.words = {INIT_DRIVER_ENDED, program}};
    }
}

void requests_serve(struct message *message)
{
    struct message answer = {0};
    int64_t word0 = serve(message, &answer);
    if (word0 < 0)
        answer = (struct message){0};
    answer.words[0] = (uint64_t)word0;
    *message = answer;
}
