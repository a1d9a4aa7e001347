/*
 * Domains made and destroyed, 2,000 or as many as the kernel's command line says (domains=100000),
 * up to four at a time: each with page tables, memory of every kind, a thread that works, an
 * endpoint of its own, and grants to it and from it, to the test and to the next domain, that are
 * still there when it ends. At the end the ledger is exact to the frame.
 */
#include "tests/system/puppet.h"

#define DOMAINS 2000
#define ALIVE 4
#define AT (MAPPINGS_END - 4 * BLOCK_BYTES)

enum { ITS_ENDPOINT = ITS_FREE, ITS_MAKER, ITS_NEIGHBOUR };

struct member {
    struct puppet puppet;
    uint64_t lent, shared; /* to it, by the test */
    uint64_t own;          /* of it, shared with the test and lent to its neighbour */
    bool alive, neighboured;
};

static struct member members[ALIVE];

static uint64_t its_claim(const struct puppet *puppet, uint64_t order, uint64_t rights)
{
    int64_t run = PUPPET_CALL(puppet, frame_claim, ZONE_ANY, order, rights);
    EXPECT(true, run > 0);
    return (uint64_t)run;
}

static void grant_to(struct member *member)
{
    uint32_t domain = member->puppet.domain;
    EXPECT(OK, PUPPET_CALL(&member->puppet, domain_set, SLOT_SELF, DOMAIN_ACCEPT, 16));
    EXPECT(OK, sys_frame_grant(member->lent, ORDER_FRAME, domain, MAP_READ));
    EXPECT(OK, sys_frame_grant(member->shared, ORDER_FRAME, domain, RW | GRANT_SHARE));
    EXPECT(OK, PUPPET_CALL(&member->puppet, page_map, SLOT_SELF, AT, member->shared, RW));
}

static void grant_from(struct member *member, struct member *neighbour)
{
    const struct puppet *puppet = &member->puppet;
    EXPECT(OK, sys_domain_set(SLOT_SELF, DOMAIN_ACCEPT, 1));
    EXPECT(OK, sys_slot_copy(puppet->domain, ITS_MAKER, SLOT_SELF, RIGHT_GRANT, 0));
    EXPECT(OK, PUPPET_CALL(puppet, frame_grant, member->own, 0, ITS_MAKER, RW | GRANT_SHARE));
    member->neighboured = neighbour->alive;
    if (neighbour->alive) {
        EXPECT(OK, sys_slot_copy(puppet->domain, ITS_NEIGHBOUR, neighbour->puppet.domain,
                                 RIGHT_GRANT, 0));
        EXPECT(OK, PUPPET_CALL(puppet, frame_grant, member->own, 0, ITS_NEIGHBOUR, MAP_READ));
        EXPECT(true, puppet_reads(&neighbour->puppet, member->own));
    }
}

static void begin(unsigned index, uint64_t round)
{
    struct member *member = &members[index];
    struct puppet *puppet = &member->puppet;
    *puppet = puppet_make(index, 700, 8);
    member->own = its_claim(puppet, 0, RW);
    EXPECT(OK, PUPPET_CALL(puppet, endpoint_create, ITS_ENDPOINT, its_claim(puppet, 0, 0)));
    its_claim(puppet, round % 4 + 1, round % 8 ? RW : 0);
    if (round % 16 == 0) {
        its_claim(puppet, ORDER_BLOCK, MAP_READ);
    }
    grant_to(member);
    grant_from(member, &members[(index + 1) % ALIVE]);
    EXPECT(true, puppet_writes(puppet, AT, round));
    EXPECT(round, *(volatile uint64_t *)member->shared);
    *(volatile uint64_t *)member->own = round; /* written here, read there */
    EXPECT(round, puppet_do(puppet, PUPPET_READ, member->own, 0, 0, 0, 0));
    member->alive = true;
}

/* What it shared is the test's now, which made it and is its heir. */
static void end(unsigned index)
{
    struct member *member = &members[index];
    if (!member->alive) {
        return;
    }
    puppet_end(&member->puppet);
    member->alive = false;
    EXPECT(OK, sys_frame_access(member->own, ORDER_FRAME, 0));
    struct member *neighbour = &members[(index + 1) % ALIVE];
    if (member->neighboured && neighbour->alive) {
        int64_t ended = sys_frame_revoke(member->own, ORDER_FRAME, neighbour->puppet.domain);
        EXPECT(true, ended == OK || ended == E_NOT_GRANTED); /* that one may be another by now */
    }
    EXPECT(OK, sys_frame_release(member->own, ORDER_FRAME));
}

int main(int argc, char **argv)
{
    uint64_t domains = DOMAINS;
    for (int i = 1; i < argc; i++) {
        domains = strncmp(argv[i], "domains=", 8) == 0 ? strtoull(argv[i] + 8, NULL, 10) : domains;
    }
    fund(SLOT_SELF, 16);
    puppets_begin();
    for (unsigned i = 0; i < ALIVE; i++) {
        members[i].lent = claim(ORDER_FRAME, RW);
        members[i].shared = claim(ORDER_FRAME, RW);
    }
    uint64_t before = ledger();
    for (uint64_t round = 0; round < domains; round++) {
        unsigned index = round % 7 % ALIVE; /* not always the oldest ends */
        end(index);
        begin(index, round);
    }
    for (unsigned i = 0; i < ALIVE; i++) {
        end(i);
    }
    EXPECT(before, ledger());
    for (unsigned i = 0; i < ALIVE; i++) {
        EXPECT(OK, sys_frame_release(members[i].lent, ORDER_FRAME));
        EXPECT(OK, sys_frame_release(members[i].shared, ORDER_FRAME));
    }
    printf("churn: %lu domains\n", (unsigned long)domains);
    end_test();
}
