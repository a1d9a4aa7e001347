/*
 * Deadlines: of a sleep, a wait and a call, in each state that they can pass in, before they are
 * set, and too late; and many sleepers, which wake in the order of theirs.
 */
#include "tests/system/blob.h"
#include "tests/system/threads.h"

#define ENDPOINT 20
#define CLIENT 21
#define REPLY 22
#define THREAD 23
#define SECOND 24
#define THIRD 25
#define ITS_REPLY 26
#define OTHER 27

#define SLEEPERS 200
#define PAST 1000u /* nanoseconds after the kernel's start */

static volatile int64_t result;
static volatile uint64_t ended_at;
static volatile uint64_t answer;

static void call(uint64_t deadline)
{
    struct message message = {.words = {5}};
    result = sys_call_until(CLIENT, deadline, &message);
    ended_at = clock_now();
    answer = message.words[0];
    thread_rest();
}

/* Receives, and lets the caller wait for ever. */
static void receive(uint64_t deadline)
{
    struct message message = {.words = {0}};
    result = sys_wait(ENDPOINT, ITS_REPLY, deadline, &message);
    ended_at = clock_now();
    answer = message.words[0];
    thread_rest();
}

static void doze(uint64_t deadline)
{
    sys_sleep(deadline);
    thread_rest();
}

static void test_sleep(void)
{
    uint64_t before = clock_now();
    EXPECT(OK, sys_sleep(DEADLINE_NOW));
    EXPECT(OK, sys_sleep(1));
    EXPECT(OK, sys_sleep(PAST));
    EXPECT(OK, sys_sleep(before));
    EXPECT(E_SLOT, sys_sleep(DEADLINE_NEVER));
    for (uint64_t ns = 1; ns <= 20 * MILLISECOND; ns *= 7) {
        uint64_t deadline = clock_now() + ns;
        EXPECT(OK, sys_sleep(deadline));
        EXPECT(true, clock_now() >= deadline);
    }
}

/* Deadlines that no clock reaches: nothing happens, however far they are. */
static void test_far(void)
{
    endpoint_make(ENDPOINT, CLIENT, 1);
    for (unsigned bit = 41; bit < 64; bit++) {
        thread_run(THREAD, URGENT, receive, bit < 63 ? 1ull << bit : DEADLINE_NEVER - 1);
        EXPECT(THREAD_IS_RECEIVING, thread_state(THREAD));
        let_run(100000);
        EXPECT(THREAD_IS_RECEIVING, thread_state(THREAD));
        thread_done(THREAD);
    }
    endpoint_end(ENDPOINT, CLIENT);
}

static void test_wait(void)
{
    struct message message = {.words = {0}};
    endpoint_make(ENDPOINT, CLIENT, 1);
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, PAST, &message));
    uint64_t deadline = clock_now() + 2 * MILLISECOND;
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, deadline, &message));
    EXPECT(true, clock_now() >= deadline);
    EXPECT(CAP_EMPTY, sys_slot_query(SLOT_SELF, REPLY));

    /* A signal comes in time; its deadline passes then, and wakes nobody again. */
    deadline = clock_now() + 100 * MILLISECOND;
    thread_run(THREAD, URGENT, receive, deadline);
    EXPECT(OK, sys_signal(ENDPOINT, 6));
    EXPECT(RECEIVED_SIGNAL, result);
    EXPECT(6, answer);
    EXPECT(OK, sys_sleep(deadline + MILLISECOND));
    EXPECT(RECEIVED_SIGNAL, result);
    EXPECT(THREAD_IS_SLEEPING, thread_state(THREAD));
    thread_done(THREAD);

    /* Several wait: the first of them gives up, the others stay. */
    deadline = clock_now() + 100 * MILLISECOND;
    thread_run(THREAD, URGENT, receive, deadline);
    EXPECT(OK, sys_sleep(deadline + MILLISECOND));
    EXPECT(E_TIMEOUT, result);
    EXPECT(true, ended_at >= deadline);
    EXPECT(CAP_EMPTY, sys_slot_query(SLOT_SELF, ITS_REPLY));
    EXPECT(E_TIMEOUT, sys_call_until(CLIENT, DEADLINE_NOW, &message)); /* nobody is left */
    thread_done(THREAD);
    endpoint_end(ENDPOINT, CLIENT);
}

