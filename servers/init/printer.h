/*
 * A thread that prints on the console server. It may wait there as long as it takes; whoever
 * gives it text never waits.
 */
#ifndef INIT_PRINTER_H
#define INIT_PRINTER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Starts it. It calls the console through slot `console` (what it cannot send there it gives to
 * the kernel's log) and sets `bits` in endpoint `done` whenever it has nothing left to print.
 * OK, E_FULL, E_NO_MEMORY and other errors of making a thread.
 */
int printer_start(uint32_t console, uint32_t done, uint64_t bits);

/* Gives it text to print. False: it was not started, or has no room for that much now. */
bool printer_take(const char *text, uint64_t bytes);

/* Puts text into the kernel's log. */
void kernel_print(const char *text, uint64_t bytes);

/* Whether it has printed everything. */
bool printer_idle(void);

#endif
