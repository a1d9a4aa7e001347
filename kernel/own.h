/*
 * The ownership core: what may become of a frame's record and of a page-table leaf.
 *
 * Everything that changes who owns a frame, what it is, or who can reach it goes through these
 * functions. They are pure C on plain memory, so that one file serves the kernel, the host's
 * sanitizers and fuzzers, an exhaustive run and the proof (`make prove`).
 *
 * Their rules, which together are the invariants of DESIGN section 3:
 *   - a record is FRAME_FREE exactly when it has no owner, and then nothing maps it;
 *   - its count of mappings is the number of user leaves that point to it;
 *   - only memory, device memory and the system page are mapped for user mode, the latter
 *     read-only; memory that is not cleared is not mapped;
 *   - a leaf of the lower half translates to its own address;
 *   - no leaf is writable and executable at once.
 * A check_ function changes nothing and says OK or why not; the others change exactly what they
 * name, are called after their check, and cannot fail. The contracts, in words of own_spec.h, say
 * the same in a form that is proved: `requires` is what callers see to, `assigns` all that changes.
 */
#ifndef KERNEL_OWN_H
#define KERNEL_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/errors.h>

#include "kernel/x86/arch.h"

/* A frame, or a whole block. Links and owner are frame numbers (address / 4096), 0 = none. */
struct frame {
    uint8_t type;        /* enum frame_type (cocos/abi.h) */
    uint8_t cache;       /* CACHE_*; FRAME_TABLE: its level, 1 (PT) to 4 (PML4); FRAME_FREE: the
                            order of the run of blocks that starts here, 0: none does */
    uint16_t mappings;   /* user leaves that point to it; FRAME_TABLE: its user entries */
    uint32_t owner;      /* the owning domain's frame */
    uint32_t next, prev; /* in the owner's ring, or in a free list */
    uint64_t tag;        /* eight characters; kernel objects: their generation; FRAME_TABLE: the
                            virtual address it starts to cover */
};
_Static_assert(sizeof(struct frame) == 24, "a record of a frame is 24 bytes");

/* Tag of device memory that the firmware had called reserved, and which it will be again. */
#define DEVICE_RESERVED 0x6465767265736572ull /* "reserved" */

#define MAPPINGS_MAX 0xffffu

/* A user leaf to be made. */
struct leaf {
    uint64_t at;      /* virtual address */
    uint64_t address; /* physical */
    uint32_t rights;  /* MAP_* */
    uint32_t kind;    /* PTE_AVL_* */
    bool large;       /* of 2 MiB */
};

/* In a leaf of the lower half that shares a frame: see leaf_uses. */
#define LEAF_USES_SHIFT 52
#define LEAF_USES_MAX 127ull

#include "kernel/own_spec.h"

/* ---- Records ---- */

/* Memory that domains own to use: what can be released, given, granted, mapped. */
/*@ requires \valid_read(record);
    assigns \nothing;
    ensures \result != 0 <==> type_memory(record->type);
*/
static inline bool own_is_memory(const struct frame *record)
{
    return record->type == FRAME_RAM || record->type == FRAME_DIRTY || record->type == FRAME_DEVICE;
}

/* Is this memory of `owner`? OK, E_NO_FRAME, E_NOT_OWNER, E_BUSY (a kernel object). */
/*@ requires \valid_read(record);
    assigns \nothing;
    ensures \result == OK <==> record->owner == owner && type_memory(record->type);
    ensures \result == E_NO_FRAME <==> record->owner != owner && record->type == FRAME_ABSENT;
    ensures \result == E_NOT_OWNER <==> record->owner != owner && record->type != FRAME_ABSENT;
    ensures \result == E_BUSY <==> record->owner == owner && !type_memory(record->type);
*/
static inline int64_t own_check(const struct frame *record, uint32_t owner)
{
    if (record->owner != owner) {
        return record->type == FRAME_ABSENT ? E_NO_FRAME : E_NOT_OWNER;
    }
    return own_is_memory(record) ? OK : E_BUSY;
}

/* May it leave its owner for good, when `own` of its mappings (0 or 1), which are the owner's own
 * access, have gone? OK or E_BUSY. */
