/*
 * domain_create, domain_set, domain_destroy, thread_create, thread_start, thread_set_tls,
 * object_destroy, slot_copy, slot_drop, slot_query: each success and every error listed, and that
 * a domain's end gives back every frame.
 */
#include "tests/system/check.h"

#define OTHER 20
#define THREAD 21
#define ENDPOINT 22
#define SCRATCH 23
#define ABSENT_ADDRESS 0x3f00000000ull

static void test_domain_create(void)
{
    uint64_t before = free_frames();
    uint64_t a = claim_object(), b = claim_object(), c = claim_object();
    EXPECT(E_SLOT, sys_domain_create(0, a, b, c));
    EXPECT(E_SLOT, sys_domain_create(SLOTS_PER_DOMAIN, a, b, c));
    EXPECT(E_OCCUPIED, sys_domain_create(SLOT_SELF, a, b, c));
    EXPECT(E_BUSY, sys_domain_create(OTHER, a, a, c));
    EXPECT(E_ALIGNMENT, sys_domain_create(OTHER, a, b + 1, c));
    EXPECT(E_NO_FRAME, sys_domain_create(OTHER, a, b, ABSENT_ADDRESS));
    EXPECT(E_NOT_OWNER, sys_domain_create(OTHER, KERNEL_START, b, c));
    uint64_t mapped = claim(ORDER_FRAME, MAP_READ);
    EXPECT(E_BUSY, sys_domain_create(OTHER, a, mapped, c));
    EXPECT(OK, sys_frame_release(mapped, ORDER_FRAME));
    uint64_t block = claim(ORDER_BLOCK, 0);
    EXPECT(E_BUSY, sys_domain_create(OTHER, a, block, c));
    EXPECT(OK, sys_frame_release(block, ORDER_BLOCK));
    EXPECT(OK, sys_domain_create(OTHER, a, b, c));
    EXPECT(E_NOT_OWNER, sys_frame_release(a, ORDER_FRAME));
    EXPECT(CAP_DOMAIN | RIGHT_ALL << 8, sys_slot_query(SLOT_SELF, OTHER));
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(E_DEAD, sys_domain_set(OTHER, DOMAIN_NAME, 0));
    EXPECT(CAP_EMPTY, sys_slot_query(SLOT_SELF, OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(before, free_frames());
}

/* A domain that nobody holds any more is found by its frame's name, and ended. */
static void test_domain_adopt(void)
{
    uint64_t before = free_frames(), a = claim_object();
    EXPECT(OK, sys_domain_create(OTHER, a, claim_object(), claim_object()));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(E_ARGUMENT, sys_domain_adopt(OTHER, SLOT_INIT_MACHINE, a + FRAME_BYTES / 2));
    EXPECT(E_ARGUMENT, sys_domain_adopt(OTHER, SLOT_INIT_MACHINE, KERNEL_START));
    EXPECT(E_ARGUMENT, sys_domain_adopt(OTHER, SLOT_INIT_MACHINE, ABSENT_ADDRESS));
    EXPECT(E_OCCUPIED, sys_domain_adopt(SLOT_SELF, SLOT_INIT_MACHINE, a));
    EXPECT(E_TYPE, sys_domain_adopt(OTHER, SLOT_SELF, a));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, SCRATCH, SLOT_INIT_MACHINE, RIGHT_INSPECT | RIGHT_USE, 0));
    EXPECT(E_RIGHTS, sys_domain_adopt(OTHER, SCRATCH, a));
    EXPECT(OK, sys_slot_drop(SCRATCH));
    EXPECT(E_ARGUMENT, sys_slot_copy(SLOT_SELF, SCRATCH, SLOT_INIT_PORTS, RIGHT_ALL, 5));
    EXPECT(OK, sys_domain_adopt(OTHER, SLOT_INIT_MACHINE, a));
    EXPECT(CAP_DOMAIN | RIGHT_ALL << 8, sys_slot_query(SLOT_SELF, OTHER));
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(E_ARGUMENT, sys_domain_adopt(OTHER, SLOT_INIT_MACHINE, a));
    EXPECT(before, free_frames());
}

