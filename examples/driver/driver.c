/*
 * A driver to copy: of QEMU's device for education (`-device edu`), which computes factorials and
 * moves memory, and interrupts when it has done so. One part a step, as doc/drivers.md has them.
 *
 * Its line in servers/manifest says that it may claim that device, and that it is started again. It
 * keeps nothing that a client would miss: killed in the midst of a request, it leaves that to the
 * next instance, whom the client asks again.
 */
#include "driver.h"

#include <cocos/clock.h>
#include <cocos/frames.h>
#include <cocos/pci.h>
#include <cocos/service.h>
#include <stdio.h>
#include <string.h>

/* ---- 1. What the device's manual says: docs/specs/edu in QEMU's sources ---- */

#define CLASS_OTHER 0x00ff /* base class << 8 | subclass */
#define BAR 0

/* Offsets of registers. */
enum {
    IDENTIFICATION = 0x00,
    LIVENESS = 0x04, /* gives back the complement of what was written */
    FACTORIAL = 0x08,
    STATUS = 0x20,
    INTERRUPT_STATUS = 0x24,
    INTERRUPT_ACKNOWLEDGE = 0x64,
    DMA_SOURCE = 0x80,
    DMA_DESTINATION = 0x88,
    DMA_BYTES = 0x90,
    DMA_COMMAND = 0x98,
    REGISTERS_END = 0xa0,
};
#define IS_EDU(identification) (((identification)&0xffff) == 0x00ed)
#define STATUS_COMPUTES 0x01u
#define STATUS_INTERRUPTS 0x80u
#define DMA_RUNS 0x01u
#define DMA_FROM_DEVICE 0x02u
#define DMA_INTERRUPTS 0x04u

#define DEVICE_MEMORY 0x40000u /* where its own 4 KiB are, for DMA */
#define DMA_REACH (1ull << 28) /* of other memory, it sees addresses below */

/* A move takes 100 ms. What takes this long will not come. */
#define PATIENCE_NS 10000000000ull
#define MILLISECOND_NS 1000000ull

/* ---- 2. Registers: memory that is claimed by its address, and used there ---- */

static struct pci_device device;
static uint64_t registers;

/* Volatile, so that each access is made, in this order, with this width. */
static uint32_t get(uint32_t offset)
{
    return *(volatile uint32_t *)(registers + offset);
}

static void put(uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(registers + offset) = value;
}

static void put_wide(uint32_t offset, uint64_t value)
{
    *(volatile uint64_t *)(registers + offset) = value;
}

/* The device is trusted with nothing: it may be another one, smaller, or broken. */
static int64_t find(const char **what)
{
    uint64_t bytes;
    *what = "claiming the device";
    int64_t error = pci_claim(&device, CLASS_OTHER, 0);
    if (error < 0)
        return error;
    *what = "its registers";
    error = pci_map(&device, BAR, &registers, &bytes);
    if (error < 0)
        return error;
    if (bytes < REGISTERS_END || !IS_EDU(get(IDENTIFICATION)))
        return E_DEVICE;
    *what = "its sign of life";
    put(LIVENESS, 0x12345678);
    return get(LIVENESS) == ~0x12345678u ? OK : E_DEVICE;
}

/* An earlier driver may have been killed in the midst of anything. Claimed, the device is silent:
 * it can neither reach memory nor interrupt. So what it still does is waited for here, before it
 * may do so again. A device that can be reset is reset instead. */
static int64_t let_finish(void)
{
    uint64_t deadline = clock_now() + PATIENCE_NS;
    while ((get(STATUS) & STATUS_COMPUTES) || (get(DMA_COMMAND) & DMA_RUNS)) {
        if (clock_now() > deadline)
            return E_DEVICE;
        sys_sleep(clock_now() + MILLISECOND_NS);
    }
    put(INTERRUPT_ACKNOWLEDGE, get(INTERRUPT_STATUS));
    return OK;
}

/* ---- 3. Interrupts: signals at an endpoint that no client can reach ---- */

#define INTERRUPT_BIT 0

static struct pci_interrupt interrupt;
static uint32_t interrupts, no_caller; /* the endpoint; a wait names a slot for a caller, too */

static int64_t take_interrupts(void)
{
    int64_t frame = frame_take(0, tag_of("endpoint"));
    interrupts = slot_take();
    no_caller = slot_take();
    if (frame < 0)
        return frame;
    int64_t error = sys_endpoint_create(interrupts, (uint64_t)frame);
    /* By message, where the device can, which is shared with nobody; else by its pin. */
    if (error == OK)
        error = pci_interrupt(&device, 0, interrupts, INTERRUPT_BIT, 0, &interrupt);
    if (error == OK)
        put(STATUS, STATUS_INTERRUPTS); /* factorials, too, say when they are done */
    return error;
}

/* Waits until `bits` of a register are 0. The register says whether it is done; an interrupt says
 * only that it is worth a look, for it may be late, or of something else. */
