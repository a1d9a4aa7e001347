/*
 * The drivers, and the drives they have found. A driver's find() adds each drive by drives_add, in
 * an order that is the same at each start.
 */
#ifndef BLOCK_DRIVES_H
#define BLOCK_DRIVES_H

#include "drive.h"

#define DRIVES_MAX 16u

/* Signal bits for interrupts: the n-th drive may have bit n, behind these are those of controllers
 * of several drives: the IDE controller's two, the SATA controller's. */
#define DRIVE_BITS_IDE DRIVES_MAX
#define DRIVE_BIT_AHCI (DRIVES_MAX + 2)
uint32_t drives_next_bit(void);

/* Names it and adds it. False: there are too many. */
bool drives_add(struct drive *drive);

/* NULL past the last. */
struct drive *drives_at(uint32_t index);

/* Looks at those whose interrupts are among `bits`; DRIVES_ALL: at all, as time passes. */
#define DRIVES_ALL 0u
void drives_look(uint64_t bits);

/* What was begun is made known to all devices. */
void drives_kick(void);

/* Sentences of drivers: "block: virtio: ..." */
void drives_complain(const char *driver, const char *what);

/* No more devices are found for this reason: ends the program where the next instance may find
 * them (the PCI server has ended), since clients would miss their disks. */
void drives_end_of_search(int64_t error);

/* ---- The drivers ---- */

void virtio_find(uint32_t endpoint);
void ide_find(uint32_t endpoint);
void ahci_find(uint32_t endpoint);

/* A disk of `kib` KiB in the memory that outlives this program; 0: none. */
void ram_find(uint64_t kib);

#endif
