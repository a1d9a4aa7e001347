/*
 * Runs of frames: frame_claim, frame_release and frame_access with every order from 4 KiB to 1 GiB,
 * by zone and by name, whole and in parts, and every way in which an address and an order do not
 * go together. Breaks when a run is not aligned, not zero, not accounted to the frame, or given
 * back in pieces of another size.
 */
#include "tests/system/puppet.h"

#define ABSENT_ADDRESS 0x3f00000000ull
#define NOT_CANONICAL LOWER_HALF_END
#define POISON 0xdeadbeefdeadbeefull
#define OTHER 20
#define ORDER(order) ((uint32_t)(order) << 8)
#define AT (MAPPINGS_END - 4 * BLOCK_BYTES)
#define SIZE(order) (FRAME_BYTES << (order))
#define system_page ((const struct system_page *)SYSTEM_PAGE)

/* One order by zone, then by name; parts of it are taken with it. */
static void test_order(uint32_t order)
{
    bool large = system_page->ram_bytes > 5 * GIB_BYTES;
    uint64_t before = ledger();
    int64_t run = sys_frame_claim(ZONE_ANY, order, 0, 0);
    if (run < 0) {
        EXPECT(E_NO_MEMORY, run);
        EXPECT(false, large || order <= 11);
        return;
    }
    uint64_t address = (uint64_t)run, last = address + SIZE(order) - FRAME_BYTES;
    EXPECT(0, address % SIZE(order));
    EXPECT(before - (1ull << order), ledger());
    EXPECT(E_NOT_FREE, sys_frame_claim(address, order, 0, 0));
    EXPECT(E_NOT_FREE, sys_frame_claim(last, ORDER_FRAME, 0, 0));
    EXPECT(order < ORDER_BLOCK ? OK : E_ORDER, sys_frame_release(last, ORDER_FRAME));
    if (order < ORDER_BLOCK) {
        EXPECT(last, sys_frame_claim(last, ORDER_FRAME, 0, 0));
    }
    EXPECT(OK, sys_frame_release(address, order));
    EXPECT(E_NOT_OWNER, sys_frame_release(address, order == 0 ? 0 : order - 1));
    EXPECT(before, ledger());
    EXPECT(address, sys_frame_claim(address, order, 0, 0));
    EXPECT(OK, sys_frame_release(address, order));
    EXPECT(before, ledger());
}

static void test_zones(void)
{
    for (uint32_t order = 0; order <= ORDER_MAX; order++) {
        int64_t low = sys_frame_claim(ZONE_BELOW_4G, order, 0, 0);
        EXPECT(true, low == E_NO_MEMORY ? order > 11 : low > 0 && (uint64_t)low < 4 * GIB_BYTES);
        if (low > 0) {
            EXPECT(OK, sys_frame_release((uint64_t)low, order));
        }
        low = sys_frame_claim(ZONE_BELOW_1M, order, 0, 0);
        EXPECT(true, low == E_NO_MEMORY ? order > 4 : low > 0 && (uint64_t)low < KERNEL_START);
        if (low > 0) {
            EXPECT(0, low % (int64_t)SIZE(order));
            EXPECT(OK, sys_frame_release((uint64_t)low, order));
        }
    }
}

static uint64_t count_other(const volatile uint64_t *words, uint64_t bytes, uint64_t value)
{
    uint64_t other = 0;
    for (uint64_t i = 0; i < bytes / 8; i += 64) {
        other += words[i] != value;
    }
    return other;
}

/* What one owner wrote the next does not see, also where it was never the same run. */
static void test_zero(uint32_t order)
{
    uint32_t claimed_rights = order <= ORDER_BLOCK ? RW : 0;
    uint64_t run = claim(order, claimed_rights);
    for (unsigned round = 0; round < 2; round++) {
        volatile uint64_t *words = (volatile uint64_t *)run;
        EXPECT(OK, sys_frame_access(run, order, RW));
        EXPECT(0, count_other(words, SIZE(order), 0));
        for (uint64_t i = 0; i < SIZE(order) / 8; i += 64) {
            words[i] = POISON;
        }
        EXPECT(OK, sys_frame_access(run, order, 0)); /* what is kept stays as it is */
        EXPECT(OK, sys_frame_access(run, order, MAP_READ));
        EXPECT(0, count_other(words, SIZE(order), POISON));
        EXPECT(OK, sys_frame_release(run, order));
        EXPECT(run, sys_frame_claim(run, order, round == 0 ? claimed_rights : 0, 0));
    }
    EXPECT(OK, sys_frame_release(run, order));
}

