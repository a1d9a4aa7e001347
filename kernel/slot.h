/*
 * What a slot holds, and what may become of a capability when it is copied or moved: the decisions,
 * apart from whose slots they are (cap.c). Pure C on plain memory, proved by `make prove`:
 *
 *   - a copy has no right, and no part of a range, that the original has not;
 *   - it is for the same object and generation; a badge, once there, stays;
 *   - what lets one answer a call is never copied, nor moved to another domain.
 */
#ifndef KERNEL_SLOT_H
#define KERNEL_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/errors.h>

struct slot {
    uint64_t object;     /* the object's frame; ranges: first of the range */
    uint64_t generation; /* of the object, or of the call to answer; ranges: count */
    uint64_t badge;
    uint8_t type; /* enum capability_type */
    uint8_t rights;
    /* cap_epoch when an endpoint was found alive: its low 16 bits, and the 32 above; 0: never */
    uint16_t checked_low;
    uint32_t checked_high;
};
_Static_assert(sizeof(struct slot) * SLOTS_PER_DOMAIN == FRAME_BYTES, "slots fill one frame");

/*@ requires \valid(slot);
    assigns slot->checked_low, slot->checked_high;
*/
static inline void slot_set_checked(struct slot *slot, uint64_t epoch)
{
    slot->checked_low = (uint16_t)epoch;
    slot->checked_high = (uint32_t)(epoch >> 16);
}

/*@ requires \valid_read(slot);
    assigns \nothing;
*/
static inline bool slot_is_checked(const struct slot *slot, uint64_t epoch)
{
    return (slot->checked_low | (uint64_t)slot->checked_high << 16) == epoch;
}

/*@ predicate type_range(integer type) =
        type == CAP_INTERRUPT || type == CAP_PORTS || type == CAP_DEVICE;

    predicate rights_within(integer some, integer all) = (some & all) == some;

    // first, count is a part of the range.
    predicate range_within(integer first, integer count, struct slot *range) =
        range->object <= first && first + count <= range->object + range->generation;

    predicate slot_is{A, B}(struct slot *a, struct slot *b) =
        \at(a->object, A) == \at(b->object, B) && \at(a->generation, A) == \at(b->generation, B) &&
        \at(a->badge, A) == \at(b->badge, B) && \at(a->type, A) == \at(b->type, B) &&
        \at(a->rights, A) == \at(b->rights, B);
*/

/*@ assigns \nothing;
    ensures \result != 0 <==> type_range(type);
*/
static inline bool slot_is_range(uint32_t type)
{
    return type == CAP_INTERRUPT || type == CAP_PORTS || type == CAP_DEVICE;
}

/* Does the range capability cover [first, first + count)? */
/*@ requires \valid_read(slot);
    assigns \nothing;
    ensures \result != 0 <==> range_within(first, count, slot);
*/
static inline bool cap_covers(const struct slot *slot, uint64_t first, uint64_t count)
{
    return first >= slot->object && count <= slot->generation &&
           first - slot->object <= slot->generation - count;
}

/*@ assigns \nothing;
    ensures rights_within(\result, rights) && rights_within(\result, asked);
*/
static inline uint8_t slot_rights(uint8_t rights, uint64_t asked)
{
    return (uint8_t)(rights & asked);
}

/* Makes *copy of `from`, with no more than `rights`. For a range, badge is the part to copy, first
 * | count << 32 (of device memory, RANGE_OF_BLOCKS), 0: all of it; else the badge, which only a
 * copy of badge 0 takes. OK, or with nothing changed E_ARGUMENT, E_RIGHTS. */
/*@ requires \valid_read(from) && \valid(copy) && \separated(from, copy);
    assigns *copy;
    ensures \result == OK || \result == E_ARGUMENT || \result == E_RIGHTS;
    ensures \result != OK ==> slot_is{Post, Pre}(copy, copy);
    ensures from->type == CAP_REPLY || from->type == CAP_AWAITED ==> \result == E_ARGUMENT;
    ensures (from->rights & RIGHT_COPY) == 0 ==> \result != OK;
    ensures \result == OK ==> copy->type == from->type;
    ensures \result == OK ==> rights_within(copy->rights, from->rights);
    ensures \result == OK ==> rights_within(copy->rights, rights);
    ensures \result == OK && !type_range(from->type) ==>
        copy->object == from->object && copy->generation == from->generation &&
        copy->badge == (badge != 0 ? badge : from->badge) && (badge == 0 || from->badge == 0);
    ensures \result == OK && type_range(from->type) ==> copy->badge == from->badge &&
        range_within(copy->object, copy->generation, from);
    ensures \result == OK && type_range(from->type) && badge == 0 ==>
        copy->object == from->object && copy->generation == from->generation;
*/
static inline int64_t slot_make_copy(const struct slot *from, uint64_t rights, uint64_t badge,
                                     struct slot *copy)
{
    uint64_t first = badge & 0xffffffff, count = badge >> 32;
    bool range = slot_is_range(from->type);
    if (from->type == CAP_DEVICE && (badge & RANGE_OF_BLOCKS)) {
        first *= FRAMES_PER_BLOCK;
        count = (count & 0x7fffffff) * FRAMES_PER_BLOCK;
    }
    if (from->type == CAP_REPLY || from->type == CAP_AWAITED) {
        return E_ARGUMENT;
    }
    if (!(from->rights & RIGHT_COPY)) {
        return E_RIGHTS;
    }
    if (badge != 0 && (range ? count == 0 || !cap_covers(from, first, count) : from->badge != 0)) {
        return E_ARGUMENT;
    }
    *copy = *from;
    copy->rights = slot_rights(from->rights, rights);
    if (badge != 0 && range) {
        copy->object = first;
        copy->generation = count;
    } else if (badge != 0) {
        copy->badge = badge;
    }
    return OK;
}

/* May it leave its slot, for another one of the same domain (own) or for another domain? OK,
 * E_OCCUPIED (a thread waits with the slot), E_ARGUMENT, E_RIGHTS. */
/*@ requires \valid_read(from);
    assigns \nothing;
    ensures from->type == CAP_AWAITED <==> \result == E_OCCUPIED;
    ensures from->type != CAP_AWAITED && own != 0 ==> \result == OK;
    ensures own == 0 && \result == OK ==>
        from->type != CAP_REPLY && (from->rights & RIGHT_COPY) != 0;
    ensures \result == OK || \result == E_OCCUPIED || \result == E_ARGUMENT || \result == E_RIGHTS;
*/
static inline int64_t slot_check_move(const struct slot *from, bool own)
{
    if (from->type == CAP_AWAITED) {
        return E_OCCUPIED;
    }
    if (!own && from->type == CAP_REPLY) {
        return E_ARGUMENT;
    }
    return own || (from->rights & RIGHT_COPY) ? OK : E_RIGHTS;
}

/*@ requires \valid(slot);
    assigns *slot;
    ensures slot->type == CAP_EMPTY && slot->rights == 0 && slot->object == 0;
*/
static inline void slot_clear(struct slot *slot)
{
    slot->object = slot->generation = slot->badge = 0;
    slot->type = slot->rights = 0;
    slot_set_checked(slot, 0);
}

/* The capability as it was, in another slot; its own is empty. */
/*@ requires \valid(to) && \valid(from) && \separated(to, from);
    assigns *to, *from;
    ensures slot_is{Post, Pre}(to, from);
    ensures from->type == CAP_EMPTY && from->rights == 0 && from->object == 0;
*/
static inline void slot_move(struct slot *to, struct slot *from)
{
    *to = *from;
    slot_clear(from);
}

#endif
