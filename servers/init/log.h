/*
 * What init has to say. Init never calls another server, because every server calls init: a
 * second thread of init's carries its words to the console server, and the kernel's log takes
 * them while there is none.
 */
#ifndef INIT_LOG_H
#define INIT_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* The signal bit init's own endpoint gets when everything has been printed. */
#define LOG_SIGNAL_PRINTED 1ull

/* Starts the second thread; it signals `endpoint` (a slot). OK or an error, which leaves the
 * kernel's log in use. */
int log_open(uint32_t endpoint);

__attribute__((format(printf, 1, 2))) void log_print(const char *format, ...);

/* Where it goes from now on: to the console server behind `endpoint`, or to the kernel. */
void log_to_console(uint32_t endpoint);
void log_to_kernel(void);

/* Whether everything said so far has been printed. */
bool log_idle(void);

#endif
