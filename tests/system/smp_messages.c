/*
 * Messages between CPUs: words, badges, capabilities, runs of frames, deadlines, signals, inherited
 * priority, and storms of calls to endpoints that end. Breaks when something is lost, arrives
 * twice or wrong, or somebody waits for ever.
 */
#include "tests/system/clone.h"
#include "tests/system/smp.h"

#define CALLS 500 /* or as the kernel's command line says: calls=100000 */

enum { ENDPOINT = 20, CLIENT, REPLY, EXTRA, DOMAIN, THREAD, SIGNALS, ANSWERS, REPLIES };
enum { ITS_ENDPOINT = 3, ITS_REPLY, ITS_EXTRA };

#define BADGE 0x1234u
#define IS_RUN 0x72756eull
#define IS_EXTRA 0x6361ull

static volatile uint64_t counts[WORKERS_MAX], wrong;
static volatile int64_t results[WORKERS_MAX];
static uint64_t calls;

static uint64_t answer_of(uint64_t word, unsigned index)
{
    return (word ^ BADGE) * 0x9e3779b97f4a7c15ull + index;
}

/* ---- A server in another domain on another CPU ---- */

static void answer(struct message *message)
{
    if (message->words[0] == IS_RUN && message->received_frames == 1) {
        volatile uint64_t *run = (volatile uint64_t *)MESSAGE_RUN_ADDRESS(message->received_run);
        run[0] = message->words[1];
        run[511] = message->words[1] + 1;
    }
    if (message->words[0] == IS_EXTRA) {
        message->words[1] = message->received_slot;
        message->words[2] = (uint64_t)sys_slot_query(SLOT_SELF, ITS_EXTRA);
        sys_slot_drop(ITS_EXTRA);
        return;
    }
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        message->words[i] = answer_of(message->words[i], i) ^ message->badge ^ BADGE;
    }
}

static void serve(uint64_t extras)
{
    struct message message = {.receive_slot = extras ? ITS_EXTRA : 0, .receive_frames = extras};
    int64_t got = sys_wait(ITS_ENDPOINT, ITS_REPLY, DEADLINE_NEVER, &message);
    while (got >= 0) {
        answer(&message);
        message.send_slot = 0;
        message.send_run = 0;
        message.receive_slot = extras ? ITS_EXTRA : 0;
        message.receive_frames = extras;
        got = sys_reply_wait(ITS_ENDPOINT, ITS_REPLY, DEADLINE_NEVER, &message);
    }
    for (;;) {
        sys_sleep(clock_now() + SECOND);
    }
}

static void make_server(unsigned cpu, uint64_t extras)
{
    clone_make(DOMAIN, 400);
    fund(DOMAIN, 4);
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_slot_copy(DOMAIN, ITS_ENDPOINT, ENDPOINT, RIGHT_RECEIVE, 0));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_SEND | RIGHT_COPY, BADGE));
    EXPECT(OK, sys_thread_create(THREAD, claim_object(), DOMAIN));
    EXPECT(OK, sys_thread_set(THREAD, THREAD_CPU, cpu));
    EXPECT(OK, sys_thread_start(THREAD, (uint64_t)serve, STACK_TOP - 8, extras));
}

/* Releases what an object was made of, too. */
static void end_endpoint(void)
{
    EXPECT(OK, sys_object_destroy(ENDPOINT));
}

static void end_server(void)
{
    clone_end(DOMAIN, THREAD);
    EXPECT(OK, sys_slot_drop(CLIENT));
    end_endpoint();
}

static void check_words(uint32_t client, uint64_t seed)
{
    struct message message;
    memset(&message, 0, sizeof message);
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        message.words[i] = seed * 1000003 + i;
    }
    if (sys_call(client, &message) != OK) {
        wrong++;
    }
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        wrong += message.words[i] != answer_of(seed * 1000003 + i, i);
    }
}

static void test_words(void)
{
    for (uint64_t i = 0; i < calls; i++) {
        check_words(CLIENT, i);
    }
    EXPECT(0, wrong);
}

static void test_extras(void)
{
    uint64_t run = claim(ORDER_FRAME, RW);
    for (uint64_t i = 1; i < calls / 4; i++) {
        struct message message = {.words = {IS_RUN, i},
                                  .send_run = MESSAGE_RUN(run, ORDER_FRAME, RW)};
        EXPECT(OK, sys_call(CLIENT, &message));
        EXPECT(i, ((volatile uint64_t *)run)[0]);
        EXPECT(i + 1, ((volatile uint64_t *)run)[511]);
        message = (struct message){.words = {IS_EXTRA}, .send_slot = CLIENT};
        EXPECT(OK, sys_call(CLIENT, &message));
        EXPECT(1, message.words[1]);
        EXPECT(CAP_ENDPOINT | (RIGHT_SEND | RIGHT_COPY) << 8, message.words[2]);
    }
    EXPECT(OK, sys_frame_release(run, ORDER_FRAME));
}

