/*
 * Records of device memory that boot made none for: of the frames of a block that has only the
 * one for all of it ("pieces"), and of whatever lies beyond the table ("far"). They are made when
 * such memory is first claimed, in frames that the claimer pays for, and gone with the last claim.
 *
 * Far memory is recorded by windows of 1 GiB: 512 records of blocks, as the table has them. Only
 * what no table entry covers is ever searched for among the windows. The numbers that stand for
 * frames in records have 32 bits, so frames of a window have numbers of their own, above all of
 * the table: FAR_NUMBERS | window << 18 | frame in its GiB.
 *
 * Invariants (frame_check_devices): a window in use holds at least one claim, and so does every
 * block whose pieces have records of this kind; each counts them. Pure C over frame_ptr, without
 * accounts: who pays is device.c.
 */
#ifndef KERNEL_FRAME_FAR_H
#define KERNEL_FRAME_FAR_H

#include <stdbool.h>
#include <stdint.h>

struct block;
struct frame;
struct run;

#define FAR_NUMBERS 0xff000000u
#define FAR_WINDOWS 64u
#define FAR_RECORD_FRAMES 4u /* 512 records of 32 bytes */
/* Where the table must end: RAM above, 64 GiB below 16 TiB, would need the numbers of windows. */
#define FRAME_TABLE_LIMIT ((uint64_t)FAR_NUMBERS << 12)

void frame_far_init(void);

/* ---- Looking: what frame.h does for the table ---- */

/* By window: the records of its 512 blocks; NULL: it is not in use. */
extern struct block *frame_far_windows[FAR_WINDOWS];

static inline struct block *frame_far_window(uint32_t number)
{
    return frame_far_windows[number >> 18 & (FAR_WINDOWS - 1)];
}

/* The block at index = address / BLOCK_BYTES, which is not in the table, or NULL. */
__attribute__((cold)) struct block *frame_far_block(uint64_t index);

/* The record that speaks for an address, or NULL. */
__attribute__((cold)) struct frame *frame_far_at(uint64_t address);

/* The number of a far frame that has a record, and back (0: no window has that number). */
__attribute__((cold)) uint32_t frame_far_number(uint64_t address);
__attribute__((cold)) uint64_t frame_far_address(uint32_t number);

/* The first index, from `index` on, of a block that has a record; NO_BLOCK: none has. */
#define NO_BLOCK UINT64_MAX
uint64_t frame_next_block(uint64_t index);

/* ---- Claiming device memory ---- */

/* Records that must be made before a run of device memory can be claimed. */
struct missing_records {
    bool window; /* in FAR_RECORD_FRAMES */
    bool pieces; /* in RECORD_FRAMES */
};

/* What is missing for 2^order frames at `address`, aligned to their size? OK; E_NO_FRAME: there
 * cannot be any; E_LIMIT: all windows are in use. */
int64_t frame_device_missing(uint64_t address, uint32_t order, struct missing_records *missing);

/* How many contiguous frames they take. */
unsigned frame_device_frames(const struct missing_records *missing);

/* Makes them, in these frames at `records`. The block must not be in use. */
void frame_device_make(uint64_t address, const struct missing_records *missing, uint64_t records);

/* A run that has been claimed is counted. */
void frame_device_claimed(const struct run *run);

/* A run that is claimed no more. The records that nothing needs now, and which are no longer
 * looked at, lay in `count` frames from `first` on: up to two such areas, whose number is
 * returned. */
struct records_area {
    uint64_t first;
    unsigned count;
};
unsigned frame_device_released(const struct run *run, struct records_area areas[2]);

/* NULL, or which invariant is broken (kernel/check.c). */
const char *frame_check_devices(void);

#endif
