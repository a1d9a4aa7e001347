/*
 * A drive: a whole disk, and the driver behind it. A transfer's memory stays where it is until the
 * transfer is done, and it is done once: so whoever owns that memory waits for done().
 */
#ifndef BLOCK_DRIVE_H
#define BLOCK_DRIVE_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/protocol/block.h>

/* One request on its way to a drive and back. */
struct transfer {
    uint32_t operation; /* enum block_operation */
    uint32_t sectors;
    uint64_t sector; /* of the drive */
    uint64_t address;
    void (*done)(struct transfer *transfer, int64_t error);
    /* The drive's. */
    struct transfer *next; /* of those that wait for room */
    uint64_t begun_at;     /* ns, as clock_now */
    uint32_t place;        /* among those that were begun */
};

struct drive;

/* What a driver's start says beside E_FULL (no room: again when another is done) and other errors,
 * which the transfer is done with. */
enum { TRANSFER_BEGUN, TRANSFER_DONE };

/* Functions that do nothing may be NULL. */
struct driver {
    const char *name; /* of its drives, before their numbers */
    int64_t (*start)(struct drive *drive, struct transfer *transfer);
    /* Tells the device of what was begun since. */
    void (*kick)(struct drive *drive);
    /* Lets the device interrupt again. */
    void (*acknowledge)(struct drive *drive);
    /* Calls drive_done for each transfer that the device is done with. NULL, or why it is to be
     * given up: a part of a sentence. */
    const char *(*look)(struct drive *drive);
    /* Ends all use of memory by the device. False: that is not certain. */
    bool (*stop)(struct drive *drive);
};

#define DRIVE_TRANSFERS 256u
#define DRIVE_SCRATCH_BYTES 32768u

struct drive {
    /* The driver fills these. */
    const struct driver *driver;
    uint64_t sectors;
    uint32_t granule; /* sectors: transfers begin and end at multiples of it */
    uint32_t flags;   /* BLOCK_* */
    uint32_t bit;     /* the signal bit that its interrupts set */
    uint64_t scratch; /* DRIVE_SCRATCH_BYTES that the device may write to, for drive_read; or 0 */
    /* drive.c fills these. */
    char name[BLOCK_NAME_BYTES];
    bool to_kick;
    struct transfer *waiting, **waiting_end;
    struct transfer *begun[DRIVE_TRANSFERS]; /* in no order */
    uint32_t begun_count;
};

/* To be called first, when the driver has filled its fields. */
void drive_init(struct drive *drive, uint32_t number);

/* OK, or why the drive cannot do that: E_REQUEST, E_ARGUMENT, E_ALIGNMENT, E_RIGHTS. */
int64_t drive_check(const struct drive *drive, const struct transfer *transfer);

/* Begins a transfer that drive_check finds good, now or when there is room; done() is called once,
 * perhaps before this returns. */
void drive_start(struct drive *drive, struct transfer *transfer);

/* What was begun is made known to the device. */
void drive_kick(struct drive *drive);

/* Sees what the device has done; gives it up where it misbehaves, or has done nothing for long. */
void drive_look(struct drive *drive, bool interrupted);

/* For drivers: a transfer that was begun is done. */
void drive_done(struct drive *drive, struct transfer *transfer, int64_t error);

/* Reads sectors into the drive's scratch memory, and waits for that: at the start, before anybody
 * is served. False: it cannot be read. */
bool drive_read(struct drive *drive, uint64_t sector, uint32_t sectors);

#endif
