/*
 * The serial line COM1, a 16550 (National Semiconductor PC16550D data sheet): 115200 baud, 8N1, by
 * interrupts both ways. Bytes come from and go to the queues.
 */
#ifndef SERIAL_UART_H
#define SERIAL_UART_H

#include <stdint.h>

#include "queues.h"

/* Enables the ports "ports0" and sets the line up. A negative error when they are not given;
 * E_DEVICE: there is no such line. */
int64_t uart_open(void);

/* Has interrupts arrive as signal bit `bit` of `endpoint`. A negative error when they cannot. */
int64_t uart_bind(uint32_t endpoint, uint32_t bit);

/* Moves what can be moved, both ways. */
void uart_move(struct queues *queues);

/* Waits until what was sent last has left: a few characters, 2 ms at most. */
void uart_finish(void);

/* Lets the line interrupt for what could not; after an interrupt `acknowledge` it. */
void uart_await(struct queues *queues, bool acknowledge);

#endif