/* Frames of a block: accessible and mapped one by one, but the block's owner stays one. */
static void test_parts(void)
{
    uint64_t block = claim(ORDER_BLOCK, RW), part = block + 8 * FRAME_BYTES;
    EXPECT(E_MAPPED, sys_frame_access(part, 3, RW)); /* it is accessible whole */
    EXPECT(OK, sys_frame_access(block, ORDER_BLOCK, 0));
    EXPECT(OK, sys_frame_access(part, 3, RW));
    *(volatile uint64_t *)(part + 7 * FRAME_BYTES) = 1;
    EXPECT(OK, sys_page_map(SLOT_SELF, AT, part + 7 * FRAME_BYTES, MAP_READ));
    EXPECT(1, *(volatile uint64_t *)AT);
    EXPECT(OK, sys_page_unmap(SLOT_SELF, AT, ORDER_FRAME));
    EXPECT(E_ORDER, sys_frame_release(part, 3));
    EXPECT(E_ORDER, sys_frame_give(part, 3, OTHER, 0));
    EXPECT(E_BUSY, sys_page_fund(SLOT_SELF, part));
    EXPECT(E_BUSY, sys_frame_release(block, ORDER_BLOCK));
    EXPECT(E_MAPPED, sys_frame_access(block, ORDER_BLOCK, RW));
    EXPECT(E_MAPPED, sys_frame_access(block, ORDER_BLOCK, 0));
    EXPECT(E_MAPPED, sys_frame_give(block, ORDER_BLOCK, OTHER, 0));
    EXPECT(1, *(volatile uint64_t *)(part + 7 * FRAME_BYTES)); /* nothing has changed */
    EXPECT(OK, sys_frame_access(part, 3, 0));
    EXPECT(OK, sys_frame_release(block, ORDER_BLOCK));
}

/* Blocks beside each other are a run, whoever claimed them how; frames are, too. */
static void test_neighbours(void)
{
    uint64_t run = claim(ORDER_BLOCK + 1, 0), second = run + BLOCK_BYTES;
    EXPECT(OK, sys_frame_access(run, ORDER_BLOCK, RW));
    EXPECT(OK, sys_frame_access(second, ORDER_FRAME, RW)); /* one whole, one in parts */
    EXPECT(E_MAPPED, sys_frame_access(run, ORDER_BLOCK + 1, RW));
    EXPECT(E_BUSY, sys_frame_release(run, ORDER_BLOCK + 1));
    EXPECT(OK, sys_frame_access(second, ORDER_FRAME, 0));
    EXPECT(OK, sys_frame_access(run, ORDER_BLOCK + 1, MAP_READ));
    EXPECT(OK, sys_frame_release(second, ORDER_BLOCK));
    EXPECT(E_NOT_OWNER, sys_frame_release(run, ORDER_BLOCK + 1));
    EXPECT(second, sys_frame_claim(second, ORDER_BLOCK, RW, 0));
    EXPECT(OK, sys_frame_release(run, ORDER_BLOCK + 1));

    run = claim(3, RW);
    EXPECT(OK, sys_frame_release(run + 5 * FRAME_BYTES, ORDER_FRAME));
    EXPECT(E_NOT_OWNER, sys_frame_release(run, 3)); /* one of it is not */
    EXPECT(E_NOT_OWNER, sys_frame_access(run, 3, 0));
    *(volatile uint64_t *)run = 1;
    EXPECT(OK, sys_frame_release(run, 2));
    EXPECT(run + 5 * FRAME_BYTES, sys_frame_claim(run + 5 * FRAME_BYTES, 0, 0, 0));
    EXPECT(OK, sys_endpoint_create(OTHER + 1, run + 5 * FRAME_BYTES));
    EXPECT(E_BUSY, sys_frame_release(run + 4 * FRAME_BYTES, 2)); /* one is an object */
    EXPECT(OK, sys_object_destroy(OTHER + 1));
    EXPECT(OK, sys_frame_release(run + 4 * FRAME_BYTES, 2));
}

/* RAM beside device memory: no run of both. 0x9f000 is reserved on a PC, 0x9e000 is not. */
static void test_mixed(void)
{
    uint64_t ram = 0x9e000, device = 0x9f000;
    if (sys_frame_claim(ram, ORDER_FRAME, RW, 0) != (int64_t)ram) {
        return;
    }
    EXPECT(E_NOT_FREE, sys_frame_claim(device, ORDER_FRAME, RW, 0));
    EXPECT(OK, sys_frame_claim_device(SLOT_INIT_DEVICES, device, 0, MAP_READ, CACHE_WRITE_BACK));
    EXPECT(E_ORDER, sys_frame_release(ram, 1));
    EXPECT(E_ORDER, sys_frame_give(ram, 1, OTHER, 0));
    EXPECT(E_ORDER, sys_frame_grant(ram, 1, OTHER, MAP_READ));
    EXPECT(E_ORDER, sys_frame_access(ram, 1, MAP_READ));
    EXPECT(E_ORDER, sys_page_map(SLOT_SELF, AT, ram, MAP_READ | ORDER(1)));
    EXPECT(OK, sys_frame_release(device, ORDER_FRAME));
    EXPECT(E_NOT_OWNER, sys_frame_release(ram, 1)); /* reserved again */
    EXPECT(OK, sys_frame_release(ram, ORDER_FRAME));
}

