/*
 * ATA disks behind an IDE controller that is a PCI device (ATA/ATAPI-6; "Programming Interface for
 * Bus Master IDE Controller", revision 1.0), in the places such controllers have had since before
 * PCI. One command at a time on each of two channels, by DMA straight to the client's frames, which
 * must lie below 4 GiB for it.
 *
 * Slots it needs: ports0 to ports3 (0x1f0-0x1f7, 0x3f6, 0x170-0x177, 0x376), interrupts0 (14-15).
 */
#include "drives.h"

#include <stddef.h>
#include <stdio.h>

#include <cocos/clock.h>
#include <cocos/errors.h>
#include <cocos/pci.h>
#include <cocos/port_io.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "ata.h"

#define CLASS_IDE 0x0101
#define INTERFACE_NATIVE 0x05u /* a channel is somewhere else */
#define MASTER_BAR 4

/* Registers of a channel, from its first port on; its control register; of bus mastering. */
enum {
    DATA,
    ERROR,
    SECTOR_COUNT,
    LBA_LOW,
    LBA_MIDDLE,
    LBA_HIGH,
    SELECT,
    COMMAND,
    STATUS = COMMAND
};
enum { CONTROL_QUIET = 2, CONTROL_RESET = 4 };
enum { MASTER_COMMAND = 0, MASTER_STATUS = 2, MASTER_TABLE = 4, MASTER_PORTS = 8 };

enum { MASTER_START = 1, MASTER_TO_MEMORY = 8 };
enum { MASTER_ACTIVE = 1, MASTER_ERROR = 2, MASTER_INTERRUPT = 4, MASTER_DRIVES = 0x60 };

#define CHANNELS 2
#define DISKS_PER_CHANNEL 2
/* An entry of the table has at most so many, within such a stretch. */
#define STRETCH_BYTES 65536u
#define MEMORY_ORDER 4
#define SCRATCH_AT 0x8000
#define TABLE_BYTES 0x1000
#define LAST_ENTRY (1u << 31)
#define PATIENCE 5000000000ull
#define MILLISECOND 1000000ull
#define POLLS 10000
#define NOTHING 0xff /* read where no device answers */

struct entry {
    uint32_t address, bytes; /* 0: 64 KiB */
};

struct channel;

struct ide_disk {
    struct drive drive; /* first */
    struct channel *channel;
    uint8_t select;
    struct ata ata;
    struct transfer *transfer;
    uint32_t done, piece; /* sectors: transferred, being transferred */
};

static struct channel {
    uint16_t ports, control;
    uint32_t line;
    uint16_t master;
    uint32_t bit;
    struct entry *table;
    struct ide_disk *active;
    const struct ide_disk *last;
    struct ide_disk disks[DISKS_PER_CHANNEL];
} channels[CHANNELS] = {
    {.ports = 0x1f0, .control = 0x3f6, .line = 14},
    {.ports = 0x170, .control = 0x376, .line = 15},
};

static struct pci_device controller;

/* ---- Commands ---- */

static uint8_t quiet_status(const struct channel *channel)
{
    return port_read8(channel->control);
}

/* Selects a disk, and waits until it takes a command. */
static bool select_disk(const struct channel *channel, uint8_t select)
{
    port_write8(channel->ports + SELECT, select);
    for (uint32_t i = 0; i < POLLS; i++)
        if (!(quiet_status(channel) & (ATA_BUSY | ATA_DATA)) && i >= 4)
            return true;
    return false;
}

static void write_address(const struct ide_disk *disk, uint64_t sector, uint32_t sectors)
{
    uint16_t ports = disk->channel->ports;
    if (disk->ata.large) {
        port_write8(ports + SECTOR_COUNT, (uint8_t)(sectors >> 8));
        port_write8(ports + LBA_LOW, (uint8_t)(sector >> 24));
        port_write8(ports + LBA_MIDDLE, (uint8_t)(sector >> 32));
        port_write8(ports + LBA_HIGH, (uint8_t)(sector >> 40));
    } else {
        port_write8(ports + SELECT, (uint8_t)(disk->select | (sector >> 24 & 15)));
    }
    port_write8(ports + SECTOR_COUNT, (uint8_t)sectors);
    port_write8(ports + LBA_LOW, (uint8_t)sector);
    port_write8(ports + LBA_MIDDLE, (uint8_t)(sector >> 8));
    port_write8(ports + LBA_HIGH, (uint8_t)(sector >> 16));
}

static void fill_table(struct entry *table, uint64_t address, uint64_t bytes)
{
    while (bytes > 0) {
        uint64_t part = STRETCH_BYTES - address % STRETCH_BYTES;
        part = part < bytes ? part : bytes;
        *table = (struct entry){(uint32_t)address, (uint32_t)(part & 0xffff)};
        address += part;
        bytes -= part;
        if (bytes == 0)
            table->bytes |= LAST_ENTRY;
        table++;
    }
}

