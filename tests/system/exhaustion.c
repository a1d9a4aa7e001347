/*
 * Each kind of thing a domain can use up, used up a thousand times or as often as the kernel's
 * command line says (times=20): frames, page tables, slots, the budget of grants, mappings, the
 * machine's memory. Each time it is told so, keeps what it had, and a victim beside it goes on
 * working with what is its own.
 */
#include "tests/system/puppet.h"

#define TIMES 1000
#define ROOM 4 /* frames that the greedy one may claim */
#define AT MAPPINGS_START
#define ORDER(order) ((uint32_t)(order) << 8)

static uint64_t times = TIMES;
static struct puppet greedy, victim;
static uint64_t victim_run, victim_sum;

/* The victim touches all that it has, maps it, takes and gives back tables and slots. */
static void work(uint64_t round)
{
    uint64_t at = victim_run + round % 4 * FRAME_BYTES;
    uint64_t had = (uint64_t)puppet_do(&victim, PUPPET_READ, at, 0, 0, 0, 0);
    EXPECT(true, puppet_writes(&victim, at, had + round));
    victim_sum += round;
    EXPECT(OK, PUPPET_CALL(&victim, page_map, SLOT_SELF, AT, at, MAP_READ));
    EXPECT(had + round, puppet_do(&victim, PUPPET_READ, AT, 0, 0, 0, 0));
    EXPECT(OK, PUPPET_CALL(&victim, page_unmap, SLOT_SELF, AT, 0));
    EXPECT(OK, PUPPET_CALL(&victim, slot_copy, SLOT_SELF, ITS_FREE, SLOT_SELF, RIGHT_COPY));
    EXPECT(OK, PUPPET_CALL(&victim, slot_drop, ITS_FREE));
}

static void check_victim(void)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < 4; i++) {
        sum += (uint64_t)puppet_do(&victim, PUPPET_READ, victim_run + i * FRAME_BYTES, 0, 0, 0, 0);
    }
    EXPECT(victim_sum, sum);
}

static void use_up_frames(uint64_t round)
{
    int64_t frames[ROOM];
    for (unsigned i = 0; i < ROOM; i++) {
        frames[i] = PUPPET_CALL(&greedy, frame_claim, ZONE_ANY, 0, round % 2 ? RW : 0);
        EXPECT(true, frames[i] > 0);
    }
    EXPECT(E_LIMIT, PUPPET_CALL(&greedy, frame_claim, ZONE_ANY, round % (ORDER_BLOCK + 1), 0));
    for (unsigned i = 0; i < ROOM; i++) {
        EXPECT(OK, PUPPET_CALL(&greedy, frame_release, (uint64_t)frames[i], 0));
    }
}

/* Its stock is of six frames: two places far from each other need three each. */
static void use_up_tables(uint64_t round)
{
    uint64_t far = UPPER_HALF_START + ((round % 50 + 2) << 39);
    EXPECT(OK, PUPPET_CALL(&greedy, page_map, SLOT_SELF, far, greedy.code, MAP_READ));
    EXPECT(OK,
           PUPPET_CALL(&greedy, page_map, SLOT_SELF, far + (1ull << 39), greedy.code, MAP_READ));
    EXPECT(E_NO_TABLES,
           PUPPET_CALL(&greedy, page_map, SLOT_SELF, far + (2ull << 39), greedy.code, MAP_READ));
    EXPECT(OK, PUPPET_CALL(&greedy, page_unmap, SLOT_SELF, far, 0));
    EXPECT(OK, PUPPET_CALL(&greedy, page_unmap, SLOT_SELF, far + (1ull << 39), 0));
}

static void use_up_slots(uint64_t round)
{
    static bool full;
    for (uint32_t slot = ITS_FREE; slot < SLOTS_PER_DOMAIN && !full; slot++) {
        EXPECT(OK, PUPPET_CALL(&greedy, slot_copy, SLOT_SELF, slot, SLOT_SELF, RIGHT_COPY));
    }
    full = true;
    uint32_t slot = ITS_FREE + round % (SLOTS_PER_DOMAIN - ITS_FREE);
    EXPECT(E_OCCUPIED, PUPPET_CALL(&greedy, slot_copy, SLOT_SELF, slot, SLOT_SELF, RIGHT_COPY));
    EXPECT(E_SLOT, PUPPET_CALL(&greedy, slot_copy, SLOT_SELF, SLOTS_PER_DOMAIN, SLOT_SELF, 0));
    EXPECT(OK, PUPPET_CALL(&greedy, slot_drop, slot));
    EXPECT(OK, PUPPET_CALL(&greedy, slot_copy, SLOT_SELF, slot, SLOT_SELF, RIGHT_COPY));
}

