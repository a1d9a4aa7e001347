/*
 * A disk in memory that outlives this program (state= in the manifest), so that what was written
 * is there for the next instance, as on any disk. It copies, for there is no device to do it.
 */
#include "drives.h"

#include <stdio.h>
#include <string.h>

#include <cocos/errors.h>
#include <cocos/service.h>

static uint8_t *memory;

static int64_t start(struct drive *drive, struct transfer *transfer)
{
    (void)drive;
    void *client = (void *)transfer->address;
    uint8_t *at = memory + transfer->sector * BLOCK_SECTOR_BYTES;
    size_t bytes = (size_t)transfer->sectors * BLOCK_SECTOR_BYTES;
    if (transfer->operation == BLOCK_READ)
        memcpy(client, at, bytes);
    else if (transfer->operation == BLOCK_WRITE)
        memcpy(at, client, bytes);
    return TRANSFER_DONE;
}

static const struct driver driver = {.name = "ram", .start = start};
static struct drive drive = {.driver = &driver, .granule = 1, .flags = BLOCK_LASTING};

void ram_find(uint64_t kib)
{
    static uint8_t scratch[DRIVE_SCRATCH_BYTES];
    if (kib == 0)
        return;
    memory = kib <= UINT32_MAX ? service_state(kib * 1024) : NULL;
    if (!memory) {
        drives_complain("ram", "the manifest gives less memory (state=) than the disk is to have");
        return;
    }
    drive.sectors = kib * 1024 / BLOCK_SECTOR_BYTES;
    drive.scratch = (uint64_t)scratch;
    drive.bit = drives_next_bit();
    drives_add(&drive);
}
