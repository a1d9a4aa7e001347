/*
 * No register leaks from one domain or thread to another: of the FPU, all that the processor has
 * (x87, XMM, YMM, ZMM, MXCSR), by preemption, by messages, by being stopped; and all others, with
 * the bases of FS and GS, by messages and at a thread's start.
 */
#include <string.h>

#include "tests/system/all_registers.h"
#include "tests/system/clone.h"
#include "tests/system/fpu.h"
#include "tests/system/threads.h"

#define ENDPOINT 20
#define CLIENT 21
#define REPLY 22
#define FIRST 23 /* threads of this domain */
#define ECHO 24
#define OTHER 25 /* another domain, and its threads */
#define ITS_FIRST 26
#define ITS_SECOND 27
#define ECHO_ENDPOINT 28
#define ECHO_CLIENT 29
#define ECHO_REPLY 30

#define RUN_TIME (60 * MILLISECOND)
#define ITS_SLOTS 32

static bool has_bases;

static void find_out_bases(void)
{
    uint32_t a, b, c, d;
    __cpuid_count(7, 0, a, b, c, d);
    has_bases = b & 1;
}

/* ---- Two that use it, and each finds what it left ---- */

enum { SPIN, YIELD, ECHOES, WAYS };

struct job {
    unsigned way;
    uint64_t seed;
};
static uint8_t areas[2][2][FPU_AREA_BYTES] __attribute__((aligned(64)));
static struct job job;

static void pass_time(unsigned way)
{
    struct message message = {.words = {1, 2, 3, 4, 5, 6}};
    if (way == YIELD) {
        sys_yield();
    } else if (way == ECHOES) {
        sys_call(ECHO_CLIENT, &message);
    } else {
        for (volatile unsigned i = 0; i < 20000; i++) {
            /* until its turn ends */
        }
    }
}

/* Until the time is over; says then how often it looked, and how many bytes were wrong. */
static void juggle(uint64_t until_and_which)
{
    uint64_t until = until_and_which & ~1ull, which = until_and_which & 1;
    uint8_t *left = areas[which][0], *found = areas[which][1];
    uint64_t seed = job.seed + which, looks = 0, wrong = 0;
    while (looks == 0 || clock_now() < until) {
        fpu_scramble(left, &seed);
        fpu_load(left);
        pass_time(job.way);
        fpu_save(found);
        wrong += fpu_wrong(left, found);
        looks++;
    }
    struct message message = {.words = {looks, wrong}};
    while (sys_call(CLIENT, &message) == E_STOPPED) {
        /* again */
    }
    thread_rest();
}

/* Answers; and uses the FPU itself, every other time. */
static void echo(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    uint64_t seed = 99;
    int64_t got = sys_wait(ECHO_ENDPOINT, ECHO_REPLY, DEADLINE_NEVER, &message);
    for (unsigned i = 0; got == RECEIVED_CALL; i++) {
        if (i > 20 && i % 2) {
            fpu_scramble(areas[1][0], &seed);
            fpu_load(areas[1][0]);
        }
        got = sys_reply_wait(ECHO_ENDPOINT, ECHO_REPLY, DEADLINE_NEVER, &message);
    }
    thread_rest();
}

static void receive_verdicts(unsigned count)
{
    struct message message = {.words = {0}};
    for (unsigned i = 0; i < count; i++) {
        EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
        EXPECT(true, message.words[0] > 0);
        EXPECT(0, message.words[1]);
        EXPECT(OK, sys_slot_drop(REPLY));
    }
}

static void make_other(void)
{
    const struct system_page *system = (const struct system_page *)SYSTEM_PAGE;
    clone_make(OTHER, 600);
    EXPECT(OK, page_place(OTHER, SYSTEM_PAGE, system->frame, MAP_READ)); /* for the time */
    EXPECT(OK, sys_slot_copy(OTHER, CLIENT, CLIENT, RIGHT_SEND, 0));
    EXPECT(OK, sys_slot_copy(OTHER, ECHO_CLIENT, ECHO_CLIENT, RIGHT_SEND, 0));
    EXPECT(OK, sys_slot_copy(OTHER, ECHO_ENDPOINT, ECHO_ENDPOINT, RIGHT_RECEIVE, 0));
}

static void start_other(void (*run)(uint64_t), uint64_t argument, unsigned priority)
{
    EXPECT(OK, sys_thread_create(ITS_FIRST, claim_object(), OTHER));
    EXPECT(OK, sys_thread_set(ITS_FIRST, THREAD_PRIORITY, priority));
    EXPECT(OK, sys_thread_start(ITS_FIRST, (uint64_t)run, STACK_TOP - 8, argument));
}

static void end_other(void)
{
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(OK, sys_slot_drop(ITS_FIRST));
}

