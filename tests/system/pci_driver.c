/*
 * Drives QEMU's device for education (docs/specs/edu in its sources) as a program that the manifest
 * lets claim it: memory, messages, configuration space; and every refusal of the PCI server.
 *
 * Arguments: "once" lets go at the end; "keep" serves, and goes on until it is killed, "dma" with
 * its device at work all the time.
 */
#include <stdio.h>
#include <string.h>

#include <cocos/clock.h>
#include <cocos/frames.h>
#include <cocos/pci.h>
#include <cocos/protocol/init.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define CLASS_OTHER 0x00ff
#define CLASS_HOST_BRIDGE 0x0600
#define IS_EDU(value) (((value)&0xffff) == 0x00ed)

#define CLASS_BRIDGE 0x0604
#define FIRST_BAR_BYTES (1u << 20)

enum {
    REGISTER_ID = 0x00,
    REGISTER_RAISE = 0x60,
    REGISTER_LOWER = 0x64,
    REGISTER_DMA_SOURCE = 0x80,
    REGISTER_DMA_DESTINATION = 0x88,
    REGISTER_DMA_BYTES = 0x90,
    REGISTER_DMA_COMMAND = 0x98
};
#define DMA_RUN_FROM_DEVICE 3u
#define DEVICE_MEMORY 0x40000u
#define BIT 3
#define PATIENCE 2000000000ull

static unsigned failed;
static struct pci_device device;

static void expect(int64_t expected, int64_t got, const char *what)
{
    if (expected == got)
        return;
    printf("FAILED: %s: %lld\n", what, (long long)got);
    failed++;
}

static int64_t ask(uint64_t request, uint64_t number, uint64_t word2, uint64_t word3)
{
    struct message message = {.words = {request, number, word2, word3}};
    int64_t got = sys_call(device.server, &message);
    return got < 0 ? got : (int64_t)message.words[0];
}

static void refusals(void)
{
    uint64_t number = device.number;
    expect(E_NOT_FREE, ask(PCI_CLAIM, number, 0, 0), "claimed twice");
    expect(E_RIGHTS, ask(PCI_CLAIM, 0, 0, 0), "a device of nobody's");
    expect(E_NAME, ask(PCI_CLAIM, 1000, 0, 0), "a device that is none");
    expect(E_NOT_OWNER, ask(PCI_READ, 0, 0, 0), "reading another's");
    expect(E_NOT_OWNER, ask(PCI_MASTER, 0, 1, 0), "bus mastering of another's");
    expect(E_ARGUMENT, ask(PCI_READ, number, 256, 0), "reading beyond the end");
    expect(E_ARGUMENT, ask(PCI_READ, number, 2, 0), "reading between words");
    expect(E_ARGUMENT, ask(PCI_WRITE, number, 0x10, 0), "moving a BAR");
    expect(E_ARGUMENT, ask(PCI_WRITE, number, 0x44, 0), "changing where messages go");
    expect(E_ARGUMENT, ask(PCI_MASTER, number, 2, 0), "a switch that is neither");
    expect(E_ARGUMENT, ask(PCI_BAR, number, 1, 0), "a BAR that is none");
    expect(E_ARGUMENT, ask(PCI_RANGE, number, 6, 0), "a BAR beyond the last");
    expect(E_ARGUMENT, ask(PCI_INTERRUPT, number, 1, 0), "an interrupt that is none");
    expect(E_ARGUMENT, ask(PCI_MEMORY, number, PCI_MEMORY_ORDER + 1, 0), "too much memory");
    expect(E_REQUEST, ask(PCI_MEMORY + 1, number, 0, 0), "no request");
    expect(E_REQUEST, ask(0, number, 0, 0), "no request, either");
}

/* The capabilities that the server sends are for what is the device's, and no more; and it keeps
 * none of them, so that one may ask more often than it has slots. */