static void test_domain_set(void)
{
    make_domain(OTHER, 10);
    EXPECT(E_ARGUMENT, sys_domain_set(OTHER, 99, 0));
    EXPECT(E_ARGUMENT, sys_domain_set(SLOT_SELF, DOMAIN_FRAME_LIMIT, 1));
    EXPECT(E_ARGUMENT, sys_domain_set(OTHER, DOMAIN_FRAME_LIMIT, UINT64_MAX));
    EXPECT(E_LIMIT, sys_domain_set(OTHER, DOMAIN_FRAME_LIMIT, UINT32_MAX)); /* it is handed over */
    EXPECT(E_LIMIT, sys_domain_set(OTHER, DOMAIN_FRAME_LIMIT, 2));          /* it owns three */
    EXPECT(E_ARGUMENT, sys_domain_set(OTHER, DOMAIN_UPCALL, 0x400000));
    EXPECT(E_ARGUMENT, sys_domain_set(OTHER, DOMAIN_UPCALL, PROGRAM_END));
    EXPECT(E_ARGUMENT, sys_domain_set(OTHER, DOMAIN_UPCALL, LOWER_HALF_END));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_UPCALL, PROGRAM_BASE));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_NAME, TAG8('t', 'e', 's', 't', 0, 0, 0, 0)));
    EXPECT(E_TYPE, sys_domain_set(OTHER, DOMAIN_FAULT_ENDPOINT, SLOT_SELF));
    EXPECT(E_SLOT, sys_domain_set(OTHER, DOMAIN_FAULT_ENDPOINT, 100));
    EXPECT(E_ARGUMENT, sys_domain_destroy(SLOT_SELF));
    EXPECT(E_TYPE, sys_domain_destroy(SLOT_INIT_MACHINE));
    EXPECT(E_SLOT, sys_domain_destroy(100));
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
}

static void test_threads(void)
{
    uint64_t frame = claim_object();
    make_domain(OTHER, 3);
    EXPECT(E_LIMIT, sys_thread_create(THREAD, frame, OTHER));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_FRAME_LIMIT, 4));
    EXPECT(E_OCCUPIED, sys_thread_create(OTHER, frame, OTHER));
    EXPECT(E_SLOT, sys_thread_create(SLOTS_PER_DOMAIN, frame, OTHER));
    EXPECT(E_TYPE, sys_thread_create(THREAD, frame, SLOT_INIT_PORTS));
    EXPECT(E_ALIGNMENT, sys_thread_create(THREAD, frame + 8, OTHER));
    EXPECT(E_NOT_OWNER, sys_thread_create(THREAD, KERNEL_START, OTHER));
    EXPECT(OK, sys_thread_create(THREAD, frame, OTHER));
    EXPECT(E_NOT_OWNER, sys_frame_release(frame, ORDER_FRAME));

    EXPECT(E_ARGUMENT, sys_thread_start(THREAD, 0x400000, STACK_TOP, 0));
    EXPECT(E_ARGUMENT, sys_thread_start(THREAD, LOWER_HALF_END, STACK_TOP, 0));
    EXPECT(E_ARGUMENT, sys_thread_start(THREAD, PROGRAM_END, STACK_TOP, 0));
    EXPECT(E_ARGUMENT, sys_thread_start(THREAD, PROGRAM_BASE, 0, 0));
    EXPECT(E_TYPE, sys_thread_start(OTHER, PROGRAM_BASE, STACK_TOP, 0));
    /* Nothing is mapped there: it faults at once, and stops, for it has no fault endpoint. */
    EXPECT(OK, sys_thread_start(THREAD, PROGRAM_BASE, STACK_TOP, 0));
    EXPECT(OK, sys_yield());
    EXPECT(E_ARGUMENT, sys_thread_start(THREAD, PROGRAM_BASE, STACK_TOP, 0));
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(E_DEAD, sys_thread_start(THREAD, PROGRAM_BASE, STACK_TOP, 0));
    EXPECT(OK, sys_slot_drop(THREAD));
    EXPECT(OK, sys_slot_drop(OTHER));

    EXPECT(E_ARGUMENT, sys_thread_set_tls(LOWER_HALF_END));
    EXPECT(E_ARGUMENT, sys_thread_set_tls(UPPER_HALF_START - 1));
}

static void test_destroy_object(void)
{
    uint64_t frame = claim_object();
    EXPECT(OK, sys_endpoint_create(ENDPOINT, frame));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, SCRATCH, ENDPOINT, RIGHT_SEND, 0));
    EXPECT(E_RIGHTS, sys_object_destroy(SCRATCH));
    EXPECT(E_TYPE, sys_object_destroy(SLOT_SELF));
    EXPECT(E_SLOT, sys_object_destroy(0));
    EXPECT(OK, sys_object_destroy(ENDPOINT));
    /* The copy is dead, also when the frame is an endpoint again. */
    EXPECT(OK, sys_endpoint_create(ENDPOINT, frame));
    EXPECT(E_GONE, sys_signal(SCRATCH, 1));
    EXPECT(OK, sys_slot_drop(SCRATCH));
    EXPECT(OK, sys_object_destroy(ENDPOINT));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
}

