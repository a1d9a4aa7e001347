/*
 * Refusals that the short ways through calls could miss: each stands where the rest of a short
 * way's conditions hold, so that only the one check is between the caller and what it must not get.
 * Found by seeding bugs (make mutants).
 */
#include "tests/system/clone.h"
#include "tests/system/plain_call.h"
#include "tests/system/puppet.h"

#define AT (PROGRAM_BASE + (8ull << 30)) /* mapped by nobody else */
#define FAR 0x3f00000000ull              /* above all RAM */

enum { OTHER = 110, WEAK, CHILD };

static void claims_of_blocks_come_without_access(void)
{
    for (uint32_t order = ORDER_BLOCK + 1; order <= ORDER_MAX; order++) {
        EXPECT(E_ARGUMENT, plain_call(CALL_frame_claim, ZONE_ANY, order, RW, 0));
        EXPECT(E_ARGUMENT, plain_call(CALL_frame_claim, ZONE_ANY, order, MAP_READ, 0));
    }
}

/* Another frame beside it keeps the page table. */
static void release_inside_of_a_frame(void)
{
    uint64_t frame = claim(ORDER_FRAME, RW), other = claim(ORDER_FRAME, RW);
    for (uint64_t offset = 1; offset < FRAME_BYTES; offset *= 2) {
        EXPECT(E_ALIGNMENT, sys_frame_release(frame + offset, ORDER_FRAME));
        EXPECT(E_ALIGNMENT, sys_frame_release(other + offset, ORDER_FRAME));
    }
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(other, ORDER_FRAME));
}

static void give_to_whom(void)
{
    uint64_t frame = claim(ORDER_FRAME, RW);
    EXPECT(E_ARGUMENT, sys_frame_give(frame, ORDER_FRAME, SLOT_SELF, 0));
    EXPECT(E_ARGUMENT, sys_frame_give(frame, ORDER_FRAME, SLOT_SELF, RW));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, WEAK, OTHER, RIGHT_ALL & ~RIGHT_CONTROL, 0));
    EXPECT(E_RIGHTS, sys_frame_give(frame, ORDER_FRAME, WEAK, 0));
    EXPECT(OK, sys_slot_drop(WEAK));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
}

/* The first block's leaf is in the page table that is found again for the second. */
static void a_block_is_512_frames_to_accept(void)
{
    uint64_t first = claim(ORDER_BLOCK, RW), second = claim(ORDER_BLOCK, RW);
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_ACCEPT, 2 * 512 - 1));
    EXPECT(OK, sys_frame_grant(first, ORDER_BLOCK, OTHER, MAP_READ));
    EXPECT(E_NOT_ACCEPTED, sys_frame_grant(second, ORDER_BLOCK, OTHER, MAP_READ));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_ACCEPT, 512));
    EXPECT(OK, sys_frame_grant(second, ORDER_BLOCK, OTHER, MAP_READ));
    uint64_t frame = claim(ORDER_FRAME, RW);
    EXPECT(E_NOT_ACCEPTED, sys_frame_grant(frame, ORDER_FRAME, OTHER, MAP_READ));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    EXPECT(OK, sys_frame_revoke(first, ORDER_BLOCK, OTHER));
    EXPECT(OK, sys_frame_revoke(second, ORDER_BLOCK, OTHER));
    EXPECT(OK, sys_frame_release(first, ORDER_BLOCK));
    EXPECT(OK, sys_frame_release(second, ORDER_BLOCK));
}

