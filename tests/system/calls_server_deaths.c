/*
 * A domain ends while answers are owed across its border: a server's, with callers elsewhere, who
 * each get an error; and callers', whose server answers them afterwards. Most of the calls before,
 * and the last one that is held, go the short way of messages, which notes who is owed an answer in
 * the server's thread only: neither side has entered the kernel by another way when the end comes.
 */
#include "tests/system/clone.h"
#include "tests/system/threads.h"

#define ENDPOINT 20
#define CLIENT 21
#define SERVER 22
#define OTHER 23
#define CALLER 30
#define ITS_REPLY 50 /* the server's, in its own domain; one for each call that it holds */
#define HELD 4u
#define WARM 3u /* calls that are answered, before the one that is held */
#define HOLD 77u
#define ROUNDS 5u

static volatile int64_t results[HELD], replied[HELD], warm;
static volatile uint64_t held, served, go;

static void call(uint64_t i)
{
    struct message message;
    for (uint64_t n = 0; n < WARM; n++) {
        message = (struct message){.words = {2 * n}};
        warm += sys_call(CLIENT, &message) == OK && message.words[0] == 2 * n + 1;
    }
    message = (struct message){.words = {HOLD}};
    results[i] = sys_call(CLIENT, &message);
    thread_rest();
}

/* Answers all calls but those that say they are to be held; when it holds so many, goes on in user
 * mode. */
static void serve_until(uint64_t count)
{
    struct message message = {.words = {0}};
    uint32_t holds = 0;
    int64_t got = sys_wait(ENDPOINT, ITS_REPLY, DEADLINE_NEVER, &message);
    while (got == RECEIVED_CALL) {
        if (message.words[0] != HOLD) {
            message.words[0]++;
            served++;
            got = sys_reply_wait(ENDPOINT, ITS_REPLY + holds, DEADLINE_NEVER, &message);
        } else if (++holds < count) {
            got = sys_wait(ENDPOINT, ITS_REPLY + holds, DEADLINE_NEVER, &message);
        } else {
            break;
        }
    }
    held = holds;
    while (!go) {
        /* until it ends, or the callers have */
    }
}

/* In a domain of its own: nobody tells it to go on. */
static void serve(uint64_t count)
{
    serve_until(count);
    thread_rest();
}

/* In the test's domain: answers the dead, the last of them by reply_wait, and then the living. */
static void serve_after(uint64_t count)
{
    struct message message = {.words = {0}};
    serve_until(count);
    for (uint32_t i = 0; i + 1 < count; i++) {
        replied[i] = sys_reply(ITS_REPLY + i, &message);
    }
    int64_t got =
        sys_reply_wait(ENDPOINT, ITS_REPLY + (uint32_t)count - 1, DEADLINE_NEVER, &message);
    while (got == RECEIVED_CALL) {
        message.words[0]++;
        got = sys_reply_wait(ENDPOINT, ITS_REPLY + (uint32_t)count - 1, DEADLINE_NEVER, &message);
    }
    thread_rest();
}

static void make_other(void)
{
    clone_make(OTHER, 600);
    EXPECT(OK, sys_slot_copy(OTHER, CLIENT, CLIENT, RIGHT_SEND, 0));
    EXPECT(OK, sys_slot_copy(OTHER, ENDPOINT, ENDPOINT, RIGHT_RECEIVE, 0));
}

static void start_in_other(uint32_t thread, void (*run)(uint64_t), uint64_t argument)
{
    EXPECT(OK, sys_thread_create(thread, claim_object(), OTHER));
    EXPECT(OK, sys_thread_set(thread, THREAD_PRIORITY, LAZY));
    EXPECT(OK, sys_thread_start(thread, (uint64_t)run, thread_stack(thread), argument));
}

static void end_other(uint32_t threads, unsigned count)
{
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    for (unsigned i = 0; i < count; i++) {
        EXPECT(OK, sys_slot_drop(threads + i));
    }
}

static bool is_held(unsigned caller)
{
    return thread_state(CALLER + caller) == THREAD_IS_AWAITING_ANSWER;
}

static void test_server_ends(unsigned count)
{
    go = warm = 0;
    make_other();
    start_in_other(SERVER, serve, count);
    WAIT_FOR(thread_state(SERVER) == THREAD_IS_RECEIVING);
    for (unsigned i = 0; i < count; i++) {
        results[i] = 1;
        thread_run(CALLER + i, LAZY, call, i);
        WAIT_FOR(warm == (i + 1) * WARM && is_held(i));
    }
    EXPECT(count * WARM, warm);
    EXPECT(THREAD_IS_READY, thread_state(SERVER));
    end_other(SERVER, 1);
    for (unsigned i = 0; i < count; i++) {
        WAIT_FOR(results[i] != 1 && thread_state(CALLER + i) == THREAD_IS_SLEEPING);
        EXPECT(E_GONE, results[i]);
        EXPECT(THREAD_IS_SLEEPING, thread_state(CALLER + i));
        thread_done(CALLER + i);
    }
}

static void test_callers_end(unsigned count)
{
    go = held = served = 0;
    make_other();
    thread_run(SERVER, LAZY, serve_after, count);
    WAIT_FOR(thread_state(SERVER) == THREAD_IS_RECEIVING);
    for (unsigned i = 0; i < count; i++) {
        replied[i] = 1;
        start_in_other(CALLER + i, call, i);
        WAIT_FOR(served == (i + 1) * WARM && is_held(i));
    }
    WAIT_FOR(held == count);
    EXPECT(count, held);
    EXPECT(count * WARM, served);
    end_other(CALLER, count);
    go = 1;
    WAIT_FOR(thread_state(SERVER) == THREAD_IS_RECEIVING);
    EXPECT(THREAD_IS_RECEIVING, thread_state(SERVER));
    for (unsigned i = 0; i + 1 < count; i++) {
        EXPECT(E_DEAD, replied[i]);
        EXPECT(OK, sys_slot_drop(ITS_REPLY + i));
    }
    struct message message = {.words = {10}};
    EXPECT(OK, sys_call(CLIENT, &message)); /* it still serves */
    EXPECT(11, message.words[0]);
    thread_done(SERVER);
}

int main(void)
{
    fund(SLOT_SELF, 32);
    endpoint_make(ENDPOINT, CLIENT, 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t before = ledger();
        for (unsigned count = 1; count <= HELD; count += HELD - 1) {
            test_server_ends(count);
            EXPECT(before, ledger());
            test_callers_end(count);
            EXPECT(before, ledger());
            EXPECT(0, sys_machine_query(SLOT_INIT_MACHINE, MACHINE_CHECK));
        }
    }
    end_test();
}
