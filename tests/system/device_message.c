/*
 * Interrupts by message: QEMU's device for education (docs/specs/edu in its sources) writes what
 * the kernel says where it says so, instead of pulling a line (Intel SDM 3A, 11.11). Breaks when
 * that is not the line's, or an interrupt is not told to the endpoint.
 */
#include "tests/system/pci.h"

#define EDUCATIONAL 0x11e81234u
#define RAISE 0x60 /* registers of the device */
#define LOWER 0x64

#define CAPABILITY_MESSAGES 5
#define MESSAGES_ON (1u << 16)
#define ENDPOINT 20
#define REPLY 21
#define LINE (FIRST_MESSAGE_LINE + 5)
#define BIT 3

static volatile uint32_t *registers;

static volatile uint32_t *claim_registers(uint32_t device)
{
    uint32_t start = config_read(device, PCI_BAR0) & ~15u;
    uint32_t command = config_read(device, PCI_COMMAND);
    config_write(device, PCI_COMMAND, command | PCI_MEMORY | PCI_MASTER);
    EXPECT(OK, sys_frame_claim_device(SLOT_INIT_DEVICES, start, ORDER_FRAME, MAP_READ | MAP_WRITE,
                                      CACHE_UNCACHED));
    return (volatile uint32_t *)(uint64_t)start;
}

/* What the device writes when it interrupts from now on (PCI 3.0, 6.8.1; 64-bit form). */
static void set_message(uint32_t device, int64_t message)
{
    EXPECT(1, message > 0);
    uint32_t at = config_read(device, PCI_CAPABILITIES) & 0xfc;
    while (at != 0 && (config_read(device, at) & 0xff) != CAPABILITY_MESSAGES) {
        at = config_read(device, at) >> 8 & 0xfc;
    }
    EXPECT(1, at != 0);
    config_write(device, at, config_read(device, at) & ~MESSAGES_ON);
    config_write(device, at + 4, INTERRUPT_MESSAGE_ADDRESS(message));
    config_write(device, at + 8, 0);
    config_write(device, at + 12, INTERRUPT_MESSAGE_DATA(message));
    config_write(device, at, config_read(device, at) | MESSAGES_ON);
}

static void interrupt(void)
{
    registers[RAISE / 4] = 1;
    registers[LOWER / 4] = 1;
}

static void expect_signal(void)
{
    struct message message = {.words = {0}};
    EXPECT(RECEIVED_SIGNAL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(1 << BIT, message.words[0]);
}

static void expect_silence(void)
{
    struct message message = {.words = {0}};
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
}

int main(void)
{
    fund(SLOT_SELF, 8);
    EXPECT(OK, sys_ports_enable(SLOT_INIT_PORTS));
    uint32_t device = find_device(EDUCATIONAL);
    registers = claim_registers(device);
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_interrupt_bind(SLOT_INIT_INTERRUPTS, LINE, ENDPOINT, BIT));
    int64_t message = sys_interrupt_message(SLOT_INIT_INTERRUPTS, LINE);

    /* A line that nobody has bound: its messages vanish. */
    EXPECT(E_ARGUMENT, sys_interrupt_message(SLOT_INIT_INTERRUPTS, LINE + 1));
    set_message(device, message + (1ull << 32));
    interrupt();
    expect_silence();

    set_message(device, message);
    for (unsigned i = 0; i < 3; i++) {
        interrupt();
        expect_signal();
        EXPECT(OK, sys_interrupt_ack(SLOT_INIT_INTERRUPTS, LINE));
        expect_silence();
    }

    /* More before the first was acknowledged: the signal comes once more, and not lost. */
    interrupt();
    expect_signal();
    interrupt();
    interrupt();
    expect_silence();
    EXPECT(OK, sys_interrupt_ack(SLOT_INIT_INTERRUPTS, LINE));
    expect_signal();
    EXPECT(OK, sys_interrupt_ack(SLOT_INIT_INTERRUPTS, LINE));
    expect_silence();
    end_test();
}
