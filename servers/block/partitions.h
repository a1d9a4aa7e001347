/*
 * Partition tables: MBR (with its chains of logical partitions) and GPT (UEFI 2.10, chapter 5).
 * What a disk says is not believed: a partition that overlaps another or reaches beyond the end is
 * left out, with a reason, and a chain that does not go forward ends.
 */
#ifndef BLOCK_PARTITIONS_H
#define BLOCK_PARTITIONS_H

#include <stdbool.h>
#include <stdint.h>

#define PARTITIONS_MAX 128u

struct partition {
    uint64_t first, sectors; /* of 512 bytes */
    uint32_t number;         /* from 1 on, as the table counts */
    uint32_t type;
    bool is_gpt;
};

/* The disk that the table is on. */
struct partition_disk {
    uint64_t sectors;
    uint32_t granule; /* sectors in the blocks that tables count in */
    /* Reads sectors; returns where they are until the next call, or NULL. */
    const uint8_t *(*read)(void *context, uint64_t sector, uint32_t sectors);
    uint32_t read_max; /* sectors in one call */
    /* Hears why a partition (0: the whole table) is left out. */
    void (*complain)(void *context, uint32_t number, const char *why);
    void *context;
};

/* Fills `list`, of PARTITIONS_MAX; returns how many there are. */
uint32_t partitions_read(const struct partition_disk *disk, struct partition *list);

#endif
