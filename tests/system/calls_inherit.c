/*
 * Inherited priority along a chain of sixteen servers, each less urgent than a thread that never
 * lets go of the processor: who serves an urgent caller runs before that, and not a moment longer
 * than the caller waits, however its wait ends. And cycles of calls: found, or ended by a deadline.
 */
#include "tests/system/threads.h"

#define SERVERS 16
#define ENDPOINT 20            /* of server i: ENDPOINT + i; one more: the gate */
#define CLIENT (ENDPOINT + 17) /* the same, to be called */
#define THREAD (CLIENT + 17)   /* server i itself */
#define REPLY (THREAD + 16)    /* whom it serves */
#define CALLER (REPLY + 17)
#define SECOND (CALLER + 1)
#define HOG (CALLER + 2)
#define SECOND_REPLY (CALLER + 3)
#define GATE (ENDPOINT + SERVERS) /* where the last server waits for nobody's signal */
#define GATE_REPLY (REPLY + SERVERS)
#define SERVER_PRIORITY 2
#define HOG_PRIORITY 9

enum { ANSWER_AT_ONCE, WAIT_AT_GATE, CALL_FIRST };

static volatile unsigned last_does;
static volatile uint64_t last_deadline;
static volatile int64_t result, second_result, last_result;
static volatile uint64_t hog_count;

static void hog(uint64_t unused)
{
    (void)unused;
    for (;;) {
        hog_count++;
    }
}

/* What the last of the chain does with a message before it answers. */
static void serve_last(void)
{
    struct message message = {.words = {0}};
    if (last_does == WAIT_AT_GATE) {
        last_result = sys_wait(GATE, GATE_REPLY, DEADLINE_NEVER, &message);
    } else if (last_does == CALL_FIRST) {
        last_result = sys_call_until(CLIENT, last_deadline, &message);
    }
}

/* Server i asks server i + 1. */
static void serve(uint64_t i)
{
    struct message message = {.words = {0}};
    uint32_t endpoint = ENDPOINT + (uint32_t)i, reply = REPLY + (uint32_t)i;
    int64_t got = sys_wait(endpoint, reply, DEADLINE_NEVER, &message);
    for (;;) {
        message.words[0]++;
        if (got != RECEIVED_CALL) {
            thread_rest();
        }
        if (i + 1 < SERVERS) {
            sys_call(CLIENT + (uint32_t)i + 1, &message);
        } else {
            serve_last();
        }
        got = sys_reply_wait(endpoint, reply, DEADLINE_NEVER, &message);
    }
}

/* Another one that might serve the first endpoint. */
static void receive_too(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    sys_wait(ENDPOINT, SECOND_REPLY, DEADLINE_NEVER, &message);
    thread_rest();
}

static void call(uint64_t deadline)
{
    struct message message = {.words = {0}};
    int64_t got = sys_call_until(CLIENT, deadline, &message);
    result = got == OK ? (int64_t)message.words[0] : got;
    thread_rest();
}

static void call_second(uint64_t deadline)
{
    struct message message = {.words = {0}};
    second_result = sys_call_until(CLIENT, deadline, &message);
    thread_rest();
}

/* The second time all know the way: it is the short one. */
static void call_twice(uint64_t deadline)
{
    struct message message = {.words = {0}};
    sys_call(CLIENT, &message);
    last_does = WAIT_AT_GATE;
    call(deadline);
}

static void call_sixth(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    second_result = sys_call(CLIENT + 5, &message);
    thread_rest();
}

/* ---- The chain ---- */

static void make_chain(unsigned does)
{
    last_does = does;
    for (uint32_t i = 0; i < SERVERS; i++) {
        thread_run(THREAD + i, URGENT, serve, i);
        EXPECT(OK, sys_thread_set(THREAD + i, THREAD_PRIORITY, SERVER_PRIORITY));
        EXPECT(THREAD_IS_RECEIVING, thread_state(THREAD + i));
    }
    hog_count = 0;
    thread_run(HOG, HOG_PRIORITY, hog, 0);
    result = second_result = last_result = 1;
}

