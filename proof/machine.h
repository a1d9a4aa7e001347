/*
 * The operations of the system calls on one piece of memory, a frame or a whole block, put together
 * from kernel/own.h on a machine of arrays: `make prove` proves that each keeps the invariants, for
 * machines of any size and in any state; tests/host/test_own.c runs them through every state of a
 * tiny machine, and tests/fuzz/fuzz_own.c at random (doc/proof.md).
 *
 * Whoever includes this file has defined:
 *   RECORDS, LEAVES, OWNERS    the sizes of the arrays
 *   records[RECORDS]           every record of the machine
 *   leaves[LEAVES]             every entry, of all domains, that may be a leaf
 *   at[LEAVES]                 the virtual address that an entry is for
 *   owned[OWNERS]              how many pieces a domain owns; limit[OWNERS]: how many it may
 *
 * The handlers in kernel/ do the same to the pieces of a run one after the other, when they have
 * checked all of them; there, finding records and entries, flushes, rings and tables come in
 * between. Rings are proved in proof/ring.c.
 */
#ifndef PROOF_MACHINE_H
#define PROOF_MACHINE_H

#include "kernel/own.h"

/*@ axiomatic addresses {
      // The number of the record that speaks for an address. It does not change here.
      logic integer record_of(integer address) reads \nothing;
    }

    predicate lower(integer l) = at[l] < LOWER_HALF_END;

    predicate points(integer l, integer r) =
        entry_user(leaves[l]) && record_of(entry_address(leaves[l])) == r;

    // How many of the first n entries are leaves that point to a record; how many of the first n
    // records an owner has.
    logic integer leaf_count(integer r, integer n) =
        n <= 0 ? 0 : leaf_count(r, n - 1) +
            ((leaves[n - 1] & (PTE_PRESENT | PTE_USER)) == (PTE_PRESENT | PTE_USER) &&
             record_of(leaves[n - 1] & PTE_ADDRESS) == r ? 1 : 0);
    logic integer record_count(integer owner, integer n) =
        n <= 0 ? 0 : record_count(owner, n - 1) + (records[n - 1].owner == owner ? 1 : 0);
*/

/* ---- The invariants ---- */

/*@ // A leaf is no other memory's: its address is right, its cache type, its rights.
    predicate leaf_right(integer l, integer r) =
        0 <= r < RECORDS && type_mapped(records[r].type) && entry_ok(leaves[l]) &&
        (records[r].type == FRAME_SYSTEM ==> !entry_writable(leaves[l])) &&
        entry_cache(leaves[l]) == cache_bits(records[r].cache) &&
        (lower(l) ==> entry_address(leaves[l]) == at[l] && !entry_executable(leaves[l]));

    predicate leaves_ok = \forall integer l; 0 <= l < LEAVES && entry_user(leaves[l]) ==>
        leaf_right(l, record_of(entry_address(leaves[l])));
    predicate records_ok = \forall integer r; 0 <= r < RECORDS ==> record_ok(&records[r]);
    predicate counts_ok = \forall integer r; 0 <= r < RECORDS ==>
        leaf_count(r, LEAVES) == user_leaves(&records[r]);
    predicate accounts_ok = \forall integer owner; 0 < owner < OWNERS ==>
        record_count(owner, RECORDS) == owned[owner];
    predicate machine_ok = leaves_ok && records_ok && counts_ok && accounts_ok;

    predicate record_same{A, B}(integer r) =
        \at(records[r].type, A) == \at(records[r].type, B) &&
        \at(records[r].cache, A) == \at(records[r].cache, B) &&
        \at(records[r].mappings, A) == \at(records[r].mappings, B) &&
        \at(records[r].owner, A) == \at(records[r].owner, B) &&
        \at(records[r].tag, A) == \at(records[r].tag, B);
    predicate leaf_same{A, B}(integer l) = \at(leaves[l], A) == \at(leaves[l], B);
    predicate account_same{A, B}(integer d) = \at(owned[d], A) == \at(owned[d], B);

    // The entry is the one that a domain has in its lower half for the piece, at its address.
    predicate stands_for(integer l, integer r) = 0 <= l < LEAVES && 0 <= r < RECORDS &&
        lower(l) && (at[l] & PTE_ADDRESS) == at[l] && record_of(at[l]) == r;
*/

/* ---- Lemmas, by induction ---- */

/*@ ghost
    /@ assigns \nothing;
       ensures \forall integer l, r; 0 <= l < LEAVES && points(l, r) ==> leaf_count(r, LEAVES) > 0;
       ensures \forall integer r; leaf_count(r, LEAVES) >= 0;
    @/
    void lemma_leaf_counts(void)
    {
        uint64_t n = 0;
        /@ loop invariant 0 <= n <= LEAVES;
           loop invariant \forall integer l, r; 0 <= l < n && points(l, r) ==>
               leaf_count(r, n) > 0;
           loop invariant \forall integer r; leaf_count(r, n) >= 0;
           loop assigns n;
           loop variant LEAVES - n;
        @/
        while (n < LEAVES) n++;
    }
*/

