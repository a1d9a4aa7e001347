/*
 * Visible revocation (doc/revocation.md): a manager asks a domain for memory, the domain chooses
 * what it does without, and what it has not returned by the deadline is taken, with a list of what
 * that was. Between any manager, who holds the domain, and the domain, which holds an endpoint to
 * wait at and a capability to call its manager.
 */
#ifndef COCOS_PROTOCOL_REVOCATION_H
#define COCOS_PROTOCOL_REVOCATION_H

#include <stdint.h>

#include <cocos/memory_map.h>

/* Bits that the manager sets in the domain's endpoint. */
#define REVOKE_REQUESTED (1ull << 62) /* call REVOCATION_ASK */
#define REVOKE_TAKEN (1ull << 63)     /* call REVOCATION_LIST */

/* What the domain calls its manager with, in word 0. Answers hold 0 or an error in word 0; the
 * numbers stay clear of init's own. */
enum revocation_call {
    /* What is wanted: word 1 = frames still to be returned (sys_frame_release), word 2 = by when,
     * in ticks of the time-stamp counter. */
    REVOCATION_ASK = 64,
    /* The domain returns no more: the manager need not wait. Answered as REVOCATION_ASK. */
    REVOCATION_DONE = 65,
    /* What was taken: word 1 = address of the first struct revocation_list, which the domain owns
     * and can read from then on, or 0: nothing was; word 2 = how many frames in all. */
    REVOCATION_LIST = 66,
};

#define REVOCATION_ENTRIES 510

/* One frame of the list of what was taken; the domain releases it when it has read it. */
struct revocation_list {
    uint64_t next;                        /* address of the next one, 0: this is the last */
    uint64_t count;                       /* of entries[] */
    uint64_t entries[REVOCATION_ENTRIES]; /* address | ORDER_FRAME or ORDER_BLOCK, as taken */
};
_Static_assert(sizeof(struct revocation_list) == FRAME_BYTES, "a piece of the list is one frame");

#endif
