/*
 * The emergency serial line: COM1, 115200 baud, 8N1, polled (16550 data sheet). Used for the boot
 * log and for panics; the console server drives the same device afterwards.
 */
#include "kernel/x86/cpu.h"

#define COM1 0x3f8
#define LINE_STATUS (COM1 + 5)
#define LINE_STATUS_ROOM 0x20
#define POLLS_PER_BYTE 200000

void serial_init(void)
{
    port_write8(COM1 + 1, 0);
    port_write8(COM1 + 3, 0x80); /* divisor latch */
    port_write8(COM1, 1);
    port_write8(COM1 + 1, 0);
    port_write8(COM1 + 3, 3);    /* 8N1 */
    port_write8(COM1 + 2, 0xc7); /* FIFOs on and cleared */
}

void serial_putc(char c)
{
    for (unsigned polls = 0; polls < POLLS_PER_BYTE; polls++) {
        if (port_read8(LINE_STATUS) & LINE_STATUS_ROOM) {
            break;
        }
    }
    port_write8(COM1, (uint8_t)c);
}
