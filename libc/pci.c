/* For drivers of PCI devices (contracts: cocos/pci.h). */
#include <cocos/pci.h>

#include <linux/pci_regs.h>

#include <cocos/frames.h>
#include <cocos/service.h>

/* ---- The server ---- */

static int64_t ask(const struct pci_device *device, enum pci_request request, uint64_t word2,
                   struct message *message)
{
    message->words[0] = request;
    message->words[1] = device->number;
    message->words[2] = word2;
    int64_t got = sys_call(device->server, message);
    return got < 0 ? got : (int64_t)message->words[0];
}

/* The same, where the answer brings a capability: *slot, taken for it. */
static int64_t ask_for(const struct pci_device *device, enum pci_request request, uint64_t word2,
                       uint32_t *slot, struct message *message)
{
    *slot = slot_take();
    if (*slot == SLOT_NONE)
        return E_FULL;
    *message = (struct message){.receive_slot = *slot};
    int64_t got = ask(device, request, word2, message);
    if (got < 0)
        slot_put(*slot);
    return got;
}

/* Returns E_NAME past the last device. */
static int64_t claim(struct pci_device *device, uint16_t class, uint32_t *index)
{
    struct message message = {0};
    int64_t error = ask(device, PCI_DEVICE, 0, &message);
    if (error < 0)
        return error;
    device->vendor = (uint16_t)message.words[1];
    device->device = (uint16_t)(message.words[1] >> 16);
    device->class = (uint32_t)(message.words[1] >> 32);
    if (device->class >> 8 != class)
        return E_RIGHTS;
    message = (struct message){0};
    error = ask(device, PCI_CLAIM, 0, &message);
    if (error == OK && *index > 0) {
        (*index)--;
        message = (struct message){0};
        ask(device, PCI_RELEASE, 0, &message);
        return E_RIGHTS;
    }
    return error;
}

int64_t pci_claim(struct pci_device *device, uint16_t class, uint32_t index)
{
    *device = (struct pci_device){0};
    int64_t got = service_find("pci", &device->server);
    if (got < 0)
        return got;
    do {
        got = claim(device, class, &index);
    } while ((got == E_RIGHTS || got == E_NOT_FREE) && ++device->number);
    return got;
}

int64_t pci_config(const struct pci_device *device, uint32_t config[PCI_CONFIG_WORDS])
{
    for (uint32_t i = 0; i < PCI_CONFIG_WORDS; i++) {
        struct message message = {0};
        int64_t error = ask(device, PCI_READ, 4ull * i, &message);
        if (error < 0)
            return error;
        config[i] = (uint32_t)message.words[1];
    }
    return OK;
}

int64_t pci_map(const struct pci_device *device, uint32_t bar, uint64_t *start, uint64_t *bytes)
{
    struct message message = {0};
    uint32_t slot;
    int64_t error = ask(device, PCI_BAR, bar, &message);
    if (error < 0)
        return error;
    *start = message.words[1];
    *bytes = message.words[2];
    error = ask_for(device, PCI_RANGE, bar, &slot, &message);
    if (error < 0)
        return error;
    error = frame_take_device(slot, *start, *start + *bytes, MAP_READ | MAP_WRITE, CACHE_UNCACHED);
    sys_slot_drop(slot);
    slot_put(slot);
    return error;
}

int64_t pci_ports(const struct pci_device *device, uint32_t bar, uint64_t *first)
{
    struct message message = {0};
    uint32_t slot;
    int64_t error = ask(device, PCI_BAR, bar, &message);
    if (error < 0)
        return error;
    *first = message.words[1];
    error = ask_for(device, PCI_RANGE, bar, &slot, &message);
    return error < 0 ? error : sys_ports_enable(slot);
}

int64_t pci_release(const struct pci_device *device)
{
    struct message message = {0};
    return ask(device, PCI_RELEASE, 0, &message);
}

int64_t pci_master(const struct pci_device *device, bool on)
{
    struct message message = {0};
    return ask(device, PCI_MASTER, on, &message);
}

/* Frames for the page tables that a run on loan may need (cocos/frames.h). */
static int64_t fund(void)
{
    for (uint32_t i = 0; i < 3; i++) {
        int64_t frame = sys_frame_claim(ZONE_ANY, ORDER_FRAME, 0, tag_of("tables"));
        if (frame < 0)
            return frame;
        int64_t error = sys_page_fund(SLOT_SELF, (uint64_t)frame);
        if (error < 0)
            return error;
    }
    return OK;
}

int64_t pci_memory(const struct pci_device *device, uint32_t order)
{
    struct message message = {.receive_frames = 1ull << order};
    int64_t error = fund();
    if (error == OK)
        error = sys_domain_set(SLOT_SELF, DOMAIN_ACCEPT, 1ull << order);
    if (error == OK)
        error = ask(device, PCI_MEMORY, order, &message);
    if (error < 0)
        return error;
    return message.received_run ? (int64_t)message.words[1] : E_NO_TABLES;
}

/* An entry of a table of messages: address, data, not masked (PCI 3.0, 6.8.2.6 to 6.8.2.9). */
static void write_entry(uint64_t table, uint32_t number, int64_t message)
{
    volatile uint32_t *entry =
        (volatile uint32_t *)(table + (uint64_t)PCI_MSIX_ENTRY_SIZE * number);
    entry[PCI_MSIX_ENTRY_LOWER_ADDR / 4] = INTERRUPT_MESSAGE_ADDRESS(message);
    entry[PCI_MSIX_ENTRY_UPPER_ADDR / 4] = 0;
    entry[PCI_MSIX_ENTRY_DATA / 4] = INTERRUPT_MESSAGE_DATA(message);
    entry[PCI_MSIX_ENTRY_VECTOR_CTRL / 4] = 0;
}

/* What the server said of the interrupt is in `said`. */
static int64_t begin_messages(const struct pci_device *device, uint32_t number, uint64_t table,
                              const struct message *said, const struct pci_interrupt *interrupt)
{
    struct message message = {0};
    int64_t what = sys_interrupt_message(interrupt->slot, interrupt->line);
    if (what < 0)
        return what;
    if (said->words[2] == PCI_BY_TABLE) {
        uint64_t bytes;
        int64_t error = table ? OK : pci_map(device, (uint32_t)said->words[3], &table, &bytes);
        if (error < 0)
            return error;
        write_entry(table + said->words[4], number, what);
    }
    return ask(device, PCI_MESSAGES, (uint64_t)what, &message);
}

int64_t pci_interrupt(const struct pci_device *device, uint32_t number, uint32_t endpoint,
                      uint32_t bit, uint64_t table, struct pci_interrupt *interrupt)
{
    struct message message;
    int64_t error = ask_for(device, PCI_INTERRUPT, number, &interrupt->slot, &message);
    if (error < 0)
        return error;
    interrupt->line = (uint32_t)message.words[1];
    error = sys_interrupt_bind(interrupt->slot, interrupt->line, endpoint, bit);
    if (error == OK && message.words[2] != PCI_BY_PIN)
        error = begin_messages(device, number, table, &message, interrupt);
    return error;
}
