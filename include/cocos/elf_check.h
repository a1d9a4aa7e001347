/*
 * The one checking ELF parser, used by the kernel for init and by init for everything else.
 * It reads a file in memory, breaks no bound whatever the bytes are, and changes nothing but
 * *image on success. Source of the rules: System V ABI, chapters 4 and 5, and DESIGN section 2.
 */
#ifndef COCOS_ELF_CHECK_H
#define COCOS_ELF_CHECK_H

#include <stdint.h>

#define ELF_SEGMENTS 16
#define ELF_IMAGE_BYTES_MAX (1ull << 32)

/* One PT_LOAD, checked. Pages are 4 KiB; the last file page is filled up with zeroes. */
struct elf_segment {
    uint64_t address;      /* final virtual address of its first byte */
    uint64_t memory_bytes; /* > 0 */
    uint64_t file_offset;  /* into the file */
    uint64_t file_bytes;   /* <= memory_bytes */
    uint32_t rights;       /* MAP_READ, MAP_WRITE, MAP_EXECUTE */
    uint32_t spare;
};

struct elf_image {
    uint64_t entry; /* final virtual address */
    uint64_t base;  /* added to the file's addresses: load_base for ET_DYN, 0 for ET_EXEC */
    uint64_t start; /* lowest page address of any segment */
    uint64_t end;   /* first page address after all segments */
    uint32_t segment_count;
    uint32_t spare;
    struct elf_segment segments[ELF_SEGMENTS]; /* by rising address, no page in two of them */
};

/*
 * Checks the `bytes` bytes at `file` as a program for the upper half. A position-independent
 * executable is placed at load_base (page-aligned, upper half). Returns OK and fills *image, or
 * one of E_ELF_* (cocos/errors.h: each is one rule), or E_ARGUMENT for a bad load_base.
 */
int elf_check(const void *file, uint64_t bytes, uint64_t load_base, struct elf_image *image);

#endif