/*@ requires \valid_read(record);
    assigns \nothing;
    ensures \result == (record->mappings == own ? OK : E_BUSY);
*/
static inline int64_t own_check_free(const struct frame *record, uint32_t own)
{
    return record->mappings == own ? OK : E_BUSY;
}

/* May it become a kernel object or a page table? OK, E_NO_FRAME, E_NOT_OWNER, E_BUSY. */
/*@ requires \valid_read(record);
    assigns \nothing;
    ensures \result == OK <==> record->owner == owner && record->mappings == 0 &&
        (record->type == FRAME_RAM || record->type == FRAME_DIRTY);
    ensures \result == OK || \result == E_NO_FRAME || \result == E_NOT_OWNER || \result == E_BUSY;
*/
static inline int64_t own_check_object(const struct frame *record, uint32_t owner)
{
    int64_t error = own_check(record, owner);
    if (error != OK) {
        return error;
    }
    return record->type != FRAME_DEVICE && record->mappings == 0 ? OK : E_BUSY;
}

/* A free record becomes memory of `owner`, not cleared yet. */
/*@ requires \valid(record) && record_ok(record) && record->type == FRAME_FREE && owner != 0;
    assigns record->type, record->cache, record->mappings, record->owner, record->tag;
    ensures record_ok(record) && record->type == FRAME_DIRTY && record->mappings == 0;
    ensures record->owner == owner && record->tag == tag;
*/
static inline void own_take(struct frame *record, uint32_t owner, uint64_t tag)
{
    record->type = FRAME_DIRTY;
    record->cache = CACHE_WRITE_BACK;
    record->mappings = 0;
    record->owner = owner;
    record->tag = tag;
}

/* Device memory, which was nobody's, becomes `owner`'s. */
/*@ requires \valid(record) && record_ok(record) && owner != 0;
    requires record->type == FRAME_ABSENT || record->type == FRAME_RESERVED;
    requires cache <= CACHE_WRITE_COMBINING;
    assigns record->type, record->cache, record->mappings, record->owner, record->tag;
    ensures record_ok(record) && record->type == FRAME_DEVICE && record->mappings == 0;
    ensures record->owner == owner && record->cache == cache;
    ensures record->tag == (\old(record->type) == FRAME_RESERVED ? DEVICE_RESERVED : 0);
*/
static inline void own_take_device(struct frame *record, uint32_t cache, uint32_t owner)
{
    record->tag = record->type == FRAME_RESERVED ? DEVICE_RESERVED : 0;
    record->type = FRAME_DEVICE;
    record->cache = (uint8_t)cache;
    record->mappings = 0;
    record->owner = owner;
}

/* What nothing maps becomes free; device memory becomes nobody's again. */
/*@ requires \valid(record) && record_ok(record) && type_owned(record->type);
    requires user_leaves(record) == 0;
    assigns record->type, record->cache, record->mappings, record->owner, record->tag;
    ensures record_ok(record) && record->owner == 0 && record->mappings == 0;
    ensures record->type == (\old(record->type) != FRAME_DEVICE ? FRAME_FREE
        : \old(record->tag) == DEVICE_RESERVED ? FRAME_RESERVED : FRAME_ABSENT);
    ensures record->cache == 0 && record->tag == 0;
*/
static inline void own_free(struct frame *record)
{
    if (record->type != FRAME_DEVICE) {
        record->type = FRAME_FREE;
    } else {
        record->type = record->tag == DEVICE_RESERVED ? FRAME_RESERVED : FRAME_ABSENT;
    }
    record->cache = 0;
    record->mappings = 0;
    record->owner = 0;
    record->tag = 0;
}

/* The same, for memory: RAM that nothing maps becomes free. */
/*@ requires \valid(record) && record_ok(record) && user_leaves(record) == 0;
    requires type_owned(record->type) && record->type != FRAME_DEVICE;
    assigns record->type, record->cache, record->mappings, record->owner, record->tag;
    ensures record_ok(record) && record->owner == 0 && record->mappings == 0;
    ensures record->type == FRAME_FREE && record->cache == 0 && record->tag == 0;
*/
static inline void own_free_memory(struct frame *record)
{
    record->type = FRAME_FREE;
    record->cache = 0;
    record->mappings = 0;
    record->owner = 0;
    record->tag = 0;
}

