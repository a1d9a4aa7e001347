/* virtio devices on the PCI bus (contracts: cocos/virtio.h; virtio 1.2, 3.1 and 4.1). */
#include <cocos/virtio.h>

#include <stddef.h>

#include <linux/pci_regs.h>
#include <linux/virtio_config.h>

#include <cocos/clock.h>
#include <cocos/service.h>

/* 4.1.2: the numbers of devices that are virtio's. */
#define VENDOR 0x1af4
#define TRANSITIONAL_FIRST 0x1000
#define MODERN_FIRST 0x1040
#define MODERN_LAST 0x107f

#define PATIENCE_NS 1000000000ull
#define MILLISECOND_NS 1000000ull
#define CONFIG_TRIES 16

static int64_t refuse(struct virtio *device, const char *problem)
{
    device->problem = problem;
    return E_DEVICE;
}

/* ---- Where its registers are (4.1.4) ---- */

struct finding {
    uint32_t config[PCI_CONFIG_WORDS];
    uint64_t start[VIRTIO_BARS], bytes[VIRTIO_BARS]; /* of BARs that are mapped */
};

static int64_t map_bar(struct virtio *device, struct finding *found, uint32_t bar)
{
    if (bar >= VIRTIO_BARS)
        return refuse(device, "its registers lie in a BAR that there is not");
    if (found->bytes[bar])
        return OK;
    return pci_map(&device->pci, bar, &found->start[bar], &found->bytes[bar]);
}

/* A part of its registers, as a capability says where it is. */
struct part {
    uint32_t at; /* offset of the capability, 0: there is none */
    uint64_t address;
    uint32_t bytes;
};

/* Finds the first of a type, which has at least `least` bytes. */
static int64_t find_part(struct virtio *device, struct finding *found, uint8_t type, uint32_t least,
                         struct part *part)
{
    uint32_t at = 0;
    *part = (struct part){0};
    do {
        at = pci_capability(found->config, PCI_CAP_ID_VNDR, at);
        if (at == 0 || at + sizeof(struct virtio_pci_notify_cap) > sizeof found->config)
            return OK;
    } while (found->config[at / 4] >> 24 != type);
    uint32_t bar = found->config[(at + VIRTIO_PCI_CAP_BAR) / 4] & 0xff;
    uint32_t offset = found->config[(at + VIRTIO_PCI_CAP_OFFSET) / 4];
    uint32_t bytes = found->config[(at + VIRTIO_PCI_CAP_LENGTH) / 4];
    int64_t error = map_bar(device, found, bar);
    if (error < 0)
        return error;
    if (bytes < least || bytes > found->bytes[bar] || offset > found->bytes[bar] - bytes ||
        offset % 4 != 0)
        return refuse(device, "its registers lie outside its memory");
    *part = (struct part){at, found->start[bar] + offset, bytes};
    return OK;
}

static int64_t find_registers(struct virtio *device, struct finding *found)
{
    enum { COMMON, ISR, DOORBELLS, CONFIG, PARTS };
    static const struct {
        uint8_t type;
        uint32_t least;
    } wanted[PARTS] = {
        [COMMON] = {VIRTIO_PCI_CAP_COMMON_CFG, sizeof(struct virtio_pci_common_cfg)},
        [ISR] = {VIRTIO_PCI_CAP_ISR_CFG, 1},
        [DOORBELLS] = {VIRTIO_PCI_CAP_NOTIFY_CFG, sizeof(uint16_t)},
        [CONFIG] = {VIRTIO_PCI_CAP_DEVICE_CFG, 0},
    };
    struct part parts[PARTS];
    for (uint32_t i = 0; i < PARTS; i++) {
        int64_t error = find_part(device, found, wanted[i].type, wanted[i].least, &parts[i]);
        if (error < 0)
            return error;
        if (parts[i].at == 0 && i != CONFIG)
            return refuse(device, "it is not a modern device");
    }
    device->common = (void *)parts[COMMON].address;
    device->isr = (void *)parts[ISR].address;
    device->config = (void *)parts[CONFIG].address;
    device->config_bytes = parts[CONFIG].bytes;
    device->doorbells = parts[DOORBELLS].address;
    device->doorbells_bytes = parts[DOORBELLS].bytes;
    device->doorbell_step = found->config[(parts[DOORBELLS].at + VIRTIO_PCI_NOTIFY_CAP_MULT) / 4];
    return OK;
}

