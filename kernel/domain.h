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
#include "kernel/x86/arch.h"

struct domain {
    uint64_t root;      /* frame of the PML4 */
    struct slot *slots; /* SLOTS_PER_DOMAIN of them */
    uint64_t name;      /* eight characters */

    /* Its account. Every frame it owns is on exactly one of the two lists. */
    struct frame_list owned;  /* memory, devices, threads, endpoints, stock, slots, itself */
    struct frame_list tables; /* its page tables, the root among them */
    uint32_t frames, frame_limit;
    uint64_t stock; /* frames ready to be page tables: linked through their first word */
    uint32_t stock_count;

    uint64_t upcall;            /* where foreign system calls bounce to, 0 = nowhere */
    struct slot fault_endpoint; /* CAP_EMPTY: a fault stops the thread */
    struct port_range ports[PORT_RANGES];
    uint32_t port_count;

    struct slot creator; /* who inherits what others still use */
    bool dying;          /* domain_destroy has begun: its threads run no more */
};
_Static_assert(sizeof(struct domain) <= FRAME_BYTES, "a domain is one frame");

/* The first domain: heir of those whose creator is gone. */
extern struct domain *init_domain;

/* Makes a domain of three frames of RAM that nobody uses or maps any more; they become its own. */
struct domain *domain_make(uint64_t domain_frame, uint64_t root_frame, uint64_t slots_frame,
                           struct domain *creator);

/*
 * May `address` become a kernel object: is it a frame of memory `owner` owns and nobody maps?
 * OK, E_ALIGNMENT, E_NO_FRAME, E_NOT_OWNER, E_BUSY.
 */
int64_t domain_check_object(const struct domain *owner, uint64_t address);

/* Moves an owned frame or block into the account of `to`, as `type`. Checked before: the limit. */
void domain_move_frame(struct domain *from, struct domain *to, uint64_t address, uint32_t order,
                       enum frame_type type);

/* Enters a frame that is in no account; takes one out again. */
void domain_add_frame(struct domain *domain, uint64_t address, uint32_t order);
void domain_remove_frame(struct domain *domain, uint64_t address, uint32_t order);

/* Adds a frame of its account, typed FRAME_STOCK, to the frames ready to be page tables. */
void domain_add_stock(struct domain *domain, uint64_t frame);

/* Room for so many more frames? OK or E_LIMIT. */
int64_t domain_check_limit(const struct domain *domain, uint64_t frames);

/* The frame number that stands for the domain in frame records. */
static inline uint32_t domain_number(const struct domain *domain)
{
    return (uint32_t)(frame_of(domain) >> FRAME_SHIFT);
}

#endif