static void test_errors(void)
{
    for (uint32_t order = 0; order <= ORDER_MAX; order++) {
        uint64_t size = SIZE(order), end = (system_page->top + size - 1) & ~(size - 1);
        EXPECT(order == 0 ? E_NO_FRAME : E_ALIGNMENT,
               sys_frame_claim(ABSENT_ADDRESS + FRAME_BYTES, order, 0, 0));
        EXPECT(E_ALIGNMENT, sys_frame_claim(2 * size - 1, order, 0, 0));
        EXPECT(E_NO_FRAME, sys_frame_claim(ABSENT_ADDRESS & ~(size - 1), order, 0, 0));
        EXPECT(E_NO_FRAME, sys_frame_claim(end + 8 * GIB_BYTES, order, 0, 0));
        EXPECT(E_NO_FRAME, sys_frame_claim(NOT_CANONICAL, order, 0, 0));
        EXPECT(E_NO_FRAME, sys_frame_claim(1ull << 63, order, 0, 0));
        EXPECT(E_NO_FRAME, sys_frame_claim(0 - size, order, 0, 0)); /* its end wraps */
        EXPECT(E_ARGUMENT, sys_frame_claim(0, order, 0, 0));
        EXPECT(E_ARGUMENT, sys_frame_claim(4, order, 0, 0));
        EXPECT(E_NO_FRAME, sys_frame_claim(0 - size, order, RW, 0));
        EXPECT(E_NO_FRAME, sys_frame_release(0 - size, order));
        EXPECT(E_NO_FRAME, sys_frame_release(NOT_CANONICAL, order));
        EXPECT(E_NO_FRAME, sys_frame_access(0 - size, order, RW));
        EXPECT(order == 0 ? E_NOT_OWNER : E_ALIGNMENT, sys_frame_release(FRAME_BYTES, order));
    }
    EXPECT(E_NOT_FREE, sys_frame_claim(KERNEL_START, 4, 0, 0));
    EXPECT(E_NOT_OWNER, sys_frame_release(KERNEL_START, 4));
    EXPECT(E_NOT_OWNER, sys_frame_access(KERNEL_START, 0, RW));
    EXPECT(E_NOT_OWNER, sys_frame_release(0, 0)); /* page 0 is nobody's */
    EXPECT(E_NOT_OWNER, sys_frame_release(system_page->frame, 0));
    EXPECT(E_ARGUMENT, sys_frame_access(KERNEL_START, ORDER_MAX + 1, RW));
}

/* The account: exactly so many frames, and tables for as many. */
static void test_account(void)
{
    struct puppet puppet = puppet_make(0, PUPPET_OWN + PUPPET_TABLES + 4, 0);
    EXPECT(E_LIMIT, PUPPET_CALL(&puppet, frame_claim, ZONE_ANY, 3, 0));
    EXPECT(E_LIMIT, PUPPET_CALL(&puppet, frame_claim, ZONE_ANY, 9, 0));
    EXPECT(E_NO_TABLES, PUPPET_CALL(&puppet, frame_claim, ZONE_ANY, 2, RW));
    int64_t run = PUPPET_CALL(&puppet, frame_claim, ZONE_ANY, 2, 0);
    EXPECT(true, run > 0);
    EXPECT(E_LIMIT, PUPPET_CALL(&puppet, frame_claim, ZONE_ANY, 0, 0));
    EXPECT(E_NO_TABLES, PUPPET_CALL(&puppet, frame_access, (uint64_t)run, 2, RW));
    EXPECT(OK, PUPPET_CALL(&puppet, frame_release, (uint64_t)run, 2));
    EXPECT(true, PUPPET_CALL(&puppet, frame_claim, ZONE_ANY, 0, 0) > 0);
    puppet_end(&puppet);
}

int main(void)
{
    fund(SLOT_SELF, 16);
    puppets_begin();
    make_domain(OTHER, 2000);
    uint64_t before = ledger();
    for (uint32_t order = 0; order <= ORDER_MAX; order++) {
        test_order(order);
    }
    test_zones();
    for (uint32_t order = 0; order <= ORDER_BLOCK + 1; order++) {
        test_zero(order);
    }
    if (system_page->ram_bytes > 5 * GIB_BYTES) {
        test_zero(ORDER_MAX);
    }
    test_parts();
    test_neighbours();
    test_mixed();
    test_errors();
    test_account();
    EXPECT(before, ledger());
    end_test();
}