/* It becomes another domain's; who maps it, maps it still. */
/*@ requires \valid(record) && record_ok(record) && type_owned(record->type) && to != 0;
    assigns record->owner;
    ensures record_ok(record) && record->owner == to;
*/
static inline void own_give(struct frame *record, uint32_t to)
{
    record->owner = to;
}

/* Memory that nothing maps, or another kernel object, becomes a kernel object; `level` is for page
 * tables. */
/*@ requires \valid(record) && record_ok(record) && user_leaves(record) == 0;
    requires record->type == FRAME_RAM || record->type == FRAME_DIRTY || type_object(record->type);
    requires type_object(type) && level <= 4;
    assigns record->type, record->cache, record->mappings, record->tag;
    ensures record_ok(record) && record->type == type && record->mappings == 0;
    ensures record->cache == level && record->tag == tag;
*/
static inline void own_make_object(struct frame *record, enum frame_type type, uint32_t level,
                                   uint64_t tag)
{
    record->type = (uint8_t)type;
    record->cache = (uint8_t)level;
    record->mappings = 0;
    record->tag = tag;
}

/* The kernel object has ended: memory again, and what is in it is nobody's to see. */
/*@ requires \valid(record) && record_ok(record) && type_object(record->type);
    assigns record->type, record->cache, record->mappings, record->tag;
    ensures record_ok(record) && record->type == FRAME_DIRTY && record->mappings == 0;
    ensures record->tag == 0;
*/
static inline void own_end_object(struct frame *record)
{
    record->type = FRAME_DIRTY;
    record->cache = CACHE_WRITE_BACK;
    record->mappings = 0;
    record->tag = 0;
}

/* The memory has been cleared: it may be mapped. */
/*@ requires \valid(record) && record_ok(record) && record->type == FRAME_DIRTY;
    assigns record->type;
    ensures record_ok(record) && record->type == FRAME_RAM;
*/
static inline void own_set_clear(struct frame *record)
{
    record->type = FRAME_RAM;
}

/* ---- Leaves (Intel SDM 3A, 4.5) ---- */

/*@ assigns \nothing;
    ensures \result != 0 <==> entry_user(entry);
*/
static inline bool leaf_is_user(uint64_t entry)
{
    return (entry & (PTE_PRESENT | PTE_USER)) == (PTE_PRESENT | PTE_USER);
}

/*@ assigns \nothing;
    ensures \result == entry_kind(entry);
*/
static inline uint32_t leaf_kind(uint64_t entry)
{
    return entry >> PTE_AVL_SHIFT & 7;
}

/* The rights of a page in either half. OK, E_ARGUMENT, E_WRITE_EXECUTE: nothing is writable and
 * executable, and nothing executable in the lower half. */
/*@ assigns \nothing;
    ensures \result == OK <==> rights_ok(rights) && (upper != 0 || !rights_execute(rights));
    ensures \result == E_ARGUMENT <==> rights == 0 || rights > 7;
    ensures \result == OK || \result == E_ARGUMENT || \result == E_WRITE_EXECUTE;
*/
static inline int64_t leaf_check_rights(uint64_t rights, bool upper)
{
    if (rights == 0 || rights > (MAP_READ | MAP_WRITE | MAP_EXECUTE)) {
        return E_ARGUMENT;
    }
    if ((rights & MAP_EXECUTE) && (!upper || (rights & MAP_WRITE))) {
        return E_WRITE_EXECUTE;
    }
    return OK;
}

/* Can the record count `more` leaves? OK or E_LIMIT. */
/*@ requires \valid_read(record) && more <= MAPPINGS_MAX;
    assigns \nothing;
    ensures \result == (record->mappings + more <= MAPPINGS_MAX ? OK : E_LIMIT);
*/
static inline int64_t leaf_check_count(const struct frame *record, uint32_t more)
{
    return record->mappings + more <= MAPPINGS_MAX ? OK : E_LIMIT;
}

