/*
 * frame_grant and frame_revoke: each success and every error that cocos/sys.h lists, with frames
 * lent and shared, read-only and not; and that the receiver can touch exactly what it is granted,
 * exactly as long: what it may not, faults.
 */
#include "tests/system/puppet.h"

#define AT (MAPPINGS_END - 4 * BLOCK_BYTES)
#define ORDER(order) ((uint32_t)(order) << 8)
#define COPY 20
#define SHARED_RW (RW | GRANT_SHARE)

static void accept(const struct puppet *puppet, uint64_t frames)
{
    EXPECT(OK, PUPPET_CALL(puppet, domain_set, SLOT_SELF, DOMAIN_ACCEPT, frames));
}

/* Lent: at once there, at once gone; what is written is seen on both sides. */
static void test_lend(const struct puppet *puppet)
{
    uint64_t frame = claim(ORDER_FRAME, RW);
    volatile uint64_t *word = (volatile uint64_t *)frame;
    *word = 7;
    EXPECT(false, puppet_reads(puppet, frame));
    EXPECT(E_NOT_ACCEPTED, sys_frame_grant(frame, ORDER_FRAME, puppet->domain, RW));
    accept(puppet, 1);
    EXPECT(OK, sys_frame_grant(frame, ORDER_FRAME, puppet->domain, MAP_READ));
    EXPECT(7, puppet_do(puppet, PUPPET_READ, frame, 0, 0, 0, 0));
    EXPECT(false, puppet_writes(puppet, frame, 8));
    EXPECT(7, *word);
    EXPECT(E_NOT_ACCEPTED, sys_frame_grant(frame, ORDER_FRAME, puppet->domain, RW));
    accept(puppet, 1);
    EXPECT(E_MAPPED, sys_frame_grant(frame, ORDER_FRAME, puppet->domain, RW));
    EXPECT(E_BUSY, sys_frame_release(frame, ORDER_FRAME));
    EXPECT(OK, sys_frame_revoke(frame, ORDER_FRAME, puppet->domain));
    EXPECT(false, puppet_reads(puppet, frame));
    EXPECT(E_NOT_GRANTED, sys_frame_revoke(frame, ORDER_FRAME, puppet->domain));

    EXPECT(OK, sys_frame_grant(frame, ORDER_FRAME, puppet->domain, RW));
    EXPECT(true, puppet_writes(puppet, frame, 9));
    EXPECT(9, *word);
    /* The owner without access grants all the same; the loan is no share. */
    EXPECT(OK, sys_frame_access(frame, ORDER_FRAME, 0));
    EXPECT(true, puppet_reads(puppet, frame));
    EXPECT(E_NOT_OWNER, PUPPET_CALL(puppet, page_map, SLOT_SELF, AT, frame, MAP_READ));
    EXPECT(E_NOT_OWNER, PUPPET_CALL(puppet, frame_release, frame, ORDER_FRAME));
    EXPECT(E_NOT_OWNER, PUPPET_CALL(puppet, frame_access, frame, ORDER_FRAME, RW));
    EXPECT(OK, sys_frame_revoke(frame, ORDER_FRAME, puppet->domain));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    accept(puppet, 0);
}

/* Shared: the receiver maps it as well, and as long as it does the share does not end. */
static void test_share(const struct puppet *puppet)
{
    uint64_t frame = claim(ORDER_FRAME, RW);
    accept(puppet, 10);
    EXPECT(OK, sys_frame_grant(frame, ORDER_FRAME, puppet->domain, MAP_READ | GRANT_SHARE));
    EXPECT(E_NOT_OWNER, PUPPET_CALL(puppet, page_map, SLOT_SELF, AT, frame, RW));
    EXPECT(OK, PUPPET_CALL(puppet, page_map, SLOT_SELF, AT, frame, MAP_READ | MAP_EXECUTE));
    EXPECT(OK, PUPPET_CALL(puppet, page_map, SLOT_SELF, AT + FRAME_BYTES, frame, MAP_READ));
    EXPECT(true, puppet_reads(puppet, AT));
    EXPECT(E_BUSY, sys_frame_revoke(frame, ORDER_FRAME, puppet->domain));
    EXPECT(E_BUSY, PUPPET_CALL(puppet, frame_revoke, frame, ORDER_FRAME, SLOT_SELF));
    EXPECT(OK, PUPPET_CALL(puppet, page_unmap, SLOT_SELF, AT, ORDER_FRAME));
    EXPECT(E_BUSY, sys_frame_revoke(frame, ORDER_FRAME, puppet->domain));
    EXPECT(OK, PUPPET_CALL(puppet, page_unmap, SLOT_SELF, AT + FRAME_BYTES, ORDER_FRAME));
    EXPECT(OK, sys_frame_revoke(frame, ORDER_FRAME, puppet->domain));
    EXPECT(false, puppet_reads(puppet, AT));
    EXPECT(false, puppet_reads(puppet, frame));

    /* The receiver lets go. */
    EXPECT(OK, sys_frame_grant(frame, ORDER_FRAME, puppet->domain, SHARED_RW));
    EXPECT(OK, PUPPET_CALL(puppet, page_map, SLOT_SELF, AT, frame, RW));
    EXPECT(true, puppet_writes(puppet, AT, 5));
    EXPECT(5, *(volatile uint64_t *)frame);
    EXPECT(OK, PUPPET_CALL(puppet, page_unmap, SLOT_SELF, AT, ORDER_FRAME));
    EXPECT(OK, PUPPET_CALL(puppet, frame_revoke, frame, ORDER_FRAME, SLOT_SELF));
    EXPECT(E_NOT_GRANTED, PUPPET_CALL(puppet, frame_revoke, frame, ORDER_FRAME, SLOT_SELF));
    EXPECT(false, puppet_reads(puppet, frame));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    accept(puppet, 0);
}