/*@ ghost
    /@ assigns \nothing;
       ensures \forall integer r, d; 0 <= r < RECORDS && records[r].owner == d ==>
           record_count(d, RECORDS) > 0;
       ensures \forall integer r, d; 0 <= r < RECORDS && records[r].owner != d ==>
           record_count(d, RECORDS) < RECORDS;
    @/
    void lemma_record_counts(void)
    {
        uint64_t n = 0;
        /@ loop invariant 0 <= n <= RECORDS;
           loop invariant \forall integer d; 0 <= record_count(d, n) <= n;
           loop invariant \forall integer r, d; 0 <= r < n && records[r].owner == d ==>
               record_count(d, n) > 0;
           loop invariant \forall integer r, d; 0 <= r < n && records[r].owner != d ==>
               record_count(d, n) < n;
           loop assigns n;
           loop variant RECORDS - n;
        @/
        while (n < RECORDS) n++;
    }
*/

/* ---- One change each: these are the steps that operations are made of ---- */

/*@ requires l < LEAVES && r < RECORDS && machine_ok;
    requires r == record_of(address) && (address & PTE_ADDRESS) == address;
    requires rights_ok(rights) && kind <= 7;
    requires lower(l) ==> address == at[l] && !rights_execute(rights);
    requires type_mapped(records[r].type) && records[r].mappings < MAPPINGS_MAX;
    requires records[r].type == FRAME_SYSTEM ==> !rights_write(rights);
    requires !entry_user(leaves[l]);
    assigns leaves[l], records[r].mappings;
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures points(l, r) && entry_address(leaves[l]) == address;
    ensures entry_writable(leaves[l]) <==> rights_write(rights);
    ensures entry_executable(leaves[l]) <==> rights_execute(rights);
    ensures entry_kind(leaves[l]) == kind && entry_uses(leaves[l]) == 0;
    ensures records[r].mappings == \old(records[r].mappings) + 1;
*/
static inline void set_leaf(uint32_t l, uint32_t r, uint64_t address, uint32_t rights,
                            uint32_t kind)
{
    const struct leaf leaf = {.at = at[l], .address = address, .rights = rights, .kind = kind};
    leaf_set(&leaves[l], &records[r], &leaf);
    /*@ ghost uint64_t n = 0;
        /@ loop invariant 0 <= n <= LEAVES;
           loop invariant \forall integer k; 0 <= k < RECORDS ==>
               leaf_count(k, n) == leaf_count{Pre}(k, n) + (l < n && k == r ? 1 : 0);
           loop assigns n;
           loop variant LEAVES - n;
        @/
        while (n < LEAVES) n++;
    */
}

/*@ requires l < LEAVES && r < RECORDS && machine_ok;
    requires points(l, r) && !entry_user(refill);
    assigns leaves[l], records[r].mappings;
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures leaves[l] == refill;
    ensures records[r].mappings == \old(records[r].mappings) - 1;
*/
static inline void clear_leaf(uint32_t l, uint32_t r, uint64_t refill)
{
    //@ ghost lemma_leaf_counts();
    leaf_clear(&leaves[l], &records[r], refill);
    /*@ ghost uint64_t n = 0;
        /@ loop invariant 0 <= n <= LEAVES;
           loop invariant \forall integer k; 0 <= k < RECORDS ==>
               leaf_count(k, n) == leaf_count{Pre}(k, n) - (l < n && k == r ? 1 : 0);
           loop assigns n;
           loop variant LEAVES - n;
        @/
        while (n < LEAVES) n++;
    */
}

/*@ requires l < LEAVES && machine_ok && entry_user(leaves[l]);
    requires entry_uses(leaves[l]) < LEAF_USES_MAX;
    assigns leaves[l];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures entry_uses(leaves[l]) == entry_uses(\old(leaves[l])) + 1;
    ensures entry_does_same(leaves[l], \old(leaves[l]));
*/
static inline void add_use(uint32_t l)
{
    leaf_add_use(&leaves[l]);
    /*@ ghost uint64_t n = 0;
        /@ loop invariant 0 <= n <= LEAVES;
           loop invariant \forall integer k; 0 <= k < RECORDS ==>
               leaf_count(k, n) == leaf_count{Pre}(k, n);
           loop assigns n;
           loop variant LEAVES - n;
        @/
        while (n < LEAVES) n++;
    */
}

/*@ requires l < LEAVES && machine_ok && entry_user(leaves[l]);
    requires entry_uses(leaves[l]) > 0;
    assigns leaves[l];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures entry_uses(leaves[l]) == entry_uses(\old(leaves[l])) - 1;
    ensures entry_does_same(leaves[l], \old(leaves[l]));
*/
static inline void remove_use(uint32_t l)
{
    leaf_remove_use(&leaves[l]);
    /*@ ghost uint64_t n = 0;
        /@ loop invariant 0 <= n <= LEAVES;
           loop invariant \forall integer k; 0 <= k < RECORDS ==>
               leaf_count(k, n) == leaf_count{Pre}(k, n);
           loop assigns n;
           loop variant LEAVES - n;
        @/
        while (n < LEAVES) n++;
    */
}

