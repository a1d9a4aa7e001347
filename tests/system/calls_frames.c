/*
 * frame_claim, frame_release, frame_give: each success and every error that
 * cocos/sys.h lists. Breaks when a claim is not zero, not accounted, or not given back.
 */
#include "tests/system/check.h"

#define RW (MAP_READ | MAP_WRITE)
#define OTHER 20 /* slot of a second domain */
#define ABSENT_ADDRESS 0x3f00000000ull

static void test_claim(void)
{
    uint64_t before = free_frames();
    uint64_t frame = claim(ORDER_FRAME, RW);
    volatile uint64_t *words = (volatile uint64_t *)frame; /* its name is its pointer */
    for (unsigned i = 0; i < FRAME_BYTES / 8; i++) {
        if (words[i] != 0) {
            EXPECT(0, words[i]);
            break;
        }
        words[i] = 0x1111111111111111;
    }
    EXPECT(E_NOT_FREE, sys_frame_claim(frame, ORDER_FRAME, RW, 0));
    EXPECT(E_ARGUMENT, sys_frame_claim(ZONE_ANY, ORDER_MAX + 1, RW, 0));
    EXPECT(E_ARGUMENT, sys_frame_claim(ZONE_ANY, UINT32_MAX, 0, 0));
    EXPECT(E_ARGUMENT, sys_frame_claim(0, ORDER_FRAME, RW, 0));
    EXPECT(E_ARGUMENT, sys_frame_claim(4, ORDER_FRAME, RW, 0));
    EXPECT(E_ARGUMENT, sys_frame_claim(ZONE_ANY, ORDER_FRAME, 8, 0));
    EXPECT(E_WRITE_EXECUTE, sys_frame_claim(ZONE_ANY, ORDER_FRAME, MAP_READ | MAP_EXECUTE, 0));
    EXPECT(E_ALIGNMENT, sys_frame_claim(frame + 8, ORDER_FRAME, RW, 0));
    EXPECT(E_ALIGNMENT, sys_frame_claim(FRAME_BYTES, ORDER_BLOCK, RW, 0));
    EXPECT(E_NO_FRAME, sys_frame_claim(ABSENT_ADDRESS, ORDER_FRAME, RW, 0));
    EXPECT(E_NO_FRAME, sys_frame_claim(UINT64_MAX & ~(FRAME_BYTES - 1), ORDER_FRAME, RW, 0));
    EXPECT(E_NO_MEMORY, sys_frame_claim(ZONE_BELOW_1M, ORDER_BLOCK, RW, 0));
    EXPECT(E_NOT_FREE, sys_frame_claim(KERNEL_START, ORDER_FRAME, RW, 0));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));

    /* The very frame again, by its name; and zero although it was written. */
    EXPECT(frame, sys_frame_claim(frame, ORDER_FRAME, RW, 0));
    EXPECT(0, *words);
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));

    int64_t low = sys_frame_claim(ZONE_BELOW_1M, ORDER_FRAME, 0, 0);
    EXPECT(1, low > 0 && (uint64_t)low < KERNEL_START);
    EXPECT(OK, sys_frame_release((uint64_t)low, ORDER_FRAME));
    EXPECT(before, free_frames());
}

static void test_block(void)
{
    uint64_t before = free_frames();
    int64_t block = sys_frame_claim(ZONE_BELOW_4G, ORDER_BLOCK, RW, 0);
    EXPECT(0, block & (int64_t)(BLOCK_BYTES - 1));
    EXPECT(before - 512, free_frames());
    *(volatile uint64_t *)(block + (int64_t)BLOCK_BYTES - 8) = 1;
    EXPECT(E_ORDER, sys_frame_release((uint64_t)block, ORDER_FRAME));
    EXPECT(OK, sys_frame_release((uint64_t)block, ORDER_BLOCK));
    EXPECT(before, free_frames());

    /* One frame of a free block by name, first and last: the block's records make room. */
    for (unsigned last = 0; last < 2; last++) {
        uint64_t frame = (uint64_t)block + last * (BLOCK_BYTES - FRAME_BYTES);
        EXPECT(frame, sys_frame_claim(frame, ORDER_FRAME, RW, 0));
        EXPECT(E_NOT_FREE, sys_frame_claim((uint64_t)block, ORDER_BLOCK, RW, 0));
        EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    }
    EXPECT(before, free_frames());
}

static void test_release(void)
{
    uint64_t frame = claim(ORDER_FRAME, RW);
    EXPECT(E_ARGUMENT, sys_frame_release(frame, ORDER_MAX + 1));
    EXPECT(E_ALIGNMENT, sys_frame_release(frame + 1, ORDER_FRAME));
    EXPECT(E_NO_FRAME, sys_frame_release(ABSENT_ADDRESS, ORDER_FRAME));
    EXPECT(E_NOT_OWNER, sys_frame_release(KERNEL_START, ORDER_FRAME));
    EXPECT(OK, sys_page_map(SLOT_SELF, MAPPINGS_END - FRAME_BYTES, frame, RW));
    EXPECT(E_BUSY, sys_frame_release(frame, ORDER_FRAME));
    EXPECT(OK, sys_page_unmap(SLOT_SELF, MAPPINGS_END - FRAME_BYTES, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    EXPECT(E_NOT_OWNER, sys_frame_release(frame, ORDER_FRAME));
}

static void test_give(void)
{
    uint64_t before = free_frames();
    make_domain(OTHER, 3);
    uint64_t frame = claim(ORDER_FRAME, RW);
    *(volatile uint32_t *)frame = 7;
    EXPECT(E_LIMIT, sys_frame_give(frame, ORDER_FRAME, OTHER, 0));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_FRAME_LIMIT, 10));
    EXPECT(E_SLOT, sys_frame_give(frame, ORDER_FRAME, 99, 0));
    EXPECT(E_ARGUMENT, sys_frame_give(frame, ORDER_FRAME, SLOT_SELF, RW));
    EXPECT(E_TYPE, sys_frame_give(frame, ORDER_FRAME, SLOT_INIT_MACHINE, 0));
    EXPECT(E_NO_TABLES, sys_frame_give(frame, ORDER_FRAME, OTHER, RW));
    EXPECT(E_WRITE_EXECUTE, sys_frame_access(frame, ORDER_FRAME, MAP_EXECUTE));
    EXPECT(E_ARGUMENT, sys_frame_access(frame, ORDER_FRAME, 16));
    EXPECT(E_NOT_OWNER, sys_frame_give(KERNEL_START, ORDER_FRAME, OTHER, 0));
    EXPECT(7, *(volatile uint32_t *)frame); /* nothing has changed so far */
    EXPECT(OK, sys_frame_access(frame, ORDER_FRAME, MAP_READ));
    EXPECT(7, *(volatile uint32_t *)frame);
    EXPECT(OK, sys_frame_give(frame, ORDER_FRAME, OTHER, 0));
    EXPECT(E_NOT_OWNER, sys_frame_give(frame, ORDER_FRAME, OTHER, 0));
    EXPECT(E_NOT_OWNER, sys_frame_release(frame, ORDER_FRAME));
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(before, free_frames());
}

int main(void)
{
    fund(SLOT_SELF, 16);
    test_claim();
    test_block();
    test_release();
    test_give();
    end_test();
}