static void expect_bounds(uint32_t endpoint, uint64_t start)
{
    uint32_t slot = slot_take();
    struct message message;
    for (unsigned i = 0; i < 2 * SLOTS_PER_DOMAIN; i++) {
        sys_slot_drop(slot);
        message = (struct message){.words = {PCI_RANGE, device.number}, .receive_slot = slot};
        expect(OK, sys_call(device.server, &message), "asking for its memory");
        expect(OK, (int64_t)message.words[0], "its memory");
    }
    expect(E_NO_FRAME,
           sys_frame_claim_device(slot, start + FIRST_BAR_BYTES, ORDER_FRAME, 0, CACHE_UNCACHED),
           "the frame behind its memory");
    sys_slot_drop(slot);
    message = (struct message){.words = {PCI_INTERRUPT, device.number}, .receive_slot = slot};
    expect(OK, sys_call(device.server, &message), "asking for its line");
    expect(OK, (int64_t)message.words[0], "its line");
    expect(E_RIGHTS, sys_interrupt_bind(slot, (uint32_t)message.words[1] + 1, endpoint, BIT),
           "the next line");
    sys_slot_drop(slot);
}

/* Bridges are nobody's, whatever the manifest says. */
static void expect_no_bridge(void)
{
    struct message message = {.words = {PCI_DEVICE, 0}};
    for (uint64_t number = 0; sys_call(device.server, &message) == OK && message.words[0] == OK;) {
        if (message.words[1] >> 40 == CLASS_BRIDGE)
            expect(E_RIGHTS, ask(PCI_CLAIM, number, 0, 0), "claiming a bridge behind its back");
        message = (struct message){.words = {PCI_DEVICE, ++number}};
    }
}

static int64_t ask_init(uint64_t request, uint64_t word1)
{
    struct message message = {.words = {request, word1}};
    int64_t got = sys_call(SLOT_PARENT, &message);
    return got < 0 ? got : (int64_t)message.words[0];
}

/* What init does for the PCI server, and for those that memory was shared with, alone. */
static void refusals_of_init(void)
{
    struct message message = {.words = {INIT_PREPARE, 1}, .receive_frames = 2};
    expect(E_RIGHTS, ask_init(INIT_DRIVER_ENDED, 0), "speaking for the PCI server");
    sys_domain_set(SLOT_SELF, DOMAIN_ACCEPT, 2);
    while (sys_call(SLOT_PARENT, &message) == OK && !message.received_run &&
           table_fund(SLOT_SELF) == OK)
        message = (struct message){.words = {INIT_PREPARE, 1}, .receive_frames = 2};
    uint64_t run = message.received_run;
    expect(OK, sys_frame_revoke(MESSAGE_RUN_ADDRESS(run), MESSAGE_RUN_ORDER(run), SLOT_SELF),
           "memory of init's");
    expect(E_NOT_OWNER, ask_init(INIT_DISCARD, MESSAGE_RUN_ADDRESS(run) | MESSAGE_RUN_ORDER(run)),
           "discarding memory of init's");
}

/* Whatever it was about to do, it does not when it is nobody's. */
static void expect_silence(uint64_t start)
{
    volatile uint32_t *registers = (volatile uint32_t *)start;
    int64_t frame = frame_take_in(ZONE_BELOW_1M, ORDER_FRAME, MAP_READ | MAP_WRITE, 0);
    expect(1, frame > 0, "memory that it reaches");
    volatile uint64_t *memory = (volatile uint64_t *)frame;
    *memory = 0x1234;
    registers[REGISTER_DMA_SOURCE / 4] = DEVICE_MEMORY;
    registers[REGISTER_DMA_DESTINATION / 4] = (uint32_t)frame;
    registers[REGISTER_DMA_BYTES / 4] = sizeof *memory;
    registers[REGISTER_DMA_COMMAND / 4] = DMA_RUN_FROM_DEVICE;
    expect(OK, ask(PCI_RELEASE, device.number, 0, 0), "letting go");
    uint64_t deadline = clock_now() + PATIENCE;
    while ((registers[REGISTER_DMA_COMMAND / 4] & 1) && clock_now() < deadline)
        sys_sleep(clock_now() + PATIENCE / 100);
    expect(0, registers[REGISTER_DMA_COMMAND / 4] & 1, "what it was doing");
    expect(0x1234, (int64_t)*memory, "memory that it was to write to");
}