/* Grants to it: as many as it agreed to. */
static void use_up_budget(uint64_t round)
{
    static uint64_t run;
    run = run != 0 ? run : claim(2, 0);
    EXPECT(OK, PUPPET_CALL(&greedy, domain_set, SLOT_SELF, DOMAIN_ACCEPT, 3));
    EXPECT(OK, sys_frame_grant(run, 1, greedy.domain, RW));
    EXPECT(E_NOT_ACCEPTED, sys_frame_grant(run + 2 * FRAME_BYTES, 1, greedy.domain, RW));
    EXPECT(OK, sys_frame_grant(run + 2 * FRAME_BYTES, 0, greedy.domain, RW));
    EXPECT(E_NOT_ACCEPTED, sys_frame_grant(run + 3 * FRAME_BYTES, 0, greedy.domain, RW));
    EXPECT(OK, sys_frame_revoke(run, 1, greedy.domain));
    EXPECT(OK, sys_frame_revoke(run + 2 * FRAME_BYTES, 0, greedy.domain));
    if (round + 1 == times) {
        EXPECT(OK, sys_frame_release(run, 2));
        run = 0;
    }
}

/* A record counts to 65,535: the frames of a block share one. Half a block at a time. */
static void use_up_mappings(uint64_t round)
{
    static uint64_t block, mapped;
    while (block == 0 || mapped < 255) {
        block = block != 0 ? block : claim(ORDER_BLOCK, 0);
        uint64_t at = AT + mapped++ * (BLOCK_BYTES / 2);
        EXPECT(OK, sys_page_map(SLOT_SELF, at, block + mapped % 2 * (BLOCK_BYTES / 2),
                                MAP_READ | ORDER(8)));
    }
    uint64_t at = AT + mapped * (BLOCK_BYTES / 2);
    EXPECT(E_LIMIT, sys_page_map(SLOT_SELF, at, block, MAP_READ | ORDER(8)));
    EXPECT(E_LIMIT, sys_frame_access(block, 8, RW));
    EXPECT(OK, sys_domain_set(greedy.domain, DOMAIN_ACCEPT, 256));
    EXPECT(E_LIMIT, sys_frame_grant(block, 8, greedy.domain, MAP_READ));
    EXPECT(OK, sys_page_map(SLOT_SELF, at, block, MAP_READ | ORDER(7)));
    EXPECT(OK, sys_page_unmap(SLOT_SELF, at, 7));
    while (round + 1 == times && mapped > 0) {
        EXPECT(OK, sys_page_unmap(SLOT_SELF, AT + --mapped * (BLOCK_BYTES / 2), 8));
    }
    if (mapped == 0) {
        EXPECT(OK, sys_frame_release(block, ORDER_BLOCK));
        block = 0;
    }
}

/* All memory of the machine, by whoever may own that much; the greedy one gets none of it. */
static void use_up_memory(uint64_t round)
{
    static uint64_t runs[512];
    unsigned count = 0;
    for (uint32_t order = ORDER_MAX + 1; order-- > 0;) {
        int64_t run;
        while (count < 512 && (run = sys_frame_claim(ZONE_ANY, order, 0, 0)) > 0) {
            runs[count++] = (uint64_t)run | order;
        }
        EXPECT(E_NO_MEMORY, run);
    }
    EXPECT(0, free_frames());
    EXPECT(E_NO_MEMORY, PUPPET_CALL(&greedy, frame_claim, ZONE_ANY, 0, 0));
    if (round % 16 == 0) {
        work(round);
    }
    while (count-- > 0) {
        EXPECT(OK, sys_frame_release(runs[count] & ~(FRAME_BYTES - 1), runs[count] % FRAME_BYTES));
    }
}

static void use_up(const char *what, void (*once)(uint64_t round))
{
    uint64_t before = ledger();
    for (uint64_t round = 0; round < times; round++) {
        once(round);
        if (round % 16 == 0) {
            work(round);
        }
    }
    check_victim();
    EXPECT(before, ledger());
    printf("exhaustion: %s\n", what);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        times = strncmp(argv[i], "times=", 6) == 0 ? strtoull(argv[i] + 6, NULL, 10) : times;
    }
    fund(SLOT_SELF, 150);
    puppets_begin();
    uint64_t before = ledger();
    greedy = puppet_make(0, PUPPET_OWN + PUPPET_TABLES + 6 + ROOM, 6);
    victim = puppet_make(1, 100, 6);
    victim_run = (uint64_t)PUPPET_CALL(&victim, frame_claim, ZONE_ANY, 2, RW);
    use_up("frames", use_up_frames);
    use_up("page tables", use_up_tables);
    use_up("slots", use_up_slots);
    use_up("the budget of grants", use_up_budget);
    use_up("mappings", use_up_mappings);
    use_up("memory", use_up_memory);
    puppet_end(&greedy);
    puppet_end(&victim);
    EXPECT(before, ledger());
    end_test();
}
