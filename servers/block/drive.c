#include "drive.h"

#include <stddef.h>
#include <stdio.h>

#include <cocos/clock.h>
#include <cocos/errors.h>
#include <cocos/sys.h>

#define SECOND 1000000000ull
/* A device that has not done something for so long does nothing more. */
#define PATIENCE (30 * SECOND)
#define START_PATIENCE (5 * SECOND)
#define LOOK_AGAIN 10000ull

void drive_init(struct drive *drive, uint32_t number)
{
    snprintf(drive->name, sizeof drive->name, "%s%u", drive->driver->name, number);
    drive->waiting_end = &drive->waiting;
}

int64_t drive_check(const struct drive *drive, const struct transfer *transfer)
{
    if (transfer->operation == BLOCK_FLUSH)
        return OK;
    if (transfer->operation != BLOCK_READ && transfer->operation != BLOCK_WRITE)
        return E_REQUEST;
    if (transfer->sectors == 0 || transfer->sectors > BLOCK_SECTORS_MAX ||
        transfer->sector > drive->sectors || transfer->sectors > drive->sectors - transfer->sector)
        return E_ARGUMENT;
    if (transfer->sector % drive->granule != 0 || transfer->sectors % drive->granule != 0)
        return E_ALIGNMENT;
    bool writes = transfer->operation == BLOCK_WRITE;
    return writes && (drive->flags & BLOCK_READ_ONLY) ? E_RIGHTS : OK;
}

/* Puts it to the device; false: there is no room. */
static bool begin(struct drive *drive, struct transfer *transfer)
{
    int64_t got = E_DEVICE;
    if (!(drive->flags & BLOCK_FAILED))
        got = drive->begun_count < DRIVE_TRANSFERS ? drive->driver->start(drive, transfer) : E_FULL;
    if (got == E_FULL)
        return false;
    if (got != TRANSFER_BEGUN) {
        transfer->done(transfer, got == TRANSFER_DONE ? OK : got);
        return true;
    }
    transfer->begun_at = clock_now();
    transfer->place = drive->begun_count;
    drive->begun[drive->begun_count++] = transfer;
    drive->to_kick = true;
    return true;
}

static void begin_waiting(struct drive *drive)
{
    while (drive->waiting && begin(drive, drive->waiting)) {
        drive->waiting = drive->waiting->next;
        if (!drive->waiting)
            drive->waiting_end = &drive->waiting;
    }
}

void drive_start(struct drive *drive, struct transfer *transfer)
{
    if (!drive->waiting && begin(drive, transfer))
        return;
    transfer->next = NULL;
    *drive->waiting_end = transfer;
    drive->waiting_end = &transfer->next;
}

void drive_kick(struct drive *drive)
{
    if (drive->to_kick && drive->driver->kick)
        drive->driver->kick(drive);
    drive->to_kick = false;
}

void drive_done(struct drive *drive, struct transfer *transfer, int64_t error)
{
    struct transfer *last = drive->begun[--drive->begun_count];
    last->place = transfer->place;
    drive->begun[last->place] = last;
    transfer->done(transfer, error);
}

/* What a device may still write to is not given back: those transfers are never done. */
static void give_up(struct drive *drive, const char *why)
{
    bool stopped = !drive->driver->stop || drive->driver->stop(drive);
    fprintf(stderr, "block: %s is given up: %s\n", drive->name, why);
    if (!stopped)
        fprintf(stderr, "block: %s may still use memory, which stays in use for it\n", drive->name);
    drive->flags |= BLOCK_FAILED;
    while (stopped && drive->begun_count > 0)
        drive_done(drive, drive->begun[0], E_DEVICE);
    begin_waiting(drive);
}

static bool is_late(const struct drive *drive)
{
    uint64_t now = clock_now();
    for (uint32_t i = 0; i < drive->begun_count; i++)
        if (now - drive->begun[i]->begun_at > PATIENCE)
            return true;
    return false;
}

void drive_look(struct drive *drive, bool interrupted)
{
    if (drive->flags & BLOCK_FAILED)
        return;
    if (interrupted && drive->driver->acknowledge)
        drive->driver->acknowledge(drive);
    const char *why = drive->driver->look ? drive->driver->look(drive) : NULL;
    if (!why && !interrupted && is_late(drive))
        why = "it has not answered for 30 seconds";
    if (why)
        give_up(drive, why);
    else
        begin_waiting(drive);
    drive_kick(drive);
}

/* ---- At the start ---- */

static int64_t read_result;

static void read_done(struct transfer *transfer, int64_t error)
{
    (void)transfer;
    read_result = error;
}

bool drive_read(struct drive *drive, uint64_t sector, uint32_t sectors)
{
    static struct transfer transfer;
    uint64_t deadline = clock_now() + START_PATIENCE;
    transfer = (struct transfer){
        .operation = BLOCK_READ,
        .sectors = sectors,
        .sector = sector,
        .address = drive->scratch,
        .done = read_done,
    };
    if (drive->scratch == 0 || sectors > DRIVE_SCRATCH_BYTES / BLOCK_SECTOR_BYTES ||
        drive_check(drive, &transfer) != OK)
        return false;
    read_result = TRANSFER_DONE;
    drive_start(drive, &transfer);
    drive_kick(drive);
    while (read_result == TRANSFER_DONE && clock_now() < deadline) {
        drive_look(drive, false);
        if (read_result == TRANSFER_DONE)
            sys_sleep(clock_now() + LOOK_AGAIN);
    }
    if (read_result == TRANSFER_DONE)
        give_up(drive, "it does not answer");
    return read_result == OK;
}