/*@ requires r < RECORDS && machine_ok && records[r].type == FRAME_FREE;
    requires who != 0 && owned[who] < limit[who];
    assigns records[r].type, records[r].cache, records[r].mappings, records[r].owner,
        records[r].tag, owned[who];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures records[r].type == FRAME_DIRTY && records[r].mappings == 0;
    ensures records[r].cache == CACHE_WRITE_BACK;
    ensures records[r].owner == who && records[r].tag == tag;
    ensures owned[who] == \old(owned[who]) + 1;
*/
static inline void take_record(uint32_t r, uint32_t who, uint64_t tag)
{
    own_take(&records[r], who, tag);
    owned[who]++;
    /*@ ghost uint64_t n = 0;
        /@ loop invariant 0 <= n <= LEAVES;
           loop invariant \forall integer k; 0 <= k < RECORDS ==>
               leaf_count(k, n) == leaf_count{Pre}(k, n);
           loop assigns n;
           loop variant LEAVES - n;
        @/
        while (n < LEAVES) n++;
    */
    /*@ ghost uint64_t m = 0;
        /@ loop invariant 0 <= m <= RECORDS;
           loop invariant \forall integer k; 0 < k < OWNERS ==>
               record_count(k, m) == record_count{Pre}(k, m) + (r < m && k == who ? 1 : 0);
           loop assigns m;
           loop variant RECORDS - m;
        @/
        while (m < RECORDS) m++;
    */
}

/*@ requires r < RECORDS && machine_ok && cache <= CACHE_WRITE_COMBINING;
    requires records[r].type == FRAME_ABSENT || records[r].type == FRAME_RESERVED;
    requires who != 0 && owned[who] < limit[who];
    assigns records[r].type, records[r].cache, records[r].mappings, records[r].owner,
        records[r].tag, owned[who];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures records[r].type == FRAME_DEVICE && records[r].mappings == 0;
    ensures records[r].owner == who && records[r].cache == cache;
    ensures owned[who] == \old(owned[who]) + 1;
*/
static inline void take_device(uint32_t r, uint32_t who, uint32_t cache)
{
    own_take_device(&records[r], cache, who);
    owned[who]++;
    /*@ ghost uint64_t n = 0;
        /@ loop invariant 0 <= n <= LEAVES;
           loop invariant \forall integer k; 0 <= k < RECORDS ==>
               leaf_count(k, n) == leaf_count{Pre}(k, n);
           loop assigns n;
           loop variant LEAVES - n;
        @/
        while (n < LEAVES) n++;
    */
    /*@ ghost uint64_t m = 0;
        /@ loop invariant 0 <= m <= RECORDS;
           loop invariant \forall integer k; 0 < k < OWNERS ==>
               record_count(k, m) == record_count{Pre}(k, m) + (r < m && k == who ? 1 : 0);
           loop assigns m;
           loop variant RECORDS - m;
        @/
        while (m < RECORDS) m++;
    */
}

/*@ requires r < RECORDS && machine_ok && type_owned(records[r].type);
    requires user_leaves(&records[r]) == 0;
    assigns records[r].type, records[r].cache, records[r].mappings, records[r].owner,
        records[r].tag, owned[records[r].owner];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures records[r].owner == 0 && records[r].mappings == 0;
    ensures \old(records[r].type) != FRAME_DEVICE ==> records[r].type == FRAME_FREE;
    ensures \old(records[r].type) == FRAME_DEVICE ==>
        records[r].type == FRAME_ABSENT || records[r].type == FRAME_RESERVED;
    ensures owned[\old(records[r].owner)] == \old(owned[records[r].owner]) - 1;
*/
static inline void free_record(uint32_t r)
{
    //@ ghost lemma_leaf_counts();
    //@ assert \forall integer l; 0 <= l < LEAVES ==> !points(l, r);
    /*@ assert \forall integer l; 0 <= l < LEAVES && entry_user(leaves[l]) ==>
            record_of(entry_address(leaves[l])) != r; */
    //@ ghost lemma_record_counts();
    owned[records[r].owner]--;
    own_free(&records[r]);
    /*@ ghost uint64_t n = 0;
        /@ loop invariant 0 <= n <= LEAVES;
           loop invariant \forall integer k; 0 <= k < RECORDS ==>
               leaf_count(k, n) == leaf_count{Pre}(k, n);
           loop assigns n;
           loop variant LEAVES - n;
        @/
        while (n < LEAVES) n++;
    */
    /*@ ghost uint64_t m = 0;
        /@ loop invariant 0 <= m <= RECORDS;
           loop invariant \forall integer k; 0 < k < OWNERS ==>
               record_count(k, m) == record_count{Pre}(k, m) - (r < m && k == \at(records[r].owner,
       Pre) ? 1 : 0); loop assigns m; loop variant RECORDS - m;
        @/
        while (m < RECORDS) m++;
    */
}

