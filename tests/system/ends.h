/*
 * What must hold when a hostile program has ended: the ledger is exact, the kernel's invariants
 * hold, a victim's memory is as the victim left it. That the kernel took no fault of its own shows
 * in that the test goes on. Includers have called puppets_begin().
 */
#ifndef TESTS_SYSTEM_ENDS_H
#define TESTS_SYSTEM_ENDS_H

#include "tests/system/puppet.h"

#define VICTIM_PUPPET 7u
#define VICTIM_FRAMES 4u

/* The machine's frames, by what they are now; records of split blocks come and go with free ones.
 */
struct frame_ledger {
    uint64_t free_or_records, owned, kernel, absent;
};

static inline struct frame_ledger frames_count(void)
{
    struct frame_ledger all = {0};
    struct frame_info info;
    uint64_t free_now = 0, at = 0;
    for (; sys_frame_query(SLOT_INIT_MACHINE, at, &info) == OK && info.end > at; at = info.end) {
        uint64_t frames = (info.end - at) / FRAME_BYTES;
        bool is_free = info.type == FRAME_FREE;
        free_now += is_free ? frames : 0;
        if (is_free || info.type == FRAME_RECORDS) {
            all.free_or_records += frames;
        } else if (info.owner != 0) {
            all.owned += frames;
        } else if (info.type == FRAME_ABSENT) {
            all.absent += frames;
        } else {
            all.kernel += frames;
        }
    }
    EXPECT(at / FRAME_BYTES, all.free_or_records + all.owned + all.kernel + all.absent);
    EXPECT(free_frames(), free_now);
    return all;
}

/* A victim beside it all. Each time it is let do something, it rolls on a sum through its memory.
 */
static struct puppet ends_victim;
static uint64_t victim_at, victim_sums[VICTIM_FRAMES], victim_rolls;

static inline void victim_make(void)
{
    ends_victim = puppet_make(VICTIM_PUPPET, 60, 8);
    victim_at = (uint64_t)PUPPET_CALL(&ends_victim, frame_claim, ZONE_ANY, 2, RW);
}

static inline void victim_roll(void)
{
    uint64_t i = victim_rolls++ % VICTIM_FRAMES, at = victim_at + i * FRAME_BYTES;
    uint64_t had = (uint64_t)puppet_do(&ends_victim, PUPPET_READ, at, 0, 0, 0, 0);
    EXPECT(victim_sums[i], had);
    victim_sums[i] = had * 31 + victim_rolls;
    EXPECT(OK, puppet_do(&ends_victim, PUPPET_WRITE, at, victim_sums[i], 0, 0, 0));
}

/* All that must hold; `before` is from after victim_make(). */
static inline void expect_ends(const struct frame_ledger *before)
{
    struct frame_ledger now = frames_count();
    EXPECT(before->free_or_records, now.free_or_records);
    EXPECT(before->owned, now.owned);
    EXPECT(before->kernel, now.kernel);
    EXPECT(before->absent, now.absent);
    EXPECT(0, sys_machine_query(SLOT_INIT_MACHINE, MACHINE_CHECK));
    for (unsigned i = 0; i < VICTIM_FRAMES; i++) {
        victim_roll();
    }
}

#endif
