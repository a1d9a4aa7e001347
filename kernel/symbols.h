/*
 * Names of the kernel's own functions, for backtraces. The table is made from the linked kernel
 * by tools/symbols and linked in by a second pass; without it every address is "?".
 */
#ifndef KERNEL_SYMBOLS_H
#define KERNEL_SYMBOLS_H

#include <stdint.h>

struct symbol {
    uint32_t address; /* the kernel lies below 2 MiB */
    uint32_t name;    /* offset into symbol_names */
};

/* The function that holds `address` and how far into it; "?" when there is none. */
const char *symbol_at(uint64_t address, uint64_t *offset);

#endif
