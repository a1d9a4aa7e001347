/*
 * frame_grant and frame_revoke with runs: of frames, of blocks, of frames of a block, of device
 * memory; with too few page tables, which changes nothing; to domains that are ending or gone; and
 * with slots that are stale or somebody else's.
 */
#include "tests/system/puppet.h"

#define AT (MAPPINGS_END - 4 * BLOCK_BYTES)
#define ORDER(order) ((uint32_t)(order) << 8)
#define STALE 20

static void accept(const struct puppet *puppet, uint64_t frames)
{
    EXPECT(OK, PUPPET_CALL(puppet, domain_set, SLOT_SELF, DOMAIN_ACCEPT, frames));
}

/* Can it read the first and last word of so many bytes? */
static bool reads_all(const struct puppet *puppet, uint64_t address, uint64_t bytes)
{
    return puppet_reads(puppet, address) && puppet_reads(puppet, address + bytes - 8);
}

static bool reads_any(const struct puppet *puppet, uint64_t address, uint64_t bytes)
{
    bool any = false;
    for (uint64_t at = address; at < address + bytes; at += bytes / 8) {
        any |= puppet_reads(puppet, at);
    }
    return any;
}

/* Needs `tables` page tables; with fewer it is refused as often as it is tried. */
static void test_tables(uint32_t order, unsigned tables)
{
    uint64_t run = claim(order, 0);
    struct puppet puppet = puppet_make(0, 1000, 0);
    accept(&puppet, 1ull << order);
    for (unsigned i = 0; i < tables; i++) {
        EXPECT(E_NO_TABLES, sys_frame_grant(run, order, puppet.domain, RW));
        EXPECT(E_NO_TABLES, sys_frame_grant(run, order, puppet.domain, RW | GRANT_SHARE));
        fund(puppet.domain, 1);
    }
    EXPECT(false, reads_any(&puppet, run, FRAME_BYTES << order));
    EXPECT(OK, sys_frame_grant(run, order, puppet.domain, RW));
    EXPECT(true, reads_all(&puppet, run, FRAME_BYTES << order));
    EXPECT(true, puppet_writes(&puppet, run + (FRAME_BYTES << order) - 8, 1));
    EXPECT(OK, sys_frame_revoke(run, order, puppet.domain));
    EXPECT(false, reads_any(&puppet, run, FRAME_BYTES << order));
    EXPECT(OK, sys_frame_grant(run, order, puppet.domain, MAP_READ)); /* with the same tables */
    puppet_end(&puppet);
    EXPECT(OK, sys_frame_release(run, order)); /* the grant ended with its receiver */
}