/* What a revocation gives back can be granted again, no more; `kept` keeps the page table. */
static void revocation_gives_back_as_much(void)
{
    uint64_t kept = claim(ORDER_FRAME, RW), frame = claim(ORDER_FRAME, RW);
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_ACCEPT, 2));
    EXPECT(OK, sys_frame_grant(kept, ORDER_FRAME, OTHER, MAP_READ));
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(OK, sys_frame_grant(frame, ORDER_FRAME, OTHER, MAP_READ));
        EXPECT(OK, sys_frame_revoke(frame, ORDER_FRAME, OTHER));
    }
    EXPECT(OK, sys_frame_grant(frame, ORDER_FRAME, OTHER, MAP_READ));
    EXPECT(OK, sys_frame_revoke(kept, ORDER_FRAME, OTHER));
    EXPECT(OK, sys_frame_revoke(frame, ORDER_FRAME, OTHER));
    EXPECT(OK, sys_frame_release(kept, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
}

/* A first page is there, so that the page table is found again. */
static void mapping_needs_control(void)
{
    uint64_t frame = claim(ORDER_FRAME, RW);
    EXPECT(OK, sys_page_map(OTHER, AT, frame, RW));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, WEAK, OTHER, RIGHT_ALL & ~RIGHT_CONTROL, 0));
    EXPECT(E_RIGHTS, sys_page_map(WEAK, AT + FRAME_BYTES, frame, RW));
    EXPECT(E_NOT_MAPPED, sys_page_unmap(OTHER, AT + FRAME_BYTES, ORDER_FRAME));
    EXPECT(OK, sys_page_map(OTHER, AT + FRAME_BYTES, frame, RW));
    EXPECT(E_RIGHTS, sys_page_unmap(WEAK, AT, ORDER_FRAME));
    EXPECT(OK, sys_page_unmap(OTHER, AT, ORDER_FRAME));
    EXPECT(OK, sys_page_unmap(OTHER, AT + FRAME_BYTES, ORDER_FRAME));
    EXPECT(OK, sys_slot_drop(WEAK));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
}

/* Where the kernel has no mapping of its own, to whose cache type the claim's must be equal. */
static void cache_types_are_three(void)
{
    for (uint32_t cache = CACHE_WRITE_COMBINING + 1; cache <= 256; cache++) {
        EXPECT(E_ARGUMENT,
               sys_frame_claim_device(SLOT_INIT_DEVICES, FAR, ORDER_FRAME, MAP_READ, cache));
        EXPECT(E_ARGUMENT, sys_frame_claim_device(SLOT_INIT_DEVICES, FAR, ORDER_BLOCK, 0, cache));
    }
}

static void a_domain_is_three_frames(void)
{
    uint64_t a = claim_object(), b = claim_object();
    EXPECT(E_BUSY, sys_domain_create(WEAK, a, a, b));
    EXPECT(E_BUSY, sys_domain_create(WEAK, a, b, a));
    EXPECT(E_BUSY, sys_domain_create(WEAK, b, a, a));
    EXPECT(E_BUSY, sys_domain_create(WEAK, a, a, a));
    EXPECT(E_SLOT, sys_slot_drop(WEAK));
    EXPECT(OK, sys_frame_release(a, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(b, ORDER_FRAME));
}

/* The creator of a domain inherits from it, but not while it is being ended itself. */
static void the_dying_do_not_inherit(void)
{
    struct puppet creator = puppet_make(0, 100, 8);
    uint64_t objects[3], self = own_object(), frame = claim(ORDER_FRAME, RW);
    EXPECT(E_ARGUMENT, PUPPET_CALL(&creator, domain_destroy, SLOT_SELF));
    for (unsigned i = 0; i < 3; i++) {
        objects[i] = (uint64_t)PUPPET_CALL(&creator, frame_claim, ZONE_ANY, ORDER_FRAME, 0);
    }
    EXPECT(OK, PUPPET_CALL(&creator, domain_create, ITS_FREE, objects[0], objects[1], objects[2]));
    EXPECT(OK, sys_domain_adopt(CHILD, SLOT_INIT_MACHINE, objects[0]));
    EXPECT(OK, sys_domain_set(CHILD, DOMAIN_FRAME_LIMIT, 4));
    EXPECT(OK, sys_page_map(SLOT_SELF, AT, frame, MAP_READ));
    EXPECT(OK, sys_frame_give(frame, ORDER_FRAME, CHILD, 0));
    EXPECT(E_AGAIN, destroy_step(creator.domain));
    EXPECT(OK, sys_domain_destroy(CHILD));
    EXPECT(self, owner_of(frame));
    EXPECT(OK, sys_slot_drop(CHILD));
    puppet_end(&creator);
    EXPECT(OK, sys_page_unmap(SLOT_SELF, AT, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
}

int main(void)
{
    fund(SLOT_SELF, 16);
    uint64_t before = ledger();
    claims_of_blocks_come_without_access();
    release_inside_of_a_frame();
    make_domain(OTHER, 600);
    fund(OTHER, 8);
    give_to_whom();
    a_block_is_512_frames_to_accept();
    revocation_gives_back_as_much();
    mapping_needs_control();
    cache_types_are_three();
    a_domain_is_three_frames();
    puppets_begin();
    before--;
    the_dying_do_not_inherit();
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(before, ledger());
    end_test();
}
