/* Disks by virtio (virtio 1.2, 5.2). The device gets the addresses of the client's own frames. */
#include "drives.h"

#include <stddef.h>
#include <stdio.h>

#include <linux/virtio_blk.h>

#include <cocos/errors.h>
#include <cocos/service.h>
#include <cocos/virtio.h>

#define CLASS_SCSI_STORAGE 0x0100
#define DISKS_MAX 8
#define TRIES_MAX 32
#define QUEUE_SIZE VIRTIO_QUEUE_MAX
#define PIECES 3 /* of a transfer: header, data, status */
#define SLOTS (QUEUE_SIZE / PIECES)

/* What is in the device's memory: the queue, a slot for each transfer, scratch memory. */
#define MEMORY_ORDER 4
#define SLOTS_AT 0x4000
#define SCRATCH_AT 0x8000
#define STATUS_NONE 0xff
#define SECTORS_MOST (1ull << 54)

struct shared_slot {
    struct virtio_blk_outhdr header;
    uint8_t status;
    uint8_t spare[15];
};
_Static_assert(SLOTS_AT + SLOTS * sizeof(struct shared_slot) <= SCRATCH_AT, "they have room");
_Static_assert(SCRATCH_AT + DRIVE_SCRATCH_BYTES <= FRAME_BYTES << MEMORY_ORDER, "it has room");

struct slot {
    struct slot *next; /* of the free ones */
    struct transfer *transfer;
    struct shared_slot *shared;
};

struct virtio_disk {
    struct drive drive; /* first */
    struct virtio device;
    struct virtio_queue queue;
    struct slot slots[SLOTS];
    struct slot *free;
    bool can_flush;
};

static struct virtio_disk disks[DISKS_MAX];

/* ---- Transfers ---- */

static int64_t start(struct drive *drive, struct transfer *transfer)
{
    static const uint32_t types[] = {
        [BLOCK_READ] = VIRTIO_BLK_T_IN,
        [BLOCK_WRITE] = VIRTIO_BLK_T_OUT,
        [BLOCK_FLUSH] = VIRTIO_BLK_T_FLUSH,
    };
    struct virtio_disk *disk = (struct virtio_disk *)drive;
    bool flush = transfer->operation == BLOCK_FLUSH;
    struct slot *slot = disk->free;
    /* Without that feature, what is written is there to stay (5.2.6.2). */
    if (flush && !disk->can_flush)
        return TRANSFER_DONE;
    if (!slot)
        return E_FULL;
    slot->shared->header = (struct virtio_blk_outhdr){
        .type = types[transfer->operation],
        .sector = flush ? 0 : transfer->sector,
    };
    slot->shared->status = STATUS_NONE;
    struct virtio_piece pieces[PIECES] = {
        {(uint64_t)&slot->shared->header, sizeof slot->shared->header, false},
        {transfer->address, transfer->sectors * BLOCK_SECTOR_BYTES,
         transfer->operation == BLOCK_READ},
    };
    pieces[flush ? 1 : 2] = (struct virtio_piece){(uint64_t)&slot->shared->status, 1, true};
    int64_t error = virtio_put(&disk->queue, pieces, flush ? 2 : 3, slot);
    if (error < 0)
        return error;
    slot->transfer = transfer;
    disk->free = slot->next;
    return TRANSFER_BEGUN;
}

static void kick(struct drive *drive)
{
    virtio_kick(&((struct virtio_disk *)drive)->queue);
}

static void acknowledge(struct drive *drive)
{
    virtio_acknowledge(&((struct virtio_disk *)drive)->device);
}

/* A read that did not write all of it has read nothing that anybody may rely on. */
static int64_t result(const struct slot *slot, uint32_t written)
{
    const struct transfer *transfer = slot->transfer;
    uint64_t expected = 1;
    if (transfer->operation == BLOCK_READ)
        expected += (uint64_t)transfer->sectors * BLOCK_SECTOR_BYTES;
    uint8_t status = *(volatile uint8_t *)&slot->shared->status;
    return status == VIRTIO_BLK_S_OK && written >= expected ? OK : E_DEVICE;
}

