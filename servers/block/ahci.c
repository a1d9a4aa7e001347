/*
 * SATA disks behind an AHCI controller (Serial ATA AHCI 1.3.1). One command at a time on each port,
 * by DMA straight to the client's frames: a request is one entry of a command's table, since its
 * memory lies side by side.
 */
#include "drives.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cocos/clock.h>
#include <cocos/errors.h>
#include <cocos/pci.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "ata.h"

#define CLASS_SATA 0x0106
#define REGISTERS_BAR 5
#define PORTS 8ul
#define PORTS_AT 0x100ul
#define PORT_BYTES 0x80ul

/* Registers of the controller (3.1), and bits of them. */
enum { ABILITIES = 0x00, CONTROL = 0x04, INTERRUPTS = 0x08, IMPLEMENTED = 0x0c };
#define ABILITY_64 (1u << 31)
#define CONTROL_RESET (1u << 0)
#define CONTROL_INTERRUPT (1u << 1)
#define CONTROL_AHCI (1u << 31)

/* Of a port (3.3). */
enum {
    PORT_LIST = 0x00,
    PORT_LIST_HIGH = 0x04,
    PORT_RECEIVED = 0x08,
    PORT_RECEIVED_HIGH = 0x0c,
    PORT_INTERRUPTS = 0x10,
    PORT_INTERRUPT_ON = 0x14,
    PORT_COMMAND = 0x18,
    PORT_TASK = 0x20,
    PORT_SIGNATURE = 0x24,
    PORT_LINK = 0x28,
    PORT_ERRORS = 0x30,
    PORT_ISSUE = 0x38,
};
#define COMMAND_START (1u << 0)
#define COMMAND_RECEIVE (1u << 4)
#define COMMAND_RECEIVES (1u << 14)
#define COMMAND_RUNS (1u << 15)
#define INTERRUPT_BAD 0x7d800010u /* errors of the device, the link, memory; unknown messages */
#define INTERRUPT_ON 0x7d800033u  /* these, and each message that ends a command */
#define LINK_UP 3u
#define SIGNATURE_DISK 0x00000101u

/* Memory of a port (4.2): the list of commands, what the device sends, a command's table. */
#define PORT_MEMORY 0x1000ul
#define RECEIVED_AT 0x400u
#define TABLE_AT 0x800u
#define ENTRIES_AT 0x80u
#define MEMORY_ORDER 4
#define SCRATCH_AT (PORTS * PORT_MEMORY)
#define MESSAGE_WORDS_OF_COMMAND 5u
#define HEADER_WRITES (1u << 6)
#define MESSAGE_TO_DEVICE 0x27
#define MESSAGE_IS_COMMAND 0x80
#define DEVICE_LBA 0x40

#define PATIENCE 1000000000ull
#define MILLISECOND 1000000ull

struct header {
    uint32_t flags, transferred, table, table_high;
};

struct entry {
    uint32_t address, address_high, spare, last_byte;
};

struct ahci_disk {
    struct drive drive; /* first */
    uint64_t port;      /* its registers */
    uint32_t number;
    struct header *header;
    uint8_t *table;
    struct ata ata;
    struct transfer *transfer; /* NULL: none is under way */
    uint32_t done, piece;      /* sectors: transferred, being transferred */
};

static struct ahci_disk disks[PORTS];
static struct pci_device controller;
static struct pci_interrupt interrupt;
static uint64_t registers;
static bool reaches_all; /* memory above 4 GiB, too */

static volatile uint32_t *at(uint64_t base, uint32_t offset)
{
    return (volatile uint32_t *)(base + offset);
}

/* Waits until the bits of `mask` are `value`. */
static bool becomes(uint64_t base, uint32_t offset, uint32_t mask, uint32_t value)
{
    uint64_t deadline = clock_now() + PATIENCE;
    while ((*at(base, offset) & mask) != value) {
        if (clock_now() > deadline)
            return false;
        sys_sleep(clock_now() + MILLISECOND / 10);
    }
    return true;
}

/* ---- Commands ---- */

/* Address and count in a message to the device (Serial ATA 3.0, 10.3.4). */
static void write_command(const struct ahci_disk *disk, uint8_t command, uint64_t sector,
                          uint32_t sectors)
{
    uint8_t high = disk->ata.large ? 0 : (uint8_t)(sector >> 24 & 15);
    const uint8_t message[4 * MESSAGE_WORDS_OF_COMMAND] = {
        MESSAGE_TO_DEVICE,
        MESSAGE_IS_COMMAND,
        command,
        0,
        (uint8_t)sector,
        (uint8_t)(sector >> 8),
        (uint8_t)(sector >> 16),
        DEVICE_LBA | high,
        (uint8_t)(sector >> 24),
        (uint8_t)(sector >> 32),
        (uint8_t)(sector >> 40),
        0,
        (uint8_t)sectors,
        (uint8_t)(sectors >> 8),
    };
    memcpy(disk->table, message, sizeof message);
}