/*@ requires r < RECORDS && machine_ok && type_owned(records[r].type);
    requires to != 0 && to != records[r].owner;
    assigns records[r].owner, owned[records[r].owner], owned[to];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures records[r].owner == to;
    ensures owned[to] == \old(owned[to]) + 1;
    ensures owned[\old(records[r].owner)] == \old(owned[records[r].owner]) - 1;
*/
static inline void give_record(uint32_t r, uint32_t to)
{
    //@ ghost lemma_record_counts();
    //@ assert 0 < owned[records[r].owner] && owned[to] + 1 < 0x100000000;
    owned[records[r].owner]--;
    own_give(&records[r], to);
    owned[to]++;
    /*@ ghost uint64_t n = 0;
        /@ loop invariant 0 <= n <= LEAVES;
           loop invariant \forall integer k; 0 <= k < RECORDS ==>
               leaf_count(k, n) == leaf_count{Pre}(k, n);
           loop assigns n;
           loop variant LEAVES - n;
        @/
        while (n < LEAVES) n++;
    */
    /*@ ghost uint64_t m = 0;
        /@ loop invariant 0 <= m <= RECORDS;
           loop invariant \forall integer k; 0 < k < OWNERS ==>
               record_count(k, m) == record_count{Pre}(k, m) +
               (r < m && k == to ? 1 : 0) - (r < m && k == \at(records[r].owner, Pre) ? 1 : 0);
           loop assigns m;
           loop variant RECORDS - m;
        @/
        while (m < RECORDS) m++;
    */
}

/*@ requires r < RECORDS && machine_ok && user_leaves(&records[r]) == 0;
    requires records[r].type == FRAME_RAM || records[r].type == FRAME_DIRTY ||
        type_object(records[r].type);
    requires type_object(type) && level <= 4;
    assigns records[r].type, records[r].cache, records[r].mappings, records[r].tag;
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures records[r].type == type && records[r].mappings == 0;
    ensures records[r].cache == level && records[r].tag == tag;
*/
static inline void make_object(uint32_t r, enum frame_type type, uint32_t level, uint64_t tag)
{
    //@ ghost lemma_leaf_counts();
    //@ assert \forall integer l; 0 <= l < LEAVES ==> !points(l, r);
    /*@ assert \forall integer l; 0 <= l < LEAVES && entry_user(leaves[l]) ==>
            record_of(entry_address(leaves[l])) != r; */
    own_make_object(&records[r], type, level, tag);
    /*@ ghost uint64_t n = 0;
        /@ loop invariant 0 <= n <= LEAVES;
           loop invariant \forall integer k; 0 <= k < RECORDS ==>
               leaf_count(k, n) == leaf_count{Pre}(k, n);
           loop assigns n;
           loop variant LEAVES - n;
        @/
        while (n < LEAVES) n++;
    */
    /*@ ghost uint64_t m = 0;
        /@ loop invariant 0 <= m <= RECORDS;
           loop invariant \forall integer k; 0 < k < OWNERS ==>
               record_count(k, m) == record_count{Pre}(k, m);
           loop assigns m;
           loop variant RECORDS - m;
        @/
        while (m < RECORDS) m++;
    */
}

/*@ requires r < RECORDS && machine_ok && type_object(records[r].type);
    assigns records[r].type, records[r].cache, records[r].mappings, records[r].tag;
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures records[r].type == FRAME_DIRTY && records[r].mappings == 0;
    ensures records[r].tag == 0;
*/
static inline void end_object(uint32_t r)
{
    own_end_object(&records[r]);
    /*@ ghost uint64_t n = 0;
        /@ loop invariant 0 <= n <= LEAVES;
           loop invariant \forall integer k; 0 <= k < RECORDS ==>
               leaf_count(k, n) == leaf_count{Pre}(k, n);
           loop assigns n;
           loop variant LEAVES - n;
        @/
        while (n < LEAVES) n++;
    */
    /*@ ghost uint64_t m = 0;
        /@ loop invariant 0 <= m <= RECORDS;
           loop invariant \forall integer k; 0 < k < OWNERS ==>
               record_count(k, m) == record_count{Pre}(k, m);
           loop assigns m;
           loop variant RECORDS - m;
        @/
        while (m < RECORDS) m++;
    */
}

/*@ requires r < RECORDS && machine_ok && type_memory(records[r].type);
    assigns records[r].type;
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures records[r].type == (\old(records[r].type) == FRAME_DIRTY ? FRAME_RAM
                                                                    : \old(records[r].type));
*/
static inline void clear_memory(uint32_t r)
{
    if (records[r].type == FRAME_DIRTY) {
        own_set_clear(&records[r]); /* after its content */
    }
}

/* ---- Operations: check everything, then commit; what fails has changed nothing ---- */

/* Frames by their name: `who` takes what is free. OK, E_NO_FRAME, E_NOT_FREE, E_LIMIT. */
/*@ requires r < RECORDS && who != 0 && machine_ok;
    assigns records[r].type, records[r].cache, records[r].mappings, records[r].owner,
        records[r].tag, owned[who];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r) && account_same{Pre, Post}(who);
    ensures \result == OK <==>
        \old(records[r].type) == FRAME_FREE && \old(owned[who]) < limit[who];
    ensures \result == OK ==> records[r].type == FRAME_DIRTY && records[r].owner == who &&
        records[r].mappings == 0 && records[r].tag == tag && owned[who] == \old(owned[who]) + 1;
*/
static inline int64_t op_claim(uint32_t who, uint32_t r, uint64_t tag)
{
    if (records[r].type != FRAME_FREE) {
        return records[r].type == FRAME_ABSENT ? E_NO_FRAME : E_NOT_FREE;
    }
    if (owned[who] >= limit[who]) {
        return E_LIMIT;
    }
    take_record(r, who, tag);
    return OK;
}