static const char *look(struct drive *drive)
{
    struct virtio_disk *disk = (struct virtio_disk *)drive;
    uint32_t written;
    for (struct slot *slot; (slot = virtio_take(&disk->queue, &written)) != NULL;) {
        int64_t error = result(slot, written);
        slot->next = disk->free;
        disk->free = slot;
        drive_done(drive, slot->transfer, error);
    }
    return disk->queue.broken ? "it says it has done what it was never given" : NULL;
}

static bool stop(struct drive *drive)
{
    struct virtio_disk *disk = (struct virtio_disk *)drive;
    bool silent = pci_master(&disk->device.pci, false) == OK;
    return virtio_reset(&disk->device) == OK || silent;
}

static const struct driver driver = {
    .name = "disk",
    .start = start,
    .kick = kick,
    .acknowledge = acknowledge,
    .look = look,
    .stop = stop,
};

/* ---- Setting up ---- */

/* What its configuration says of the disk. */
static int64_t read_geometry(struct virtio_disk *disk, uint64_t features)
{
    struct virtio_blk_config config = {0};
    int64_t error =
        virtio_config(&disk->device, 0, &config, offsetof(struct virtio_blk_config, blk_size) + 4);
    if (error < 0)
        return error;
    uint32_t block = BLOCK_SECTOR_BYTES;
    if (features & 1ull << VIRTIO_BLK_F_BLK_SIZE)
        block = config.blk_size;
    if (block < BLOCK_SECTOR_BYTES || block > FRAME_BYTES || (block & (block - 1)) != 0) {
        disk->device.problem = "its blocks are of a size that no disk has";
        return E_DEVICE;
    }
    if (config.capacity > SECTORS_MOST) {
        disk->device.problem = "its size is none that a disk can have";
        return E_DEVICE;
    }
    disk->drive.granule = block / BLOCK_SECTOR_BYTES;
    disk->drive.sectors = config.capacity - config.capacity % disk->drive.granule;
    disk->drive.flags = features & 1ull << VIRTIO_BLK_F_RO ? BLOCK_READ_ONLY : 0;
    disk->can_flush = features & 1ull << VIRTIO_BLK_F_FLUSH;
    return OK;
}

static void make_slots(struct virtio_disk *disk, uint64_t memory)
{
    struct shared_slot *shared = (struct shared_slot *)(memory + SLOTS_AT);
    disk->free = NULL;
    for (uint32_t i = SLOTS; i-- > 0;) {
        disk->slots[i] = (struct slot){.next = disk->free, .shared = &shared[i]};
        disk->free = &disk->slots[i];
    }
    disk->drive.scratch = memory + SCRATCH_AT;
}

static int64_t set_up(struct virtio_disk *disk, uint32_t endpoint)
{
    uint64_t features =
        1ull << VIRTIO_BLK_F_BLK_SIZE | 1ull << VIRTIO_BLK_F_RO | 1ull << VIRTIO_BLK_F_FLUSH;
    int64_t memory, error = virtio_negotiate(&disk->device, features, &features);
    if (error == OK)
        error = read_geometry(disk, features);
    if (error < 0)
        return error;
    memory = virtio_memory(&disk->device, MEMORY_ORDER);
    if (memory < 0)
        return memory;
    make_slots(disk, (uint64_t)memory);
    disk->drive.bit = drives_next_bit();
    error = virtio_interrupts(&disk->device, endpoint, disk->drive.bit);
    if (error == OK)
        error = virtio_queue(&disk->device, 0, QUEUE_SIZE, (uint64_t)memory, &disk->queue);
    return error == OK ? virtio_start(&disk->device) : error;
}

static void leave_out(const struct virtio_disk *disk, int64_t error)
{
    drives_complain("a virtio disk is left out",
                    error == E_DEVICE ? disk->device.problem : error_text(error));
}

void virtio_find(uint32_t endpoint)
{
    for (uint32_t tries = 0, count = 0; tries < TRIES_MAX && count < DISKS_MAX; tries++) {
        struct virtio_disk *disk = &disks[count];
        int64_t error = virtio_open(&disk->device, CLASS_SCSI_STORAGE, VIRTIO_ID_BLOCK);
        if (error < 0 && error != E_DEVICE) {
            drives_end_of_search(error);
            return;
        }
        if (error == OK)
            error = set_up(disk, endpoint);
        disk->drive.driver = &driver;
        if (error == OK && drives_add(&disk->drive))
            count++;
        else
            leave_out(disk, error == OK ? E_FULL : error);
    }
}
