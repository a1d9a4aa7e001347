/*
 * The serial line COM1, a 16550 (National Semiconductor PC16550D data sheet): 115200 baud, 8N1.
 * Received bytes go to input_put as they come; sending waits for the transmitter.
 */
#ifndef CONSOLE_SERIAL_H
#define CONSOLE_SERIAL_H

#include <stddef.h>
#include <stdint.h>

/* Enables the ports "ports0" and sets the line up. A negative error when they are not given. */
int64_t serial_open(void);

/* Has interrupts arrive as signal bit `bit` of `endpoint`. A negative error when they cannot. */
int64_t serial_bind(uint32_t endpoint, uint32_t bit);

/* After that signal: takes what was received and lets the line interrupt again. */
void serial_interrupt(void);

/* Takes what was received, as far as there is room for it. The rest stays in the device, whose
 * sender then waits. */
void serial_take(void);

/* Sends bytes as they are, but \n as \r\n. */
void serial_write(const char *bytes, size_t count);

#endif
