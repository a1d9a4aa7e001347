/*
 * No translation outlives its page-table entry: a thread touches memory, makes the call that takes
 * its access away, and touches it again at once. Nothing comes between, so what the processor has
 * in its TLB is what that call left there: a page that is not flushed would still be reached.
 */
#include <stdbool.h>

#include "tests/system/check.h"
#include "tests/system/plain_call.h"

#define RW (MAP_READ | MAP_WRITE)
#define AT (PROGRAM_BASE + (8ull << 30)) /* mapped by nobody else */
#define ORDER(order) ((uint64_t)(order) << 8)

enum { FAULTS = 100, FAULTS_SEND, REPLY, THREAD };

/* What the thread is to do, and what came of it. */
static struct {
    uint64_t call, a, b, c, d; /* a system call of class PLAIN */
    volatile uint64_t *touched;
    uint64_t bytes, step; /* what it touches beforehand */
    bool writes;          /* the last time */
} order;
static int64_t result;
static uint64_t stack[512] __attribute__((aligned(16)));

static __attribute__((noreturn)) void thread(void)
{
    for (uint64_t i = 0; i < order.bytes; i += order.step) {
        order.touched[i / 8]++;
    }
    result = plain_call(order.call, order.a, order.b, order.c, order.d);
    volatile uint64_t *last = &order.touched[(order.bytes - order.step) / 8];
    if (order.writes) {
        *last = 1;
    } else {
        (void)*last;
    }
    __builtin_trap(); /* the other fault, which the test does not want */
}

/* Where does the thread fault, when it makes a call (which must be OK) between touching all of
 * `frames` at `at` and touching the last of them? */
static uint64_t fault_after(uint64_t at, uint64_t frames, uint64_t call, uint64_t a, uint64_t b,
                            uint64_t c, uint64_t d)
{
    order.call = call;
    order.a = a;
    order.b = b;
    order.c = c;
    order.d = d;
    order.touched = (volatile uint64_t *)at;
    order.bytes = frames * FRAME_BYTES;
    order.step = FRAME_BYTES;
    result = 1;
    uint64_t frame = claim_object();
    EXPECT(OK, sys_thread_create(THREAD, frame, SLOT_SELF));
    EXPECT(OK, sys_thread_start(THREAD, (uint64_t)thread, (uint64_t)(stack + 511), 0));
    struct message fault = {.words = {0}};
    EXPECT(RECEIVED_CALL, sys_wait(FAULTS, REPLY, DEADLINE_NEVER, &fault));
    EXPECT(OK, result);
    EXPECT(OK, sys_object_destroy(THREAD));
    EXPECT(OK, sys_slot_drop(REPLY));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    return fault.words[FAULT_WORD_KIND] == FAULT_MESSAGE + 14 ? fault.words[FAULT_WORD_ADDRESS] : 0;
}

static uint64_t last_of(uint64_t at, uint64_t frames)
{
    return at + (frames - 1) * FRAME_BYTES;
}

static void frames_of_ones_own(void)
{
    uint64_t frame = claim(ORDER_FRAME, RW), neighbour = claim(ORDER_FRAME, RW);
    EXPECT(frame, fault_after(frame, 1, CALL_frame_release, frame, 0, 0, 0));
    EXPECT(neighbour, fault_after(neighbour, 1, CALL_frame_access, neighbour, 0, 0, 0));
    EXPECT(OK, sys_frame_access(neighbour, ORDER_FRAME, RW));
    order.writes = true;
    EXPECT(neighbour, fault_after(neighbour, 1, CALL_frame_access, neighbour, 0, MAP_READ, 0));
    order.writes = false;
    EXPECT(OK, sys_frame_release(neighbour, ORDER_FRAME));
    make_domain(THREAD + 1, 600);
    for (uint32_t size = 0; size <= ORDER_BLOCK; size += 3) {
        uint64_t count = 1ull << size;
        uint64_t run = claim(size, RW);
        EXPECT(last_of(run, count), fault_after(run, count, CALL_frame_access, run, size, 0, 0));
        EXPECT(OK, sys_frame_access(run, size, RW));
        order.writes = true;
        EXPECT(last_of(run, count),
               fault_after(run, count, CALL_frame_access, run, size, MAP_READ, 0));
        order.writes = false;
        EXPECT(OK, sys_frame_access(run, size, RW));
        EXPECT(last_of(run, count), fault_after(run, count, CALL_frame_release, run, size, 0, 0));
        run = claim(size, RW);
        EXPECT(last_of(run, count),
               fault_after(run, count, CALL_frame_give, run, size, THREAD + 1, 0));
    }
    EXPECT(OK, sys_domain_destroy(THREAD + 1));
    EXPECT(OK, sys_slot_drop(THREAD + 1));
}

static void mappings(void)
{
    for (uint32_t size = 0; size <= ORDER_BLOCK; size += 3) {
        uint64_t count = 1ull << size;
        uint64_t run = claim(size, 0);
        EXPECT(OK, sys_page_map(SLOT_SELF, AT, run, RW | ORDER(size)));
        EXPECT(last_of(AT, count), fault_after(AT, count, CALL_page_unmap, SLOT_SELF, AT, size, 0));
        EXPECT(OK, sys_frame_release(run, size));
    }
    /* The short way: the page table keeps another page. */
    uint64_t frame = claim(ORDER_FRAME, 0);
    EXPECT(OK, sys_page_map(SLOT_SELF, AT, frame, RW));
    EXPECT(OK, sys_page_map(SLOT_SELF, AT + FRAME_BYTES, frame, RW));
    EXPECT(AT, fault_after(AT, 1, CALL_page_unmap, SLOT_SELF, AT, ORDER_FRAME, 0));
    EXPECT(OK, sys_page_unmap(SLOT_SELF, AT + FRAME_BYTES, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
}

int main(void)
{
    EXPECT(OK, sys_endpoint_create(FAULTS, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, FAULTS_SEND, FAULTS, RIGHT_SEND, 1));
    EXPECT(OK, sys_domain_set(SLOT_SELF, DOMAIN_FAULT_ENDPOINT, FAULTS_SEND));
    fund(SLOT_SELF, 8);
    frames_of_ones_own();
    mappings();
    end_test();
}