/* The same, and access at once. That no leaf is in the way is not checked: it is proved. */
/*@ requires who != 0 && machine_ok && stands_for(l, r);
    assigns records[r].type, records[r].cache, records[r].mappings, records[r].owner,
        records[r].tag, owned[who], leaves[l];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r) && account_same{Pre, Post}(who) &&
        leaf_same{Pre, Post}(l);
    ensures \result == OK <==> \old(records[r].type) == FRAME_FREE &&
        \old(owned[who]) < limit[who] && rights_ok(rights) && !rights_execute(rights);
    ensures \result == OK ==> records[r].type == FRAME_RAM && records[r].owner == who &&
        records[r].mappings == 1 && points(l, r) &&
        (entry_writable(leaves[l]) <==> rights_write(rights));
*/
static inline int64_t op_claim_access(uint32_t who, uint32_t r, uint32_t l, uint64_t rights,
                                      uint64_t tag)
{
    int64_t error = leaf_check_rights(rights, false);
    if (error != OK) {
        return error;
    }
    error = op_claim(who, r, tag);
    if (error != OK) {
        return error;
    }
    clear_memory(r);
    set_leaf(l, r, at[l], (uint32_t)rights, PTE_AVL_OWNED);
    return OK;
}

/* Device memory, always with access. OK, E_ARGUMENT, E_WRITE_EXECUTE, E_NOT_FREE, E_NO_FRAME,
 * E_LIMIT. */
/*@ requires who != 0 && machine_ok && stands_for(l, r);
    assigns records[r].type, records[r].cache, records[r].mappings, records[r].owner,
        records[r].tag, owned[who], leaves[l];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r) && account_same{Pre, Post}(who) &&
        leaf_same{Pre, Post}(l);
    ensures \result == OK ==> records[r].type == FRAME_DEVICE && records[r].owner == who &&
        records[r].cache == cache && records[r].mappings == 1 && points(l, r) &&
        (\old(records[r].type) == FRAME_ABSENT || \old(records[r].type) == FRAME_RESERVED);
*/
static inline int64_t op_claim_device(uint32_t who, uint32_t r, uint32_t l, uint64_t rights,
                                      uint64_t cache)
{
    if (cache > CACHE_WRITE_COMBINING) {
        return E_ARGUMENT;
    }
    int64_t error = leaf_check_rights(rights, false);
    if (error != OK) {
        return error;
    }
    if (records[r].type != FRAME_ABSENT && records[r].type != FRAME_RESERVED) {
        return records[r].type == FRAME_DEVICE ? E_NOT_FREE : E_NO_FRAME;
    }
    if (owned[who] >= limit[who]) {
        return E_LIMIT;
    }
    take_device(r, who, (uint32_t)cache);
    set_leaf(l, r, at[l], (uint32_t)rights, PTE_AVL_DEVICE);
    return OK;
}

/* Back to the machine; `l` is the entry of the owner's lower half, `refill` what the kernel has
 * there. OK, E_NO_FRAME, E_NOT_OWNER, E_BUSY (a kernel object, or others map it). */
/*@ requires who != 0 && machine_ok && stands_for(l, r) && !entry_user(refill);
    assigns records[r].type, records[r].cache, records[r].mappings, records[r].owner,
        records[r].tag, owned[who], leaves[l];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r) && account_same{Pre, Post}(who) &&
        leaf_same{Pre, Post}(l);
    ensures \result == OK <==> \old(records[r].owner) == who &&
        type_memory(\old(records[r].type)) &&
        ((points{Pre}(l, r) && \old(records[r].mappings) == 1) ||
         (!points{Pre}(l, r) && \old(records[r].mappings) == 0));
    ensures \result == OK ==> records[r].owner == 0 && records[r].mappings == 0 &&
        !entry_user(leaves[l]) && owned[who] == \old(owned[who]) - 1;
*/
static inline int64_t op_release(uint32_t who, uint32_t r, uint32_t l, uint64_t refill)
{
    bool own = leaf_is_user(leaves[l]);
    int64_t error = own_check(&records[r], who);
    if (error == OK) {
        error = own_check_free(&records[r], own);
    }
    if (error != OK) {
        return error;
    }
    if (own) {
        clear_leaf(l, r, refill);
    }
    free_record(r);
    return OK;
}

/* The owner's own access: rights, or 0 for none. OK, E_NO_FRAME, E_NOT_OWNER, E_BUSY, E_ARGUMENT,
 * E_WRITE_EXECUTE, E_LIMIT. */
/*@ requires who != 0 && machine_ok && stands_for(l, r) && !entry_user(refill);
    assigns records[r].type, records[r].mappings, leaves[l];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r) && leaf_same{Pre, Post}(l);
    ensures \result == OK ==> records[r].owner == who && type_memory(records[r].type) &&
        (entry_user(leaves[l]) <==> rights != 0) &&
        (rights != 0 ==> (entry_writable(leaves[l]) <==> rights_write(rights)));
*/
static inline int64_t op_access(uint32_t who, uint32_t r, uint32_t l, uint64_t rights,
                                uint64_t refill)
{
    bool own = leaf_is_user(leaves[l]);
    int64_t error = own_check(&records[r], who);
    if (error == OK && rights != 0) {
        error = leaf_check_rights(rights, false);
    }
    if (error == OK && rights != 0 && !own) {
        error = leaf_check_count(&records[r], 1);
    }
    if (error != OK) {
        return error;
    }
    if (own) {
        clear_leaf(l, r, refill);
    }
    if (rights != 0) {
        clear_memory(r);
        set_leaf(l, r, at[l], (uint32_t)rights,
                 records[r].type == FRAME_DEVICE ? PTE_AVL_DEVICE : PTE_AVL_OWNED);
    }
    return OK;
}

