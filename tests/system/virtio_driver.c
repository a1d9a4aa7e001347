/*
 * Drives QEMU's virtio entropy device by <cocos/virtio.h>: every request comes back once, filled,
 * and the memory of its queue is the same for each instance. Serves then, with requests under way,
 * until it is killed: what the next instance gets is a device that was reset.
 */
#include <stdio.h>

#include <linux/pci_regs.h>
#include <linux/virtio_ids.h>

#include <cocos/clock.h>
#include <cocos/frames.h>
#include <cocos/service.h>
#include <cocos/sys.h>
#include <cocos/virtio.h>

#define CLASS_OTHER 0x00ff
#define QUEUE_SIZE 8
#define BIT 5
#define ROUNDS 200
#define PIECE 64
#define PATIENCE 5000000000ull

static unsigned failed;
static struct virtio device;
static struct virtio_queue queue;
static uint32_t endpoint, reply;
static uint64_t memory;

static void expect(int64_t expected, int64_t got, const char *what)
{
    if (expected == got)
        return;
    printf("FAILED: %s: %lld (%s)\n", what, (long long)got,
           device.problem ? device.problem : error_name(got));
    failed++;
}

static uint64_t *buffer(unsigned index)
{
    return (uint64_t *)(memory + FRAME_BYTES + (uint64_t)PIECE * index);
}

static void put(unsigned index)
{
    struct virtio_piece piece = {(uint64_t)buffer(index), PIECE, true};
    *buffer(index) = 0;
    expect(OK, virtio_put(&queue, &piece, 1, buffer(index)), "a request");
}

static void *next(uint32_t *written)
{
    uint64_t deadline = clock_now() + PATIENCE;
    void *token;
    while (!(token = virtio_take(&queue, written)) && clock_now() < deadline) {
        struct message message = {0};
        if (sys_wait(endpoint, reply, deadline, &message) == RECEIVED_SIGNAL)
            virtio_acknowledge(&device);
    }
    return token;
}

static void open_device(void)
{
    uint64_t features;
    expect(OK, virtio_open(&device, CLASS_OTHER, VIRTIO_ID_RNG), "finding it");
    expect(OK, virtio_negotiate(&device, ~0ull >> 36, &features), "its features");
    memory = (uint64_t)virtio_memory(&device, 1);
    expect(1, (int64_t)memory > 0, "memory");
    printf("memory %llx\n", (unsigned long long)memory);
    expect(OK, virtio_interrupts(&device, endpoint, BIT), "interrupts");
    expect(E_DEVICE, virtio_queue(&device, 7, QUEUE_SIZE, memory, &queue), "a queue too many");
    expect(OK, virtio_queue(&device, 0, QUEUE_SIZE, memory, &queue), "its queue");
    expect(OK, virtio_start(&device), "starting");
}

/* Where messages go, the PCI server alone says, or the table that it lets the driver write. */
static void refusals(void)
{
    uint32_t config[PCI_CONFIG_WORDS];
    expect(OK, pci_config(&device.pci, config), "its configuration space");
    uint32_t at = pci_capability(config, PCI_CAP_ID_MSIX, 0);
    struct message message = {.words = {PCI_WRITE, device.pci.number, at, 0}};
    if (at == 0)
        return;
    expect(OK, sys_call(device.pci.server, &message), "asking");
    expect(E_ARGUMENT, (int64_t)message.words[0], "switching its table of messages");
}

static void use_device(void)
{
    unsigned filled = 0;
    for (unsigned i = 0; i < QUEUE_SIZE; i++)
        put(i);
    virtio_kick(&queue);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t written;
        uint64_t *token = next(&written);
        expect(1, token != NULL && written > 0, "an answer");
        if (!token)
            return;
        filled += *token != 0;
        put((unsigned)((uint64_t)token - (uint64_t)buffer(0)) / PIECE);
        virtio_kick(&queue);
    }
    expect(1, filled >= ROUNDS - 1, "random bytes");
}

int main(int argc, char **argv)
{
    (void)argc;
    reply = slot_take();
    endpoint = slot_take();
    expect(OK, sys_endpoint_create(endpoint, (uint64_t)frame_take(0, tag_of("endpoint"))),
           "an endpoint");
    open_device();
    refusals();
    if (!failed)
        use_device();
    printf("virtio_driver: %u failed\n", failed);
    if (service_register(argv[0], &endpoint) == OK)
        sys_sleep(DEADLINE_NEVER - 1);
    return 1;
}
