/*
 * Interrupts by message from a table (MSI-X; PCI 3.0, 6.8.2): Intel's 82574 as QEMU has it, which
 * can be told to act as if a cause of interrupts had come up (82574 data sheet, 7.4, 10.2.4). Two
 * of its vectors go to two lines. Breaks when what the kernel says of a line does not fit a table.
 */
#include "tests/system/pci.h"
#include "tests/system/smp.h"

#define ETHERNET 0x10d38086u
#define CAPABILITY_TABLE 0x11
#define TABLE_ON (1u << 31)
#define TABLE_BAR 7u

/* Registers. */
#define CAUSES 0x000c0
#define SET_CAUSES 0x000c8
#define ALLOW_CAUSES 0x000d0
#define FORBID_CAUSES 0x000d8
#define VECTORS 0x000e4
#define RECEIVED(queue) (1u << (20 + (queue)))
#define VECTOR_OF(queue, vector) ((8u | (vector)) << 4 * (queue))

#define REGISTER_FRAMES_ORDER 5

enum { ENDPOINT = 20, REPLY };
#define LINE(vector) (FIRST_MESSAGE_LINE + 40 + 3 * (vector))

static volatile uint32_t *registers;

static uint64_t bar(uint32_t device, uint32_t number)
{
    return config_read(device, PCI_BAR0 + 4 * number) & ~15u;
}

static volatile uint32_t *claim_memory(uint64_t start, uint32_t order)
{
    EXPECT(OK, sys_frame_claim_device(SLOT_INIT_DEVICES, start, order, RW, CACHE_UNCACHED));
    return (volatile uint32_t *)start;
}

static uint32_t find_table(uint32_t device)
{
    uint32_t at = config_read(device, PCI_CAPABILITIES) & 0xfc;
    while (at != 0 && (config_read(device, at) & 0xff) != CAPABILITY_TABLE) {
        at = config_read(device, at) >> 8 & 0xfc;
    }
    EXPECT(true, at != 0);
    return at;
}

static void fill_table(uint32_t device)
{
    uint32_t at = find_table(device), where = config_read(device, at + 4);
    volatile uint32_t *table = claim_memory(bar(device, where & TABLE_BAR), ORDER_FRAME);
    table += (where & ~TABLE_BAR) / 4;
    for (unsigned vector = 0; vector < 2; vector++) {
        int64_t message = sys_interrupt_message(SLOT_INIT_INTERRUPTS, LINE(vector));
        EXPECT(true, message > 0);
        table[4 * vector] = INTERRUPT_MESSAGE_ADDRESS(message);
        table[4 * vector + 1] = 0;
        table[4 * vector + 2] = INTERRUPT_MESSAGE_DATA(message);
        table[4 * vector + 3] = 0; /* not masked */
    }
    config_write(device, at, config_read(device, at) | TABLE_ON);
}

static void expect_signal(unsigned vector)
{
    struct message message = {.words = {0}};
    registers[ALLOW_CAUSES / 4] = RECEIVED(vector);
    registers[SET_CAUSES / 4] = RECEIVED(vector);
    EXPECT(RECEIVED_SIGNAL, sys_wait(ENDPOINT, REPLY, clock_now() + PATIENCE, &message));
    EXPECT(1 << vector, message.words[0]);
    registers[FORBID_CAUSES / 4] = ~0u;
    registers[CAUSES / 4] = ~0u; /* served */
    /* It puts off what it would send too soon after another, and sends it although it was served.
     */
    do {
        sys_sleep(clock_now() + MILLISECOND);
        EXPECT(OK, sys_interrupt_ack(SLOT_INIT_INTERRUPTS, LINE(vector)));
    } while (sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message) == RECEIVED_SIGNAL);
}

int main(void)
{
    fund(SLOT_SELF, 16);
    EXPECT(OK, sys_ports_enable(SLOT_INIT_PORTS));
    uint32_t device = find_device(ETHERNET);
    uint32_t command = config_read(device, PCI_COMMAND);
    config_write(device, PCI_COMMAND, command | PCI_MEMORY | PCI_MASTER);
    registers = claim_memory(bar(device, 0), REGISTER_FRAMES_ORDER);
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    for (unsigned vector = 0; vector < 2; vector++) {
        EXPECT(OK, sys_interrupt_bind(SLOT_INIT_INTERRUPTS, LINE(vector), ENDPOINT, vector));
    }
    fill_table(device);
    registers[VECTORS / 4] = VECTOR_OF(0, 0) | VECTOR_OF(1, 1);
    for (unsigned i = 0; i < 10; i++) {
        expect_signal(i % 2);
        expect_signal(i / 2 % 2);
    }
    end_test();
}
