/*
 * frame_claim in memory that is partly used: runs that lie between frames of others are found, what
 * is not there is not, searches are bounded and keep to their zone, all of memory can be claimed,
 * and everything comes back, whole. And leftovers: nothing of what was written is ever seen.
 */
#include "tests/system/puppet.h"

#define HOGS 4096
#define BLOCKS 14
#define POISON 0x5eac4e75ec4e7000ull

static uint64_t hogs[HOGS]; /* address | order */
static unsigned hog_count;

/* Takes every run of an order that there is. */
static unsigned hog(uint64_t zone, uint32_t order)
{
    int64_t run = 0;
    unsigned before = hog_count;
    while (hog_count < HOGS && (run = sys_frame_claim(zone, order, 0, 0)) > 0) {
        hogs[hog_count++] = (uint64_t)run | order;
    }
    EXPECT(E_NO_MEMORY, run);
    return hog_count - before;
}

static void release_hogs(unsigned down_to)
{
    while (hog_count > down_to) {
        uint64_t run = hogs[--hog_count];
        EXPECT(OK, sys_frame_release(run & ~(FRAME_BYTES - 1), (uint32_t)(run % FRAME_BYTES)));
    }
}

static void hog_blocks(void)
{
    for (uint32_t order = ORDER_MAX; order >= ORDER_BLOCK; order--) {
        hog(ZONE_ANY, order);
    }
}

/* Blocks with one frame taken have no run of half a block, and all of the smaller ones. */
static void test_search(const struct puppet *puppet, const uint64_t *blocks, unsigned count)
{
    unsigned before = hog_count;
    for (unsigned i = 0; i < count; i++) {
        uint64_t frame = blocks[i] + 300 * FRAME_BYTES; /* the records are in the lower half */
        EXPECT(frame, sys_frame_claim(frame, ORDER_FRAME, 0, 0));
        hogs[hog_count++] = frame;
    }
    hog(ZONE_ANY, 8); /* where boot has left some */
    EXPECT(E_NO_MEMORY, sys_frame_claim(ZONE_ANY, 8, RW, 0));
    EXPECT(E_NO_MEMORY, sys_frame_claim(ZONE_BELOW_4G, 8, 0, 0));
    EXPECT(E_NO_MEMORY, sys_frame_claim(ZONE_ANY, ORDER_BLOCK, 0, 0));
    EXPECT(E_NOT_FREE, sys_frame_claim(blocks[0], ORDER_BLOCK, 0, 0));
    EXPECT(E_NOT_FREE, sys_frame_claim(blocks[0] + 256 * FRAME_BYTES, 8, 0, 0));
    EXPECT(E_AGAIN, puppet_do(puppet, CALL_frame_claim, ZONE_ANY, 8, 0, 0, 0));
    /* A search that is half done, used for another: it keeps to the zone it is for. */
    int64_t run = PUPPET_CALL(puppet, frame_claim, ZONE_BELOW_4G, 7, 0);
    EXPECT(true, run > 0 && (uint64_t)run < 4 * GIB_BYTES);
    EXPECT(0, run % (int64_t)(FRAME_BYTES << 7));
    EXPECT(OK, PUPPET_CALL(puppet, frame_release, (uint64_t)run, 7));
    for (uint32_t order = 7; order > 0; order--) {
        run = sys_frame_claim(ZONE_ANY, order, RW, 0);
        EXPECT(true, run > 0 && run % (int64_t)(FRAME_BYTES << order) == 0);
        EXPECT(OK, sys_frame_release((uint64_t)run, order));
    }
    release_hogs(before);
}

/* Every other run of eight frames in use: the rest is found, to the last. */
static void test_gaps(uint64_t block)
{
    unsigned before = hog_count, found = 0;
    EXPECT(block, sys_frame_claim(block, ORDER_BLOCK, 0, 0));
    for (uint32_t order = 8; order > 0; order--) {
        hog(ZONE_ANY, order); /* only single frames are left, but for the block */
    }
    EXPECT(OK, sys_frame_release(block, ORDER_BLOCK));
    for (uint64_t i = 8; i < 512; i += 16) {
        EXPECT(block + i * FRAME_BYTES, sys_frame_claim(block + i * FRAME_BYTES, 3, 0, 0));
        hogs[hog_count++] = (block + i * FRAME_BYTES) | 3;
    }
    EXPECT(E_NO_MEMORY, sys_frame_claim(ZONE_ANY, 4, 0, 0));
    found = hog(ZONE_ANY, 3);
    EXPECT(31, found); /* of 32 gaps, one has the records */
    hog(ZONE_ANY, 2);
    hog(ZONE_ANY, 1);
    hog(ZONE_ANY, 0);
    EXPECT(0, free_frames());
    release_hogs(before);
}

/* All of memory was written by others: not a word of it is seen by who claims it next. */
static void test_leftovers(const uint64_t *blocks, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        EXPECT(blocks[i], sys_frame_claim(blocks[i], ORDER_BLOCK, RW, 0));
        for (uint64_t at = 0; at < BLOCK_BYTES; at += 8) {
            *(volatile uint64_t *)(blocks[i] + at) = POISON;
        }
        EXPECT(OK, sys_frame_release(blocks[i], ORDER_BLOCK));
    }
    uint64_t seen = 0;
    int64_t run;
    for (unsigned i = 0; i < 900 && (run = sys_frame_claim(ZONE_ANY, i % 4, RW, 0)) > 0; i++) {
        for (uint64_t at = 0; at < FRAME_BYTES << i % 4; at += 8) {
            seen += *(volatile uint64_t *)((uint64_t)run + at) != 0;
        }
        hogs[hog_count++] = (uint64_t)run | i % 4;
    }
    EXPECT(0, seen);
}

int main(void)
{
    uint64_t blocks[BLOCKS];
    unsigned count = 0;
    fund(SLOT_SELF, 40);
    puppets_begin();
    struct puppet puppet = puppet_make(0, 1000, 4);
    uint64_t before = ledger();
    hog_blocks();
    unsigned whole = hog_count;
    release_hogs(0);
    EXPECT(before, ledger());
    /* Half of them below 4 GiB and, where there is memory above, half above. */
    for (; count < BLOCKS; count++) {
        int64_t run = sys_frame_claim(count % 2 ? ZONE_ANY : ZONE_BELOW_4G, ORDER_BLOCK, 0, 0);
        EXPECT(true, run > 0);
        blocks[count] = (uint64_t)run;
    }
    hog_blocks();
    unsigned hogged = hog_count;
    for (unsigned i = 0; i < count; i++) {
        EXPECT(OK, sys_frame_release(blocks[i], ORDER_BLOCK));
    }
    test_search(&puppet, blocks, count);
    test_leftovers(blocks, 3);
    release_hogs(hogged);
    for (unsigned i = 1; i < count; i++) { /* all but one */
        EXPECT(blocks[i], sys_frame_claim(blocks[i], ORDER_BLOCK, 0, 0));
        hogs[hog_count++] = blocks[i] | ORDER_BLOCK;
    }
    test_gaps(blocks[0]);
    release_hogs(0);
    EXPECT(before, ledger());
    hog_blocks();
    EXPECT(whole, hog_count); /* as whole as it was */
    release_hogs(0);
    puppet_end(&puppet);
    end_test();
}
