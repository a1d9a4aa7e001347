/*
 * Reply capabilities: many callers held and answered in any order, by whichever thread of the
 * domain; moved, dropped, used twice; what becomes of callers and answers when either side is
 * stopped or ends, by the short way of messages and by the long one; a thousand callers of one
 * endpoint that ends; and storms of calls with kills in between.
 */
#include "tests/system/blob.h"
#include "tests/system/threads.h"

#define ENDPOINT 20
#define CLIENT 21
#define NEXT 22 /* another endpoint, of a second server */
#define NEXT_CLIENT 23
#define FAULTS 24
#define FAULT_CLIENT 25
#define SERVER 26 /* threads */
#define SECOND 27
#define GONE 28
#define OTHER 29
#define EMPTY 30
#define HELD 16
#define THREAD 40 /* HELD callers */
#define REPLY 60  /* HELD of them answered by the test; SERVER's is behind them */
#define ITS_REPLY (REPLY + HELD)
#define NEXT_REPLY (REPLY + HELD + 1)
#define BLOCKED 1000 /* or as the kernel's command line says: callers=200 */

static volatile int64_t results[HELD];
static volatile uint64_t answers[HELD];
static volatile int64_t server_result;
static volatile uint64_t go;

/* Calls once with its number. */
static void call(uint64_t i)
{
    struct message message = {.words = {i}};
    results[i] = sys_call(CLIENT, &message);
    answers[i] = message.words[0];
    thread_rest();
}

static void start_callers(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        results[i] = 1;
        thread_run(THREAD + i, URGENT, call, i);
        for (unsigned n = 0; n < 1000 && thread_state(THREAD + i) == THREAD_IS_READY; n++) {
            sys_yield(); /* who serves them is as urgent by now */
        }
    }
}

static void end_callers(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        thread_done(THREAD + i);
    }
}

/* All callers are received, each with its reply capability. */
static void receive_callers(unsigned count)
{
    struct message message = {.words = {0}};
    for (unsigned i = 0; i < count; i++) {
        EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY + i, DEADLINE_NOW, &message));
        EXPECT(i, message.words[0]);
        EXPECT(CAP_REPLY | RIGHT_ALL << 8, sys_slot_query(SLOT_SELF, REPLY + i));
    }
}

/* Others may be as urgent as the test is while it owes answers. */
static void let_end(unsigned i)
{
    for (unsigned n = 0; n < 1000 && results[i] == 1; n++) {
        sys_yield();
    }
}

static void answer(unsigned i, uint32_t slot)
{
    struct message message = {.words = {1000 + i}};
    EXPECT(1, results[i]);
    EXPECT(OK, sys_reply(slot, &message));
    let_end(i);
    EXPECT(OK, results[i]);
    EXPECT(1000 + i, answers[i]);
    EXPECT(E_SLOT, sys_reply(slot, &message)); /* once only */
}

/* ---- Held and answered by the test itself ---- */

static void test_any_order(void)
{
    uint64_t seed = 0xa0;
    for (unsigned round = 0; round < 4; round++) {
        unsigned order[HELD];
        for (unsigned i = 0; i < HELD; i++) { /* a random permutation (Knuth 2, 3.4.2) */
            unsigned k = (unsigned)(random_next(&seed) % (i + 1));
            order[i] = order[k];
            order[k] = i;
        }
        start_callers(HELD);
        receive_callers(HELD);
        for (unsigned i = 0; i < HELD; i++) {
            answer(order[i], REPLY + order[i]);
        }
        end_callers(HELD);
    }
}

