/*
 * The identity map: the kernel's own page tables (DESIGN section 2; doc/MemoryMap.txt).
 *
 * Invariant, from identity_build to the end: a present lower-half leaf's address is its own
 * virtual address; only blocks with RAM in them, and the device pages named, are present.
 * The map never changes after boot: device memory of servers is mapped in their own tables.
 * Pure C over frame_ptr, so that the host's tests build the same tables in an array.
 */
#ifndef KERNEL_IDENTITY_H
#define KERNEL_IDENTITY_H

#include <stdint.h>

struct boot_info;

/* What the map of a machine costs and covers. */
struct identity_size {
    uint64_t tables; /* for RAM: 1 PML4 + 1 PDPT per 512 GiB + 1 PD per GiB with RAM + 1 PT */
    uint64_t device_tables; /* further ones, for device memory the kernel uses */
    uint64_t top;           /* end of the highest RAM, rounded up to 2 MiB, bytes */
};

/* Rights of the kernel's own frames, and which frames are guards. */
struct identity_kernel {
    uint64_t start, text_end, rodata_end, end; /* frame-aligned */
    const uint64_t *guards;                    /* frames left out */
    unsigned guard_count;
};

/* Device memory to be mapped in whole 2 MiB pages, without execution. */
struct identity_device {
    uint64_t start, end; /* multiples of 2 MiB */
    uint64_t cache_bits; /* PTE_PWT: write-combining; PTE_PCD | PTE_PWT: uncached */
};

/* Takes free frames for tables: up to `most` in a row, at least one. Returns the first, and their
 * count; never fails (it refuses to start instead). */
typedef uint64_t (*identity_frame_source)(uint64_t most, uint64_t *count);

/* True for what is memory of this machine: RAM in use or not, not "reserved". */
int identity_is_ram(uint32_t memory_type);

/*
 * Builds the tables and returns the root (the PML4's frame). *size says what it took.
 */
uint64_t identity_build(const struct boot_info *info, const struct identity_kernel *kernel,
                        const struct identity_device *devices, unsigned device_count,
                        identity_frame_source take, struct identity_size *size);

#endif
