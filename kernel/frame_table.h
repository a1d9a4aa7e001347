/*
 * The inside of the frame table, for its two files only: frame.c and frame_boot.c.
 */
#ifndef KERNEL_FRAME_TABLE_H
#define KERNEL_FRAME_TABLE_H

#include "kernel/frame.h"

#define RECORDS_BYTES (FRAMES_PER_BLOCK * sizeof(struct frame))

/* Starts an empty table: every block absent, nothing counted. */
void frame_table_make(struct block *table, uint64_t count);

/* Splits a block that is not split, and in no use: each frame is then what the block was (absent,
 * reserved or free). Its records go to the address `records`. */
void frame_split(uint64_t base, uint64_t records);

#endif
