/*
 * page_map, page_unmap, page_fund: each success and every error that cocos/sys.h lists, the whole
 * lattice of rights, and that page tables come from the domain's own stock and go back to it.
 */
#include "tests/system/check.h"
#include <cocos/frames.h>

#define RW (MAP_READ | MAP_WRITE)
#define OTHER 20
#define AT (MAPPINGS_END - 4 * BLOCK_BYTES)
#define ORDER(order) ((uint32_t)(order) << 8)

static void test_map(uint64_t frame)
{
    volatile uint64_t *here = (volatile uint64_t *)frame, *there = (volatile uint64_t *)AT;
    EXPECT(OK, sys_page_map(SLOT_SELF, AT, frame, RW));
    *here = 42;
    EXPECT(42, *there);
    EXPECT(E_MAPPED, sys_page_map(SLOT_SELF, AT, frame, RW));
    EXPECT(OK, sys_page_unmap(SLOT_SELF, AT, ORDER_FRAME));
    EXPECT(E_NOT_MAPPED, sys_page_unmap(SLOT_SELF, AT, ORDER_FRAME));
}

static void test_errors(uint64_t frame)
{
    EXPECT(E_HALF, sys_page_map(SLOT_SELF, frame, frame, RW));
    EXPECT(E_HALF, sys_page_map(SLOT_SELF, LOWER_HALF_END, frame, RW));
    EXPECT(E_HALF, sys_page_map(SLOT_SELF, UPPER_HALF_END, frame, RW));
    EXPECT(E_HALF, sys_page_unmap(SLOT_SELF, frame, ORDER_FRAME));
    EXPECT(E_ALIGNMENT, sys_page_map(SLOT_SELF, AT + 8, frame, RW));
    EXPECT(E_ALIGNMENT, sys_page_map(SLOT_SELF, AT, frame + 8, RW));
    EXPECT(E_ALIGNMENT, sys_page_unmap(SLOT_SELF, AT + 8, ORDER_FRAME));
    EXPECT(E_ARGUMENT, sys_page_map(SLOT_SELF, AT, frame, RW | ORDER(ORDER_MAX + 1)));
    EXPECT(E_ARGUMENT, sys_page_map(SLOT_SELF, AT, frame, 0));
    EXPECT(E_ARGUMENT, sys_page_map(SLOT_SELF, AT, frame, 8));
    EXPECT(E_ARGUMENT, sys_page_unmap(SLOT_SELF, AT, ORDER_MAX + 1));
    EXPECT(E_HALF,
           sys_page_map(SLOT_SELF, UPPER_HALF_END - BLOCK_BYTES, BLOCK_BYTES, RW | ORDER(10)));
    EXPECT(E_HALF, sys_page_unmap(SLOT_SELF, 0 - GIB_BYTES, ORDER_MAX)); /* past the end */
    EXPECT(E_NO_FRAME, sys_page_map(SLOT_SELF, AT, 0x3f00000000ull, RW));
    EXPECT(E_NOT_OWNER, sys_page_map(SLOT_SELF, AT, KERNEL_START, MAP_READ));
    EXPECT(E_SLOT, sys_page_map(100, AT, frame, RW));
    EXPECT(E_TYPE, sys_page_map(SLOT_INIT_PORTS, AT, frame, RW));

    /* A kernel object of one's own is not memory any more. */
    uint64_t object = claim_object();
    EXPECT(OK, sys_endpoint_create(30, object));
    EXPECT(E_BUSY, sys_page_map(SLOT_SELF, AT, object, MAP_READ));
    EXPECT(E_BUSY, sys_frame_release(object, ORDER_FRAME));
    EXPECT(E_BUSY, sys_frame_access(object, ORDER_FRAME, RW));
    EXPECT(E_BUSY, sys_page_fund(SLOT_SELF, object));
    EXPECT(OK, sys_object_destroy(30));
    EXPECT(OK, sys_frame_release(object, ORDER_FRAME));

    /* The system page is anyone's to read, and nobody's to write. */
    uint64_t system = ((const struct system_page *)SYSTEM_PAGE)->frame;
    EXPECT(E_NOT_OWNER, sys_page_map(SLOT_SELF, AT, system, RW));
    EXPECT(OK, sys_page_map(SLOT_SELF, AT, system, MAP_READ));
    EXPECT(OK, sys_page_unmap(SLOT_SELF, AT, ORDER_FRAME));
}

/* Every combination of rights: never writable and executable at once. */
static void test_rights(uint64_t frame)
{
    for (uint32_t rights = 1; rights < 8; rights++) {
        int both = (rights & MAP_WRITE) && (rights & MAP_EXECUTE);
        EXPECT(both ? E_WRITE_EXECUTE : OK, sys_page_map(SLOT_SELF, AT, frame, rights));
        EXPECT(both ? E_NOT_MAPPED : OK, sys_page_unmap(SLOT_SELF, AT, ORDER_FRAME));
    }
}