static void expect_interrupts(volatile uint32_t *registers, uint32_t endpoint)
{
    struct pci_interrupt interrupt;
    uint32_t reply = slot_take();
    expect(OK, pci_interrupt(&device, 0, endpoint, BIT, 0, &interrupt), "binding its interrupt");
    for (unsigned i = 0; i < 3; i++) {
        struct message message = {0};
        registers[REGISTER_RAISE / 4] = 1;
        registers[REGISTER_LOWER / 4] = 1;
        expect(RECEIVED_SIGNAL, sys_wait(endpoint, reply, clock_now() + PATIENCE, &message),
               "an interrupt");
        expect(1 << BIT, (int64_t)message.words[0], "its bit");
        expect(OK, sys_interrupt_ack(interrupt.slot, interrupt.line), "acknowledging");
    }
}

static void expect_memory(void)
{
    int64_t at = pci_memory(&device, 1);
    expect(1, at > 0, "memory for the device");
    if (at > 0) {
        volatile uint64_t *memory = (volatile uint64_t *)at;
        printf("memory at %llx held %llx\n", (unsigned long long)at, (unsigned long long)*memory);
        *memory = 0x1234;
        expect(E_BUSY, ask(PCI_RELEASE, device.number, 0, 0), "letting go with memory");
        expect(E_ORDER, ask(PCI_MEMORY, device.number, 2, 0), "memory of another size");
    }
}

/* Has the device write to memory all the time. */
static void move_for_ever(uint64_t start)
{
    volatile uint32_t *registers = (volatile uint32_t *)start;
    int64_t frame = frame_take_in(ZONE_BELOW_1M, ORDER_FRAME, MAP_READ | MAP_WRITE, 0);
    if (frame < 0)
        return;
    for (;;) {
        registers[REGISTER_DMA_SOURCE / 4] = DEVICE_MEMORY;
        registers[REGISTER_DMA_DESTINATION / 4] = (uint32_t)frame;
        registers[REGISTER_DMA_BYTES / 4] = sizeof(uint64_t);
        registers[REGISTER_DMA_COMMAND / 4] = DMA_RUN_FROM_DEVICE;
        while (registers[REGISTER_DMA_COMMAND / 4] & 1)
            sys_sleep(clock_now() + PATIENCE / 2000);
    }
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "once";
    uint32_t endpoint;
    int64_t got = pci_claim(&device, CLASS_OTHER, 0);
    if (got < 0) {
        printf("claim: %s\n", error_name(got));
        return 1;
    }
    expect(E_NAME, pci_claim(&(struct pci_device){0}, CLASS_HOST_BRIDGE, 0), "claiming a bridge");
    endpoint = slot_take();
    expect(OK, sys_endpoint_create(endpoint, (uint64_t)frame_take(0, tag_of("endpoint"))),
           "an endpoint");
    refusals();
    uint64_t start, bytes;
    expect(OK, pci_map(&device, 0, &start, &bytes), "mapping BAR 0");
    volatile uint32_t *registers = (volatile uint32_t *)start;
    expect(FIRST_BAR_BYTES, (int64_t)bytes, "its size");
    expect(1, IS_EDU(registers[REGISTER_ID / 4]), "its identification");
    expect(OK, pci_master(&device, true), "bus mastering");
    expect_interrupts(registers, endpoint);
    expect_bounds(endpoint, start);
    expect_no_bridge();
    if (strcmp(how, "keep") == 0)
        expect_memory();
    else if (strcmp(how, "once") == 0)
        expect_silence(start);
    refusals_of_init();
    printf("pci_driver: %u failed\n", failed);
    if (strcmp(how, "once") == 0 || service_register(argv[0], &endpoint) < 0)
        return failed != 0;
    if (strcmp(how, "dma") == 0)
        move_for_ever(start);
    sys_sleep(DEADLINE_NEVER - 1);
    return failed != 0;
}