static void clear_master(const struct channel *channel)
{
    uint8_t drives = port_read8(channel->master + MASTER_STATUS) & MASTER_DRIVES;
    port_write8(channel->master + MASTER_COMMAND, 0);
    port_write8(channel->master + MASTER_STATUS, drives | MASTER_INTERRUPT | MASTER_ERROR);
}

static bool begin_flush(const struct ide_disk *disk)
{
    const struct channel *channel = disk->channel;
    if (!select_disk(channel, disk->select))
        return false;
    clear_master(channel);
    port_write8(channel->ports + COMMAND, ata_command(&disk->ata, BLOCK_FLUSH));
    return true;
}

/* The next piece of the disk's transfer: all of it, where its commands count so far. */
static bool begin_piece(struct ide_disk *disk)
{
    const struct channel *channel = disk->channel;
    const struct transfer *transfer = disk->transfer;
    uint64_t address = transfer->address + (uint64_t)disk->done * BLOCK_SECTOR_BYTES;
    bool reads = transfer->operation == BLOCK_READ;
    disk->piece = transfer->sectors - disk->done;
    if (!disk->ata.large && disk->piece > ATA_SECTORS_28)
        disk->piece = ATA_SECTORS_28;
    if (!select_disk(channel, disk->select))
        return false;
    clear_master(channel);
    fill_table(channel->table, address, (uint64_t)disk->piece * BLOCK_SECTOR_BYTES);
    port_write32(channel->master + MASTER_TABLE, (uint32_t)(uint64_t)channel->table);
    port_write8(channel->master + MASTER_COMMAND, reads ? MASTER_TO_MEMORY : 0);
    write_address(disk, transfer->sector + disk->done, disk->piece);
    port_write8(channel->ports + COMMAND, ata_command(&disk->ata, transfer->operation));
    port_write8(channel->master + MASTER_COMMAND, MASTER_START | (reads ? MASTER_TO_MEMORY : 0));
    return true;
}

/* The other disk of the channel comes first where this one was last. */
static bool is_others_turn(const struct ide_disk *disk)
{
    const struct channel *channel = disk->channel;
    const struct ide_disk *other = &channel->disks[disk == &channel->disks[0]];
    return channel->last == disk && other->drive.driver && other->drive.waiting;
}

static int64_t start(struct drive *drive, struct transfer *transfer)
{
    struct ide_disk *disk = (struct ide_disk *)drive;
    struct channel *channel = disk->channel;
    bool is_flush = transfer->operation == BLOCK_FLUSH;
    uint64_t bytes = (uint64_t)transfer->sectors * BLOCK_SECTOR_BYTES;
    if (!is_flush && transfer->address + bytes > 1ull << 32)
        return E_UNSUPPORTED;
    if (channel->active || is_others_turn(disk))
        return E_FULL;
    disk->transfer = transfer;
    disk->done = disk->piece = 0;
    if (!(is_flush ? begin_flush(disk) : begin_piece(disk)))
        return E_DEVICE;
    channel->active = disk;
    return TRANSFER_BEGUN;
}

static void acknowledge(struct drive *drive)
{
    sys_interrupt_ack(service_slot("interrupts0"), ((struct ide_disk *)drive)->channel->line);
}

/* Whether the command is over; *error: what became of it. */
static bool is_over(const struct ide_disk *disk, int64_t *error)
{
    const struct channel *channel = disk->channel;
    bool is_flush = disk->transfer->operation == BLOCK_FLUSH;
    uint8_t master = port_read8(channel->master + MASTER_STATUS);
    if (quiet_status(channel) & ATA_BUSY || (!is_flush && !(master & MASTER_INTERRUPT)))
        return false;
    clear_master(channel);
    uint8_t status = port_read8(channel->ports + STATUS); /* lets go of the line */
    bool bad = status & (ATA_ERROR | ATA_FAULT | ATA_DATA) ||
               (!is_flush && master & (MASTER_ERROR | MASTER_ACTIVE));
    *error = bad ? E_DEVICE : OK;
    return true;
}

static const char *look(struct drive *drive)
{
    struct ide_disk *disk = (struct ide_disk *)drive;
    struct channel *channel = disk->channel;
    int64_t error;
    if (channel->active != disk || !is_over(disk, &error))
        return NULL;
    disk->done += disk->piece;
    bool more = disk->transfer->operation != BLOCK_FLUSH && disk->done < disk->transfer->sectors;
    if (error == OK && more && begin_piece(disk))
        return NULL;
    channel->active = NULL;
    channel->last = disk;
    drive_done(drive, disk->transfer, more ? E_DEVICE : error);
    return NULL;
}

/* Both disks of a channel are reset together. */
static bool reset_channel(const struct channel *channel)
{
    uint64_t deadline = clock_now() + PATIENCE;
    port_write8(channel->control, CONTROL_QUIET | CONTROL_RESET);
    sys_sleep(clock_now() + MILLISECOND);
    port_write8(channel->control, CONTROL_QUIET);
    do {
        sys_sleep(clock_now() + 2 * MILLISECOND);
    } while (quiet_status(channel) & ATA_BUSY && clock_now() < deadline);
    return !(quiet_status(channel) & ATA_BUSY);
}