static void test_two_domains(unsigned way)
{
    job = (struct job){.way = way, .seed = 1234 + way};
    make_other();
    uint64_t until = (clock_now() + RUN_TIME) & ~1ull;
    if (way == ECHOES) {
        thread_run(ECHO, LAZY, echo, 0);
    }
    thread_run(FIRST, LAZY, juggle, until);
    start_other(juggle, until + 1, LAZY);
    receive_verdicts(2);
    EXPECT(THREAD_USES_FPU, thread_value(FIRST, THREAD_USES) & THREAD_USES_FPU);
    thread_done(FIRST);
    if (way == ECHOES) {
        thread_done(ECHO);
    }
    end_other();
    if (sys_slot_query(SLOT_SELF, ECHO_REPLY) != CAP_EMPTY) {
        EXPECT(OK, sys_slot_drop(ECHO_REPLY));
    }
}

/* Stopped and resumed all the time. */
static void test_stopped(void)
{
    job = (struct job){.way = SPIN, .seed = 777};
    make_other();
    uint64_t until = (clock_now() + RUN_TIME) & ~1ull;
    thread_run(FIRST, LAZY, juggle, until);
    start_other(juggle, until + 1, LAZY);
    while (clock_now() < until) {
        for (unsigned i = 0; i < 2; i++) {
            uint32_t one = i ? ITS_FIRST : FIRST, both = i ? FIRST : ITS_FIRST;
            sys_thread_stop(one);
            sys_sleep(clock_now() + MILLISECOND);
            sys_thread_resume(one);
            sys_thread_stop(both);
            sys_thread_resume(both);
        }
    }
    receive_verdicts(2);
    thread_done(FIRST);
    end_other();
}

/* ---- One that never used it ---- */

/* How many bytes are not as in a new FPU. */
static uint64_t count_used(const uint8_t *found)
{
    uint64_t wrong = found[0] != 0x7f || found[1] != 3 || found[24] != 0x80 || found[25] != 0x1f;
    for (uint32_t i = 2; i < fpu_bytes; i++) {
        wrong += fpu_counts[i] && (i < 24 || i > 27) && found[i] != 0;
    }
    return wrong;
}

static void say_used(uint64_t wrong)
{
    struct message message = {.words = {1, wrong}};
    sys_call(CLIENT, &message);
    thread_rest();
}

/* Also where the processor lets it look while the FPU is off: there is nothing left in it. */
static void look_first(uint64_t untouched)
{
    uint8_t *found = areas[0][0];
    if (untouched) {
        fpu_save_untouched(found);
    } else {
        fpu_save(found);
    }
    say_used(count_used(found));
}

/* All registers are as new for who has given them up. */
static void look_after(uint64_t unused)
{
    (void)unused;
    uint8_t *found = areas[0][0];
    uint64_t seed = 8, wrong = 0;
    for (unsigned i = 0; i < 10; i++) {
        fpu_scramble(areas[0][1], &seed);
        fpu_load(areas[0][1]);
        sys_yield();
        wrong += sys_thread_set(SLOT_NONE, THREAD_FPU, 0) != OK;
        fpu_save_untouched(found);
        wrong += count_used(found);
    }
    say_used(wrong);
}

static void test_first_use(void)
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned other = i & 1, untouched = i >> 1;
        job = (struct job){.way = SPIN, .seed = 5};
        thread_run(FIRST, LAZY, juggle, UINT64_MAX - 1);
        make_other();
        WAIT_FOR(thread_value(FIRST, THREAD_USES) & THREAD_USES_FPU);
        if (other) {
            start_other(look_first, untouched, URGENT);
        } else {
            EXPECT(OK, sys_slot_copy(SLOT_SELF, ITS_FIRST, CLIENT, RIGHT_SEND, 0));
            thread_run(ECHO, URGENT, look_first, untouched);
        }
        receive_verdicts(1);
        if (!other) {
            thread_done(ECHO);
        }
        thread_done(FIRST);
        end_other();
    }
}

static void test_given_up(void)
{
    thread_run(FIRST, LAZY, look_after, 0);
    receive_verdicts(1);
    thread_done(FIRST);
}

/* ---- All other registers ---- */

#define SECRET 0x5ec2e70000000000ull

static uint64_t got[REGISTERS + 2]; /* and the bases of FS and GS */

static void read_bases(uint64_t *bases)
{
    if (has_bases) {
        __asm__ volatile("rdfsbase %0; rdgsbase %1" : "=r"(bases[0]), "=r"(bases[1]));
    }
}

static void write_bases(uint64_t base)
{
    if (has_bases) {
        __asm__ volatile("wrfsbase %0; wrgsbase %0" : : "r"(base & 0x7fffffffffff));
    }
}

static void fill(uint64_t *r, uint64_t what)
{
    for (unsigned i = 0; i < FLAGS; i++) {
        r[i] = what + i;
    }
    r[FLAGS] = FLAGS_ON | FLAG_CARRY | FLAG_DIRECTION;
}