static void end_chain(void)
{
    for (uint32_t i = 0; i < SERVERS; i++) {
        thread_done(THREAD + i);
    }
    thread_done(HOG);
    for (uint32_t i = 0; i <= SERVERS; i++) {
        if (sys_slot_query(SLOT_SELF, REPLY + i) != CAP_EMPTY) {
            EXPECT(OK, sys_slot_drop(REPLY + i));
        } else {
            sys_slot_drop(REPLY + i); /* of a caller that has ended */
        }
    }
}

/* Servers `from` to `to` run at that priority, the others at their own. */
static void expect_urgency(unsigned from, unsigned to, unsigned priority)
{
    for (unsigned i = 0; i < SERVERS; i++) {
        bool in = i >= from && i < to;
        EXPECT(in ? priority : SERVER_PRIORITY, thread_urgency(THREAD + i));
    }
}

static void test_answered(void)
{
    make_chain(ANSWER_AT_ONCE);
    for (unsigned i = 0; i < 3; i++) {
        thread_run(CALLER, URGENT, call, DEADLINE_NEVER);
        EXPECT(SERVERS, result); /* they were all asked, before this thread went on */
        expect_urgency(0, 0, 0);
        EXPECT(URGENT, thread_urgency(CALLER));
        thread_done(CALLER);
        result = 1;
    }
    EXPECT(0, hog_count);
    thread_run(CALLER, SERVER_PRIORITY, call, DEADLINE_NEVER); /* none of the hog's business */
    WAIT_FOR(hog_count > 0);
    EXPECT(1, result);
    EXPECT(true, hog_count > 0);
    EXPECT(OK, sys_thread_set(CALLER, THREAD_PRIORITY, URGENT));
    EXPECT(SERVERS, result);
    thread_done(CALLER);
    end_chain();
}

/* With the last one waiting, all wait: for whom, shows in their priorities. */
static uint64_t start_waiting(uint64_t ns)
{
    make_chain(WAIT_AT_GATE);
    uint64_t deadline = ns == DEADLINE_NEVER ? ns : clock_now() + ns;
    thread_run(CALLER, URGENT, call, deadline);
    EXPECT(1, result);
    expect_urgency(0, SERVERS, URGENT);
    EXPECT(THREAD_IS_RECEIVING, thread_state(THREAD + SERVERS - 1));
    return deadline;
}

static void test_ends(void)
{
    start_waiting(DEADLINE_NEVER); /* by the answer */
    EXPECT(OK, sys_signal(GATE, 1));
    EXPECT(SERVERS, result);
    EXPECT(RECEIVED_SIGNAL, last_result);
    expect_urgency(0, 0, 0);
    thread_done(CALLER);
    end_chain();

    uint64_t deadline = start_waiting(500 * MILLISECOND); /* by the deadline */
    EXPECT(OK, sys_sleep(deadline + MILLISECOND));
    EXPECT(E_TIMEOUT, result);
    expect_urgency(0, 0, 0);
    thread_done(CALLER);
    end_chain();

    start_waiting(DEADLINE_NEVER); /* stopped, ended */
    EXPECT(OK, sys_thread_stop(CALLER));
    expect_urgency(0, 0, 0);
    thread_done(CALLER);
    end_chain();
    start_waiting(DEADLINE_NEVER);
    thread_done(CALLER);
    expect_urgency(0, 0, 0);
    end_chain();

    start_waiting(DEADLINE_NEVER); /* let go of */
    EXPECT(OK, sys_slot_drop(REPLY));
    EXPECT(E_DROPPED, result);
    expect_urgency(0, 0, 0);
    thread_done(CALLER);
    end_chain();
}