/* Ends what an earlier instance has begun; a reset, which takes milliseconds, is needed only where
 * a command is still under way. False: nothing is there. */
static bool make_idle(const struct channel *channel)
{
    bool active = port_read8(channel->master + MASTER_STATUS) & MASTER_ACTIVE;
    uint8_t status = quiet_status(channel);
    clear_master(channel);
    port_write8(channel->control, CONTROL_QUIET);
    if (status == NOTHING)
        return false;
    return (!active && !(status & (ATA_BUSY | ATA_DATA))) || reset_channel(channel);
}

static bool stop(struct drive *drive)
{
    const struct ide_disk *disk = (struct ide_disk *)drive;
    port_write8(disk->channel->master + MASTER_COMMAND, 0);
    bool silent = pci_master(&controller, false) == OK;
    return reset_channel(disk->channel) || silent;
}

static const struct driver driver = {
    .name = "disk",
    .start = start,
    .acknowledge = acknowledge,
    .look = look,
    .stop = stop,
};

/* ---- Setting up ---- */

/* Fills what IDENTIFY tells; false: there is no disk, or one of another kind. */
static bool identify(const struct channel *channel, uint8_t select,
                     uint16_t words[ATA_IDENTITY_WORDS])
{
    uint64_t deadline = clock_now() + PATIENCE;
    if (!select_disk(channel, select))
        return false;
    port_write8(channel->ports + LBA_MIDDLE, 0);
    port_write8(channel->ports + LBA_HIGH, 0);
    port_write8(channel->ports + COMMAND, ATA_IDENTIFY);
    if (quiet_status(channel) == 0 || quiet_status(channel) == NOTHING)
        return false;
    while (quiet_status(channel) & ATA_BUSY && clock_now() < deadline)
        sys_sleep(clock_now() + MILLISECOND / 10);
    uint8_t status = port_read8(channel->ports + STATUS);
    if (status & (ATA_BUSY | ATA_ERROR) || !(status & ATA_DATA) ||
        port_read8(channel->ports + LBA_MIDDLE) != 0 || port_read8(channel->ports + LBA_HIGH) != 0)
        return false;
    for (uint32_t i = 0; i < ATA_IDENTITY_WORDS; i++)
        words[i] = port_read16(channel->ports + DATA);
    return true;
}

static void add_disk(struct channel *channel, struct ide_disk *disk)
{
    uint16_t words[ATA_IDENTITY_WORDS];
    if (!identify(channel, disk->select, words))
        return;
    if (!ata_read_identity(words, &disk->ata)) {
        drives_complain("an IDE disk is left out", "it has no DMA");
        return;
    }
    disk->drive.sectors = disk->ata.sectors;
    disk->drive.granule = 1;
    disk->drive.bit = channel->bit;
    disk->drive.driver = &driver;
    if (!drives_add(&disk->drive))
        drives_complain("an IDE disk is left out", error_text(E_FULL));
}

static int64_t open_channel(struct channel *channel, uint64_t memory, uint32_t index,
                            uint32_t endpoint)
{
    channel->table = (struct entry *)(memory + (uint64_t)TABLE_BYTES * index);
    channel->bit = DRIVE_BITS_IDE + index;
    if (!make_idle(channel))
        return OK;
    int64_t error =
        sys_interrupt_bind(service_slot("interrupts0"), channel->line, endpoint, channel->bit);
    for (uint32_t i = 0; i < DISKS_PER_CHANNEL && error == OK; i++) {
        struct ide_disk *disk = &channel->disks[i];
        disk->channel = channel;
        disk->select = (uint8_t)(0xe0 | i << 4);
        disk->drive.scratch = memory + SCRATCH_AT;
        add_disk(channel, disk);
    }
    port_write8(channel->control, 0);
    return error;
}

static int64_t open_ports(void)
{
    static const char *const slots[] = {"ports0", "ports1", "ports2", "ports3"};
    uint64_t first;
    for (uint32_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        int64_t error = sys_ports_enable(service_slot(slots[i]));
        if (error < 0)
            return error;
    }
    int64_t error = pci_ports(&controller, MASTER_BAR, &first);
    for (uint32_t i = 0; i < CHANNELS; i++)
        channels[i].master = (uint16_t)(first + (uint64_t)MASTER_PORTS * i);
    return error;
}

void ide_find(uint32_t endpoint)
{
    int64_t error = pci_claim(&controller, CLASS_IDE, 0);
    if (error < 0) {
        drives_end_of_search(error);
        return;
    }
    if (controller.class & INTERFACE_NATIVE) {
        drives_complain("the IDE controller is left out", "it is not where IDE controllers are");
        return;
    }
    error = open_ports();
    int64_t memory = error < 0 ? error : pci_memory(&controller, MEMORY_ORDER);
    error = memory < 0 ? memory : pci_master(&controller, true);
    for (uint32_t i = 0; i < CHANNELS && error == OK; i++)
        error = open_channel(&channels[i], (uint64_t)memory, i, endpoint);
    if (error < 0)
        drives_complain("the IDE controller is left out", error_text(error));
}
