/* Drives the 16550 of COM1. */
#include "uart.h"

#include <cocos/errors.h>
#include <cocos/port_io.h>
#include <cocos/service.h>
#include <cocos/sys.h>

enum { BASE = 0x3f8, LINE = 4 };
enum {
    DATA = BASE, /* receiver, transmitter; divisor's low half while DIVISOR_ACCESS */
    INTERRUPT_ENABLE = BASE + 1,
    FIFO_CONTROL = BASE + 2, /* written; read: which interrupt */
    LINE_CONTROL = BASE + 3,
    MODEM_CONTROL = BASE + 4,
    LINE_STATUS = BASE + 5,
};
enum { ON_RECEIVED = 1, ON_TRANSMITTED = 2 };
enum { FIFO_ON = 1, FIFO_WORKS = 0xc0, FIFO_BYTES = 16 };
enum { EIGHT_BITS_NO_PARITY = 3, DIVISOR_ACCESS = 0x80 };
enum { READY = 1, REQUEST = 2, INTERRUPTS_OUT = 8 };
enum { RECEIVED = 1, TRANSMITTER_TAKES = 0x20, TRANSMITTER_IDLE = 0x40, NOTHING_THERE = 0xff };

/* How often the status is read before the transmitter counts as stuck: on any
 * machine far longer than 16 bytes take at 115200 baud (1.4 ms). */
#define PATIENCE (1u << 20)

static uint32_t interrupts;
static uint32_t transmit_bytes = 1; /* what the transmitter takes at once */
static uint8_t awaited;

void uart_finish(void)
{
    for (uint32_t i = 0; i < PATIENCE && !(port_read8(LINE_STATUS) & TRANSMITTER_IDLE); i++)
        ;
}

int64_t uart_open(void)
{
    uint32_t ports = service_slot("ports0");
    int64_t got = ports == SLOT_NONE ? E_NAME : sys_ports_enable(ports);
    if (got < 0)
        return got;
    if (port_read8(LINE_STATUS) == NOTHING_THERE)
        return E_DEVICE;
    uart_finish(); /* what the kernel has sent, or an earlier instance */
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

int64_t uart_bind(uint32_t endpoint, uint32_t bit)
{
    interrupts = service_slot("interrupts0");
    return interrupts == SLOT_NONE ? E_NAME : sys_interrupt_bind(interrupts, LINE, endpoint, bit);
}

static void send(struct queues *queues)
{
    uint8_t byte;
    for (uint32_t i = 0; i < transmit_bytes && queues_next(queues, &byte); i++) {
        kept_hold();
        port_write8(DATA, byte);
        queues_sent(queues, byte);
        kept_release();
    }
}

/* Each round moves something, and the queues are finite. */
void uart_move(struct queues *queues)
{
    for (;;) {
        uint8_t status = port_read8(LINE_STATUS);
        bool takes = (status & RECEIVED) && queues_receives(queues);
        bool sends = (status & TRANSMITTER_TAKES) && queues_sending(queues);
        if (takes) {
            kept_hold();
            queues_received(queues, port_read8(DATA));
            kept_release();
        }
        if (sends)
            send(queues);
        if (!takes && !sends)
            return;
    }
}

/* The line interrupts by an edge, and none comes while it stays raised. Without any reason to
 * interrupt it falls; it rises again for what has come meanwhile. */
void uart_await(struct queues *queues, bool acknowledge)
{
    uint8_t wanted = (uint8_t)((queues_receives(queues) ? ON_RECEIVED : 0) |
                               (queues_sending(queues) ? ON_TRANSMITTED : 0));
    if (!acknowledge && wanted == awaited)
        return;
    if (acknowledge)
        sys_interrupt_ack(interrupts, LINE);
    port_write8(INTERRUPT_ENABLE, 0);
    port_write8(INTERRUPT_ENABLE, wanted);
    awaited = wanted;
}
