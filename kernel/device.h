/*
 * Device memory: claimed by its own name, by whoever holds a capability for the range
 * (doc/devices.md). What a claim needs of records is frame_far.h; here is who pays for them.
 */
#ifndef KERNEL_DEVICE_H
#define KERNEL_DEVICE_H

#include <stdint.h>

struct run;

/* At boot: the frame of a device that the kernel uses itself, so that nobody can claim it. */
void device_reserve(uint64_t address, uint64_t tag);

/* Device memory that own_free has made nobody's again. Records that nothing needs any more go back
 * to whoever paid for them, and become free. */
void device_put(const struct run *run);

#endif