/* Begins what write_command wrote, with `bytes` of memory (0: none). */
static void issue(const struct ahci_disk *disk, uint64_t address, uint64_t bytes, bool writes)
{
    *(struct entry *)(disk->table + ENTRIES_AT) = (struct entry){
        .address = (uint32_t)address,
        .address_high = (uint32_t)(address >> 32),
        .last_byte = (uint32_t)(bytes - 1),
    };
    disk->header->flags =
        MESSAGE_WORDS_OF_COMMAND | (writes ? HEADER_WRITES : 0) | (bytes ? 1u << 16 : 0);
    disk->header->transferred = 0;
    *at(disk->port, PORT_INTERRUPTS) = ~0u;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    *at(disk->port, PORT_ISSUE) = 1;
}

/* The next piece of the disk's transfer: all of it, where its commands count so far. */
static void begin_piece(struct ahci_disk *disk)
{
    const struct transfer *transfer = disk->transfer;
    bool is_flush = transfer->operation == BLOCK_FLUSH;
    disk->piece = is_flush ? 0 : transfer->sectors - disk->done;
    if (!disk->ata.large && disk->piece > ATA_SECTORS_28)
        disk->piece = ATA_SECTORS_28;
    write_command(disk, ata_command(&disk->ata, transfer->operation),
                  is_flush ? 0 : transfer->sector + disk->done, disk->piece);
    issue(disk, transfer->address + (uint64_t)disk->done * BLOCK_SECTOR_BYTES,
          (uint64_t)disk->piece * BLOCK_SECTOR_BYTES, transfer->operation == BLOCK_WRITE);
}

static int64_t start(struct drive *drive, struct transfer *transfer)
{
    struct ahci_disk *disk = (struct ahci_disk *)drive;
    uint64_t end = transfer->address + (uint64_t)transfer->sectors * BLOCK_SECTOR_BYTES;
    if (!reaches_all && transfer->operation != BLOCK_FLUSH && end > 1ull << 32)
        return E_UNSUPPORTED;
    if (disk->transfer)
        return E_FULL;
    disk->transfer = transfer;
    disk->done = 0;
    begin_piece(disk);
    return TRANSFER_BEGUN;
}

static void acknowledge(struct drive *drive)
{
    struct ahci_disk *disk = (struct ahci_disk *)drive;
    /* A command that ends from here on interrupts once more. */
    uint32_t said = *at(disk->port, PORT_INTERRUPTS);
    *at(disk->port, PORT_INTERRUPTS) = disk->transfer ? said & ~INTERRUPT_BAD : said;
    *at(registers, INTERRUPTS) = 1u << disk->number;
    sys_interrupt_ack(interrupt.slot, interrupt.line);
}

/* The port works on no command, and forgets those it has. */
static bool stop_port(uint64_t port)
{
    *at(port, PORT_COMMAND) &= ~COMMAND_START;
    return becomes(port, PORT_COMMAND, COMMAND_RUNS, 0);
}

static bool start_port(uint64_t port)
{
    *at(port, PORT_ERRORS) = ~0u;
    *at(port, PORT_INTERRUPTS) = ~0u;
    if (!becomes(port, PORT_TASK, ATA_BUSY | ATA_DATA, 0))
        return false;
    *at(port, PORT_COMMAND) |= COMMAND_START;
    return true;
}

/* Whether the command is over; *error: what became of it. */
static bool is_over(const struct ahci_disk *disk, int64_t *error)
{
    bool bad = *at(disk->port, PORT_INTERRUPTS) & INTERRUPT_BAD;
    if (!bad && *at(disk->port, PORT_ISSUE) & 1)
        return false;
    bad = bad || *at(disk->port, PORT_TASK) & (ATA_ERROR | ATA_FAULT) ||
          disk->header->transferred != disk->piece * BLOCK_SECTOR_BYTES;
    *error = bad ? E_DEVICE : OK;
    return true;
}

static const char *look(struct drive *drive)
{
    struct ahci_disk *disk = (struct ahci_disk *)drive;
    struct transfer *transfer = disk->transfer;
    int64_t error;
    if (!transfer || !is_over(disk, &error))
        return NULL;
    disk->done += disk->piece;
    if (error == OK && transfer->operation != BLOCK_FLUSH && disk->done < transfer->sectors) {
        begin_piece(disk);
        return NULL;
    }
    /* After an error it takes commands only when it was stopped (6.2.2.1). */
    if (error < 0 && !(stop_port(disk->port) && start_port(disk->port)))
        return "its port does not recover from an error";
    disk->transfer = NULL;
    drive_done(drive, transfer, error);
    return NULL;
}

static bool stop(struct drive *drive)
{
    bool stopped = stop_port(((struct ahci_disk *)drive)->port);
    return stopped || pci_master(&controller, false) == OK;
}

static const struct driver driver = {
    .name = "disk",
    .start = start,
    .acknowledge = acknowledge,
    .look = look,
    .stop = stop,
};