/* One in the middle is stopped, or ends: those before it still serve, those behind it do not. */
static void test_broken(void)
{
    for (unsigned ends = 0; ends < 2; ends++) {
        start_waiting(DEADLINE_NEVER);
        if (ends) {
            EXPECT(OK, sys_thread_set(THREAD + 7, THREAD_PRIORITY, 3));
            EXPECT(URGENT, thread_urgency(THREAD + 7));
            thread_done(THREAD + 7);
            EXPECT(URGENT, thread_urgency(THREAD + 6));
            EXPECT(SERVER_PRIORITY, thread_urgency(THREAD + 8));
            thread_run(THREAD + 7, 0, hog, 0);
        } else {
            EXPECT(OK, sys_thread_stop(THREAD + 7));
            expect_urgency(0, 8, URGENT);
        }
        thread_done(CALLER);
        end_chain();
    }
}

/* The priority of the caller changes; another one waits in the queue. */
static void test_changes(void)
{
    start_waiting(DEADLINE_NEVER);
    static const unsigned priorities[] = {25, 31, 17, 3, 2, 20};
    for (unsigned i = 0; i < 6; i++) {
        EXPECT(OK, sys_thread_set(CALLER, THREAD_PRIORITY, priorities[i]));
        expect_urgency(0, SERVERS, priorities[i]);
    }
    EXPECT(OK, sys_thread_set(THREAD + 3, THREAD_PRIORITY, 22)); /* more urgent by itself */
    EXPECT(20, thread_urgency(THREAD + 2));
    EXPECT(22, thread_urgency(THREAD + 3));
    EXPECT(22, thread_urgency(THREAD + SERVERS - 1));
    EXPECT(OK, sys_thread_set(THREAD + 3, THREAD_PRIORITY, SERVER_PRIORITY));
    expect_urgency(0, SERVERS, 20);

    thread_run(SECOND, 24, call_second, DEADLINE_NEVER);
    EXPECT(THREAD_IS_SENDING, thread_state(SECOND));
    expect_urgency(0, SERVERS, 24);
    EXPECT(OK, sys_thread_set(SECOND, THREAD_PRIORITY, 27));
    expect_urgency(0, SERVERS, 27);
    EXPECT(OK, sys_thread_set(SECOND, THREAD_PRIORITY, 18));
    expect_urgency(0, SERVERS, 20);
    EXPECT(OK, sys_thread_set(SECOND, THREAD_PRIORITY, 28));
    EXPECT(OK, sys_thread_stop(SECOND));
    expect_urgency(0, SERVERS, 20);
    thread_done(SECOND);
    uint64_t deadline = clock_now() + 500 * MILLISECOND;
    thread_run(SECOND, 24, call_second, deadline);
    expect_urgency(0, SERVERS, 24);
    EXPECT(OK, sys_sleep(deadline + MILLISECOND));
    EXPECT(E_TIMEOUT, second_result);
    expect_urgency(0, SERVERS, 20);
    thread_done(SECOND);
    thread_done(CALLER);
    end_chain();
}

/* A caller as urgent as the servers comes the short way; then it becomes more urgent. */
static void test_short_way(void)
{
    make_chain(ANSWER_AT_ONCE);
    EXPECT(OK, sys_thread_set(HOG, THREAD_PRIORITY, 0));
    thread_run(CALLER, SERVER_PRIORITY, call_twice, DEADLINE_NEVER);
    WAIT_FOR(thread_state(CALLER) == THREAD_IS_AWAITING_ANSWER &&
             thread_state(THREAD + SERVERS - 2) == THREAD_IS_AWAITING_ANSWER &&
             thread_state(THREAD + SERVERS - 1) == THREAD_IS_RECEIVING);
    EXPECT(THREAD_IS_RECEIVING, thread_state(THREAD + SERVERS - 1));
    EXPECT(OK, sys_thread_set(THREAD + 5, THREAD_PRIORITY, 1)); /* its caller is not */
    expect_urgency(0, 0, 0);
    thread_run(SECOND, URGENT, call_sixth, 0); /* and another one waits, for a while */
    expect_urgency(5, SERVERS, URGENT);
    EXPECT(OK, sys_thread_stop(SECOND));
    expect_urgency(0, 0, 0);
    thread_done(SECOND);
    EXPECT(OK, sys_thread_set(CALLER, THREAD_PRIORITY, URGENT));
    expect_urgency(0, SERVERS, URGENT);
    EXPECT(OK, sys_thread_set(CALLER, THREAD_PRIORITY, 1));
    EXPECT(SERVER_PRIORITY, thread_urgency(THREAD + 5)); /* for the server before it */
    EXPECT(OK, sys_thread_set(THREAD + 5, THREAD_PRIORITY, SERVER_PRIORITY));
    expect_urgency(0, 0, 0);
    thread_done(CALLER);
    end_chain();
}

