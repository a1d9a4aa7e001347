/*
 * memmap, in three parts: main.c (the screen, and each second's picture), memory.c (what memory is
 * whose), layout.c (the picture of that).
 */
#ifndef MEMMAP_H
#define MEMMAP_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/screen.h>

/* ---- memory.c ---- */

/* Whose a stretch of memory is; from PARTY_PROGRAMS on a program's domain. */
enum { PARTY_ABSENT, PARTY_RESERVED, PARTY_FREE, PARTY_KERNEL, PARTY_PROGRAMS };
#define PARTIES_MAX 24
#define NAME_BYTES 9

struct party {
    char name[NAME_BYTES];
    uint64_t domain; /* the frame of its object, by which records name the owner; else 0 */
    uint64_t frames; /* RAM and devices */
};

struct stretch {
    uint64_t start, end;
    uint32_t party;
};

/* By address, without gaps; neighbours differ. */
#define STRETCHES_MAX 8192
struct memory {
    struct stretch stretches[STRETCHES_MAX];
    uint32_t stretch_count;
    struct party parties[PARTIES_MAX];
    uint32_t party_count;
    uint64_t total, available; /* frames that programs can own, and those of them that are free */
};

/* Asks the frame table. A party keeps its place from one call to the next. */
int64_t memory_read(struct memory *memory, uint32_t machine);

/* The stretch that `address` is in, or NULL: beyond all records. */
const struct stretch *memory_find(const struct memory *memory, uint64_t address);

/* ---- layout.c ---- */

void layout_draw(const struct picture *picture, const struct memory *memory);

#endif