static int64_t wait_for(uint32_t offset, uint32_t bits)
{
    uint64_t deadline = clock_now() + PATIENCE_NS;
    while (get(offset) & bits) {
        struct message message = {0};
        int64_t got = sys_wait(interrupts, no_caller, deadline, &message);
        if (got < 0)
            return got == E_TIMEOUT ? E_DEVICE : got;
        /* First the device, which else would interrupt at once again; then the line. */
        put(INTERRUPT_ACKNOWLEDGE, get(INTERRUPT_STATUS));
        sys_interrupt_ack(interrupt.slot, interrupt.line);
    }
    return OK;
}

/* ---- 4. DMA: the device is told the frame's address, which is the pointer, too ---- */

/* Nobody checks where a device writes. So it is never told a client's number, and the memory that
 * it gets is the driver's own: that stays so when this program is killed, until the device is
 * silent. Below 1 MiB is the zone that it surely reaches. */
static uint8_t *frame;
#define TO_DEVICE (frame)
#define FROM_DEVICE (frame + FRAME_BYTES / 2)
_Static_assert(DMA_REACH >= 0x100000, "it reaches ZONE_BELOW_1M");
_Static_assert(DRIVER_COPY_BYTES <= FRAME_BYTES / 2, "it has room");

static int64_t take_memory(void)
{
    int64_t got = frame_take_in(ZONE_BELOW_1M, ORDER_FRAME, MAP_READ | MAP_WRITE, tag_of("dma"));
    if (got < 0)
        return got;
    frame = (uint8_t *)got;
    return pci_master(&device, true); /* last of all: from now on it can use memory */
}

static int64_t move(uint64_t source, uint64_t destination, uint32_t bytes, uint32_t direction)
{
    /* What was written before is in memory before the device looks; what is read after this, after
     * it wrote. The compiler does not know that it looks. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    put_wide(DMA_SOURCE, source);
    put_wide(DMA_DESTINATION, destination);
    put_wide(DMA_BYTES, bytes);
    put(DMA_COMMAND, DMA_RUNS | DMA_INTERRUPTS | direction);
    int64_t error = wait_for(DMA_COMMAND, DMA_RUNS);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return error;
}

/* ---- 5. Requests: check, then do. What the device does not do is this program's end ---- */

static int64_t factorial(uint64_t n, uint64_t *result)
{
    put(FACTORIAL, (uint32_t)n);
    int64_t error = wait_for(STATUS, STATUS_COMPUTES);
    *result = get(FACTORIAL);
    return error;
}

static int64_t copy(uint64_t *words)
{
    memcpy(TO_DEVICE, words, DRIVER_COPY_BYTES);
    int64_t error = move((uint64_t)TO_DEVICE, DEVICE_MEMORY, DRIVER_COPY_BYTES, 0);
    if (error == OK)
        error = move(DEVICE_MEMORY, (uint64_t)FROM_DEVICE, DRIVER_COPY_BYTES, DMA_FROM_DEVICE);
    memcpy(words, FROM_DEVICE, DRIVER_COPY_BYTES);
    return error;
}

static int64_t do_request(const struct message *asked, struct message *answer)
{
    switch (asked->words[0]) {
    case DRIVER_FACTORIAL:
        if (asked->words[1] > DRIVER_FACTORIAL_MAX)
            return E_ARGUMENT;
        return factorial(asked->words[1], &answer->words[1]);
    case DRIVER_COPY:
        memcpy(&answer->words[1], &asked->words[1], DRIVER_COPY_BYTES);
        return copy(&answer->words[1]);
    default:
        return E_REQUEST;
    }
}

/* One request after the other; who calls meanwhile waits at the endpoint, which outlives this
 * program. Where the device fails, nobody is answered: by this program's end the client is told
 * E_GONE, and init starts the next, which begins with the device anew. */
static int64_t serve(uint32_t endpoint)
{
    uint32_t caller = slot_take();
    struct message message = {0};
    int64_t got = sys_wait(endpoint, caller, DEADLINE_NEVER, &message);
    while (got == RECEIVED_CALL) {
        struct message answer = {0};
        int64_t word0 = do_request(&message, &answer);
        if (word0 == E_DEVICE)
            return word0;
        answer.words[0] = (uint64_t)word0;
        message = answer;
        got = sys_reply_wait(endpoint, caller, DEADLINE_NEVER, &message);
    }
    return got;
}

static int refuse(const char *what, int64_t error)
{
    fprintf(stderr, "driver: %s: %s\n", what, error_text(error));
    return 1;
}

int main(void)
{
    uint32_t endpoint;
    const char *what;
    int64_t error = find(&what);
    if (error == E_NAME) { /* no mistake, and nothing that trying again would mend: status 0 */
        fprintf(stderr, "driver: this machine has no edu device that I may claim\n");
        return 0;
    }
    if (error < 0)
        return refuse(what, error);
    error = let_finish();
    if (error < 0)
        return refuse("what it did before", error);
    error = take_interrupts();
    if (error < 0)
        return refuse("its interrupts", error);
    error = take_memory();
    if (error < 0)
        return refuse("memory that it reaches", error);
    error = service_register("driver", &endpoint); /* when it can serve, not before */
    if (error < 0)
        return refuse("serving", error);
    return refuse("the device", serve(endpoint));
}
