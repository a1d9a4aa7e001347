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

/* Behind a domain's slots lies somebody else's frame, and in it what looks like a slot. */
struct forged {
    uint64_t object, count, badge;
    uint8_t type, rights;
};

static void slots_end_with_their_frame(void)
{
    uint64_t slots = claim(1, RW), root = claim(ORDER_FRAME, 0), object = claim(ORDER_FRAME, 0);
    *(struct forged *)(slots + FRAME_BYTES) =
        (struct forged){.object = 0x3f8, .count = 8, .type = CAP_PORTS, .rights = RIGHT_ALL};
    EXPECT(OK, sys_frame_release(slots, ORDER_FRAME)); /* what comes last is claimed first */
    EXPECT(OK, sys_frame_release(root, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(object, ORDER_FRAME));
    struct puppet puppet = puppet_make(0, 100, 0);
    EXPECT(slots, puppet.objects[2]);
    EXPECT(E_SLOT, PUPPET_CALL(&puppet, ports_enable, SLOTS_PER_DOMAIN));
    EXPECT(E_SLOT, PUPPET_CALL(&puppet, slot_drop, SLOTS_PER_DOMAIN));
    EXPECT(E_SLOT, PUPPET_CALL(&puppet, slot_query, SLOT_SELF, SLOTS_PER_DOMAIN));
    EXPECT(E_SLOT,
           PUPPET_CALL(&puppet, slot_copy, SLOT_SELF, ITS_FREE, SLOTS_PER_DOMAIN, RIGHT_ALL));
    EXPECT(E_SLOT, PUPPET_CALL(&puppet, slot_move, SLOT_SELF, ITS_FREE, SLOTS_PER_DOMAIN));
    puppet_end(&puppet);
    EXPECT(OK, sys_frame_release(slots + FRAME_BYTES, ORDER_FRAME));
}

static void the_dead_are_not_sent(void)
{
    struct puppet puppet = puppet_make(0, 100, 0);
    uint64_t frame = claim_object();
    EXPECT(OK, sys_endpoint_create(WEAK, frame));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, CHILD, WEAK, RIGHT_ALL, 0));
    EXPECT(OK, sys_object_destroy(WEAK));
    struct message answer = {.words = {0}, .send_slot = CHILD};
    EXPECT(E_DEAD, sys_reply(puppet.reply, &answer));
    EXPECT(OK, sys_slot_drop(CHILD));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    puppet_end(&puppet);
}

/* What the kernel kept in an object, and the generation of it, is nobody's to see. */
static void what_was_an_object_is_clear(void)
{
    uint64_t frame = claim_object();
    struct frame_info info;
    EXPECT(OK, sys_endpoint_create(WEAK, frame));
    EXPECT(OK, sys_object_destroy(WEAK));
    EXPECT(OK, sys_frame_query(SLOT_INIT_MACHINE, frame, &info));
    EXPECT(0, info.tag);
    EXPECT(OK, sys_frame_access(frame, ORDER_FRAME, MAP_READ));
    uint64_t found = 0;
    for (unsigned i = 0; i < FRAME_BYTES / 8; i++) {
        found |= ((const volatile uint64_t *)frame)[i];
    }
    EXPECT(0, found);
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
}

/* Nor what the last owner of a free frame called it. */
static void what_is_free_has_no_tag(void)
{
    struct frame_info info;
    uint64_t kept = claim(ORDER_FRAME, RW);
    uint64_t frame = (uint64_t)sys_frame_claim(ZONE_ANY, ORDER_FRAME, RW, 0x746572636573);
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    EXPECT(OK, sys_frame_query(SLOT_INIT_MACHINE, frame, &info));
    EXPECT(0, info.tag);
    EXPECT(OK, sys_frame_release(kept, ORDER_FRAME));
}

/* More threads call an endpoint than one step of its end wakes: every one of them is told. No
 * stack: each calls the endpoint in slot 118, counts the answer, and calls the one in slot 119. */
#define CROWD 70u
__attribute__((used)) static volatile uint64_t crowd_told;
__asm__(".pushsection .text\n"
        "crowd_code:\n\t"
        "mov $4118, %eax\n\t"
        "mov $118, %ebx\n\t"
        "xor %r12d, %r12d\n\t"
        "xor %r13d, %r13d\n\t"
        "mov $-1, %r14\n\t"
        "syscall\n\t"
        "cmp %rdi, %rax\n\t"
        "jne 1f\n\t"
        "incq crowd_told(%rip)\n"
        "1: mov $4118, %eax\n\t"
        "mov $119, %ebx\n\t"
        "syscall\n\t"
        "ud2\n"
        ".popsection\n");
extern const char crowd_code[];

_Static_assert(CALL_call == 4118, "as the code says");

enum { ENDPOINT = 118, PARK, ONE };

static void crowd_start(uint64_t frame)
{
    EXPECT(OK, sys_thread_create(ONE, frame, SLOT_SELF));
    EXPECT(OK, sys_thread_start(ONE, (uint64_t)crowd_code, STACK_TOP, (uint64_t)E_GONE));
}

/* A caller ended before it was answered, and the next thread in its frame waits for an answer. */
static void an_answer_is_for_one_call(void)
{
    uint64_t frame = claim_object();
    struct message message = {.words = {0}};
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    crowd_start(frame);
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, WEAK, DEADLINE_NEVER, &message));
    EXPECT(OK, sys_object_destroy(ONE));
    crowd_start(frame);
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, CHILD, DEADLINE_NEVER, &message));
    message = (struct message){.words = {0}};
    EXPECT(E_DEAD, sys_reply(WEAK, &message));
    EXPECT(OK, sys_object_destroy(ONE));
    EXPECT(E_DEAD, sys_reply(CHILD, &message));
    EXPECT(OK, sys_object_destroy(ENDPOINT));
    EXPECT(OK, sys_slot_drop(WEAK));
    EXPECT(OK, sys_slot_drop(CHILD));
}

static void all_callers_are_told_of_the_end(void)
{
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_endpoint_create(PARK, claim_object()));
    for (unsigned i = 0; i < CROWD; i++) {
        crowd_start(claim_object());
        EXPECT(OK, sys_slot_drop(ONE));
    }
    for (unsigned i = 0; i < 2 * CROWD; i++) {
        sys_yield();
    }
    EXPECT(0, crowd_told);
    int64_t result;
    do {
        result = sys_object_destroy(ENDPOINT);
    } while (result == E_AGAIN);
    EXPECT(OK, result);
    for (unsigned i = 0; i < 2 * CROWD; i++) {
        sys_yield();
    }
    EXPECT(CROWD, crowd_told);
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
    slots_end_with_their_frame();
    the_dead_are_not_sent();
    what_was_an_object_is_clear();
    what_is_free_has_no_tag();
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(before, ledger());
    an_answer_is_for_one_call();
    all_callers_are_told_of_the_end();
    end_test();
}