/* ---- Setting up ---- */

static bool identify(struct ahci_disk *disk, uint64_t memory)
{
    write_command(disk, ATA_IDENTIFY, 0, 0);
    issue(disk, memory, sizeof(uint16_t) * ATA_IDENTITY_WORDS, false);
    return becomes(disk->port, PORT_ISSUE, 1, 0) &&
           !(*at(disk->port, PORT_TASK) & (ATA_ERROR | ATA_FAULT)) &&
           ata_read_identity((const uint16_t *)memory, &disk->ata);
}

static void add_disk(struct ahci_disk *disk, uint64_t scratch, uint32_t bit)
{
    const char *why = NULL;
    disk->drive.driver = &driver;
    disk->drive.granule = 1;
    disk->drive.scratch = scratch;
    disk->drive.bit = bit;
    if (!start_port(disk->port) || !identify(disk, scratch))
        why = "it does not say what it is, or has no DMA";
    disk->drive.sectors = disk->ata.sectors;
    *at(disk->port, PORT_INTERRUPT_ON) = INTERRUPT_ON;
    if (!why && !drives_add(&disk->drive))
        why = error_text(E_FULL);
    if (why)
        drives_complain("a SATA disk is left out", why);
}

/* Gives a port its memory; then whether there is a disk behind it. */
static bool open_port(struct ahci_disk *disk, uint64_t memory)
{
    uint64_t received = memory + RECEIVED_AT, table = memory + TABLE_AT;
    *at(disk->port, PORT_COMMAND) &= ~COMMAND_RECEIVE;
    if (!stop_port(disk->port) || !becomes(disk->port, PORT_COMMAND, COMMAND_RECEIVES, 0))
        return false;
    memset((void *)memory, 0, PORT_MEMORY);
    disk->header = (struct header *)memory;
    disk->header->table = (uint32_t)table;
    disk->header->table_high = (uint32_t)(table >> 32);
    disk->table = (uint8_t *)table;
    *at(disk->port, PORT_LIST) = (uint32_t)memory;
    *at(disk->port, PORT_LIST_HIGH) = (uint32_t)(memory >> 32);
    *at(disk->port, PORT_RECEIVED) = (uint32_t)received;
    *at(disk->port, PORT_RECEIVED_HIGH) = (uint32_t)(received >> 32);
    *at(disk->port, PORT_ERRORS) = ~0u;
    *at(disk->port, PORT_COMMAND) |= COMMAND_RECEIVE;
    return (*at(disk->port, PORT_LINK) & 15) == LINK_UP &&
           becomes(disk->port, PORT_TASK, ATA_BUSY, 0) &&
           *at(disk->port, PORT_SIGNATURE) == SIGNATURE_DISK;
}

static int64_t reset(void)
{
    *at(registers, CONTROL) |= CONTROL_AHCI;
    *at(registers, CONTROL) |= CONTROL_RESET;
    if (!becomes(registers, CONTROL, CONTROL_RESET, 0))
        return E_DEVICE;
    *at(registers, CONTROL) |= CONTROL_AHCI;
    reaches_all = *at(registers, ABILITIES) & ABILITY_64;
    /* Links come up by themselves, within 10 ms (10.1). */
    sys_sleep(clock_now() + 10 * MILLISECOND);
    return OK;
}

static int64_t open_controller(uint32_t endpoint, uint64_t *memory, uint64_t *bytes)
{
    int64_t error = pci_map(&controller, REGISTERS_BAR, &registers, bytes);
    if (error == OK)
        error = *bytes < PORTS_AT ? E_DEVICE : reset();
    int64_t got = error < 0 ? error : pci_memory(&controller, MEMORY_ORDER);
    if (got < 0)
        return got;
    *memory = (uint64_t)got;
    error = pci_master(&controller, true);
    return error < 0 ? error
                     : pci_interrupt(&controller, 0, endpoint, DRIVE_BIT_AHCI, 0, &interrupt);
}

void ahci_find(uint32_t endpoint)
{
    uint64_t memory, bytes;
    int64_t error = pci_claim(&controller, CLASS_SATA, 0);
    if (error < 0) {
        drives_end_of_search(error);
        return;
    }
    error = open_controller(endpoint, &memory, &bytes);
    if (error < 0) {
        drives_complain("the SATA controller is left out", error_text(error));
        return;
    }
    for (uint32_t i = 0; i < PORTS && PORTS_AT + (i + 1) * PORT_BYTES <= bytes; i++) {
        struct ahci_disk *disk = &disks[i];
        disk->port = registers + PORTS_AT + i * PORT_BYTES;
        disk->number = i;
        if (*at(registers, IMPLEMENTED) >> i & 1 && open_port(disk, memory + i * PORT_MEMORY))
            add_disk(disk, memory + SCRATCH_AT, DRIVE_BIT_AHCI);
    }
    *at(registers, CONTROL) |= CONTROL_INTERRUPT;
}