/* The table of messages may lie in a BAR that has been mapped already. */
static void find_table(struct virtio *device, const struct finding *found)
{
    uint32_t at = pci_capability(found->config, PCI_CAP_ID_MSIX, 0);
    uint32_t bar = at ? found->config[(at + PCI_MSIX_TABLE) / 4] & PCI_MSIX_TABLE_BIR : VIRTIO_BARS;
    device->by_table = at != 0;
    device->table = bar < VIRTIO_BARS ? found->start[bar] : 0;
}

static int64_t take_over(struct virtio *device, struct finding *found)
{
    int64_t error = find_registers(device, found);
    if (error < 0)
        return error;
    find_table(device, found);
    return virtio_reset(device);
}

/* Which kind of device it is, 0: not virtio's (4.1.2.1). */
static uint32_t kind(const struct virtio *device, const struct finding *found)
{
    uint32_t number = device->pci.device;
    if (device->pci.vendor != VENDOR || number < TRANSITIONAL_FIRST || number > MODERN_LAST)
        return 0;
    if (number >= MODERN_FIRST)
        return number - MODERN_FIRST;
    return found->config[PCI_SUBSYSTEM_VENDOR_ID / 4] >> 16;
}

int64_t virtio_open(struct virtio *device, uint16_t class, uint16_t id)
{
    for (uint32_t index = 0;; index++) {
        struct finding found = {0};
        *device = (struct virtio){0};
        int64_t error = pci_claim(&device->pci, class, index);
        if (error < 0)
            return error;
        error = pci_config(&device->pci, found.config);
        if (error == OK && kind(device, &found) == id)
            return take_over(device, &found);
        pci_release(&device->pci);
        if (error < 0)
            return error;
    }
}

/* ---- Its state (3.1.1) ---- */

int64_t virtio_reset(struct virtio *device)
{
    uint64_t deadline = clock_now() + PATIENCE_NS;
    device->common->device_status = 0;
    while (device->common->device_status != 0) {
        if (clock_now() > deadline)
            return refuse(device, "it does not end its reset");
        sys_sleep(clock_now() + MILLISECOND_NS);
    }
    return OK;
}

static void add_status(struct virtio *device, uint8_t bits)
{
    device->common->device_status = device->common->device_status | bits;
}

static uint64_t features_of(struct virtio *device)
{
    device->common->device_feature_select = 0;
    uint64_t features = device->common->device_feature;
    device->common->device_feature_select = 1;
    return features | (uint64_t)device->common->device_feature << 32;
}

int64_t virtio_negotiate(struct virtio *device, uint64_t wanted, uint64_t *taken)
{
    uint64_t version = 1ull << VIRTIO_F_VERSION_1;
    add_status(device, VIRTIO_CONFIG_S_ACKNOWLEDGE);
    add_status(device, VIRTIO_CONFIG_S_DRIVER);
    uint64_t features = features_of(device) & (wanted | version);
    if (!(features & version))
        return refuse(device, "it is not a modern device");
    for (uint32_t half = 0; half < 2; half++) {
        device->common->guest_feature_select = half;
        device->common->guest_feature = (uint32_t)(features >> 32 * half);
    }
    add_status(device, VIRTIO_CONFIG_S_FEATURES_OK);
    if (!(device->common->device_status & VIRTIO_CONFIG_S_FEATURES_OK))
        return refuse(device, "it does not agree to its own features");
    *taken = features;
    return OK;
}