static void test_slots(void)
{
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(E_OCCUPIED, sys_slot_copy(SLOT_SELF, SLOT_SELF, ENDPOINT, RIGHT_ALL, 0));
    EXPECT(E_SLOT, sys_slot_copy(SLOT_SELF, SLOTS_PER_DOMAIN, ENDPOINT, RIGHT_ALL, 0));
    EXPECT(E_SLOT, sys_slot_copy(SLOT_SELF, SCRATCH, 99, RIGHT_ALL, 0));
    EXPECT(E_TYPE, sys_slot_copy(ENDPOINT, SCRATCH, ENDPOINT, RIGHT_ALL, 0));
    EXPECT(CAP_DOMAIN | (RIGHT_CONTROL | RIGHT_GRANT | RIGHT_COPY) << 8,
           sys_slot_query(SLOT_SELF, SLOT_SELF));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, SCRATCH, SLOT_SELF, RIGHT_GRANT, 0));
    EXPECT(E_RIGHTS, sys_slot_copy(SLOT_SELF, THREAD, SCRATCH, RIGHT_ALL, 0));
    EXPECT(E_RIGHTS, sys_domain_set(SCRATCH, DOMAIN_ACCEPT, 1));
    EXPECT(OK, sys_slot_drop(SCRATCH));

    /* Rights only shrink, a badge is set once. */
    uint32_t fewer = RIGHT_SEND | RIGHT_COPY;
    EXPECT(OK, sys_slot_copy(SLOT_SELF, SCRATCH, ENDPOINT, fewer, 77));
    EXPECT(CAP_ENDPOINT | fewer << 8, sys_slot_query(SLOT_SELF, SCRATCH));
    EXPECT(E_ARGUMENT, sys_slot_copy(SLOT_SELF, THREAD, SCRATCH, RIGHT_ALL, 78));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, THREAD, SCRATCH, RIGHT_ALL, 0));
    EXPECT(CAP_ENDPOINT | fewer << 8, sys_slot_query(SLOT_SELF, THREAD));
    EXPECT(OK, sys_slot_drop(THREAD));
    EXPECT(OK, sys_slot_drop(SCRATCH));

    /* Ranges are narrowed, never widened. */
    EXPECT(E_ARGUMENT,
           sys_slot_copy(SLOT_SELF, SCRATCH, SLOT_INIT_PORTS, RIGHT_ALL, 0xffff | 2ull << 32));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, SCRATCH, SLOT_INIT_PORTS, RIGHT_ALL, 0x80 | 4ull << 32));
    EXPECT(E_ARGUMENT, sys_slot_copy(SLOT_SELF, THREAD, SCRATCH, RIGHT_ALL, 0x80 | 5ull << 32));
    EXPECT(E_ARGUMENT, sys_slot_copy(SLOT_SELF, THREAD, SCRATCH, RIGHT_ALL, 0x7f | 2ull << 32));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, THREAD, SCRATCH, RIGHT_ALL, 0x83 | 1ull << 32));
    EXPECT(OK, sys_slot_drop(THREAD));
    EXPECT(OK, sys_slot_drop(SCRATCH));

    EXPECT(E_SLOT, sys_slot_drop(SCRATCH));
    EXPECT(E_SLOT, sys_slot_drop(SLOTS_PER_DOMAIN));
    EXPECT(CAP_EMPTY, sys_slot_query(SLOT_SELF, SCRATCH));
    EXPECT(E_SLOT, sys_slot_query(SLOT_SELF, SLOTS_PER_DOMAIN));
    EXPECT(OK, sys_object_destroy(ENDPOINT));
}

/* A domain that holds memory, tables, threads, endpoints and mappings leaves nothing behind. */
static void test_end_of_domain(void)
{
    uint64_t before = free_frames();
    for (unsigned round = 0; round < 20; round++) {
        make_domain(OTHER, 1000);
        fund(OTHER, 12);
        for (unsigned i = 0; i < 40; i++) {
            uint64_t frame = claim_object();
            EXPECT(OK, sys_page_map(OTHER, PROGRAM_BASE + i * FRAME_BYTES, frame, MAP_READ));
            EXPECT(OK, sys_frame_give(frame, ORDER_FRAME, OTHER, i % 2 ? MAP_READ : 0));
        }
        uint64_t block = claim(ORDER_BLOCK, 0);
        EXPECT(OK, sys_frame_give(block, ORDER_BLOCK, OTHER, MAP_READ));
        EXPECT(OK, sys_thread_create(THREAD, claim_object(), OTHER));
        EXPECT(OK, sys_thread_start(THREAD, PROGRAM_BASE, STACK_TOP, 0));
        EXPECT(OK, sys_domain_destroy(OTHER));
        EXPECT(OK, sys_slot_drop(THREAD));
        EXPECT(OK, sys_slot_drop(OTHER));
    }
    EXPECT(before, free_frames());
}

int main(void)
{
    fund(SLOT_SELF, 8);
    test_domain_create();
    test_domain_adopt();
    test_domain_set();
    test_threads();
    test_destroy_object();
    test_slots();
    test_end_of_domain();
    end_test();
}