/* In the queue, and received: the call ends, and a late answer finds nobody. */
static void test_call(void)
{
    struct message message = {.words = {0}};
    endpoint_make(ENDPOINT, CLIENT, 1);
    static const uint64_t past[] = {DEADLINE_NOW, 1, PAST};
    for (unsigned i = 0; i < 3; i++) {
        result = 1;
        EXPECT(E_TIMEOUT, sys_call_until(CLIENT, past[i], &message));
        EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    }
    uint64_t deadline = clock_now() + 100 * MILLISECOND;
    thread_run(THREAD, URGENT, call, deadline);
    EXPECT(THREAD_IS_SENDING, thread_state(THREAD));
    EXPECT(OK, sys_sleep(deadline + MILLISECOND));
    EXPECT(E_TIMEOUT, result);
    EXPECT(true, ended_at >= deadline);
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    thread_done(THREAD);

    for (unsigned way = 0; way < 3; way++) {
        result = 1;
        deadline = clock_now() + 100 * MILLISECOND;
        thread_run(THREAD, URGENT, call, deadline);
        EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
        EXPECT(THREAD_IS_AWAITING_ANSWER, thread_state(THREAD));
        EXPECT(1, result);
        EXPECT(OK, sys_sleep(deadline + MILLISECOND));
        EXPECT(E_TIMEOUT, result);
        EXPECT(5, answer); /* its message is as it was */
        if (way == 0) {
            EXPECT(E_DEAD, sys_reply(REPLY, &message));
            EXPECT(OK, sys_slot_drop(REPLY));
        } else if (way == 1) {
            EXPECT(E_TIMEOUT, sys_reply_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
        } else {
            EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
        }
        thread_done(THREAD);
    }
    endpoint_end(ENDPOINT, CLIENT);
}

/* With somebody waiting: DEADLINE_NOW sends, and waits for the answer as long as it takes; a
 * deadline that has passed sends, and does not wait. */
static void test_call_now(void)
{
    struct message message = {.words = {8}};
    endpoint_make(ENDPOINT, CLIENT, 1);
    thread_run(SECOND, URGENT, receive, DEADLINE_NEVER);
    thread_run(THREAD, URGENT, call, DEADLINE_NOW);
    EXPECT(5, answer);
    EXPECT(RECEIVED_CALL, result);
    let_run(MILLISECOND);
    EXPECT(THREAD_IS_AWAITING_ANSWER, thread_state(THREAD));
    EXPECT(OK, sys_reply(ITS_REPLY, &message));
    EXPECT(OK, result);
    EXPECT(8, answer);
    thread_done(THREAD);
    thread_done(SECOND);
    thread_run(SECOND, LAZY, receive, DEADLINE_NEVER);
    result = 1;
    WAIT_FOR(thread_state(SECOND) == THREAD_IS_RECEIVING);
    EXPECT(THREAD_IS_RECEIVING, thread_state(SECOND));
    EXPECT(E_TIMEOUT, sys_call_until(CLIENT, PAST, &message));
    WAIT_FOR(result == RECEIVED_CALL);
    EXPECT(RECEIVED_CALL, result);
    EXPECT(8, answer);
    EXPECT(E_DEAD, sys_reply(ITS_REPLY, &message));
    EXPECT(OK, sys_slot_drop(ITS_REPLY));
    thread_done(SECOND);
    endpoint_end(ENDPOINT, CLIENT);
}

static void test_reply_wait(void)
{
    struct message message = {.words = {0}};
    endpoint_make(ENDPOINT, CLIENT, 1);
    for (unsigned i = 0; i < 3; i++) {
        thread_run(THREAD, URGENT, call, DEADLINE_NEVER);
        EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
        message.words[0] = 70 + i;
        uint64_t deadline = i == 0 ? DEADLINE_NOW : i == 1 ? PAST : clock_now() + 3 * MILLISECOND;
        EXPECT(E_TIMEOUT, sys_reply_wait(ENDPOINT, REPLY, deadline, &message));
        EXPECT(true, clock_now() >= deadline);
        EXPECT(70 + i, answer);
        EXPECT(OK, result);
        EXPECT(CAP_EMPTY, sys_slot_query(SLOT_SELF, REPLY));
        thread_done(THREAD);
    }
    endpoint_end(ENDPOINT, CLIENT);
}

/* The endpoint ends, or the thread does, before the deadline. */
static void test_ended_before(void)
{
    uint64_t deadline = clock_now() + 50 * MILLISECOND;
    endpoint_make(ENDPOINT, CLIENT, 1);
    thread_run(THREAD, URGENT, receive, deadline);
    thread_run(SECOND, URGENT, doze, deadline);
    EXPECT(OK, sys_object_destroy(ENDPOINT));
    EXPECT(E_GONE, result);
    thread_done(SECOND);
    EXPECT(OK, sys_sleep(deadline + MILLISECOND));
    EXPECT(E_GONE, result);
    thread_done(THREAD);
    EXPECT(OK, sys_slot_drop(CLIENT));
}

/* ---- Many ---- */

/* Sleeps until rdi, then calls slot 3 with that. */
BLOB(sleeper, "mov %rdi, %r14; mov %rdi, %rbp\n\t"
              "mov $4120 + 0x20000, %eax; xor %ebx, %ebx\n\t"
              "syscall\n\t"
              "mov %rbp, %rdi; mov $4118, %eax; mov $3, %ebx\n\t"
              "syscall\n\t"
              "ud2");
_Static_assert(CALL_call == 4118 && CALL_wait == 4120 && MESSAGE_HAS_DEADLINE == 0x20000,
               "as the code says");

/* Whoever is woken first is first in the queue of the endpoint; but for one now and then whose turn
 * ended before its call, which put it behind the others that were awake. */
static void test_many(void)
{
    struct message message = {.words = {0}};
    uint64_t seed = 0x5eed, sum = 0, last = 0, before = ledger();
    unsigned late = 0;
    endpoint_make(ENDPOINT, CLIENT, 1);
    uint64_t start = clock_now();
    blob_make(OTHER, sleeper, sleeper_end, SLEEPERS + 20);
    EXPECT(OK, sys_slot_copy(OTHER, 3, CLIENT, RIGHT_SEND, 0));
    /* Late enough for all to sleep by then, on slow machines too. */
    start = clock_now() + 300 * MILLISECOND + (clock_now() - start) * SLEEPERS;
    for (unsigned i = 0; i < SLEEPERS; i++) {
        uint64_t deadline = start + random_next(&seed) % 64 * (MILLISECOND / 2);
        sum += deadline;
        blob_start(OTHER, THREAD, URGENT, deadline);
        EXPECT(OK, sys_slot_drop(THREAD));
    }
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    EXPECT(true, clock_now() < start); /* so all of them sleep */
    EXPECT(OK, sys_sleep(start + 40 * MILLISECOND));
    for (unsigned i = 0; i < SLEEPERS; i++) {
        EXPECT(RECEIVED_CALL,
               sys_wait(ENDPOINT, REPLY, clock_now() + 3000 * MILLISECOND, &message));
        late += message.words[0] < last;
        last = message.words[0];
        sum -= last;
        EXPECT(OK, sys_slot_drop(REPLY));
    }
    EXPECT(0, sum);
    EXPECT(true, late <= SLEEPERS / 10);
    blob_end(OTHER);
    endpoint_end(ENDPOINT, CLIENT);
    EXPECT(before - 1, ledger()); /* the endpoint's frame */
}

/* All asleep when their domain ends. */
static void test_many_ended(void)
{
    uint64_t seed = 0xbed, before = ledger();
    blob_make(OTHER, sleeper, sleeper_end, SLEEPERS + 20);
    uint64_t start = clock_now();
    for (unsigned i = 0; i < SLEEPERS; i++) {
        blob_start(OTHER, THREAD, LAZY, start + random_next(&seed) % (2000 * MILLISECOND));
        EXPECT(OK, sys_slot_drop(THREAD));
        if (i % 16 == 0) {
            let_run(MILLISECOND);
        }
    }
    blob_end(OTHER);
    EXPECT(before, ledger());
    let_run(20 * MILLISECOND);
}

int main(void)
{
    fund(SLOT_SELF, 32);
    test_sleep();
    test_far();
    test_wait();
    test_call();
    test_call_now();
    test_reply_wait();
    test_ended_before();
    test_many();
    test_many_ended();
    end_test();
}