/* The entry that a leaf is, for memory of a cache type (PAT: kernel/x86/cpu.c). */
/*@ requires \valid_read(leaf) && leaf_ok(leaf) && cache <= CACHE_WRITE_COMBINING;
    assigns \nothing;
    ensures entry_is(\result, leaf, cache) && entry_ok(\result);
*/
static inline uint64_t leaf_entry(const struct leaf *leaf, uint32_t cache)
{
    return leaf->address | PTE_PRESENT | PTE_USER | (uint64_t)leaf->kind << PTE_AVL_SHIFT |
           (leaf->rights & MAP_WRITE ? PTE_WRITE : 0) | (leaf->rights & MAP_EXECUTE ? 0 : PTE_NX) |
           (leaf->large ? PTE_LARGE : 0) |
           (cache == CACHE_WRITE_BACK ? 0
            : cache == CACHE_UNCACHED ? PTE_PCD | PTE_PWT
                                      : PTE_PWT);
}

/* Puts a leaf where there was none, and counts it. */
/*@ requires \valid(entry) && \valid(record) && \valid_read(leaf);
    requires \separated(entry, record, leaf);
    requires leaf_ok(leaf) && record_ok(record) && type_mapped(record->type);
    requires record->type == FRAME_SYSTEM ==> !rights_write(leaf->rights);
    requires !entry_user(*entry) && record->mappings < MAPPINGS_MAX;
    assigns *entry, record->mappings;
    ensures entry_is(*entry, leaf, record->cache) && entry_ok(*entry);
    ensures record_ok(record) && record->mappings == \old(record->mappings) + 1;
*/
static inline void leaf_set(uint64_t *entry, struct frame *record, const struct leaf *leaf)
{
    *entry = leaf_entry(leaf, record->cache);
    record->mappings++;
}

/* Takes a leaf away and counts it; what stays, `refill`, is no user leaf. */
/*@ requires \valid(entry) && \valid(record) && \separated(entry, record);
    requires record_ok(record) && type_mapped(record->type) && record->mappings > 0;
    requires entry_user(*entry) && !entry_user(refill);
    assigns *entry, record->mappings;
    ensures *entry == refill;
    ensures record_ok(record) && record->mappings == \old(record->mappings) - 1;
*/
static inline void leaf_clear(uint64_t *entry, struct frame *record, uint64_t refill)
{
    *entry = refill;
    record->mappings--;
}

/*
 * A leaf of the lower half that stands for a shared frame counts, in bits the processor ignores,
 * how often its domain maps the frame in its upper half: the share ends only when that is 0.
 */

/*@ assigns \nothing;
    ensures \result == entry_uses(entry) && \result <= LEAF_USES_MAX;
*/
static inline uint32_t leaf_uses(uint64_t entry)
{
    return (uint32_t)(entry >> LEAF_USES_SHIFT & LEAF_USES_MAX);
}

/*@ requires entry_uses(entry) < LEAF_USES_MAX;
    assigns \nothing;
    ensures entry_uses(\result) == entry_uses(entry) + 1 && entry_does_same(\result, entry);
*/
static inline uint64_t leaf_with_use(uint64_t entry)
{
    return entry + (1ull << LEAF_USES_SHIFT);
}

/*@ requires entry_uses(entry) > 0;
    assigns \nothing;
    ensures entry_uses(\result) == entry_uses(entry) - 1 && entry_does_same(\result, entry);
*/
static inline uint64_t leaf_without_use(uint64_t entry)
{
    return entry - (1ull << LEAF_USES_SHIFT);
}

/*@ requires \valid(entry) && entry_uses(*entry) < LEAF_USES_MAX;
    assigns *entry;
    ensures entry_uses(*entry) == entry_uses(\old(*entry)) + 1;
    ensures entry_does_same(*entry, \old(*entry));
*/
static inline void leaf_add_use(uint64_t *entry)
{
    *entry = leaf_with_use(*entry);
}

/*@ requires \valid(entry) && entry_uses(*entry) > 0;
    assigns *entry;
    ensures entry_uses(*entry) == entry_uses(\old(*entry)) - 1;
    ensures entry_does_same(*entry, \old(*entry));
*/
static inline void leaf_remove_use(uint64_t *entry)
{
    *entry = leaf_without_use(*entry);
}

#endif