/* Another owner, with `rights` of its own; l and l_to are the two domains' entries. Who else maps
 * it, maps it still. OK, E_NO_FRAME, E_NOT_OWNER, E_BUSY, E_ARGUMENT, E_WRITE_EXECUTE, E_LIMIT. */
/*@ requires who != 0 && to != 0 && machine_ok && !entry_user(refill);
    requires stands_for(l, r) && stands_for(l_to, r) && l != l_to;
    assigns records[r].type, records[r].mappings, records[r].owner, owned[who], owned[to],
        leaves[l], leaves[l_to];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r) && account_same{Pre, Post}(who) &&
        account_same{Pre, Post}(to) && leaf_same{Pre, Post}(l) && leaf_same{Pre, Post}(l_to);
    ensures \result == OK ==> \old(records[r].owner) == who && records[r].owner == to &&
        !entry_user(leaves[l]) && (entry_user(leaves[l_to]) <==> rights != 0) &&
        owned[to] == \old(owned[to]) + 1 && owned[who] == \old(owned[who]) - 1;
*/
static inline int64_t op_give(uint32_t who, uint32_t r, uint32_t l, uint32_t to, uint32_t l_to,
                              uint64_t rights, uint64_t refill)
{
    bool theirs = leaf_is_user(leaves[l_to]);
    int64_t error = own_check(&records[r], who);
    if (error == OK && rights != 0) {
        error = leaf_check_rights(rights, false);
    }
    if (error == OK && to == who) {
        error = E_ARGUMENT;
    }
    if (error == OK && (owned[to] >= limit[to] ||
                        (rights != 0 && !theirs && leaf_check_count(&records[r], 1) != OK))) {
        error = E_LIMIT;
    }
    if (error != OK) {
        return error;
    }
    if (leaf_is_user(leaves[l])) {
        clear_leaf(l, r, refill);
    }
    give_record(r, to);
    if (theirs) {
        clear_leaf(l_to, r, refill);
    }
    if (rights != 0) {
        clear_memory(r);
        set_leaf(l_to, r, at[l_to], (uint32_t)rights,
                 records[r].type == FRAME_DEVICE ? PTE_AVL_DEVICE : PTE_AVL_OWNED);
    }
    return OK;
}

/* Lends or shares (kind) to the domain whose entry is l_to. OK, E_NO_FRAME, E_NOT_OWNER, E_BUSY,
 * E_ARGUMENT, E_WRITE_EXECUTE, E_MAPPED, E_LIMIT. */
/*@ requires who != 0 && machine_ok && stands_for(l_to, r);
    requires kind == PTE_AVL_LENT || kind == PTE_AVL_SHARED;
    assigns records[r].type, records[r].mappings, leaves[l_to];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r) && leaf_same{Pre, Post}(l_to);
    ensures \result == OK ==> records[r].owner == who && !points{Pre}(l_to, r) &&
        points(l_to, r) && entry_kind(leaves[l_to]) == kind && entry_uses(leaves[l_to]) == 0 &&
        (entry_writable(leaves[l_to]) <==> rights_write(rights));
*/
static inline int64_t op_grant(uint32_t who, uint32_t r, uint32_t l_to, uint64_t rights,
                               uint32_t kind)
{
    int64_t error = own_check(&records[r], who);
    if (error == OK) {
        error = leaf_check_rights(rights, false);
    }
    if (error == OK && leaf_is_user(leaves[l_to])) {
        error = E_MAPPED;
    }
    if (error == OK) {
        error = leaf_check_count(&records[r], 1);
    }
    if (error != OK) {
        return error;
    }
    clear_memory(r);
    set_leaf(l_to, r, at[l_to], (uint32_t)rights, kind);
    return OK;
}

/* Takes a grant back; the receiver itself need not own it. OK, E_NO_FRAME, E_NOT_OWNER, E_BUSY
 * (also: a share in use), E_NOT_GRANTED. */
/*@ requires who != 0 && machine_ok && stands_for(l_to, r) && !entry_user(refill);
    assigns records[r].mappings, leaves[l_to];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r) && leaf_same{Pre, Post}(l_to);
    ensures \result == OK ==> points{Pre}(l_to, r) && !entry_user(leaves[l_to]) &&
        entry_uses(\old(leaves[l_to])) == 0 && (self == 0 ==> records[r].owner == who);
*/
static inline int64_t op_revoke(uint32_t who, uint32_t r, uint32_t l_to, bool self, uint64_t refill)
{
    int64_t error = self ? OK : own_check(&records[r], who);
    if (error != OK) {
        return error;
    }
    uint64_t entry = leaves[l_to];
    if (!leaf_is_user(entry) ||
        (leaf_kind(entry) != PTE_AVL_LENT && leaf_kind(entry) != PTE_AVL_SHARED)) {
        return E_NOT_GRANTED;
    }
    if (leaf_uses(entry) != 0) {
        return E_BUSY;
    }
    clear_leaf(l_to, r, refill);
    return OK;
}

