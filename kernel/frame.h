/*
 * The frame table: who owns every physical frame, and what it is (DESIGN section 3).
 *
 * Two levels: a record per 2 MiB block, and, for a block that is handed out in pieces ("split"),
 * a record per 4 KiB frame. The records of a block split after boot lie in three frames of that
 * block itself; so the kernel never runs out of them. A frame is named by its physical address.
 *
 * Invariants (kernel/check.c): a frame is FRAME_FREE exactly when it has no owner and no mapping;
 * every free frame is on the free list of its block once, every free block on the list of its
 * zone once, every split block with a free frame on the list of such blocks once.
 * Pure C: one file for the kernel, the host's tests and sanitizers. Callers hold the kernel.
 */
#ifndef KERNEL_FRAME_H
#define KERNEL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/errors.h>

struct boot_info;

/* clang-format off */
#define FRAME_TYPES(X) \
    X(FRAME_ABSENT,   "absent") \
    X(FRAME_RESERVED, "reserved") \
    X(FRAME_FREE,     "free") \
    X(FRAME_SPLIT,    "split") \
    X(FRAME_RECORDS,  "records") \
    X(FRAME_KERNEL,   "kernel") \
    X(FRAME_SYSTEM,   "system page") \
    X(FRAME_RAM,      "memory") \
    X(FRAME_DEVICE,   "device") \
    X(FRAME_STOCK,    "table stock") \
    X(FRAME_TABLE,    "page table") \
    X(FRAME_DOMAIN,   "domain") \
    X(FRAME_SLOTS,    "slots") \
    X(FRAME_THREAD,   "thread") \
    X(FRAME_ENDPOINT, "endpoint")
/* clang-format on */
#define FRAME_TYPE_NAME(name, text) name,
enum frame_type { FRAME_TYPES(FRAME_TYPE_NAME) FRAME_TYPE_COUNT };
#undef FRAME_TYPE_NAME

/* A frame, or a whole block. Links and owner are frame numbers (address / 4096), 0 = none. */
struct frame {
    uint8_t type;        /* enum frame_type */
    uint8_t cache;       /* CACHE_*; FRAME_TABLE: its level, 1 (PT) to 4 (PML4) */
    uint16_t mappings;   /* user leaves that point to it; FRAME_TABLE: its user entries */
    uint32_t owner;      /* the owning domain's frame */
    uint32_t next, prev; /* in the owner's list, or in a free list */
    uint64_t tag;        /* eight characters; kernel objects: their generation */
};

struct block {
    struct frame whole;  /* FRAME_SPLIT: only type and links are used */
    uint32_t records;    /* FRAME_SPLIT: frame number of its 512 records */
    uint16_t free_count; /* FRAME_SPLIT */
    uint16_t first_free; /* FRAME_SPLIT: index of the first free frame, NO_INDEX = none */
};

_Static_assert(sizeof(struct frame) == 24, "a record of a frame is 24 bytes");
_Static_assert(sizeof(struct block) == 32, "a record of a block is 32 bytes");

#define NO_INDEX 0xffffu
#define RECORD_FRAMES 3 /* 512 records of 24 bytes */
#define MAPPINGS_MAX 0xffffu

/* How many frames there are of what; split blocks count frame by frame. */
struct frame_counts {
    uint64_t usable; /* RAM that domains can own, records included */
    uint64_t free;
    uint64_t records; /* of blocks split after boot */
};
extern struct frame_counts frame_counts;

/* ---- Boot: in this order ---- */

/* Makes the table for memory and devices below `top` out of boot memory. */
void frame_init(const struct boot_info *info, uint64_t top);

/* Takes the free frames of [start, end) out of circulation as `type`, owned by `owner`. */
void frame_reserve(uint64_t start, uint64_t end, enum frame_type type, uint64_t tag);

/* ---- Looking ---- */

/* The record of a frame (order ORDER_FRAME: its block must be split) or of a whole block
 * (ORDER_BLOCK: must not be split), or NULL. The address must be aligned. */
struct frame *frame_record(uint64_t address, uint32_t order);

/* The record that speaks for an address: of its frame, or of the whole block it lies in. */
struct frame *frame_at(uint64_t address);

/* End of the table: no frame at or above this address has a record. */
uint64_t frame_table_top(void);
struct block *frame_block(uint64_t index);

/* ---- Taking and freeing ---- */

/*
 * Finds a free frame or block without changing anything: `where` names it, or is a zone.
 * Returns its address, or E_ARGUMENT, E_ALIGNMENT, E_NO_FRAME, E_NOT_FREE, E_NO_MEMORY.
 */
int64_t frame_find(uint64_t where, uint32_t order);

/* Takes what frame_find found: its record is then of `type`, unowned, unlinked. Cannot fail.
 * May split the block; the content is not cleared. */
struct frame *frame_take(uint64_t address, uint32_t order, enum frame_type type);

/* Back to free: no owner, no mapping, on the lists again. Joins a block whose frames are all free
 * and whose records lie in it. */
void frame_free(uint64_t address, uint32_t order);

/* The same for device memory, which goes back to being nobody's. */
void frame_free_device(uint64_t address, uint32_t order);

/* Are the free lists whole? NULL, or what is wrong (kernel/check.c). */
const char *frame_check_lists(void);

/* ---- Owners' lists ---- */

struct frame_list {
    uint32_t first; /* frame number, 0 = empty */
};
void frame_list_add(struct frame_list *list, uint64_t address);
void frame_list_remove(struct frame_list *list, uint64_t address);

#endif
