/*
 * Owners' rings: circular lists through the records of frames, linked by frame number. The head is
 * the record of an object of the owner; so nothing is ever first or last, and no case is special.
 *
 * Invariant: over all records that are on rings, `next` and `prev` undo each other; so every one is
 * on exactly one ring. Proved by `make prove` (proof/ring.c) for any number of records and rings.
 */
#ifndef KERNEL_RING_H
#define KERNEL_RING_H

#include "kernel/own.h"

/* Whoever includes this file has defined frame_at_number: the record of a frame that has one. */

/*@ // A ring of its own, of one record: the head of what is still empty.
    requires number < RECORDS && head == &records[number] && !on_ring(number) && rings;
    assigns head->next, head->prev;
    ensures head->next == number && linked(number);
    ensures rings;
*/
static inline void ring_make(struct frame *head, uint32_t number)
{
    head->next = head->prev = number;
}

/*@ // As ring_add, for who has the record of the first one at hand.
    requires head_number < RECORDS && head == &records[head_number] && on_ring(head_number);
    requires number < RECORDS && record == &records[number] && !on_ring(number);
    requires first == &records[head->next] && rings;
    assigns head->next, record->next, record->prev, first->prev;
    ensures head->next == number && record->next == \old(head->next);
    ensures records[record->next].prev == number && records[record->prev].next == number;
    ensures \forall integer i; is_number(i) && on_ring(i) ==> records[records[i].next].prev == i;
    ensures \forall integer i; is_number(i) && on_ring(i) ==> records[records[i].prev].next == i;
*/
static inline void ring_link(struct frame *head, uint32_t head_number, struct frame *record,
                             uint32_t number, struct frame *first)
{
    /*@ assert alone: \forall integer i; is_number(i) && on_ring(i) ==>
            records[i].next != number && records[i].prev != number; */
    /*@ assert neighbours: \forall integer i; is_number(i) && on_ring(i) ==>
            (records[i].next == head->next ==> i == head_number) &&
            (records[i].prev == head_number ==> i == head->next); */
    record->next = head->next;
    record->prev = head_number;
    head->next = number;
    first->prev = number;
    /*@ assert same_next: \forall integer i; is_number(i) && on_ring(i) && i != head_number ==>
            records[i].next == \at(records[i].next, Pre); */
    /*@ assert same_prev: \forall integer i; is_number(i) && on_ring(i) &&
            i != \at(head->next, Pre) ==> records[i].prev == \at(records[i].prev, Pre); */
}

/*@ // As ring_remove, for who has the neighbours' records at hand.
    requires is_on_ring(record) && rings;
    requires prev == &records[record->prev] && next == &records[record->next];
    assigns prev->next, next->prev;
    ensures is_without(record);
*/
static inline void ring_unlink(const struct frame *record, struct frame *prev, struct frame *next)
{
    prev->next = record->next;
    next->prev = record->prev;
}

/*@ // Puts a record, which is on no ring, right behind the head of one.
    requires head_number < RECORDS && head == &records[head_number] && on_ring(head_number);
    requires number < RECORDS && record == &records[number] && !on_ring(number);
    requires rings;
    assigns head->next, record->next, record->prev, records[head->next].prev;
    ensures head->next == number && record->next == \old(head->next);
    ensures records[record->next].prev == number && records[record->prev].next == number;
    ensures \forall integer i; is_number(i) && on_ring(i) ==> records[records[i].next].prev == i;
    ensures \forall integer i; is_number(i) && on_ring(i) ==> records[records[i].prev].next == i;
*/
static inline void ring_add(struct frame *head, uint32_t head_number, struct frame *record,
                            uint32_t number)
{
    ring_link(head, head_number, record, number, frame_at_number(head->next));
}

/*@ // Takes a record out of its ring; it is no head of others. Its own links stay as they are.
    requires is_on_ring(record) && rings;
    assigns records[record->prev].next, records[record->next].prev;
    ensures is_without(record);
*/
static inline void ring_remove(struct frame *record)
{
    ring_unlink(record, frame_at_number(record->prev), frame_at_number(record->next));
}

#endif