/* ---- Cycles ---- */

static void test_cycles(void)
{
    make_chain(CALL_FIRST); /* the last one asks the first */
    last_deadline = DEADLINE_NEVER;
    thread_run(CALLER, URGENT, call, DEADLINE_NEVER);
    EXPECT(E_CYCLE, last_result);
    EXPECT(SERVERS, result);
    expect_urgency(0, 0, 0);
    thread_done(CALLER);
    end_chain();

    /* Where another one might serve the first endpoint, too, only a deadline ends it. */
    make_chain(CALL_FIRST);
    thread_run(SECOND, URGENT, receive_too, 0);
    EXPECT(OK, sys_thread_stop(SECOND));
    thread_done(THREAD);
    thread_run(THREAD, URGENT, serve, 0);
    EXPECT(OK, sys_thread_set(THREAD, THREAD_PRIORITY, SERVER_PRIORITY));
    last_deadline = clock_now() + 300 * MILLISECOND;
    thread_run(CALLER, URGENT, call, DEADLINE_NEVER);
    EXPECT(1, last_result);
    EXPECT(THREAD_IS_SENDING, thread_state(THREAD + SERVERS - 1));
    EXPECT(OK, sys_sleep(last_deadline + MILLISECOND));
    EXPECT(E_TIMEOUT, last_result);
    EXPECT(SERVERS, result);
    expect_urgency(0, 0, 0);
    thread_done(CALLER);
    thread_done(SECOND);
    end_chain();
}

/* A cycle that is left by force: nobody stays stuck, or urgent. */
static void test_cycle_broken(void)
{
    for (unsigned way = 0; way < 3; way++) {
        make_chain(CALL_FIRST);
        last_deadline = DEADLINE_NEVER;
        /* Another receiver makes the endpoint one of several. */
        thread_run(SECOND, URGENT, receive_too, 0);
        EXPECT(OK, sys_thread_stop(SECOND));
        thread_run(CALLER, URGENT, call, DEADLINE_NEVER);
        EXPECT(1, last_result);
        EXPECT(THREAD_IS_SENDING, thread_state(THREAD + SERVERS - 1));
        if (way == 0) {
            EXPECT(OK, sys_thread_stop(THREAD + SERVERS - 1));
            EXPECT(OK, sys_thread_resume(THREAD + SERVERS - 1));
            EXPECT(E_STOPPED, last_result);
            EXPECT(SERVERS, result);
            expect_urgency(0, 0, 0);
        } else if (way == 1) {
            EXPECT(OK, sys_slot_drop(REPLY + 9)); /* it unwinds to the first, and begins anew */
            EXPECT(SERVERS - 7, result);
            expect_urgency(0, 0, 0);
        } else {
            EXPECT(OK, sys_thread_set(THREAD + 4, THREAD_PRIORITY, URGENT + 1));
            EXPECT(URGENT + 1, thread_urgency(THREAD + SERVERS - 1));
            EXPECT(URGENT, thread_urgency(THREAD)); /* whose endpoint is another one's to serve */
        }
        thread_done(CALLER);
        thread_done(SECOND);
        end_chain();
    }
}

int main(void)
{
    fund(SLOT_SELF, 32);
    for (uint32_t i = 0; i <= SERVERS; i++) {
        endpoint_make(ENDPOINT + i, CLIENT + i, i);
    }
    test_answered();
    test_ends();
    test_broken();
    test_changes();
    test_short_way();
    test_cycles();
    test_cycle_broken();
    end_test();
}