static void test_moved_and_dropped(void)
{
    struct message message = {.words = {0}};
    start_callers(5);
    receive_callers(5);
    EXPECT(OK, sys_slot_move(SLOT_SELF, EMPTY, REPLY));
    EXPECT(E_SLOT, sys_reply(REPLY, &message));
    EXPECT(E_SLOT, sys_slot_move(SLOT_SELF, REPLY, REPLY));
    EXPECT(E_OCCUPIED, sys_slot_move(SLOT_SELF, REPLY + 1, EMPTY));
    EXPECT(E_ARGUMENT, sys_slot_copy(SLOT_SELF, REPLY, EMPTY, RIGHT_ALL, 0));
    make_domain(OTHER, 10);
    EXPECT(E_ARGUMENT, sys_slot_move(OTHER, 5, EMPTY)); /* it stays in its domain */
    blob_end(OTHER);
    message.send_slot = EMPTY; /* nor does it go along with a message */
    EXPECT(E_TYPE, sys_reply(REPLY + 1, &message));
    EXPECT(1, results[0]);
    answer(0, EMPTY);
    EXPECT(OK, sys_slot_drop(REPLY + 1));
    let_end(1);
    EXPECT(E_DROPPED, results[1]);
    EXPECT(E_SLOT, sys_slot_drop(REPLY + 1));
    /* The slot is free for another one, and moved ones come back. */
    EXPECT(OK, sys_slot_move(SLOT_SELF, REPLY + 1, REPLY + 2));
    EXPECT(OK, sys_slot_move(SLOT_SELF, REPLY + 2, REPLY + 1));
    answer(2, REPLY + 2);
    EXPECT(OK, sys_thread_stop(THREAD + 3)); /* callers that are gone */
    EXPECT(E_DEAD, sys_slot_move(SLOT_SELF, EMPTY, REPLY + 3));
    EXPECT(E_DEAD, sys_reply(REPLY + 3, &message));
    EXPECT(OK, sys_slot_drop(REPLY + 3));
    thread_done(THREAD + 4);
    message.send_slot = SLOT_NONE;
    EXPECT(E_DEAD, sys_reply(REPLY + 4, &message));
    EXPECT(E_TIMEOUT,
           sys_wait(ENDPOINT, REPLY + 4, DEADLINE_NOW, &message)); /* like an empty one */
    end_callers(4);
}

