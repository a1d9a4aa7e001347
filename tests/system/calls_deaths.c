/*
 * domain_destroy at any moment: a domain that lends, shares and gives, and to which is lent, shared
 * and given, ends after every step of that, by its holder or by a fault of its own, and again
 * between the steps of its end. What others hold of it they hold still, and its heir owns; what it
 * held of others is free of it; every frame is accounted for.
 */
#include "tests/system/puppet.h"

#define AT (MAPPINGS_END - 4 * BLOCK_BYTES)
#define HERE (MAPPINGS_END - 8 * BLOCK_BYTES) /* in the test's own upper half */
#define ORDER(order) ((uint32_t)(order) << 8)

enum { ITS_FRIEND = ITS_FREE, ITS_MAKER, ITS_VICTIM };

static struct puppet dying, other;              /* the one that ends, and one that does not */
static uint64_t lent, shared, block, given;     /* of the dying one */
static uint64_t other_lent, other_shared, mine; /* granted to it */

static uint64_t its_claim(const struct puppet *puppet, uint64_t order, uint64_t rights)
{
    int64_t run = PUPPET_CALL(puppet, frame_claim, ZONE_ANY, order, rights);
    EXPECT(true, run > 0);
    return (uint64_t)run;
}

static void step(unsigned number)
{
    switch (number) {
    case 0:
        lent = its_claim(&dying, 0, RW);
        EXPECT(OK, PUPPET_CALL(&dying, frame_grant, lent, 0, ITS_FRIEND, RW));
        break;
    case 1:
        shared = its_claim(&dying, 1, RW);
        EXPECT(OK, PUPPET_CALL(&dying, frame_grant, shared, 1, ITS_FRIEND, RW | GRANT_SHARE));
        EXPECT(OK, PUPPET_CALL(&other, page_map, SLOT_SELF, AT, shared, RW | ORDER(1)));
        break;
    case 2:
        EXPECT(OK, PUPPET_CALL(&other, frame_grant, other_lent, 0, ITS_VICTIM, RW));
        EXPECT(true, puppet_writes(&dying, other_lent, 3));
        break;
    case 3:
        EXPECT(OK, PUPPET_CALL(&other, frame_grant, other_shared, 0, ITS_VICTIM, RW | GRANT_SHARE));
        EXPECT(OK, PUPPET_CALL(&dying, page_map, SLOT_SELF, AT, other_shared, RW));
        break;
    case 4:
        block = its_claim(&dying, ORDER_BLOCK, RW);
        EXPECT(OK,
               PUPPET_CALL(&dying, frame_grant, block, ORDER_BLOCK, ITS_MAKER, RW | GRANT_SHARE));
        EXPECT(OK, sys_page_map(SLOT_SELF, HERE, block, RW | ORDER(ORDER_BLOCK)));
        break;
    case 5:
        EXPECT(OK, sys_frame_grant(mine, 0, dying.domain, MAP_READ));
        break;
    default:
        given = its_claim(&dying, 0, RW);
        EXPECT(OK, PUPPET_CALL(&dying, page_map, SLOT_SELF, AT + FRAME_BYTES, given, RW));
        EXPECT(OK, PUPPET_CALL(&dying, frame_give, given, 0, ITS_FRIEND, 0));
        break;
    }
}
#define STEPS 7