/* A block: whole, in parts, and as part of a larger run. */
static void test_blocks(const struct puppet *puppet)
{
    uint64_t run = claim(ORDER_BLOCK + 1, 0), part = run + 32 * FRAME_BYTES;
    uint64_t second = run + BLOCK_BYTES;
    accept(puppet, 2000);
    EXPECT(OK, sys_frame_grant(part, 4, puppet->domain, RW));
    EXPECT(true, reads_all(puppet, part, 16 * FRAME_BYTES));
    EXPECT(false, puppet_reads(puppet, part - 8));
    EXPECT(false, puppet_reads(puppet, part + 16 * FRAME_BYTES));
    EXPECT(E_MAPPED, sys_frame_grant(run, ORDER_BLOCK, puppet->domain, RW));
    EXPECT(E_MAPPED, sys_frame_grant(run, ORDER_BLOCK + 1, puppet->domain, RW));
    EXPECT(E_MAPPED, sys_frame_give(run, ORDER_BLOCK, puppet->domain, RW));
    EXPECT(E_NOT_GRANTED, sys_frame_revoke(run, ORDER_BLOCK, puppet->domain));
    EXPECT(E_NOT_GRANTED, sys_frame_revoke(part, 5, puppet->domain));
    EXPECT(OK, sys_frame_grant(second, ORDER_BLOCK, puppet->domain, MAP_READ));
    EXPECT(E_MAPPED, sys_frame_grant(second + FRAME_BYTES, 0, puppet->domain, MAP_READ));
    EXPECT(E_NOT_GRANTED, sys_frame_revoke(second + FRAME_BYTES, 0, puppet->domain));
    EXPECT(E_NOT_GRANTED, sys_frame_revoke(run, ORDER_BLOCK + 1, puppet->domain));
    EXPECT(true, reads_all(puppet, second, BLOCK_BYTES));
    EXPECT(true, reads_all(puppet, part, 16 * FRAME_BYTES));
    EXPECT(OK, sys_frame_revoke(part, 3, puppet->domain));
    EXPECT(false, puppet_reads(puppet, part));
    EXPECT(OK, sys_frame_revoke(part + 8 * FRAME_BYTES, 3, puppet->domain));
    EXPECT(E_MAPPED, sys_frame_grant(run, ORDER_BLOCK + 1, puppet->domain, RW));
    EXPECT(OK, sys_frame_revoke(second, ORDER_BLOCK, puppet->domain));
    EXPECT(OK, sys_frame_grant(run, ORDER_BLOCK + 1, puppet->domain, RW | GRANT_SHARE));
    EXPECT(OK, PUPPET_CALL(puppet, page_map, SLOT_SELF, AT, run, RW | ORDER(ORDER_BLOCK + 1)));
    EXPECT(true, reads_all(puppet, AT, 2 * BLOCK_BYTES));
    EXPECT(OK, PUPPET_CALL(puppet, page_unmap, SLOT_SELF, AT, ORDER_BLOCK));
    EXPECT(E_BUSY, sys_frame_revoke(run, ORDER_BLOCK + 1, puppet->domain));
    EXPECT(E_NOT_OWNER, PUPPET_CALL(puppet, page_map, SLOT_SELF, AT, run, RW)); /* not in frames */
    EXPECT(OK, sys_frame_revoke(run, ORDER_BLOCK, puppet->domain));
    EXPECT(OK, PUPPET_CALL(puppet, page_unmap, SLOT_SELF, AT + BLOCK_BYTES, ORDER_BLOCK));
    EXPECT(OK, sys_frame_revoke(second, ORDER_BLOCK, puppet->domain));
    EXPECT(false, reads_any(puppet, AT, 2 * BLOCK_BYTES));
    EXPECT(false, reads_any(puppet, run, 2 * BLOCK_BYTES));
    EXPECT(OK, sys_frame_release(run, ORDER_BLOCK + 1));
    accept(puppet, 0);
}

/* Given to whom it was lent already: it owns it now, and the loan is none. */
static void test_give_of_granted(const struct puppet *puppet)
{
    uint64_t run = claim(2, RW);
    accept(puppet, 10);
    EXPECT(OK, sys_frame_grant(run, 1, puppet->domain, MAP_READ));
    EXPECT(OK, sys_frame_give(run, 2, puppet->domain, RW));
    EXPECT(true, puppet_writes(puppet, run, 1));
    EXPECT(E_NOT_OWNER, sys_frame_revoke(run, 1, puppet->domain));
    EXPECT(E_NOT_GRANTED, PUPPET_CALL(puppet, frame_revoke, run, 1, SLOT_SELF));
    EXPECT(OK, PUPPET_CALL(puppet, frame_release, run, 2));

    /* The other way: the share stays mapped in the upper half of its new owner. */
    run = claim(0, RW);
    EXPECT(OK, sys_frame_grant(run, 0, puppet->domain, RW | GRANT_SHARE));
    EXPECT(OK, PUPPET_CALL(puppet, page_map, SLOT_SELF, AT, run, RW));
    EXPECT(OK, sys_frame_give(run, 0, puppet->domain, 0));
    EXPECT(false, puppet_reads(puppet, run));
    EXPECT(true, puppet_reads(puppet, AT));
    EXPECT(E_BUSY, PUPPET_CALL(puppet, frame_release, run, 0));
    EXPECT(OK, PUPPET_CALL(puppet, page_unmap, SLOT_SELF, AT, 0));
    EXPECT(OK, PUPPET_CALL(puppet, frame_release, run, 0));
    accept(puppet, 0);
}