/* Maps owned memory, or the system page to read, in an upper half. OK, E_NO_FRAME, E_NOT_OWNER,
 * E_BUSY, E_ARGUMENT, E_WRITE_EXECUTE, E_MAPPED, E_LIMIT. */
/*@ requires l < LEAVES && r < RECORDS && who != 0 && machine_ok && !lower(l);
    requires r == record_of(address) && (address & PTE_ADDRESS) == address;
    assigns records[r].type, records[r].mappings, leaves[l];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r) && leaf_same{Pre, Post}(l);
    ensures \result == OK ==> !entry_user(\old(leaves[l])) && points(l, r) &&
        entry_address(leaves[l]) == address &&
        (records[r].owner == who || (records[r].type == FRAME_SYSTEM && !rights_write(rights))) &&
        (entry_writable(leaves[l]) <==> rights_write(rights)) &&
        (entry_executable(leaves[l]) <==> rights_execute(rights));
*/
static inline int64_t op_map(uint32_t who, uint32_t r, uint32_t l, uint64_t address,
                             uint64_t rights)
{
    int64_t error = leaf_check_rights(rights, true);
    if (error == OK) {
        error = own_check(&records[r], who);
    }
    if (error == E_NOT_OWNER && records[r].type == FRAME_SYSTEM && rights == MAP_READ) {
        error = OK;
    }
    if (error == OK && leaf_is_user(leaves[l])) {
        error = E_MAPPED;
    }
    if (error == OK) {
        error = leaf_check_count(&records[r], 1);
    }
    if (error != OK) {
        return error;
    }
    uint32_t kind = records[r].type == FRAME_DEVICE   ? PTE_AVL_DEVICE
                    : records[r].type == FRAME_SYSTEM ? PTE_AVL_KERNEL
                                                      : PTE_AVL_OWNED;
    if (records[r].type != FRAME_SYSTEM) {
        clear_memory(r);
    }
    set_leaf(l, r, address, (uint32_t)rights, kind);
    return OK;
}

/* Maps what was shared with the domain: `share` is the entry of its lower half, which then counts
 * the use. OK, E_NOT_OWNER, E_ARGUMENT, E_WRITE_EXECUTE, E_MAPPED, E_LIMIT. */
/*@ requires l < LEAVES && machine_ok && !lower(l) && stands_for(share, r);
    assigns records[r].mappings, leaves[l], leaves[share];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r) && leaf_same{Pre, Post}(l) &&
        leaf_same{Pre, Post}(share);
    ensures \result == OK ==> !entry_user(\old(leaves[l])) && points(l, r) && points(share, r) &&
        entry_address(leaves[l]) == at[share] &&
        entry_kind(leaves[l]) == PTE_AVL_SHARED && entry_kind(leaves[share]) == PTE_AVL_SHARED &&
        entry_uses(leaves[share]) == entry_uses(\old(leaves[share])) + 1 &&
        (entry_writable(leaves[l]) ==> entry_writable(leaves[share]));
*/
static inline int64_t op_map_shared(uint32_t r, uint32_t share, uint32_t l, uint64_t rights)
{
    uint64_t entry = leaves[share];
    int64_t error = leaf_check_rights(rights, true);
    if (error == OK &&
        (!leaf_is_user(entry) || leaf_kind(entry) != PTE_AVL_SHARED ||
         leaf_uses(entry) == LEAF_USES_MAX || ((rights & MAP_WRITE) && !(entry & PTE_WRITE)))) {
        error = E_NOT_OWNER;
    }
    if (error == OK && leaf_is_user(leaves[l])) {
        error = E_MAPPED;
    }
    if (error == OK) {
        error = leaf_check_count(&records[r], 1);
    }
    if (error != OK) {
        return error;
    }
    add_use(share);
    set_leaf(l, r, at[share], (uint32_t)rights, PTE_AVL_SHARED);
    return OK;
}

/* Ends a leaf of an upper half; `share` is the entry of the same domain's lower half for the same
 * memory. OK, E_NOT_MAPPED. */
/*@ requires l < LEAVES && machine_ok && !lower(l) && stands_for(share, r);
    requires entry_user(leaves[l]) ==> points(l, r);
    assigns records[r].mappings, leaves[l], leaves[share];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r) && leaf_same{Pre, Post}(l) &&
        leaf_same{Pre, Post}(share);
    ensures \result == OK <==> entry_user(\old(leaves[l]));
    ensures \result == OK ==> !entry_user(leaves[l]) &&
        entry_does_same(leaves[share], \old(leaves[share])) &&
        (entry_kind(\old(leaves[l])) != PTE_AVL_SHARED ==> leaf_same{Pre, Post}(share));
*/
static inline int64_t op_unmap(uint32_t r, uint32_t share, uint32_t l)
{
    uint64_t entry = leaves[l];
    if (!leaf_is_user(entry)) {
        return E_NOT_MAPPED;
    }
    clear_leaf(l, r, 0);
    if (leaf_kind(entry) == PTE_AVL_SHARED && leaf_is_user(leaves[share]) &&
        leaf_uses(leaves[share]) != 0) {
        remove_use(share);
    }
    return OK;
}