/* reply_wait refused: nobody is answered, and no slot has changed, whichever number was named. */
static void test_refused_reply_wait(void)
{
    struct message message = {.words = {0}};
    static const uint32_t nowhere[] = {0, SLOTS_PER_DOMAIN, 200, 4096, 0xffff};
    EXPECT(OK, sys_endpoint_create(GONE, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, EMPTY, GONE, RIGHT_ALL, 0));
    EXPECT(OK, sys_object_destroy(GONE));
    start_callers(1);
    receive_callers(1);
    message.send_slot = EMPTY; /* dead */
    EXPECT(E_DEAD, sys_reply(REPLY, &message));
    EXPECT(E_DEAD, sys_reply_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    for (unsigned i = 0; i < 5; i++) {
        EXPECT(E_DEAD, sys_reply_wait(ENDPOINT, nowhere[i], DEADLINE_NOW, &message));
    }
    EXPECT(CAP_ENDPOINT | RIGHT_ALL << 8, sys_slot_query(SLOT_SELF, ENDPOINT));
    EXPECT(E_DEAD, sys_reply_wait(ENDPOINT, ENDPOINT, DEADLINE_NOW, &message));
    EXPECT(CAP_ENDPOINT | RIGHT_ALL << 8, sys_slot_query(SLOT_SELF, ENDPOINT));
    message.send_slot = SLOT_NONE;
    for (unsigned i = 0; i < 5; i++) {
        EXPECT(E_SLOT, sys_reply_wait(ENDPOINT, nowhere[i], DEADLINE_NOW, &message));
    }
    EXPECT(E_GONE, sys_reply_wait(EMPTY, REPLY, DEADLINE_NOW, &message));
    EXPECT(E_TYPE, sys_reply_wait(SLOT_SELF, REPLY, DEADLINE_NOW, &message));
    EXPECT(E_RIGHTS, sys_reply_wait(CLIENT, REPLY, DEADLINE_NOW, &message));
    answer(0, REPLY);
    EXPECT(OK, sys_slot_drop(EMPTY));
    end_callers(1);
}

/* ---- A server that goes while it owes answers ---- */

/* The ways to receive: a wait is by the long way; a call to who waits after reply_wait, short. */
static void serve(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    int64_t got = sys_wait(ENDPOINT, ITS_REPLY, DEADLINE_NEVER, &message);
    while (got == RECEIVED_CALL && message.words[0] != 0) {
        message.words[0] += 1000;
        got = sys_reply_wait(ENDPOINT, ITS_REPLY, DEADLINE_NEVER, &message);
    }
    server_result = got; /* holds the one with number 0 */
    sys_sleep(DEADLINE_NEVER - 1);
    message.words[0] = 2000;
    server_result = sys_reply(ITS_REPLY, &message);
    thread_rest();
}

/* The server owes thread 0 an answer. All are as urgent: the short way, which the first call after
 * a wait takes, too, if the caller has no more to say than words. */
static void start_server(bool short_way)
{
    server_result = 1;
    thread_run(SERVER, URGENT, serve, 0);
    if (!short_way) {
        EXPECT(OK, sys_thread_set(SERVER, THREAD_PRIORITY, URGENT - 1));
    }
    start_callers(3); /* 0 is held; the others wait in the queue */
    let_run(MILLISECOND);
    EXPECT(RECEIVED_CALL, server_result);
    EXPECT(THREAD_IS_AWAITING_ANSWER, thread_state(THREAD));
    EXPECT(THREAD_IS_SENDING, thread_state(THREAD + 1));
}

static void end_server(void)
{
    struct message message = {.words = {0}};
    for (unsigned i = 1; i < 3; i++) { /* who is still in the queue is served by the test */
        if (sys_wait(ENDPOINT, REPLY + i, DEADLINE_NOW, &message) == RECEIVED_CALL) {
            answer((unsigned)message.words[0], REPLY + i);
        }
    }
    end_callers(3);
}

static void test_server_stopped(bool short_way)
{
    start_server(short_way);
    EXPECT(OK, sys_thread_stop(SERVER));
    EXPECT(1, results[0]);
    answer(0, ITS_REPLY); /* another thread of the domain does it */
    EXPECT(OK, sys_thread_resume(SERVER));
    let_run(MILLISECOND);
    EXPECT(E_SLOT, server_result);
    thread_done(SERVER);
    end_server();

    start_server(short_way);
    EXPECT(OK, sys_thread_stop(SERVER));
    EXPECT(OK, sys_thread_resume(SERVER)); /* answers itself */
    let_run(MILLISECOND);
    EXPECT(OK, server_result);
    EXPECT(OK, results[0]);
    EXPECT(2000, answers[0]);
    thread_done(SERVER);
    end_server();

    start_server(short_way);
    thread_done(SERVER);
    EXPECT(CAP_REPLY | RIGHT_ALL << 8, sys_slot_query(SLOT_SELF, ITS_REPLY));
    answer(0, ITS_REPLY);
    end_server();

    start_server(short_way);
    thread_done(SERVER);
    EXPECT(OK, sys_slot_drop(ITS_REPLY));
    EXPECT(E_DROPPED, results[0]);
    end_server();

    start_server(short_way);
    EXPECT(OK, sys_slot_move(SLOT_SELF, EMPTY, ITS_REPLY));
    answer(0, EMPTY);
    thread_done(SERVER);
    end_server();
}

static void test_caller_ends(bool short_way)
{
    struct message message = {.words = {0}};
    for (unsigned how = 0; how < 3; how++) {
        start_server(short_way);
        if (how != 0) {
            EXPECT(OK, sys_thread_stop(THREAD));
            EXPECT(1, results[0]);
        }
        if (how == 2) {
            EXPECT(OK, sys_thread_resume(THREAD));
            EXPECT(E_STOPPED, results[0]);
        }
        if (how == 0) {
            thread_done(THREAD);
            thread_new(THREAD, 0);
        }
        EXPECT(E_DEAD, sys_reply(ITS_REPLY, &message));
        EXPECT(OK, sys_thread_stop(SERVER));
        EXPECT(OK, sys_thread_resume(SERVER));
        let_run(MILLISECOND);
        EXPECT(E_DEAD, server_result);
        EXPECT(OK, sys_slot_drop(ITS_REPLY));
        thread_done(SERVER);
        end_server();
    }
}

/* ---- A server that waits by the short way, after something else came in between ---- */

/* Waits, answers at once; with word 1 asks the next server first, with word 2 faults. */
static void serve_all(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    int64_t got = sys_wait(ENDPOINT, ITS_REPLY, DEADLINE_NEVER, &message);
    while (got == RECEIVED_CALL) {
        if (message.words[0] == 1) {
            sys_call(NEXT_CLIENT, &message);
        } else if (message.words[0] == 2) {
            __asm__ volatile("ud2");
        }
        got = sys_reply_wait(ENDPOINT, ITS_REPLY, DEADLINE_NEVER, &message);
    }
    server_result = got;
    thread_rest();
}

/* Answers by reply, which is the long way, and only then waits again. */
static void serve_next(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    while (sys_wait(NEXT, NEXT_REPLY, DEADLINE_NEVER, &message) == RECEIVED_CALL) {
        message.words[0] += 50;
        sys_reply(NEXT_REPLY, &message);
    }
    thread_rest();
}

/* Beside the server, so that both are as urgent: calls with 5, then its number, then 5. */
static void call_thrice(uint64_t i)
{
    struct message message = {.words = {5}};
    sys_call(CLIENT, &message);
    message.words[0] = i;
    results[i] = sys_call(CLIENT, &message);
    message.words[0] = 5;
    sys_call(CLIENT, &message);
    thread_rest();
}

static void test_waits_after(unsigned word)
{
    struct message message = {.words = {0}};
    for (unsigned how = 0; how < 5; how++) {
        server_result = results[word] = 1;
        thread_run(SERVER, URGENT, serve_all, 0);
        thread_run(SECOND, URGENT, serve_next, 0);
        EXPECT(OK, sys_thread_set(SERVER, THREAD_PRIORITY, LAZY));
        EXPECT(OK, sys_thread_set(SECOND, THREAD_PRIORITY, LAZY));
        thread_run(THREAD + word, LAZY, call_thrice, word);
        if (word == 2) {
            EXPECT(RECEIVED_CALL, sys_wait(FAULTS, REPLY, DEADLINE_NEVER, &message));
            EXPECT(FAULT_MESSAGE + 6, message.words[FAULT_WORD_KIND]);
            uint64_t behind = message.words[FAULT_WORD_RIP] + 2;
            EXPECT(OK, sys_thread_set(SERVER, THREAD_REGISTER + THREAD_RIP, behind));
            message.words[0] = FAULT_RESUME;
            EXPECT(OK, sys_reply(REPLY, &message));
        }
        WAIT_FOR(thread_state(THREAD + word) == THREAD_IS_SLEEPING);
        EXPECT(OK, results[word]);
        EXPECT(THREAD_IS_RECEIVING, thread_state(SERVER));
        if (how == 0) {
            EXPECT(OK, sys_thread_stop(SERVER));
            EXPECT(OK, sys_thread_resume(SERVER));
            WAIT_FOR(server_result != 1);
            EXPECT(E_STOPPED, server_result);
        } else if (how == 1) {
            EXPECT(OK, sys_signal(ENDPOINT, 1));
            WAIT_FOR(server_result != 1);
            EXPECT(RECEIVED_SIGNAL, server_result);
        } else if (how == 2) {
            EXPECT(OK, sys_thread_set(SERVER, THREAD_PRIORITY, URGENT));
            EXPECT(OK, sys_call(CLIENT, &message));
        }
        thread_done(SERVER); /* how 3: while it waits */
        EXPECT(E_TIMEOUT, sys_call_until(CLIENT, DEADLINE_NOW, &message));
        EXPECT(CAP_EMPTY, sys_slot_query(SLOT_SELF, ITS_REPLY));
        thread_done(SECOND);
        thread_done(THREAD + word);
    }
}

/* ---- A thousand callers ---- */

/* Calls slot 3; whatever comes of it goes to slot 4. */
BLOB(caller, "xor %edi, %edi; mov $4118, %eax; mov $3, %ebx\n\t"
             "syscall\n\t"
             "mov %rax, %rdi; mov $4118, %eax; mov $4, %ebx\n\t"
             "syscall\n\t"
             "ud2");
_Static_assert(CALL_call == 4118, "as the code says");

static uint64_t blocked; /* threads */

static void block_thousand(void)
{
    blob_make(OTHER, caller, caller_end, blocked + 20);
    EXPECT(OK, sys_slot_copy(OTHER, 3, NEXT_CLIENT, RIGHT_SEND, 0));
    EXPECT(OK, sys_slot_copy(OTHER, 4, CLIENT, RIGHT_SEND, 0));
    for (unsigned i = 0; i < blocked; i++) {
        blob_start(OTHER, SECOND, i % 16 ? PRIORITY_NORMAL : i / 16 % PRIORITIES, 0);
        EXPECT(OK, sys_slot_drop(SECOND));
    }
    let_run(MILLISECOND);
}

static void test_thousand(void)
{
    struct message message = {.words = {0}};
    uint64_t before = ledger();
    block_thousand();
    EXPECT(RECEIVED_CALL, sys_wait(NEXT, NEXT_REPLY, DEADLINE_NOW, &message)); /* one is held */
    EXPECT(OK, sys_object_destroy(NEXT));
    for (unsigned i = 0; i < blocked - 1; i++) {
        EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
        EXPECT(E_GONE, message.words[0]);
        if (i % 2) {
            EXPECT(OK, sys_reply(REPLY, &message)); /* faults, and nobody is told */
        } else {
            EXPECT(OK, sys_slot_drop(REPLY));
        }
    }
    EXPECT(OK, sys_reply(NEXT_REPLY, &message));
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(OK, message.words[0]);
    EXPECT(OK, sys_slot_drop(REPLY));
    blob_end(OTHER);
    EXPECT(before, ledger());
    EXPECT(OK, sys_slot_drop(NEXT_CLIENT));

    endpoint_make(NEXT, NEXT_CLIENT, 0); /* and with the domain: the endpoint is as new */
    before = ledger();
    block_thousand();
    blob_end(OTHER);
    EXPECT(before, ledger());
    EXPECT(E_TIMEOUT, sys_wait(NEXT, NEXT_REPLY, DEADLINE_NOW, &message));
}

/* ---- Storms ---- */

static volatile uint64_t calls_made;

static void call_on(uint64_t i)
{
    uint64_t seed = i * 77 + 1;
    for (;;) {
        struct message message = {.words = {random_next(&seed) % 16 + 3}};
        if (sys_call_until(CLIENT, i % 4 == 0 ? clock_now() + 20000 : DEADLINE_NEVER, &message) ==
            OK) {
            calls_made++;
        }
        if (i % 3 == 0) {
            sys_signal(ENDPOINT, 1);
        }
    }
}

static void serve_on(uint64_t i)
{
    uint32_t reply = ITS_REPLY + (uint32_t)i;
    struct message message = {.words = {0}};
    for (;;) {
        int64_t got = sys_wait(ENDPOINT, reply, DEADLINE_NEVER, &message);
        while (got == RECEIVED_CALL) {
            got = sys_reply_wait(ENDPOINT, reply, DEADLINE_NEVER, &message);
        }
        if (got == E_OCCUPIED) {
            sys_slot_drop(reply);
        }
    }
}

/* Stopped and resumed, ended and started anew, made more and less urgent, at random. */
static void disturb(uint32_t slot, uint64_t what, void (*run)(uint64_t), uint64_t argument)
{
    unsigned priority = 1 + (what >> 8) % 4;
    switch (what % 4) {
    case 0:
        EXPECT(OK, sys_object_destroy(slot));
        EXPECT(OK, sys_thread_create(slot, thread_frames[slot], SLOT_SELF));
        EXPECT(OK, sys_thread_set(slot, THREAD_PRIORITY, priority));
        EXPECT(OK, sys_thread_start(slot, (uint64_t)run, thread_stack(slot), argument));
        break;
    case 1:
        EXPECT(OK, sys_thread_set(slot, THREAD_PRIORITY, priority));
        break;
    default:
        EXPECT(OK, sys_thread_stop(slot));
        EXPECT(OK, sys_thread_resume(slot));
    }
}

static void test_storm(uint64_t seed)
{
    uint64_t before = ledger();
    calls_made = 0;
    for (uint32_t i = 0; i < HELD; i++) {
        thread_run(THREAD + i, 1 + i % 4, call_on, i);
    }
    thread_run(SERVER, 2, serve_on, 0);
    thread_run(SECOND, 3, serve_on, 1);
    for (unsigned i = 0; i < 200; i++) {
        uint64_t what = random_next(&seed);
        if (what >> 60 < 4) {
            uint32_t server = what >> 16 & 1;
            disturb(SERVER + server, what, serve_on, server);
        } else {
            uint32_t caller_number = (what >> 16) % HELD;
            disturb(THREAD + caller_number, what, call_on, caller_number);
        }
        let_run(what >> 32 & 0x3fffff);
    }
    EXPECT(true, calls_made > 0);
    end_callers(HELD);
    thread_done(SERVER);
    thread_done(SECOND);
    sys_slot_drop(ITS_REPLY);
    sys_slot_drop(ITS_REPLY + 1);
    EXPECT(before, ledger());
    EXPECT(0, sys_machine_query(SLOT_INIT_MACHINE, MACHINE_CHECK));
}

int main(int argc, char **argv)
{
    blocked = word_of(argc, argv, "callers", BLOCKED);
    fund(SLOT_SELF, 32);
    endpoint_make(ENDPOINT, CLIENT, 1);
    endpoint_make(NEXT, NEXT_CLIENT, 0);
    endpoint_make(FAULTS, FAULT_CLIENT, 0);
    EXPECT(OK, sys_domain_set(SLOT_SELF, DOMAIN_FAULT_ENDPOINT, FAULT_CLIENT));
    test_any_order();
    test_moved_and_dropped();
    for (unsigned short_way = 0; short_way < 2; short_way++) {
        test_server_stopped(short_way);
        test_caller_ends(short_way);
    }
    for (unsigned word = 1; word < 4; word++) {
        test_waits_after(word);
    }
    test_refused_reply_wait();
    test_thousand();
    test_storm(0x5707);
    test_storm(0x5708);
    end_test();
}