/* Device memory is granted like RAM, and keeps its cache type. */
static void test_device(const struct puppet *puppet)
{
    uint64_t run = VGA_TEXT_FRAME;
    accept(puppet, 8);
    EXPECT(E_NO_FRAME, sys_frame_grant(run, 3, puppet->domain, RW)); /* nobody's yet */
    EXPECT(OK, sys_frame_claim_device(SLOT_INIT_DEVICES, run, 3, MAP_READ, CACHE_UNCACHED));
    EXPECT(OK, sys_frame_grant(run, 3, puppet->domain, RW | GRANT_SHARE));
    EXPECT(true, puppet_writes(puppet, run + 8, 0x0720072007200720));
    EXPECT(0x0720, *(volatile uint16_t *)(run + 8));
    EXPECT(OK, PUPPET_CALL(puppet, page_map, SLOT_SELF, AT, run, MAP_READ));
    EXPECT(true, puppet_reads(puppet, AT));
    EXPECT(E_BUSY, sys_frame_release(run, 3));
    EXPECT(E_BUSY, sys_frame_revoke(run, 3, puppet->domain));
    EXPECT(OK, PUPPET_CALL(puppet, page_unmap, SLOT_SELF, AT, 0));
    EXPECT(OK, sys_frame_revoke(run, 3, puppet->domain));
    EXPECT(false, puppet_reads(puppet, run));
    EXPECT(OK, sys_frame_release(run, 3));
    accept(puppet, 0);
}

/* A domain that is ending takes nothing more; one that is gone is not the next in its frames. */
static void test_ending(const struct puppet *puppet)
{
    uint64_t frame = claim(0, RW), objects[3] = {claim_object(), claim_object(), claim_object()};
    EXPECT(OK, sys_domain_create(STALE, objects[0], objects[1], objects[2]));
    EXPECT(OK, sys_domain_set(STALE, DOMAIN_FRAME_LIMIT, 20));
    EXPECT(OK, sys_domain_set(STALE, DOMAIN_ACCEPT, 20));
    fund(STALE, 4);
    EXPECT(OK, sys_frame_grant(frame, 0, STALE, RW));
    EXPECT(OK, sys_slot_copy(puppet->domain, ITS_FREE, STALE, RIGHT_ALL, 0));
    EXPECT(E_NOT_OWNER, PUPPET_CALL(puppet, frame_grant, frame, 0, ITS_FREE, RW));
    EXPECT(E_NOT_OWNER, PUPPET_CALL(puppet, frame_revoke, frame, 0, ITS_FREE));
    EXPECT(E_AGAIN, puppet_do(puppet, CALL_domain_destroy, ITS_FREE, 0, 0, 0, 0));
    EXPECT(E_DEAD, sys_frame_grant(frame, 0, STALE, RW));
    EXPECT(E_DEAD, sys_frame_revoke(frame, 0, STALE));
    EXPECT(E_DEAD, sys_frame_give(frame, 0, STALE, 0));
    EXPECT(E_BUSY, sys_frame_release(frame, 0)); /* its tables are still there */
    EXPECT(OK, sys_domain_destroy(STALE));
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(objects[i], sys_frame_claim(objects[i], 0, 0, 0));
    }
    EXPECT(OK, sys_domain_create(STALE + 1, objects[0], objects[1], objects[2]));
    EXPECT(OK, sys_domain_set(STALE + 1, DOMAIN_ACCEPT, 20));
    EXPECT(E_DEAD, sys_frame_grant(frame, 0, STALE, RW));
    EXPECT(E_DEAD, PUPPET_CALL(puppet, frame_grant, puppet->code, 0, ITS_FREE, MAP_READ));
    EXPECT(E_DEAD, PUPPET_CALL(puppet, frame_reclaim, ITS_FREE, 0));
    EXPECT(OK, PUPPET_CALL(puppet, slot_drop, ITS_FREE));
    EXPECT(OK, sys_domain_destroy(STALE + 1));
    EXPECT(OK, sys_slot_drop(STALE));
    EXPECT(OK, sys_slot_drop(STALE + 1));
    EXPECT(OK, sys_frame_release(frame, 0));
}

int main(void)
{
    fund(SLOT_SELF, 16);
    puppets_begin();
    uint64_t before = ledger();
    test_tables(0, 3);
    test_tables(5, 3);
    test_tables(ORDER_BLOCK, 2); /* a directory entry is enough */
    test_tables(ORDER_BLOCK + 2, 2);
    struct puppet puppet = puppet_make(0, 3000, 6);
    test_blocks(&puppet);
    test_give_of_granted(&puppet);
    test_device(&puppet);
    test_ending(&puppet);
    puppet_end(&puppet);
    EXPECT(before, ledger());
    end_test();
}
