/* Names for addresses in programs: from the symbol tables of the files that they were loaded from.
 */
#ifndef INIT_NAMES_H
#define INIT_NAMES_H

#include <stdint.h>

/*
 * Finds the function that `offset`, counted from the image's base, lies in. `file` is an ELF file
 * of `bytes` bytes, which may hold anything. Returns its name, at most 63 characters, in `name`,
 * and in *within how far behind its start; or NULL.
 */
#define NAME_BYTES 64
const char *names_find(const void *file, uint64_t bytes, uint64_t offset, char name[NAME_BYTES],
                       uint64_t *within);

#endif
