/*
 * Domains that end while their threads are busy on all CPUs: computing with the FPU, in system
 * calls, calling and serving each other and the test, asleep, stopped by a fault, stopped and moved
 * by others. Each time the ledger is exact afterwards, and who called into it is told. Breaks when
 * a CPU goes on with something of a domain that is no more.
 */
#include "tests/system/clone.h"
#include "tests/system/smp.h"

#define ROUNDS 40 /* or as the kernel's command line says: rounds=100000 */

enum { SERVED = 20, DEAF, FAULTS, INNER, REPLY, DOMAIN = 30, THREADS };
#define COMPLAINT 1000

enum { ITS_SERVED = 3, ITS_DEAF, ITS_INNER, ITS_REPLY, ITS_REPLY_2 };

/* ---- What its threads do ---- */

static void call_deaf(uint64_t word)
{
    struct message message = {.words = {word}};
    sys_call(ITS_DEAF, &message);
}

static void complain(void)
{
    for (;;) {
        call_deaf(COMPLAINT);
    }
}

static void compute(uint64_t seed)
{
    uint64_t sum = seed, other;
    for (;;) {
        __asm__ volatile("movq %0, %%xmm7" : : "r"(sum));
        if (sum % 8 == 0) {
            sys_yield();
        } else if (sum % 8 == 1) {
            sys_machine_query(SLOT_NONE, MACHINE_FRAMES_FREE);
        }
        __asm__ volatile("movq %%xmm7, %0" : "=r"(other));
        if (other != sum) {
            complain();
        }
        sum++;
    }
}

static void serve_at(uint32_t endpoint, uint32_t reply)
{
    struct message message = {.words = {0}};
    sys_wait(endpoint, reply, DEADLINE_NEVER, &message);
    for (;;) {
        message.words[0] = ~message.words[0];
        sys_reply_wait(endpoint, reply, DEADLINE_NEVER, &message);
    }
}

static void serve(uint64_t unused)
{
    (void)unused;
    serve_at(ITS_SERVED, ITS_REPLY);
}

static void serve_inner(uint64_t unused)
{
    (void)unused;
    serve_at(ITS_INNER, ITS_REPLY_2);
}

static void call_inner(uint64_t unused)
{
    (void)unused;
    for (;;) {
        struct message message = {.words = {1, 2, 3, 4, 5, 6}};
        sys_call(ITS_INNER, &message);
    }
}

static void sleep_long(uint64_t unused)
{
    (void)unused;
    for (;;) {
        sys_sleep(clock_now() + MILLISECOND / 4);
    }
}

static void fail(uint64_t unused)
{
    (void)unused;
    __builtin_trap();
}

static void (*const roles[])(uint64_t) = {compute,   serve,      serve_inner, call_inner,
                                          call_deaf, sleep_long, fail};
#define ROLES (sizeof roles / sizeof roles[0])
#define STACK_OF(role) (STACK_TOP - CLONE_STACK_FRAMES * FRAME_BYTES + 1600 * ((role) + 1) - 8)
_Static_assert(1600 * ROLES <= CLONE_STACK_FRAMES * FRAME_BYTES, "all have stacks");

/* ---- The test ---- */

static volatile uint64_t calls, ended, wrong;

/* Calls whoever serves. */
static void call_always(uint64_t index)
{
    for (uint64_t i = index;; i++) {
        struct message message = {.words = {i}};
        int64_t result = sys_call(SERVED, &message);
        ended += result == E_GONE;
        wrong += result == OK ? message.words[0] != ~i : result != E_GONE;
        calls++;
    }
}

static void make_domain_of_all(uint64_t round)
{
    clone_make(DOMAIN, 400);
    fund(DOMAIN, 4);
    EXPECT(OK, sys_slot_copy(DOMAIN, ITS_SERVED, SERVED, RIGHT_RECEIVE, 0));
    EXPECT(OK, sys_slot_copy(DOMAIN, ITS_DEAF, DEAF, RIGHT_SEND, 0));
    EXPECT(OK, sys_slot_copy(DOMAIN, ITS_INNER, INNER, RIGHT_SEND | RIGHT_RECEIVE, 0));
    EXPECT(OK, sys_domain_set(DOMAIN, DOMAIN_FAULT_ENDPOINT, FAULTS));
    for (unsigned i = 0; i < ROLES; i++) {
        EXPECT(OK, sys_thread_create(THREADS + i, claim_object(), DOMAIN));
        EXPECT(OK, sys_thread_set(THREADS + i, THREAD_CPU, (i + round) % cpu_count()));
        EXPECT(OK, sys_thread_start(THREADS + i, (uint64_t)roles[i], STACK_OF(i), i));
    }
}

/* For a while its threads are moved, stopped and let go. */
static void disturb(uint64_t round, uint64_t *seed)
{
    uint64_t end = clock_now() + round % 7 * MILLISECOND / 2;
    while (clock_now() < end) {
        uint64_t dice = random_next(seed);
        uint32_t thread = THREADS + dice % ROLES;
        sys_thread_set(thread, THREAD_CPU, (dice >> 8) % cpu_count());
        if (dice >> 16 & 1 && roles[dice % ROLES] != call_deaf && roles[dice % ROLES] != fail &&
            sys_thread_stop(thread) == OK) {
            EXPECT(OK, sys_thread_resume(thread));
        }
        sys_yield();
    }
}

/* Sometimes a message of its has been received, and its answer is owed. */
static void end_domain(uint64_t round)
{
    struct message message = {.words = {0}};
    bool received =
        round % 2 != 0 && sys_wait(DEAF, REPLY, DEADLINE_NOW, &message) == RECEIVED_CALL;
    EXPECT(true, message.words[0] < COMPLAINT);
    EXPECT(OK, sys_domain_destroy(DOMAIN));
    if (received) {
        EXPECT(E_DEAD, sys_reply(REPLY, &message));
        EXPECT(OK, sys_slot_drop(REPLY));
    }
    for (unsigned i = 0; i < ROLES + 1; i++) {
        EXPECT(OK, sys_slot_drop(DOMAIN + i));
    }
    EXPECT(E_TIMEOUT, sys_wait(DEAF, REPLY, DEADLINE_NOW, &message));
    EXPECT(E_TIMEOUT, sys_wait(FAULTS, REPLY, DEADLINE_NOW, &message));
}

int main(int argc, char **argv)
{
    uint64_t rounds = word_of(argc, argv, "rounds", ROUNDS), seed = 362436069;
    fund(SLOT_SELF, 16);
    for (uint32_t slot = SERVED; slot <= INNER; slot++) {
        EXPECT(OK, sys_endpoint_create(slot, claim_object()));
    }
    for (unsigned i = 0; i < cpu_count(); i++) {
        worker_start(i, i, call_always, i);
    }
    uint64_t before = ledger();
    for (uint64_t round = 0; round < rounds && checks_failed == 0; round++) {
        make_domain_of_all(round);
        disturb(round, &seed);
        end_domain(round);
        EXPECT(before, ledger());
    }
    EXPECT(0, wrong);
    EXPECT(true, calls > rounds && ended > rounds / 4);
    printf("deaths: %lu domains, %lu calls, %lu ended\n", (unsigned long)rounds,
           (unsigned long)calls, (unsigned long)ended);
    end_test();
}
