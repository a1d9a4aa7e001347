/*
 * Orders of events between two CPUs that hardly ever come about by themselves: a debugger stops CPU
 * 0 at one instruction of the kernel, lets CPU 1 make one call and come to the next, and then both
 * go on (tests/test_smp.py). The kernel's command line says which.
 */
#include "tests/system/smp.h"

#pragma GCC target("general-regs-only")

enum { ENDPOINT = 20, CLIENT, REPLY };

#define AT (PROGRAM_END - 64 * FRAME_BYTES)
#define SERVER_PRIORITY PRIORITY_NORMAL
#define CALLS 3 /* the last two by the short way */

static volatile uint64_t calls, touched;

/* CPU 0 has come to where the debugger stops it, or will at once. */
static void wait_until_stopped(void)
{
    uint64_t end = clock_now() + SECOND;
    while (clock_now() < end) {
        relax();
    }
}

/* ---- A page fault that waits for the lock while the access becomes allowed ---- */

static void touch(uint64_t unused)
{
    (void)unused;
    calls = CALLS;
    touched = *(volatile uint64_t *)AT + 1;
    for (;;) {
        relax();
    }
}

static void test_fault(void)
{
    struct message message = {.words = {0}};
    uint64_t frame = claim(ORDER_FRAME, RW);
    EXPECT(OK, sys_domain_set(SLOT_SELF, DOMAIN_FAULT_ENDPOINT, CLIENT));
    worker_start(0, 0, touch, 0);
    while (calls != CALLS) {
        relax();
    }
    wait_until_stopped();
    EXPECT(OK, sys_page_map(SLOT_SELF, AT, frame, RW | ORDER_FRAME << 8));
    sys_yield();
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, clock_now() + SECOND, &message)); /* no fault */
    EXPECT(1, touched);
}

/* ---- A server about to answer, and its caller becomes more urgent ---- */

static void serve(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message);
    for (;;) {
        sys_reply_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message);
    }
}

static void call(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    for (unsigned i = 0; i < CALLS; i++) {
        calls++;
        sys_call(CLIENT, &message);
    }
    touched = 1;
    for (;;) {
        sys_sleep(DEADLINE_NEVER - 1);
    }
}

static void test_answer(void)
{
    const struct worker *server = worker_start(0, 0, serve, 0);
    UNTIL(worker_value(server, THREAD_STATE) == THREAD_IS_RECEIVING);
    const struct worker *client = worker_start(1, 0, call, 0);
    while (calls != CALLS) {
        relax();
    }
    wait_until_stopped();
    EXPECT(OK, sys_thread_set(client->thread, THREAD_PRIORITY, SERVER_PRIORITY + 4));
    sys_yield();
    UNTIL(touched == 1);
    EXPECT(SERVER_PRIORITY | SERVER_PRIORITY << 8, worker_value(server, THREAD_URGENCY));
}

int main(int argc, char **argv)
{
    fund(SLOT_SELF, 16);
    EXPECT(OK, sys_thread_set(SLOT_NONE, THREAD_CPU, 1));
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_SEND | RIGHT_COPY, 1));
    if (word_of(argc, argv, "answer", 0)) {
        test_answer();
    } else {
        test_fault();
    }
    end_test();
}
