/*
 * A frame's count of mappings ends at its limit and never wraps, whichever way the next mapping is
 * asked for. A whole block's record counts the mappings of all its frames, so runs of half a block
 * reach the limit in few calls.
 */
#include "tests/system/check.h"

#define RW (MAP_READ | MAP_WRITE)
#define AT (PROGRAM_BASE + (8ull << 30)) /* mapped by nobody else */

enum { OTHER = 100 };

static void mappings_end_at_their_limit(void)
{
    const uint64_t most = UINT16_MAX, order = ORDER_BLOCK - 1, frames = 1 << (ORDER_BLOCK - 1);
    const uint64_t runs = most / frames, rest = most % frames, bytes = frames * FRAME_BYTES;
    uint64_t block = claim(ORDER_BLOCK, 0), kept = claim(ORDER_BLOCK, RW), at = AT;
    fund(SLOT_SELF, (unsigned)(most / 512 + 4));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_ACCEPT, 2 * 512));
    EXPECT(OK, sys_frame_grant(kept, ORDER_BLOCK, OTHER, MAP_READ));
    for (uint64_t i = 0; i < runs; i++, at += bytes) {
        EXPECT(OK, sys_page_map(SLOT_SELF, at, block, MAP_READ | order << 8));
    }
    EXPECT(E_LIMIT, sys_page_map(SLOT_SELF, at, block, MAP_READ | order << 8));
    for (uint64_t i = 0; i < rest; i++) {
        EXPECT(OK, sys_page_map(SLOT_SELF, at + i * FRAME_BYTES, block, MAP_READ));
    }
    EXPECT(E_LIMIT, sys_page_map(SLOT_SELF, at + rest * FRAME_BYTES, block, MAP_READ));
    EXPECT(E_LIMIT, sys_page_map(SLOT_SELF, AT - BLOCK_BYTES, block, MAP_READ | ORDER_BLOCK << 8));
    EXPECT(E_LIMIT, sys_frame_grant(block, ORDER_BLOCK, OTHER, MAP_READ));
    for (uint64_t i = 0; i < rest; i++) {
        EXPECT(OK, sys_page_unmap(SLOT_SELF, at + i * FRAME_BYTES, ORDER_FRAME));
    }
    for (uint64_t i = 0; i < runs; i++) {
        EXPECT(OK, sys_page_unmap(SLOT_SELF, AT + i * bytes, (uint32_t)order));
    }
    EXPECT(OK, sys_frame_revoke(kept, ORDER_BLOCK, OTHER));
    EXPECT(OK, sys_frame_release(kept, ORDER_BLOCK));
    EXPECT(OK, sys_frame_release(block, ORDER_BLOCK));
}

int main(void)
{
    make_domain(OTHER, 600);
    fund(OTHER, 8);
    mappings_end_at_their_limit();
    EXPECT(OK, sys_domain_destroy(OTHER));
    end_test();
}
