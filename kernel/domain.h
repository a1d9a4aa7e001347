/*
 * Domains: who owns frames, holds capabilities and has an address space (DESIGN section 4).
 * A domain is three frames: this object, the root of its page tables, its slots.
 */
#ifndef KERNEL_DOMAIN_H
#define KERNEL_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/cap.h"
#include "kernel/frame.h"
#include "kernel/frame_ptr.h"
#include "kernel/reclaim.h"
#include "kernel/space.h"
#include "kernel/thread.h"
#include "kernel/x86/arch.h"

struct domain {
    uint64_t root;      /* frame of the PML4 */
    struct slot *slots; /* SLOTS_PER_DOMAIN of them */
    uint64_t name;      /* eight characters */

    /* Its account. Every frame it owns is on exactly one of three rings: page tables on that
     * through the root's record, device memory on that through the slots', all others on that
     * through the record of this object. */
    struct frame *record, *root_record, *slots_record;
    uint32_t number; /* of this object's frame: the owner that records name */
    uint32_t frames, frame_limit;
    uint32_t accept; /* how many frames it still takes by grants */
    uint64_t stock;  /* frames ready to be page tables: linked through their first word */
    uint32_t stock_count;
    uint32_t search;               /* of its claims: frame_find */
    struct frame *idle;            /* the record of the page table that was empty last (space.h) */
    struct table latest[2][2];     /* tables found last: by half, by level - 1 */
    uint64_t keep[DOMAIN_KEPT];    /* frames taken last when frames are taken by force */
    struct reclaim_cursor reclaim; /* where taking by force goes on (reclaim.c) */

    uint64_t upcall;            /* where foreign system calls bounce to, 0 = nowhere */
    struct slot fault_endpoint; /* CAP_EMPTY: a fault stops the thread */
    struct port_range ports[PORT_RANGES];
    uint32_t port_count;

    struct slot creator;    /* who inherits what others still use */
    uint8_t priority_limit; /* the highest its threads may be given */
    bool dying;             /* domain_destroy has begun: its threads run no more */
};
_Static_assert(sizeof(struct domain) <= FRAME_BYTES, "a domain is one frame");

/* The first domain: heir of those whose creator is gone. */
extern struct domain *init_domain;

/* Makes a domain of three frames of RAM that nobody uses or maps any more; they become its own. */
struct domain *domain_make(uint64_t domain_frame, uint64_t root_frame, uint64_t slots_frame,
                           const struct domain *creator);

/*
 * May `address` become a kernel object: is it a single frame of memory `owner` owns and nobody
 * maps? OK, E_ALIGNMENT, E_NO_FRAME, E_NOT_OWNER, E_BUSY.
 */
int64_t domain_check_object(const struct domain *owner, uint64_t address);

/* Enters a record of 2^order frames that names the domain as owner into its account, and takes it
 * out again. `number` is that of its first frame. */
void domain_enter(struct domain *domain, struct frame *record, uint32_t number, uint32_t order);

static inline void domain_leave(struct domain *domain, struct frame *record, uint32_t order)
{
    ring_remove(record);
    domain->frames -= 1u << order;
}

/* The record of an owned memory frame or kernel object says another type from now on; page tables
 * and the rest are on different rings. */
void domain_change_type(struct domain *domain, uint64_t frame, enum frame_type type, uint32_t level,
                        uint64_t tag);

/* A frame of memory of `from`, nobody's to map, becomes an object that `to` owns. */
void domain_give_object(struct domain *from, struct domain *to, uint64_t frame,
                        enum frame_type type, uint64_t tag);

/* Adds a frame of its account, typed FRAME_STOCK, to the frames ready to be page tables. */
void domain_add_stock(struct domain *domain, uint64_t frame);

/* Room for so many more frames? OK or E_LIMIT. */
int64_t domain_check_limit(const struct domain *domain, uint64_t frames);

/* The record of the empty page table that still hangs in its place, or NULL: there is none. */
static inline struct frame *space_idle(const struct domain *domain)
{
    return domain->idle != NULL && domain->idle->mappings == 0 ? domain->idle : NULL;
}

/* May a table lose an entry just so: does it keep others, or is it the one that stays when empty?
 */
static inline bool space_keeps_table(const struct domain *domain, const struct table *table)
{
    return table->record->mappings != 1 || table->record == domain->idle;
}

/* The domain's table of a level that covers `at`, the one found last if it is that; or NULL. */
static inline struct table *space_table(struct domain *domain, uint64_t at, unsigned level)
{
    struct table *table = &domain->latest[at >> 63][level - 1];
    return table->key == at >> TABLE_SHIFT(level) ? table : space_find_table(domain, at, level);
}

/* The entries that stand for a run of this order at `at`, side by side, or NULL: the domain has no
 * table there, so nothing is mapped. Not all of them need be leaves (space_is_leaf). */
static inline uint64_t *space_entries(struct domain *domain, uint64_t at, uint32_t order)
{
    unsigned level = space_level(order);
    const struct table *table = space_table(domain, at, level);
    return table != NULL ? &table->entries[space_index(at, level)] : NULL;
}

/* What stood in the domain's tables is used by no other CPU any more: those that have them loaded
 * are stopped, and load them anew. Before a frame changes hands. */
static inline void space_flush_elsewhere(const struct domain *domain)
{
    if (__builtin_expect(arch_cpu_count > 1, 0)) {
        space_stop_elsewhere(domain);
    }
}

/* The same for one page, on this CPU, too. */
static inline void space_flush(const struct domain *domain, uint64_t at)
{
    if (arch_root() == domain->root) {
        arch_flush_page(at);
    }
    space_flush_elsewhere(domain);
}

/* The frame number that stands for the domain in frame records. */
static inline uint32_t domain_number(const struct domain *domain)
{
    return domain->number;
}

#endif