static void test_block(void)
{
    uint64_t block = claim(ORDER_BLOCK, RW);
    EXPECT(E_ALIGNMENT, sys_page_map(SLOT_SELF, AT + FRAME_BYTES, block, RW | ORDER(9)));
    EXPECT(OK, sys_page_map(SLOT_SELF, AT, block, RW | ORDER(9)));
    *(volatile uint64_t *)(block + BLOCK_BYTES - 8) = 9;
    EXPECT(9, *(volatile uint64_t *)(AT + BLOCK_BYTES - 8));
    uint64_t frame = claim_object();
    EXPECT(E_MAPPED, sys_page_map(SLOT_SELF, AT + FRAME_BYTES, frame, RW));
    EXPECT(E_NOT_MAPPED, sys_page_unmap(SLOT_SELF, AT, ORDER_FRAME));
    EXPECT(OK, sys_page_unmap(SLOT_SELF, AT, ORDER_BLOCK));
    EXPECT(OK, sys_page_map(SLOT_SELF, AT + FRAME_BYTES, frame, RW));
    EXPECT(E_MAPPED, sys_page_map(SLOT_SELF, AT, block, RW | ORDER(9)));
    EXPECT(OK, sys_page_unmap(SLOT_SELF, AT + FRAME_BYTES, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(block, ORDER_BLOCK));
}

/* 1: what stands at `at` is in a table of 4 KiB pages, 2: it is not. */
static unsigned page_level(uint64_t at, uint64_t own_frame)
{
    struct frame_info frame;
    struct page_info page;
    EXPECT(OK, sys_frame_query(SLOT_INIT_MACHINE, own_frame, &frame));
    return sys_page_query(SLOT_INIT_MACHINE, frame.owner, at, 1, &page) == OK ? 1 : 2;
}

/* The library chooses the size of pages by alignment, and undoes what it cannot finish. */
static void test_place(void)
{
    uint64_t two = claim(ORDER_BLOCK + 1, RW), step = FRAME_BYTES;
    for (uint64_t shift = 0; shift <= 1; shift++) {
        uint64_t from = two + shift * step, bytes = 2 * BLOCK_BYTES - 2 * shift * step;
        EXPECT(OK, pages_place(SLOT_SELF, AT + shift * step, from, bytes, RW));
        EXPECT(shift ? 1 : 2, page_level(AT + shift * step, two));
        EXPECT(shift ? 1 : 2, page_level(AT + BLOCK_BYTES - step, two));
        *(volatile uint64_t *)(from + bytes - 8) = shift + 5;
        EXPECT(shift + 5, *(volatile uint64_t *)(AT + shift * step + bytes - 8));
        /* Again: what is there already is not touched, and nothing else is left. */
        EXPECT(E_MAPPED, pages_place(SLOT_SELF, AT - BLOCK_BYTES, two, 2 * BLOCK_BYTES, RW));
        EXPECT(E_NOT_MAPPED, sys_page_unmap(SLOT_SELF, AT - BLOCK_BYTES, ORDER_BLOCK));
        for (uint64_t at = AT + shift * step; at < AT + shift * step + bytes;) {
            uint32_t order = page_level(at, two) == 2 ? ORDER_BLOCK : ORDER_FRAME;
            EXPECT(OK, sys_page_unmap(SLOT_SELF, at, order));
            at += FRAME_BYTES << order;
        }
    }
    EXPECT(OK, sys_frame_release(two, ORDER_BLOCK + 1));
}

/* A new domain has no stock: a mapping needs three tables, then they come back for another. */
static void test_stock(uint64_t frame)
{
    uint64_t before = free_frames();
    make_domain(OTHER, 6);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(E_NO_TABLES, sys_page_map(OTHER, AT, frame, RW));
        EXPECT(OK, sys_page_fund(OTHER, claim_object()));
    }
    uint64_t spare = claim_object();
    EXPECT(E_LIMIT, sys_page_fund(OTHER, spare));
    EXPECT(E_ALIGNMENT, sys_page_fund(OTHER, spare + 8));
    EXPECT(E_NO_FRAME, sys_page_fund(OTHER, 0x3f00000000ull));
    EXPECT(E_NOT_OWNER, sys_page_fund(OTHER, KERNEL_START));
    EXPECT(OK, sys_frame_release(spare, ORDER_FRAME));
    EXPECT(OK, sys_page_map(OTHER, AT, frame, MAP_READ | MAP_EXECUTE));
    EXPECT(E_NO_TABLES, sys_page_map(OTHER, UPPER_HALF_START, frame, RW));
    EXPECT(OK, sys_page_unmap(OTHER, AT, ORDER_FRAME));
    EXPECT(OK, sys_page_map(OTHER, UPPER_HALF_START, frame, RW));
    EXPECT(E_BUSY, sys_frame_release(frame, ORDER_FRAME));
    EXPECT(OK, sys_domain_destroy(OTHER)); /* its mappings go with it */
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(before, free_frames());
}

int main(void)
{
    fund(SLOT_SELF, 16);
    uint64_t frame = claim(ORDER_FRAME, RW);
    test_map(frame);
    test_errors(frame);
    test_rights(frame);
    test_block();
    test_place();
    test_stock(frame);
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    end_test();
}
