/*
 * Timelines: the deadlines that one CPU's threads wait for, in order. A deadline is a part of what
 * it belongs to, so nothing is allocated, and adding and removing take a number of steps that grows
 * with the logarithm of how many there are. No locks: the caller has the kernel's.
 */
#ifndef KERNEL_TIMELINE_H
#define KERNEL_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: in no timeline. */
struct deadline {
    uint64_t at; /* any unit, as long as it is one; only read here */
    struct deadline *before, *after, *parent;
    uint32_t height; /* of the tree from here on; 0: in no timeline */
};

/* A balanced tree (AVL). All zero: empty. */
struct timeline {
    struct deadline *root;
    struct deadline *first; /* the earliest */
};

/* Adds a deadline that is in no timeline, behind those for the same time. */
void timeline_add(struct timeline *timeline, struct deadline *deadline, uint64_t at);

/* Takes out a deadline, which is in this timeline. */
void timeline_remove(struct timeline *timeline, struct deadline *deadline);

/* The earliest deadline, of equal ones the one added first; NULL: there is none. */
static inline struct deadline *timeline_first(const struct timeline *timeline)
{
    return timeline->first;
}

/* Whether the deadline is in a timeline. */
static inline bool deadline_is_set(const struct deadline *deadline)
{
    return deadline->height != 0;
}

#endif
