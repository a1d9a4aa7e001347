/* Where the kernel bounces Linux system calls to (doc/programs.md, "The bounce"). */
#ifndef LIBC_LINUX_BOUNCE_H
#define LIBC_LINUX_BOUNCE_H

#include <stdint.h>

/* bounce.asm. Not to be called: entered as the kernel would be by the SYSCALL instruction. */
__attribute__((visibility("hidden"))) void linux_bounce(void);

/*
 * table.c. Serves Linux call `number` with its six arguments; returns what Linux would, errors
 * as negative errno values.
 */
__attribute__((visibility("hidden"))) int64_t linux_serve(uint64_t number,
                                                          const uint64_t *arguments);

#endif
