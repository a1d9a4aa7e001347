/* What clients see: drives, and the partitions on them. */
#ifndef BLOCK_DISKS_H
#define BLOCK_DISKS_H

#include "drive.h"

#define DISKS_MAX 64u

struct disk {
    char name[BLOCK_NAME_BYTES]; /* padded with zeroes */
    struct drive *drive;
    uint64_t first, sectors; /* of the drive */
    uint32_t flags, type;    /* BLOCK_*, but what is the drive's; as the table says */
};

/* Reads the partition tables of all drives. */
void disks_find(void);

/* NULL past the last, or where there is none of this name. */
const struct disk *disks_at(uint64_t number);
const struct disk *disks_named(const char name[BLOCK_NAME_BYTES]);
uint32_t disks_number(const struct disk *disk);

#endif