/* ---- Deadlines ---- */

/* Receives, and answers too late. */
static void answer_late(uint64_t index)
{
    for (;;) {
        struct message message = {.words = {0}};
        sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message);
        sys_sleep(clock_now() + 30 * MILLISECOND);
        results[index] = sys_reply(REPLY, &message);
        sys_slot_drop(REPLY);
        counts[index]++;
    }
}

static void test_deadlines(void)
{
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    const struct worker *worker = worker_start(0, 1, answer_late, 0);
    for (unsigned i = 0; i < 10; i++) {
        struct message message = {.words = {i}};
        uint64_t count = counts[0], deadline = clock_now() + 10 * MILLISECOND;
        UNTIL(worker_value(worker, THREAD_STATE) == THREAD_IS_RECEIVING);
        EXPECT(E_TIMEOUT, sys_call_until(ENDPOINT, deadline, &message));
        EXPECT(true, clock_now() >= deadline);
        UNTIL(counts[0] > count);
        EXPECT(E_DEAD, results[0]);
    }
    struct message message = {.words = {0}};
    UNTIL(worker_value(worker, THREAD_STATE) == THREAD_IS_RECEIVING);
    EXPECT(OK, sys_call_until(ENDPOINT, DEADLINE_NOW, &message));
    worker_end(worker);
    end_endpoint();
}

/* ---- Signals ---- */

/* Passes every bit on, shifted by one. */
static void pass_on(uint64_t index)
{
    for (;;) {
        struct message message = {.words = {0}};
        if (sys_wait(SIGNALS, REPLIES, DEADLINE_NEVER, &message) == RECEIVED_SIGNAL) {
            sys_signal(ANSWERS, message.words[0] << 1);
            counts[index]++;
        }
    }
}

static void test_signals(void)
{
    EXPECT(OK, sys_endpoint_create(SIGNALS, claim_object()));
    EXPECT(OK, sys_endpoint_create(ANSWERS, claim_object()));
    const struct worker *worker = worker_start(0, 1, pass_on, 0);
    for (uint64_t i = 0; i < calls; i++) {
        uint64_t first = 1ull << i % 60, second = 1ull << (i % 60 + 1 + i * 7 % 59) % 60;
        uint64_t all = first | second, got = 0;
        EXPECT(OK, sys_signal(SIGNALS, first));
        EXPECT(OK, sys_signal(SIGNALS, second));
        while (got != all << 1) {
            struct message message = {.words = {0}};
            int64_t result = sys_wait(ANSWERS, REPLY, clock_now() + PATIENCE, &message);
            if (result != RECEIVED_SIGNAL || (message.words[0] & ~(all << 1)) != 0) {
                EXPECT(RECEIVED_SIGNAL, result);
                EXPECT(0, message.words[0] & ~(all << 1));
                break;
            }
            got |= message.words[0];
        }
    }
    worker_end(worker);
    EXPECT(OK, sys_object_destroy(SIGNALS));
    EXPECT(OK, sys_object_destroy(ANSWERS));
}

/* ---- Inherited priority ---- */

static void hog(uint64_t index)
{
    for (;;) {
        counts[index]++;
    }
}

/* Calls the other endpoint before it answers; REPLIES + index is its own slot. */
static void relay(uint64_t index)
{
    struct message message = {.words = {0}};
    uint32_t endpoint = index == 0 ? SIGNALS : ANSWERS, reply = REPLIES + (uint32_t)index;
    sys_wait(endpoint, reply, DEADLINE_NEVER, &message);
    for (;;) {
        if (index == 0) {
            struct message further = {.words = {message.words[0]}};
            sys_call(ANSWERS, &further);
            message.words[0] = further.words[0];
        } else {
            for (volatile unsigned i = 0; i < 20000; i++) {}
            message.words[0]++;
        }
        sys_reply_wait(endpoint, reply, DEADLINE_NEVER, &message);
    }
}

/* Two servers in a chain, the last one on another CPU beside a hog that is more urgent than itself:
 * a call by somebody still more urgent gets through, one by the less urgent does not. */
