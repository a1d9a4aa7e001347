/*
 * Capabilities: what a domain's slots hold (DESIGN section 4).
 *
 * A capability for an object names the object's frame and the generation the object was made
 * with; it is good while the frame still holds an object of that kind and generation, so ending
 * an object ends every capability to it at once. Generations are 64-bit and never used twice.
 */
#ifndef KERNEL_CAP_H
#define KERNEL_CAP_H

#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/errors.h>

#include "kernel/slot.h"

struct domain;
struct thread;
struct endpoint;

/*
 * Counts what makes capabilities dead, or takes a right to receive away: a thread, endpoint or
 * domain that ends, a slot with an endpoint that is emptied. A slot that names a live endpoint
 * notes the count when that was checked (slot_set_checked), and a thread when it waited; as long as
 * it is the same, the short way of messages (kernel/x86/entry.asm) takes it that nothing has
 * changed. 48 bits count for years.
 */
extern uint64_t cap_epoch;
void cap_something_ended(void);

/* A number never handed out before; never 0. */
uint64_t cap_new_generation(void);

/* Is what the capability is for still there? (E_DEAD or OK; ranges are always there.) */
int64_t cap_alive(const struct slot *slot);

/* Finds slot `number` of a domain holding a live capability of `type` with all of `rights`.
 * Returns OK and sets *slot, or E_SLOT, E_TYPE, E_DEAD, E_RIGHTS. */
int64_t cap_find(const struct domain *domain, uint64_t number, enum capability_type type,
                 uint32_t rights, struct slot **slot);

/* The same, straight to the object. */
int64_t cap_domain(const struct domain *caller, uint64_t number, uint32_t rights,
                   struct domain **domain);
int64_t cap_endpoint(const struct domain *caller, uint64_t number, uint32_t rights,
                     struct endpoint **endpoint, uint64_t *badge);

/* Finds an empty slot to be filled: OK, E_SLOT, E_OCCUPIED, or E_DEAD (the
 * domain is being ended). A capability whose object has
 * ended does not occupy its slot. */
int64_t cap_find_empty(const struct domain *domain, uint64_t number, struct slot **slot);

#endif
