/*
 * The kernel's own voice: the boot log and panics, on serial line and screen. Once init has the
 * console, the kernel prints nothing but panics.
 */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

#include <stdarg.h>
#include <stdint.h>

/*
 * Prints formatted text. Understands %s, %c, %u (uint32_t), %lu (uint64_t), %x and %lx (the same
 * in hexadecimal), %p (16 hexadecimal digits of a uint64_t), %B (uint64_t bytes with a unit, as
 * "16 KiB"), %%. \n is a new line.
 */
void log_print(const char *format, ...);
void log_print_list(const char *format, va_list list);

/* Prints `bytes` bytes as they are. */
void log_bytes(const char *text, uint64_t bytes);

#endif