int64_t virtio_config(struct virtio *device, uint32_t offset, void *to, uint32_t bytes)
{
    if (bytes > device->config_bytes || offset > device->config_bytes - bytes)
        return refuse(device, "its configuration is too short");
    for (uint32_t tries = 0; tries < CONFIG_TRIES; tries++) {
        uint8_t generation = device->common->config_generation;
        for (uint32_t i = 0; i < bytes; i++)
            ((uint8_t *)to)[i] = device->config[offset + i];
        if (device->common->config_generation == generation)
            return OK;
    }
    return refuse(device, "its configuration does not stop changing");
}

int64_t virtio_memory(struct virtio *device, uint32_t order)
{
    int64_t address = pci_memory(&device->pci, order);
    for (uint64_t i = 0; address > 0 && i < FRAME_BYTES << order; i += sizeof(uint64_t))
        *(uint64_t *)(address + (int64_t)i) = 0;
    return address;
}

int64_t virtio_interrupts(struct virtio *device, uint32_t endpoint, uint32_t bit)
{
    int64_t error =
        pci_interrupt(&device->pci, 0, endpoint, bit, device->table, &device->interrupt);
    device->common->msix_config = VIRTIO_MSI_NO_VECTOR;
    return error;
}

void virtio_acknowledge(const struct virtio *device)
{
    /* Reading it lets go of the pin (4.1.4.5). */
    if (!device->by_table)
        (void)*device->isr;
    sys_interrupt_ack(device->interrupt.slot, device->interrupt.line);
}

int64_t virtio_start(struct virtio *device)
{
    int64_t error = pci_master(&device->pci, true);
    if (error == OK)
        add_status(device, VIRTIO_CONFIG_S_DRIVER_OK);
    return error;
}

/* ---- Setting up a queue (4.1.5.1.3) ---- */

static int64_t find_doorbell(struct virtio *device, struct virtio_queue *queue)
{
    uint64_t at = (uint64_t)device->common->queue_notify_off * device->doorbell_step;
    if (at > device->doorbells_bytes - sizeof(uint16_t) || at % sizeof(uint16_t) != 0)
        return refuse(device, "a queue is to be kicked outside its memory");
    queue->doorbell = (volatile uint16_t *)(device->doorbells + at);
    return OK;
}

static void tell_addresses(const struct virtio *device, const struct vring *ring)
{
    uint64_t descriptors = (uint64_t)ring->desc, available = (uint64_t)ring->avail;
    uint64_t used = (uint64_t)ring->used;
    device->common->queue_desc_lo = (uint32_t)descriptors;
    device->common->queue_desc_hi = (uint32_t)(descriptors >> 32);
    device->common->queue_avail_lo = (uint32_t)available;
    device->common->queue_avail_hi = (uint32_t)(available >> 32);
    device->common->queue_used_lo = (uint32_t)used;
    device->common->queue_used_hi = (uint32_t)(used >> 32);
}

int64_t virtio_queue(struct virtio *device, uint16_t number, uint16_t size, uint64_t memory,
                     struct virtio_queue *queue)
{
    if (number >= device->common->num_queues)
        return refuse(device, "it has too few queues");
    device->common->queue_select = number;
    while (size > device->common->queue_size)
        size /= 2;
    if (size == 0)
        return refuse(device, "one of its queues has no room");
    virtio_queue_init(queue, size, (void *)memory);
    queue->number = number;
    device->common->queue_size = size;
    int64_t error = find_doorbell(device, queue);
    if (error < 0)
        return error;
    if (device->by_table) {
        device->common->queue_msix_vector = 0;
        if (device->common->queue_msix_vector != 0)
            return refuse(device, "a queue cannot interrupt");
    }
    tell_addresses(device, &queue->ring);
    device->common->queue_enable = 1;
    return OK;
}
