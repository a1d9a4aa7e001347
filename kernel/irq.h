/*
 * Interrupt lines to user space: an interrupt sets a signal bit in the endpoint its line is bound
 * to, and the line is quiet until it is acknowledged (DESIGN section 7).
 */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include <stdint.h>

/* Lines are global system interrupts (ACPI 6.4, 5.2.13), and behind them messages of devices. */
#define INTERRUPT_LINES 192

/* An interrupt of `line` came; the interrupt controller is told by the caller. */
void irq_arrived(uint32_t line);

#endif