/* The test is the heir of whatever is still in use after so many steps. */
static void check_heritage(unsigned steps)
{
    if (steps > 0) {
        EXPECT(true, puppet_writes(&other, lent, 1));
        EXPECT(E_BUSY, sys_frame_release(lent, 0));
        EXPECT(OK, sys_frame_revoke(lent, 0, other.domain));
        EXPECT(false, puppet_reads(&other, lent));
        EXPECT(OK, sys_frame_release(lent, 0));
    }
    if (steps > 1) {
        EXPECT(true, puppet_writes(&other, AT + FRAME_BYTES, 2));
        EXPECT(E_BUSY, sys_frame_revoke(shared, 1, other.domain));
        EXPECT(OK, PUPPET_CALL(&other, page_unmap, SLOT_SELF, AT, 1));
        EXPECT(OK, PUPPET_CALL(&other, frame_revoke, shared, 1, SLOT_SELF));
        EXPECT(OK, sys_frame_release(shared, 1));
    }
    if (steps > 4) {
        *(volatile uint64_t *)HERE = 4;
        EXPECT(4, *(volatile uint64_t *)block); /* still a share: nobody has taken it up */
        EXPECT(OK, sys_page_unmap(SLOT_SELF, HERE, ORDER_BLOCK));
        EXPECT(OK, sys_frame_access(block, ORDER_BLOCK, MAP_READ)); /* its own now */
        EXPECT(4, *(volatile uint64_t *)block);
        EXPECT(OK, sys_frame_release(block, ORDER_BLOCK));
    }
    if (steps > 6) {
        EXPECT(OK, PUPPET_CALL(&other, frame_release, given, 0)); /* nobody maps it any more */
    }
}

static void begin(void)
{
    dying = puppet_make(0, 2000, 8);
    EXPECT(OK, sys_domain_set(dying.domain, DOMAIN_ACCEPT, 100));
    EXPECT(OK, sys_domain_set(other.domain, DOMAIN_ACCEPT, 100));
    EXPECT(OK, sys_domain_set(SLOT_SELF, DOMAIN_ACCEPT, 512));
    EXPECT(OK, sys_slot_copy(dying.domain, ITS_FRIEND, other.domain, RIGHT_ALL, 0));
    EXPECT(OK, sys_slot_copy(dying.domain, ITS_MAKER, SLOT_SELF, RIGHT_GRANT, 0));
    EXPECT(OK, sys_slot_copy(other.domain, ITS_VICTIM, dying.domain, RIGHT_ALL, 0));
    other_lent = its_claim(&other, 0, RW);
    other_shared = its_claim(&other, 0, RW);
    mine = claim(0, RW);
}

static void finish(void)
{
    EXPECT(OK, PUPPET_CALL(&other, frame_release, other_lent, 0));
    EXPECT(OK, PUPPET_CALL(&other, frame_release, other_shared, 0));
    EXPECT(OK, sys_frame_release(mine, 0));
    EXPECT(OK, PUPPET_CALL(&other, slot_drop, ITS_VICTIM));
}

static void test_moment(unsigned steps, bool fault)
{
    uint64_t before = ledger();
    begin();
    for (unsigned i = 0; i < steps; i++) {
        step(i);
    }
    if (fault) { /* it stops there, and is ended as it is, with the call for its fault pending */
        struct message order = {.words = {PUPPET_WRITE, KERNEL_START, 1}};
        EXPECT(OK, sys_reply(dying.reply, &order));
        EXPECT(PUPPET_FAULTED, puppet_hear(&dying));
        EXPECT(KERNEL_START, puppet_fault[FAULT_WORD_ADDRESS]);
    }
    puppet_end(&dying);
    check_heritage(steps);
    finish();
    EXPECT(before, ledger());
}

static void let_go(void)
{
    EXPECT(E_DEAD, PUPPET_CALL(&other, frame_revoke, other_lent, 0, ITS_VICTIM));
    EXPECT(E_DEAD, PUPPET_CALL(&other, frame_grant, other_lent, 0, ITS_VICTIM, RW));
    EXPECT(true, puppet_writes(&other, lent, 1));
    EXPECT(OK, PUPPET_CALL(&other, frame_revoke, lent, 0, SLOT_SELF));
    EXPECT(OK, PUPPET_CALL(&other, page_unmap, SLOT_SELF, AT, 1));
    EXPECT(OK, PUPPET_CALL(&other, frame_revoke, shared, 1, SLOT_SELF));
    EXPECT(OK, sys_page_unmap(SLOT_SELF, HERE, ORDER_BLOCK));
    EXPECT(OK, sys_frame_revoke(block, ORDER_BLOCK, SLOT_SELF));
}

