#include "channel.h"

#include <string.h>

#include <linux/virtio_9p.h>

#include <cocos/clock.h>
#include <cocos/frames.h>
#include <cocos/guard.h>
#include <cocos/service.h>
#include <cocos/virtio.h>

/* "Unassigned", and 2: what QEMU says of it (PCI 3.0, appendix D). */
#define CLASS 0x0002

#define QUEUE_SIZE 16
#define INTERRUPT_BIT 0

/* The memory that the device writes to and that is not a client's: queue, request, answer. */
#define MEMORY_ORDER 3
#define REQUEST_AT 8192u
#define ANSWER_AT (REQUEST_AT + CHANNEL_REQUEST_BYTES)
_Static_assert(ANSWER_AT + CHANNEL_ANSWER_BYTES <= FRAME_BYTES << MEMORY_ORDER,
               "all have their place; a queue of 16 takes less than 1 KiB");

/* A folder of the host may lie on a slow disk. */
#define PATIENCE_NS 60000000000ull

#define DATA_ORDER 4
_Static_assert(CHANNEL_DATA_BYTES == FRAME_BYTES << DATA_ORDER, "a run of this order");

static struct virtio device;
static struct virtio_queue queue;
static uint64_t memory, buffer; /* the buffer: for clients' data on its way */

/* Taken out of the device's reach before it is looked at. */
static uint8_t answer[CHANNEL_ANSWER_BYTES];

static uint32_t endpoint, spare_slot; /* where interrupts arrive; nobody calls there */

static int64_t open_endpoint(void)
{
    int64_t frame = frame_take(0, tag_of("endpoint"));
    endpoint = slot_take();
    spare_slot = slot_take();
    if (endpoint == SLOT_NONE || spare_slot == SLOT_NONE)
        return E_FULL;
    return frame < 0 ? frame : sys_endpoint_create(endpoint, (uint64_t)frame);
}

static int64_t open_buffer(void)
{
    int64_t got;
    do {
        got = sys_frame_claim(ZONE_ANY, DATA_ORDER, MAP_READ | MAP_WRITE, tag_of("dma"));
    } while (got == E_NO_TABLES && table_fund(SLOT_SELF) == OK);
    buffer = got < 0 ? 0 : (uint64_t)got;
    return got < 0 ? got : OK;
}

int64_t channel_open(const char **what)
{
    uint64_t features;
    *what = "finding the device";
    int64_t error = virtio_open(&device, CLASS, VIRTIO_ID_9P);
    if (error == OK)
        error = virtio_negotiate(&device, 0, &features);
    if (error < 0) {
        *what = device.problem ? device.problem : *what;
        return error;
    }
    *what = "memory for the queue";
    int64_t got = virtio_memory(&device, MEMORY_ORDER);
    if (got < 0)
        return got;
    memory = (uint64_t)got;
    error = open_buffer();
    if (error < 0)
        return error;
    *what = "interrupts";
    error = open_endpoint();
    if (error == OK)
        error = virtio_interrupts(&device, endpoint, INTERRUPT_BIT);
    if (error < 0)
        return error;
    *what = "the queue";
    error = virtio_queue(&device, 0, QUEUE_SIZE, memory, &queue);
    if (error == OK)
        error = virtio_start(&device);
    *what = device.problem ? device.problem : *what;
    return error;
}

uint8_t *channel_request(void)
{
    return (uint8_t *)memory + REQUEST_AT;
}

const uint8_t *channel_answer(void)
{
    return answer;
}

static int64_t wait_for_answer(void)
{
    uint64_t deadline = clock_now() + PATIENCE_NS;
    uint32_t written;
    while (!virtio_take(&queue, &written)) {
        struct message message = {0};
        if (queue.broken)
            return E_DEVICE;
        int64_t got = sys_wait(endpoint, spare_slot, deadline, &message);
        if (got < 0)
            return got;
        virtio_acknowledge(&device);
    }
    return written;
}

/* Takes what came out of the device's reach, and into the client's. False: that is gone. */
static bool take_answer(const struct exchange *exchange, uint64_t came)
{
    uint64_t head = came < exchange->answer_bytes ? came : exchange->answer_bytes;
    memcpy(answer, (const void *)(memory + ANSWER_AT), head);
    return !exchange->data_comes ||
           guarded_copy((void *)exchange->data, (const void *)buffer, came - head);
}

int64_t channel_exchange(const struct exchange *exchange)
{
    struct virtio_piece pieces[3] = {
        {.address = memory + REQUEST_AT, .bytes = exchange->request_bytes}};
    struct virtio_piece data = {buffer, exchange->data_bytes, exchange->data_comes};
    uint16_t count = 1;
    if (exchange->data_bytes && !exchange->data_comes) {
        if (!guarded_copy((void *)buffer, (const void *)exchange->data, exchange->data_bytes))
            return E_GONE;
        pieces[count++] = data;
    }
    pieces[count++] = (struct virtio_piece){memory + ANSWER_AT, exchange->answer_bytes, true};
    if (exchange->data_bytes && exchange->data_comes)
        pieces[count++] = data;
    int64_t error = virtio_put(&queue, pieces, count, &queue);
    if (error < 0)
        return error;
    virtio_kick(&queue);
    int64_t came = wait_for_answer();
    if (came > 0 && !take_answer(exchange, (uint64_t)came))
        return E_GONE;
    return came;
}
