#include "disks.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "drives.h"
#include "partitions.h"

static struct disk disks[DISKS_MAX];
static uint32_t disk_count;

static void add(const struct disk *disk)
{
    if (disk_count < DISKS_MAX)
        disks[disk_count++] = *disk;
    else
        fprintf(stderr, "block: %s is left out: there are too many disks\n", disk->name);
}

static const uint8_t *read(void *context, uint64_t sector, uint32_t sectors)
{
    struct drive *drive = context;
    return drive_read(drive, sector, sectors) ? (const uint8_t *)drive->scratch : NULL;
}

static void complain(void *context, uint32_t number, const char *why)
{
    const struct drive *drive = context;
    if (number == 0)
        fprintf(stderr, "block: the partition table of %s: %s\n", drive->name, why);
    else
        fprintf(stderr, "block: partition %u of %s is left out: %s\n", number, drive->name, why);
}

static void add_partitions(struct drive *drive)
{
    static struct partition list[PARTITIONS_MAX];
    struct partition_disk on = {
        .sectors = drive->sectors,
        .granule = drive->granule,
        .read = read,
        .read_max = DRIVE_SCRATCH_BYTES / BLOCK_SECTOR_BYTES,
        .complain = complain,
        .context = drive,
    };
    uint32_t count = drive->sectors == 0 ? 0 : partitions_read(&on, list);
    for (uint32_t i = 0; i < count; i++) {
        struct disk disk = {
            .drive = drive,
            .first = list[i].first,
            .sectors = list[i].sectors,
            .flags = list[i].is_gpt ? BLOCK_GPT : BLOCK_MBR,
            .type = list[i].type,
        };
        snprintf(disk.name, sizeof disk.name, "%.8sp%u", drive->name, list[i].number);
        add(&disk);
    }
}

void disks_find(void)
{
    struct drive *drive;
    for (uint32_t i = 0; (drive = drives_at(i)) != NULL; i++) {
        struct disk disk = {.drive = drive, .sectors = drive->sectors};
        memcpy(disk.name, drive->name, sizeof disk.name);
        add(&disk);
        add_partitions(drive);
    }
}

const struct disk *disks_at(uint64_t number)
{
    return number < disk_count ? &disks[number] : NULL;
}

const struct disk *disks_named(const char name[BLOCK_NAME_BYTES])
{
    for (uint32_t i = 0; i < disk_count; i++)
        if (strncmp(disks[i].name, name, BLOCK_NAME_BYTES) == 0)
            return &disks[i];
    return NULL;
}

uint32_t disks_number(const struct disk *disk)
{
    return (uint32_t)(disk - disks);
}
