/*
 * A linked structure with raw pointers, spread over a run of frames: whoever can walk it has the
 * run at the same addresses.
 */
#ifndef TESTS_SYSTEM_LIST_H
#define TESTS_SYSTEM_LIST_H

#include <stddef.h>
#include <stdint.h>

#include <cocos/memory_map.h>

struct node {
    struct node *next;
    uint64_t value;
};

#define NODE_BYTES 512

/* Puts a node every NODE_BYTES of the run, from its end to its start, before `next`; the first is
 * at `address`. Values count from `value` up. */
static inline struct node *list_make(uint64_t address, uint64_t bytes, uint64_t value,
                                     struct node *next)
{
    for (uint64_t offset = bytes; offset != 0; offset -= NODE_BYTES) {
        struct node *node = (struct node *)(address + offset - NODE_BYTES);
        *node = (struct node){next, value++};
        next = node;
    }
    return next;
}

static inline uint64_t list_sum(const struct node *node)
{
    uint64_t sum = 0;
    for (; node != NULL; node = node->next) {
        sum = sum * 3 + node->value;
    }
    return sum;
}

static inline void list_add(struct node *node, uint64_t more)
{
    for (; node != NULL; node = node->next) {
        node->value += more;
    }
}

#endif