/* The other one ends it, a step at a time, and lets go of things in between, or when it is over. */
static void test_between(unsigned when)
{
    uint64_t before = ledger();
    begin();
    for (unsigned i = 0; i < STEPS; i++) {
        step(i);
    }
    int64_t result;
    unsigned ended = 0;
    do {
        result = puppet_do(&other, CALL_domain_destroy, ITS_VICTIM, 0, 0, 0, 0);
        if (ended++ == when) {
            let_go();
        }
    } while (result == E_AGAIN);
    if (ended <= when) {
        let_go();
    }
    EXPECT(OK, result);
    EXPECT(OK, sys_slot_drop(dying.domain));
    EXPECT(OK, sys_slot_drop(dying.thread));
    EXPECT(OK, sys_slot_drop(dying.reply));
    /* What was let go of after its record had been come by is the heir's. */
    int64_t heritage[] = {sys_frame_release(lent, 0), sys_frame_release(shared, 1),
                          sys_frame_release(block, ORDER_BLOCK)};
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(true, heritage[i] == OK || heritage[i] == E_NOT_OWNER || heritage[i] == E_ORDER);
    }
    EXPECT(OK, PUPPET_CALL(&other, frame_release, given, 0));
    finish();
    EXPECT(before, ledger());
}

/* A domain that makes domains has no more in all than it had, and when it ends they are in reach of
 * whoever holds the machine. */
static void test_family(void)
{
    uint64_t before = ledger(), limit = PUPPET_OWN + PUPPET_TABLES + 30, children[16];
    struct puppet parent = puppet_make(0, limit, 0);
    unsigned count = 0;
    int64_t frames[3] = {0};
    for (; frames[2] >= 0 && count < 16; count++) {
        for (unsigned i = 0; i < 3; i++) {
            frames[i] = PUPPET_CALL(&parent, frame_claim, ZONE_ANY, 0, 0);
        }
        if (frames[2] < 0) {
            break;
        }
        uint32_t slot = ITS_FREE + count;
        children[count] = (uint64_t)frames[0];
        EXPECT(OK, PUPPET_CALL(&parent, domain_create, slot, (uint64_t)frames[0],
                               (uint64_t)frames[1], (uint64_t)frames[2]));
        /* One of them may have more, which the parent then has not. */
        EXPECT(count == 0 ? OK : E_LIMIT,
               PUPPET_CALL(&parent, domain_set, slot, DOMAIN_FRAME_LIMIT, count == 0 ? 6 : limit));
    }
    EXPECT(E_LIMIT, frames[2]);
    EXPECT(9, count); /* 30 frames: 6 and eight times 3 */
    EXPECT(E_OCCUPIED, sys_domain_adopt(parent.domain, SLOT_INIT_MACHINE, children[0]));
    puppet_end(&parent);
    for (unsigned i = 0; i < count; i++) {
        EXPECT(OK, sys_domain_adopt(parent.domain, SLOT_INIT_MACHINE, children[i]));
        EXPECT(OK, sys_domain_destroy(parent.domain));
        EXPECT(OK, sys_slot_drop(parent.domain));
        EXPECT(E_ARGUMENT, sys_domain_adopt(parent.domain, SLOT_INIT_MACHINE, children[i]));
    }
    EXPECT(before, ledger());
}

int main(void)
{
    fund(SLOT_SELF, 16);
    puppets_begin();
    uint64_t before = ledger();
    other = puppet_make(1, 2000, 8);
    for (unsigned steps = 0; steps <= STEPS; steps++) {
        test_moment(steps, false);
        test_moment(steps, true);
    }
    for (unsigned when = 0; when < 12; when++) {
        test_between(when);
    }
    puppet_end(&other);
    test_family();
    EXPECT(before, ledger());
    end_test();
}
