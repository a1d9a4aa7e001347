/*
 * A tiny machine for the operations of proof/machine.h, and its invariants counted out one by one:
 * for the exhaustive run (test_own.c) and the fuzzer (fuzz_own.c).
 */
#ifndef TESTS_HOST_OWN_MACHINE_H
#define TESTS_HOST_OWN_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/own.h"

#define RECORDS 3 /* frames: RAM, but for the last, which is a device's */
#define DOMAINS 3 /* their numbers are 1 and up */
#define UPPER 1   /* entries of each domain's upper half */
#define OWNERS (DOMAINS + 1)
#define LOWER_LEAVES (DOMAINS * RECORDS)
#define LEAVES (LOWER_LEAVES + DOMAINS * UPPER)

extern struct frame records[RECORDS];
extern uint64_t leaves[LEAVES];
extern uint64_t at[LEAVES];
extern uint32_t owned[OWNERS], limit[OWNERS];

#include "proof/machine.h"

/* All that operations change. */
struct machine {
    struct frame records[RECORDS];
    uint64_t leaves[LEAVES];
    uint32_t owned[OWNERS];
};

static inline uint64_t address_of(uint32_t r)
{
    return 0x100000 + r * FRAME_BYTES;
}

static inline uint32_t record_of_leaf(uint64_t entry)
{
    return (uint32_t)(((entry & PTE_ADDRESS) - 0x100000) / FRAME_BYTES);
}

static inline uint32_t lower_leaf(uint32_t domain, uint32_t r)
{
    return (domain - 1) * RECORDS + r;
}

static inline uint32_t upper_leaf(uint32_t domain, uint32_t index)
{
    return LOWER_LEAVES + (domain - 1) * UPPER + index;
}

/* What the kernel has in an entry where the domain has nothing: no user leaf. */
static inline uint64_t refill_of(uint32_t l)
{
    return l < LOWER_LEAVES ? at[l] | PTE_PRESENT | PTE_WRITE | PTE_NX : 0;
}

/* Nobody owns or maps anything. */
void machine_start(void);

void machine_save(struct machine *machine);
void machine_load(const struct machine *machine);

/* Is nothing different from what was saved? */
bool machine_is(const struct machine *machine);

/* NULL, or which invariant does not hold. */
const char *machine_problem(void);

#endif
