/*
 * The memory that kernel/ring.h is proved on: a record for every number of 32 bits. Those that a
 * machine does not have are on no ring.
 */
#include "kernel/own.h"

#define RECORDS 0x100000000

struct frame records[RECORDS];

/*@ predicate is_number(integer i) = 0 <= i < RECORDS;

    // Which records are on rings, in whatever way that is decided.
    axiomatic rings { predicate on_ring(integer number); }

    // The record's neighbours point to it, and they are on rings as it is.
    predicate linked(integer i) =
        records[records[i].next].prev == i && records[records[i].prev].next == i;
    predicate closed(integer i) = on_ring(records[i].next) && on_ring(records[i].prev);
    predicate rings = \forall integer i; is_number(i) && on_ring(i) ==> linked(i) && closed(i);

    predicate is_on_ring(struct frame *record) =
        \exists integer i; is_number(i) && record == &records[i] && on_ring(i);

    // All that were on rings still are, but for this one, which none of them points to.
    predicate is_without(struct frame *record) =
        \forall integer i; is_number(i) && on_ring(i) && record != &records[i] ==>
            linked(i) && record != &records[records[i].next] &&
            record != &records[records[i].prev];
*/

/*@ requires number < RECORDS;
    assigns \result \from number;
    ensures \result == &records[number];
*/
static inline struct frame *frame_at_number(uint32_t number)
{
    return &records[number];
}

#include "kernel/ring.h"