/* A share counts its mappings; no more than it can count. */
static void test_uses(const struct puppet *puppet)
{
    uint64_t frame = claim_object();
    unsigned mapped = 0;
    int64_t result;
    accept(puppet, 1);
    EXPECT(OK, sys_frame_grant(frame, ORDER_FRAME, puppet->domain, SHARED_RW));
    do {
        result = PUPPET_CALL(puppet, page_map, SLOT_SELF, AT + mapped * FRAME_BYTES, frame, RW);
    } while (result == OK && ++mapped < 200);
    EXPECT(E_LIMIT, result);
    EXPECT(127, mapped);
    while (mapped-- > 0) {
        EXPECT(E_BUSY, sys_frame_revoke(frame, ORDER_FRAME, puppet->domain));
        EXPECT(OK, PUPPET_CALL(puppet, page_unmap, SLOT_SELF, AT + mapped * FRAME_BYTES, 0));
    }
    EXPECT(OK, sys_frame_revoke(frame, ORDER_FRAME, puppet->domain));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    accept(puppet, 0);
}

/* The budget: set by the receiver, used up by grants, given back by revokes. */
static void test_accept(const struct puppet *puppet)
{
    uint64_t run = claim(3, 0);
    accept(puppet, 7);
    EXPECT(E_NOT_ACCEPTED, sys_frame_grant(run, 3, puppet->domain, MAP_READ));
    EXPECT(OK, sys_frame_grant(run, 2, puppet->domain, MAP_READ));
    EXPECT(E_NOT_ACCEPTED, sys_frame_grant(run + 4 * FRAME_BYTES, 2, puppet->domain, MAP_READ));
    EXPECT(OK, sys_frame_grant(run + 4 * FRAME_BYTES, 1, puppet->domain, MAP_READ));
    EXPECT(OK, sys_frame_grant(run + 6 * FRAME_BYTES, 0, puppet->domain, MAP_READ));
    EXPECT(E_NOT_ACCEPTED, sys_frame_grant(run + 7 * FRAME_BYTES, 0, puppet->domain, MAP_READ));
    EXPECT(E_NOT_GRANTED, sys_frame_revoke(run, 3, puppet->domain)); /* the last one is not */
    EXPECT(true, puppet_reads(puppet, run));                         /* and nothing has changed */
    EXPECT(OK, sys_frame_revoke(run, 2, puppet->domain));
    EXPECT(OK, sys_frame_grant(run, 2, puppet->domain, MAP_READ));
    accept(puppet, 1);
    EXPECT(OK, sys_frame_grant(run + 7 * FRAME_BYTES, 0, puppet->domain, MAP_READ));
    EXPECT(OK, sys_frame_revoke(run, 3, puppet->domain));
    EXPECT(OK, sys_frame_release(run, 3));
    EXPECT(E_ARGUMENT, PUPPET_CALL(puppet, domain_set, SLOT_SELF, DOMAIN_ACCEPT, 1ull << 32));
    accept(puppet, UINT32_MAX); /* a budget that cannot grow does not wrap */
    uint64_t block = claim(ORDER_BLOCK, 0);
    EXPECT(OK, sys_frame_grant(block, ORDER_BLOCK, puppet->domain, RW));
    accept(puppet, UINT32_MAX - 100);
    EXPECT(OK, sys_frame_revoke(block, ORDER_BLOCK, puppet->domain));
    EXPECT(OK, sys_frame_grant(block, ORDER_BLOCK, puppet->domain, RW));
    EXPECT(OK, sys_frame_revoke(block, ORDER_BLOCK, puppet->domain));
    EXPECT(OK, sys_frame_release(block, ORDER_BLOCK));
    accept(puppet, 0);
}