/* Receives with all registers full of its own, twice: the second time by reply_wait. */
static void receive_all(uint64_t slots)
{
    uint64_t r[REGISTERS];
    for (unsigned i = 0; i < 2; i++) {
        fill(r, 0x2220);
        r[RAX] = i == 0 ? CALL_wait : CALL_reply_wait;
        r[RBX] = slots;
        write_bases(0x2222);
        call_with(r);
        read_bases(got + REGISTERS);
        memcpy(got, r, sizeof r);
    }
    struct message message = {.words = {0}};
    memcpy(message.words, got, sizeof message.words);
    thread_rest();
}

/* Calls three times with secrets in all registers but the words, which it says. */
static void call_all(uint64_t unused)
{
    (void)unused;
    uint64_t r[REGISTERS];
    for (unsigned i = 0; i < 2; i++) {
        fill(r, SECRET);
        r[RAX] = CALL_call;
        r[RBX] = ECHO_CLIENT;
        write_bases(SECRET);
        call_with(r);
    }
    thread_rest();
}

static void expect_nothing_of(uint64_t badge, bool is_answer)
{
    static const unsigned words[] = {RDI, RSI, RDX, R10, R8, R9};
    for (unsigned i = 0; i < 6; i++) {
        EXPECT((is_answer ? 0x2220 : SECRET) + words[i], got[words[i]]);
    }
    EXPECT(RECEIVED_CALL, got[RAX]);
    EXPECT(badge, got[RBX]);
    EXPECT((is_answer ? SECRET : 0x2220) + RBP, got[RBP]);
    EXPECT(behind_call, got[RCX]);
    EXPECT(got[R11], got[FLAGS]);
    EXPECT(0, got[R12]);
    EXPECT(0, got[R13]);
    EXPECT(true, got[R14] == 0 || got[R14] == 0x2220 + R14 || got[R14] == DEADLINE_NEVER);
    EXPECT(0, got[R15]);
    if (has_bases) {
        EXPECT(true, got[REGISTERS] == 0 || got[REGISTERS] == 0x2222);
        EXPECT(true, got[REGISTERS + 1] == 0 || got[REGISTERS + 1] == 0x2222);
    }
}

/* From the other domain to this one. The short way: both as urgent, the receiver waits before. */
static void test_messages(unsigned its_priority, unsigned priority)
{
    make_other();
    thread_run(ECHO, URGENT, receive_all, ECHO_ENDPOINT | ECHO_REPLY << 16);
    EXPECT(THREAD_IS_RECEIVING, thread_state(ECHO));
    EXPECT(OK, sys_thread_set(ECHO, THREAD_PRIORITY, priority));
    start_other(call_all, 0, its_priority);
    WAIT_FOR(thread_state(ECHO) == THREAD_IS_SLEEPING);
    EXPECT(THREAD_IS_SLEEPING, thread_state(ECHO));
    EXPECT(THREAD_IS_AWAITING_ANSWER, thread_state(ITS_FIRST));
    expect_nothing_of(0, false);
    thread_done(ECHO);
    end_other();
    EXPECT(OK, sys_slot_drop(ECHO_REPLY));
}

/* What a thread starts with. */
void look_at_start(void);
__asm__("look_at_start:\n\t"
        "push %rax; push %rbx; push %rcx; push %rdx; push %rsi; push %rbp; push %r8; push %r9\n\t"
        "push %r10; push %r11; push %r12; push %r13; push %r14; push %r15\n\t"
        "mov %rsp, %rdi\n\t"
        "jmp say_start");
void say_start(const uint64_t *registers) __attribute__((used));
void say_start(const uint64_t *registers)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < 14; i++) {
        all |= registers[i];
    }
    uint64_t bases[2] = {0, 0};
    read_bases(bases);
    struct message message = {.words = {1, all | bases[0] | bases[1]}};
    sys_call(CLIENT, &message);
    thread_rest();
}

static void test_start(void)
{
    make_other();
    start_other((void (*)(uint64_t))look_at_start, 0, LAZY);
    receive_verdicts(1);
    end_other();
    thread_run(FIRST, LAZY, (void (*)(uint64_t))look_at_start, 0);
    receive_verdicts(1);
    thread_done(FIRST);
}

int main(void)
{
    fund(SLOT_SELF, 64);
    fpu_find_out();
    find_out_bases();
    endpoint_make(ENDPOINT, CLIENT, 0);
    endpoint_make(ECHO_ENDPOINT, ECHO_CLIENT, 0);
    for (unsigned way = 0; way < WAYS; way++) {
        test_two_domains(way);
    }
    test_stopped();
    test_first_use();
    test_given_up();
    test_messages(LAZY, LAZY);
    test_messages(URGENT, LAZY);
    test_messages(LAZY, URGENT);
    test_start();
    end_test();
}
