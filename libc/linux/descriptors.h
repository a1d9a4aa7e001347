/*
 * Descriptors: numbers for what is open, several perhaps for one. Descriptors 0 to 2 are the
 * console from the start, or the files that whoever started the program said.
 */
#ifndef LIBC_LINUX_DESCRIPTORS_H
#define LIBC_LINUX_DESCRIPTORS_H

#include <stdint.h>

#include <cocos/files.h>

#include "libc/linux/linux.h"

/* Something open. */
struct opened {
    uint32_t uses;     /* by how many descriptors; 0: the entry is free */
    uint32_t flags;    /* O_*, as fcntl tells them */
    struct file *file; /* NULL: the console */
    uint64_t offset;   /* of a directory: its place (file_next) */
};

/* What a descriptor is for, or NULL: it is not open. */
HIDDEN struct opened *descriptor_get(uint64_t descriptor);

/* The lowest free descriptor for `file`, which is its from then on; or -EMFILE. */
HIDDEN int64_t descriptor_add(struct file *file, uint32_t flags);

#endif