static void test_inheritance(void)
{
    EXPECT(OK, sys_endpoint_create(SIGNALS, claim_object()));
    EXPECT(OK, sys_endpoint_create(ANSWERS, claim_object()));
    for (unsigned i = 0; i < 2; i++) {
        const struct worker *worker = worker_start(i, 1, relay, i);
        EXPECT(OK, sys_thread_set(worker->thread, THREAD_PRIORITY, 5));
        UNTIL(worker_value(worker, THREAD_STATE) == THREAD_IS_RECEIVING);
    }
    const struct worker *hogging = worker_make(2, 1);
    EXPECT(OK, sys_thread_set(hogging->thread, THREAD_PRIORITY, PRIORITY_NORMAL - 1));
    worker_run(hogging, hog, 2);
    for (uint64_t i = 0; i < 20; i++) {
        struct message message = {.words = {i}};
        EXPECT(OK, sys_thread_set(workers[i / 4 % 2].thread, THREAD_CPU, i / 8 % 2));
        EXPECT(OK, sys_call_until(SIGNALS, clock_now() + PATIENCE, &message));
        EXPECT(i + 1, message.words[0]);
    }
    for (unsigned i = 0; i < 2; i++) {
        UNTIL(worker_value(&workers[i], THREAD_STATE) == THREAD_IS_RECEIVING);
        EXPECT(5 | 5 << 8, worker_value(&workers[i], THREAD_URGENCY));
        EXPECT(OK, sys_thread_set(workers[i].thread, THREAD_CPU, 1));
    }
    for (unsigned i = 0; i < 3; i++) {
        worker_end(&workers[i]);
    }
    EXPECT(OK, sys_object_destroy(SIGNALS));
    EXPECT(OK, sys_object_destroy(ANSWERS));
}

/* ---- Storms ---- */

static volatile bool over;

/* Calls with and without deadlines, from all CPUs, until the endpoint has ended. */
static void storm(uint64_t index)
{
    uint64_t seed = index * 7919 + 1;
    int64_t result = OK;
    while (result == OK || result == E_TIMEOUT) {
        struct message message = {.words = {random_next(&seed)}};
        uint64_t word = message.words[0];
        uint64_t deadline = word % 4 != 0   ? DEADLINE_NEVER
                            : word % 8 != 0 ? DEADLINE_NOW
                                            : clock_now() + word % MILLISECOND;
        result = sys_call_until(ENDPOINT, deadline, &message);
        wrong += result == OK && message.words[0] != ~word;
        counts[index]++;
    }
    results[index] = result;
    sys_thread_stop(WORKER_SLOTS + (uint32_t)index);
}

static void calm(uint64_t index)
{
    struct message message = {.words = {0}};
    int64_t got = sys_wait(ENDPOINT, REPLIES + (uint32_t)index, DEADLINE_NEVER, &message);
    while (got >= 0) {
        message.words[0] = ~message.words[0];
        got = sys_reply_wait(ENDPOINT, REPLIES + (uint32_t)index, DEADLINE_NEVER, &message);
    }
    sys_slot_drop(REPLIES + (uint32_t)index); /* the endpoint ended before its answer */
    results[index] = got;
    sys_thread_stop(WORKER_SLOTS + (uint32_t)index);
}

static uint64_t test_storms(void)
{
    unsigned clients = 6, servers = cpu_count() > 2 ? 2 : 1;
    uint64_t total = 0;
    for (uint64_t round = 0; round < calls / 50; round++) {
        EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
        for (unsigned i = 0; i < clients + servers; i++) {
            counts[i] = 0;
            worker_start(i, (unsigned)(i + round) % cpu_count(), i < clients ? storm : calm, i);
        }
        uint64_t end = clock_now() + round % 5 * 2 * MILLISECOND + MILLISECOND;
        while (clock_now() < end) {
            unsigned index = (unsigned)(clock_now() >> 8) % (clients + servers);
            EXPECT(OK, sys_thread_set(workers[index].thread, THREAD_CPU,
                                      (clock_now() >> 16) % cpu_count()));
            sys_yield();
        }
        EXPECT(OK, sys_object_destroy(ENDPOINT));
        for (unsigned i = 0; i < clients + servers; i++) {
            UNTIL(worker_value(&workers[i], THREAD_STATE) == THREAD_IS_STOPPED);
            EXPECT(true, results[i] == E_GONE || results[i] == E_SLOT || results[i] == E_DROPPED);
            worker_end(&workers[i]);
            total += i < clients ? counts[i] : 0;
        }
    }
    EXPECT(0, wrong);
    return total;
}

int main(int argc, char **argv)
{
    calls = word_of(argc, argv, "calls", CALLS);
    fund(SLOT_SELF, 8);
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        make_server(cpu, cpu % 2);
        test_words();
        if (cpu % 2 != 0) {
            test_extras();
        }
        end_server();
    }
    test_deadlines();
    test_signals();
    test_inheritance();
    uint64_t total = test_storms();
    printf("messages: %lu calls in storms\n", (unsigned long)total);
    end_test();
}
