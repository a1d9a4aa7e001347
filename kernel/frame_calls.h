/*
 * What the calls on frames share with the other ways in which frames change hands: messages that
 * carry a run (ipc.c), mappings (page_calls.c), device memory (device.c).
 */
#ifndef KERNEL_FRAME_CALLS_H
#define KERNEL_FRAME_CALLS_H

#include "kernel/domain.h"
#include "kernel/frame.h"

/* Is the run memory or device memory of `owner`? Fills *run: OK, E_ARGUMENT (order), E_ALIGNMENT,
 * E_NO_FRAME, E_ORDER, E_NOT_OWNER, E_BUSY (a kernel object). */
int64_t run_check_owned(uint64_t address, uint64_t order, const struct domain *owner,
                        struct run *run);

/* The same, and each piece has a record of its own, as calls need that change who owns it. */
int64_t run_check_whole(uint64_t address, uint64_t order, const struct domain *owner,
                        struct run *run);

/* Rights in the lower half, or 0: no access. OK, E_ARGUMENT, E_WRITE_EXECUTE. */
static inline int64_t run_check_rights(uint64_t rights)
{
    return rights == 0 ? OK : leaf_check_rights(rights, false);
}

/* The table of the lower half that a domain's leaves for the run stand in, or NULL. */
static inline struct table *run_table(struct domain *domain, const struct run *run)
{
    return space_table(domain, run->address, space_level(run->order));
}

/* Into the account of the domain that the records name as owner, and out of it. */
void run_enter(struct domain *domain, const struct run *run);
void run_leave(struct domain *domain, const struct run *run);

/* Clears what of it was not cleared yet, one block of 2 MiB at most. OK, or E_AGAIN: call again. */
int64_t run_clear(const struct run *run);

/* Lends or shares (kind: PTE_AVL_*) a run its owner may grant: OK, E_ARGUMENT, E_WRITE_EXECUTE,
 * E_MAPPED, E_NO_TABLES, E_LIMIT, E_AGAIN. */
int64_t run_grant(struct domain *to, const struct run *run, uint64_t rights, uint32_t kind);

/* Is all of the run lent to or shared with `to`, and in no use in its upper half? OK,
 * E_NOT_GRANTED, E_BUSY. */
int64_t run_check_granted(struct domain *to, const struct run *run);

#endif
