/* Drives the 16550 of COM1 by interrupts on receipt, by polling on sending. */
#include "serial.h"

#include <stdbool.h>

#include <cocos/errors.h>
#include <cocos/port_io.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "input.h"

enum { BASE = 0x3f8, LINE = 4 };
enum {
    DATA = BASE, /* receiver, transmitter; divisor's low half while DIVISOR_ACCESS */
    INTERRUPT_ENABLE = BASE + 1,
    FIFO_CONTROL = BASE + 2, /* written; read: which interrupt */
    LINE_CONTROL = BASE + 3,
    MODEM_CONTROL = BASE + 4,
    LINE_STATUS = BASE + 5,
};
enum { RECEIVED_DATA_INTERRUPT = 1 };
enum { FIFO_ON = 1, FIFO_WORKS = 0xc0, FIFO_BYTES = 16 };
enum { EIGHT_BITS_NO_PARITY = 3, DIVISOR_ACCESS = 0x80 };
enum { READY = 1, REQUEST = 2, INTERRUPTS_OUT = 8 };
enum { RECEIVED = 1, TRANSMITTER_TAKES = 0x20, TRANSMITTER_IDLE = 0x40, NOTHING_THERE = 0xff };

/* How often the status is read before the transmitter counts as stuck: on any machine far longer
 * than 16 bytes take at 115200 baud (1.4 ms). */
#define PATIENCE (1u << 24)

static uint32_t interrupts;
static bool present, stuck, acknowledge_owed;
static uint32_t transmit_bytes = 1; /* what the transmitter takes at once */
static char last_sent;

/* Bytes are taken while waiting too: they arrive as fast as they go, and 16 fill the device. */
static bool wait_for(uint8_t condition)
{
    for (uint32_t tries = stuck ? 1 : PATIENCE; tries > 0; tries--) {
        uint8_t status = port_read8(LINE_STATUS);
        if (status & condition) {
            stuck = false;
            return true;
        }
        if ((status & RECEIVED) && input_room())
            input_put(port_read8(DATA));
    }
    stuck = true;
    return false;
}

int64_t serial_open(void)
{
    uint32_t ports = service_slot("ports0");
    int64_t got = ports == SLOT_NONE ? E_NAME : sys_ports_enable(ports);
    if (got < 0)
        return got;
    present = port_read8(LINE_STATUS) != NOTHING_THERE;
    if (!present)
        return OK;
    wait_for(TRANSMITTER_IDLE); /* what the kernel has sent is to arrive whole */
    port_write8(INTERRUPT_ENABLE, 0);
    port_write8(LINE_CONTROL, DIVISOR_ACCESS | EIGHT_BITS_NO_PARITY);
    port_write8(DATA, 1); /* 115200 divided by one */
    port_write8(INTERRUPT_ENABLE, 0);
    port_write8(LINE_CONTROL, EIGHT_BITS_NO_PARITY);
    /* Interrupts from the first byte on. Nothing is cleared: someone may have typed already. */
    port_write8(FIFO_CONTROL, FIFO_ON);
    if ((port_read8(FIFO_CONTROL) & FIFO_WORKS) == FIFO_WORKS)
        transmit_bytes = FIFO_BYTES;
    port_write8(MODEM_CONTROL, READY | REQUEST | INTERRUPTS_OUT);
    return OK;
}

int64_t serial_bind(uint32_t endpoint, uint32_t bit)
{
    if (!present)
        return OK;
    interrupts = service_slot("interrupts0");
    if (interrupts == SLOT_NONE)
        return E_NAME;
    int64_t got = sys_interrupt_bind(interrupts, LINE, endpoint, bit);
    if (got < 0)
        return got;
    port_write8(INTERRUPT_ENABLE, RECEIVED_DATA_INTERRUPT);
    serial_take();
    return OK;
}

void serial_take(void)
{
    if (!present)
        return;
    for (;;) {
        while (input_room() && (port_read8(LINE_STATUS) & RECEIVED))
            input_put(port_read8(DATA));
        /* An unread byte keeps the line raised: it is acknowledged when all are taken. A byte
         * that came between the last look and that, gives no new edge: so look once more. */
        if (!acknowledge_owed || !input_room())
            return;
        acknowledge_owed = false;
        sys_interrupt_ack(interrupts, LINE);
    }
}

void serial_interrupt(void)
{
    acknowledge_owed = true;
    serial_take();
}

static void send(const char *bytes, size_t count)
{
    uint32_t room = 0;
    for (size_t i = 0; i < count; i++) {
        if (room == 0 && !wait_for(TRANSMITTER_TAKES))
            return;
        room = (room ? room : transmit_bytes) - 1;
        port_write8(DATA, (uint8_t)bytes[i]);
    }
}

void serial_write(const char *bytes, size_t count)
{
    if (!present)
        return;
    size_t sent = 0;
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n' && (i ? bytes[i - 1] : last_sent) != '\r') {
            send(bytes + sent, i - sent);
            send("\r", 1);
            sent = i;
        }
    }
    send(bytes + sent, count - sent);
    if (count > 0)
        last_sent = bytes[count - 1];
}