/* Memory that nothing maps becomes a kernel object in the account of `to`. OK, E_NO_FRAME,
 * E_NOT_OWNER, E_BUSY, E_LIMIT. */
/*@ requires r < RECORDS && who != 0 && to != 0 && machine_ok && type_object(type) && level <= 4;
    assigns records[r].type, records[r].cache, records[r].mappings, records[r].owner,
        records[r].tag, owned[who], owned[to];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r) && account_same{Pre, Post}(who) &&
        account_same{Pre, Post}(to);
    ensures \result == OK <==> \old(records[r].owner) == who && \old(records[r].mappings) == 0 &&
        (\old(records[r].type) == FRAME_RAM || \old(records[r].type) == FRAME_DIRTY) &&
        (to == who || \old(owned[to]) < limit[to]);
    ensures \result == OK ==> records[r].type == type && records[r].owner == to &&
        records[r].tag == tag;
*/
static inline int64_t op_make_object(uint32_t who, uint32_t r, uint32_t to, enum frame_type type,
                                     uint32_t level, uint64_t tag)
{
    int64_t error = own_check_object(&records[r], who);
    if (error == OK && to != who && owned[to] >= limit[to]) {
        error = E_LIMIT;
    }
    if (error != OK) {
        return error;
    }
    make_object(r, type, level, tag);
    if (to != who) {
        give_record(r, to);
    }
    return OK;
}

/* An object has ended: memory of its owner again, never its old content. OK, E_TYPE. */
/*@ requires r < RECORDS && machine_ok;
    assigns records[r].type, records[r].cache, records[r].mappings, records[r].tag;
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r);
    ensures \result == OK ==> type_object(\old(records[r].type));
    ensures type_object(\old(records[r].type)) ==> \result == OK;
    ensures \result == OK ==> records[r].type == FRAME_DIRTY && records[r].mappings == 0;
*/
static inline int64_t op_end_object(uint32_t r)
{
    if (records[r].type < FRAME_STOCK || records[r].type > FRAME_DEVICE_RECORDS) {
        return E_TYPE;
    }
    end_object(r);
    return OK;
}

/* Taken by force: the loser's own access ends, the taker owns it; who else maps it, maps it still.
 * OK, E_NOT_OWNER, E_LIMIT. */
/*@ requires loser != 0 && taker != 0 && loser != taker && machine_ok && stands_for(l, r);
    requires !entry_user(refill);
    assigns records[r].mappings, records[r].owner, owned[loser], owned[taker], leaves[l];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r) && account_same{Pre, Post}(loser) &&
        account_same{Pre, Post}(taker) && leaf_same{Pre, Post}(l);
    ensures \result == OK ==> \old(records[r].owner) == loser && records[r].owner == taker &&
        !entry_user(leaves[l]) && owned[taker] == \old(owned[taker]) + 1;
*/
static inline int64_t op_reclaim(uint32_t loser, uint32_t r, uint32_t l, uint32_t taker,
                                 uint64_t refill)
{
    if (records[r].owner != loser ||
        (records[r].type != FRAME_RAM && records[r].type != FRAME_DIRTY)) {
        return E_NOT_OWNER;
    }
    if (owned[taker] >= limit[taker]) {
        return E_LIMIT;
    }
    if (leaf_is_user(leaves[l])) {
        clear_leaf(l, r, refill);
    }
    give_record(r, taker);
    return OK;
}

/* The end of a domain, when its page tables are gone: what others still map, and records of
 * devices, go to the heir, whatever his limit; the rest is free. OK, E_NOT_OWNER. */
/*@ requires r < RECORDS && who != 0 && heir != 0 && heir != who && machine_ok;
    assigns records[r].type, records[r].cache, records[r].mappings, records[r].owner,
        records[r].tag, owned[who], owned[heir];
    ensures leaves_ok && records_ok;
    ensures counts_ok;
    ensures accounts_ok;
    ensures \result != OK ==> record_same{Pre, Post}(r) && account_same{Pre, Post}(who) &&
        account_same{Pre, Post}(heir);
    ensures \result == OK <==> \old(records[r].owner) == who;
    ensures \result == OK ==> owned[who] == \old(owned[who]) - 1;
    ensures \result == OK && (user_leaves{Pre}(&records[r]) != 0 ||
        \old(records[r].type) == FRAME_DEVICE_RECORDS) ==> records[r].owner == heir;
    ensures \result == OK && user_leaves{Pre}(&records[r]) == 0 &&
        \old(records[r].type) != FRAME_DEVICE_RECORDS ==> records[r].owner == 0;
*/
static inline int64_t op_inherit(uint32_t who, uint32_t r, uint32_t heir)
{
    if (records[r].owner != who) {
        return E_NOT_OWNER;
    }
    if ((records[r].type != FRAME_TABLE && records[r].mappings != 0) ||
        records[r].type == FRAME_DEVICE_RECORDS) {
        give_record(r, heir);
    } else {
        free_record(r);
    }
    return OK;
}

#endif