/* Slots, rights and memory that will not do: each error, and no access from any. */
static void test_errors(const struct puppet *puppet)
{
    uint64_t frame = claim(ORDER_FRAME, RW), object = claim_object();
    uint32_t to = puppet->domain;
    accept(puppet, 1000);
    EXPECT(E_ARGUMENT, sys_frame_grant(frame, ORDER_MAX + 1, to, RW));
    EXPECT(E_ARGUMENT, sys_frame_grant(frame, ORDER_FRAME, to, 0));
    EXPECT(E_ARGUMENT, sys_frame_grant(frame, ORDER_FRAME, to, GRANT_SHARE));
    EXPECT(E_ARGUMENT, sys_frame_grant(frame, ORDER_FRAME, to, 16 | RW));
    EXPECT(E_ARGUMENT, sys_frame_grant(frame, ORDER_FRAME, SLOT_SELF, RW));
    EXPECT(E_WRITE_EXECUTE, sys_frame_grant(frame, ORDER_FRAME, to, MAP_READ | MAP_EXECUTE));
    EXPECT(E_ALIGNMENT, sys_frame_grant(frame + 8, ORDER_FRAME, to, RW));
    EXPECT(E_NO_FRAME, sys_frame_grant(0x3f00000000ull, ORDER_FRAME, to, RW));
    EXPECT(E_NO_FRAME, sys_frame_grant(AT, ORDER_FRAME, to, RW));
    EXPECT(E_NOT_OWNER, sys_frame_grant(KERNEL_START, ORDER_FRAME, to, RW));
    EXPECT(E_NOT_OWNER, sys_frame_grant(puppet->code, ORDER_FRAME, to, RW));
    EXPECT(E_SLOT, sys_frame_grant(frame, ORDER_FRAME, 99, RW));
    EXPECT(E_SLOT, sys_frame_grant(frame, ORDER_FRAME, SLOTS_PER_DOMAIN, RW));
    EXPECT(E_TYPE, sys_frame_grant(frame, ORDER_FRAME, puppet->thread, RW));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, COPY, to, RIGHT_ALL & ~RIGHT_GRANT, 0));
    EXPECT(E_RIGHTS, sys_frame_grant(frame, ORDER_FRAME, COPY, RW));
    EXPECT(E_RIGHTS, sys_frame_revoke(frame, ORDER_FRAME, COPY));
    EXPECT(OK, sys_slot_drop(COPY));
    EXPECT(OK, sys_endpoint_create(COPY, object)); /* a kernel object is nobody's to touch */
    EXPECT(E_BUSY, sys_frame_grant(object, ORDER_FRAME, to, RW));
    EXPECT(E_BUSY, sys_frame_revoke(object, ORDER_FRAME, to));
    EXPECT(OK, sys_object_destroy(COPY));
    EXPECT(false, puppet_reads(puppet, frame));

    EXPECT(E_ARGUMENT, sys_frame_revoke(frame, ORDER_MAX + 1, to));
    EXPECT(E_ALIGNMENT, sys_frame_revoke(frame + 8, ORDER_FRAME, to));
    EXPECT(E_NO_FRAME, sys_frame_revoke(0x3f00000000ull, ORDER_FRAME, to));
    EXPECT(E_NOT_OWNER, sys_frame_revoke(puppet->code, ORDER_FRAME, to));
    EXPECT(E_NOT_GRANTED, sys_frame_revoke(frame, ORDER_FRAME, SLOT_SELF)); /* it is its own */
    EXPECT(E_SLOT, sys_frame_revoke(frame, ORDER_FRAME, 99));
    EXPECT(OK, sys_frame_release(object, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    accept(puppet, 0);
}

int main(void)
{
    fund(SLOT_SELF, 16);
    puppets_begin();
    uint64_t before = ledger();
    struct puppet puppet = puppet_make(0, 100, 6);
    test_lend(&puppet);
    test_share(&puppet);
    test_uses(&puppet);
    test_accept(&puppet);
    test_errors(&puppet);
    puppet_end(&puppet);
    EXPECT(before, ledger());
    end_test();
}
