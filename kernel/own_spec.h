/*
 * The words of the contracts in kernel/own.h (ACSL: doc/proof.md). The compiler sees comments only.
 */
#ifndef KERNEL_OWN_SPEC_H
#define KERNEL_OWN_SPEC_H

/* ---- Records ---- */

/*@ // What domains own to use, what the kernel made of it for them, and what is nobody's.
    predicate type_memory(integer type) =
        type == FRAME_RAM || type == FRAME_DIRTY || type == FRAME_DEVICE;
    predicate type_object(integer type) =
        type == FRAME_STOCK || type == FRAME_TABLE || type == FRAME_DOMAIN ||
        type == FRAME_SLOTS || type == FRAME_THREAD || type == FRAME_ENDPOINT ||
        type == FRAME_DEVICE_RECORDS;
    predicate type_owned(integer type) = type_memory(type) || type_object(type);

    // What user leaves may point to; the system page only if they cannot write.
    predicate type_mapped(integer type) =
        type == FRAME_RAM || type == FRAME_DEVICE || type == FRAME_SYSTEM;

    // A page table's record uses the field for a count of its own.
    logic integer user_leaves(struct frame *record) =
        record->type == FRAME_TABLE ? 0 : record->mappings;

    predicate record_ok(struct frame *record) =
        0 <= record->type < FRAME_TYPE_COUNT &&
        (type_owned(record->type) <==> record->owner != 0) &&
        (user_leaves(record) != 0 ==> type_mapped(record->type)) &&
        (type_mapped(record->type) ==> record->cache <= CACHE_WRITE_COMBINING) &&
        (record->type == FRAME_RAM || record->type == FRAME_DIRTY ==>
         record->cache == CACHE_WRITE_BACK);
*/

/* ---- Leaves: what the bits of an entry say ---- */

/*@ predicate entry_user(integer entry) =
        (entry & (PTE_PRESENT | PTE_USER)) == (PTE_PRESENT | PTE_USER);
    predicate entry_writable(integer entry) = (entry & PTE_WRITE) != 0;
    predicate entry_executable(integer entry) = (entry & PTE_NX) == 0;
    predicate entry_large(integer entry) = (entry & PTE_LARGE) != 0;
    logic integer entry_address(integer entry) = entry & PTE_ADDRESS;
    logic integer entry_cache(integer entry) = entry & (PTE_PCD | PTE_PWT);
    logic integer entry_kind(integer entry) = (entry >> PTE_AVL_SHIFT) & 7;
    logic integer entry_uses(integer entry) = (entry >> LEAF_USES_SHIFT) & LEAF_USES_MAX;

    // The bits PCD and PWT that stand for a cache type (PAT: kernel/x86/cpu.c).
    logic integer cache_bits(integer cache) =
        cache == CACHE_WRITE_BACK ? 0 : cache == CACHE_UNCACHED ? (PTE_PCD | PTE_PWT) : PTE_PWT;
*/

/*@ predicate rights_write(integer rights) = (rights & MAP_WRITE) != 0;
    predicate rights_execute(integer rights) = (rights & MAP_EXECUTE) != 0;
    predicate rights_ok(integer rights) =
        0 < rights <= (MAP_READ | MAP_WRITE | MAP_EXECUTE) &&
        !(rights_write(rights) && rights_execute(rights));

    predicate leaf_ok(struct leaf *leaf) =
        (leaf->address & PTE_ADDRESS) == leaf->address && rights_ok(leaf->rights) &&
        leaf->kind <= 7;

    // The entry says what the leaf does, of memory of a cache type.
    predicate entry_is(integer entry, struct leaf *leaf, integer cache) =
        entry_user(entry) && entry_address(entry) == leaf->address &&
        (entry_writable(entry) <==> rights_write(leaf->rights)) &&
        (entry_executable(entry) <==> rights_execute(leaf->rights)) &&
        (entry_large(entry) <==> leaf->large != 0) &&
        entry_kind(entry) == leaf->kind && entry_cache(entry) == cache_bits(cache) &&
        entry_uses(entry) == 0;

    // No leaf is writable and executable at once.
    predicate entry_ok(integer entry) = !(entry_writable(entry) && entry_executable(entry));

    // To the processor and to the kernel the same, but for the count of uses.
    predicate entry_does_same(integer a, integer b) =
        (entry_user(a) <==> entry_user(b)) && (entry_writable(a) <==> entry_writable(b)) &&
        (entry_executable(a) <==> entry_executable(b)) && (entry_large(a) <==> entry_large(b)) &&
        entry_address(a) == entry_address(b) && entry_kind(a) == entry_kind(b) &&
        entry_cache(a) == entry_cache(b);
*/

#endif
