/*
 * Threads placed on CPUs, and moved, stopped, read and set there while they run, are ready, wait or
 * sleep. Breaks when a thread runs elsewhere than it was told, does not wake up, or comes back with
 * other registers than it had or was given.
 */
#include "tests/system/smp.h"

#define MOVES 60 /* or as the kernel's command line says: moves=10000 */
#define ENDPOINT 20
#define CLIENT 21
#define REPLY 22

static volatile unsigned where[WORKERS_MAX];
static volatile uint64_t counts[WORKERS_MAX];
static volatile bool broken;
static uint64_t moves;

static void spin(uint64_t index)
{
    for (;;) {
        where[index] = cpu_here();
        counts[index]++;
    }
}

/* Waits until it has run on that CPU from now on. */
static void expect_on(unsigned index, unsigned cpu)
{
    where[index] = ~0u;
    uint64_t count = counts[index];
    UNTIL(where[index] == cpu && counts[index] > count + 2);
}

static void test_placed(void)
{
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        const struct worker *worker = worker_start(cpu, cpu, spin, cpu);
        expect_on(cpu, cpu);
        EXPECT(cpu, worker_value(worker, THREAD_RUNS_ON));
    }
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
        worker_end(&workers[cpu]);
        uint64_t count = counts[cpu];
        sys_yield();
        EXPECT(count, counts[cpu]);
    }
    EXPECT(OK, sys_thread_create(WORKER_SLOTS, workers[0].frame = claim_object(), SLOT_SELF));
    EXPECT(E_ARGUMENT, sys_thread_set(WORKER_SLOTS, THREAD_CPU, cpu_count()));
    worker_end(&workers[0]);
}

static void test_moved_running(void)
{
    const struct worker *worker = worker_start(0, 0, spin, 0);
    for (uint64_t i = 0; i < moves; i++) {
        unsigned cpu = (unsigned)(i * 7 / 3 % cpu_count());
        EXPECT(OK, sys_thread_set(worker->thread, THREAD_CPU, cpu));
        expect_on(0, cpu);
    }
    worker_end(worker);
}

/* One that is ready, but does not get its turn, does where it is moved to. */
static void test_moved_ready(void)
{
    const struct worker *hog = worker_make(0, 1), *worker = worker_make(1, 1);
    EXPECT(OK, sys_thread_set(hog->thread, THREAD_PRIORITY, PRIORITY_NORMAL + 1));
    worker_run(hog, spin, 0);
    expect_on(0, 1);
    uint64_t count = counts[1];
    worker_run(worker, spin, 1);
    expect_on(0, 1);
    EXPECT(count, counts[1]);
    EXPECT(OK, sys_thread_set(worker->thread, THREAD_CPU, 0));
    expect_on(1, 0);
    EXPECT(OK, sys_thread_set(worker->thread, THREAD_CPU, 1));
    count = counts[1];
    expect_on(0, 1);
    EXPECT(count, counts[1]);
    worker_end(hog);
    worker_end(worker);
}

/* Answers with the CPU it is on. */
static void serve(uint64_t reply)
{
    struct message message = {.words = {0}};
    int64_t got = sys_wait(ENDPOINT, (uint32_t)reply, DEADLINE_NEVER, &message);
    while (got == RECEIVED_CALL) {
        message.words[0] = cpu_here();
        got = sys_reply_wait(ENDPOINT, (uint32_t)reply, DEADLINE_NEVER, &message);
    }
    broken = true;
}

static void test_moved_waiting(void)
{
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    const struct worker *worker = worker_start(0, 0, serve, REPLY);
    for (uint64_t i = 0; i < moves; i++) {
        unsigned cpu = (unsigned)(i * 5 / 2 % cpu_count());
        EXPECT(OK, sys_thread_set(worker->thread, THREAD_CPU, cpu));
        for (unsigned calls = 0; calls < 3; calls++) {
            struct message message = {.words = {77}};
            EXPECT(OK, sys_call(ENDPOINT, &message));
            EXPECT(cpu, message.words[0]);
        }
    }
    EXPECT(false, broken);
    worker_end(worker);
}

static volatile uint64_t deadline, woken;

static void sleep_once(uint64_t index)
{
    counts[index]++;
    sys_sleep(deadline);
    woken = clock_now();
    where[index] = cpu_here();
    counts[index]++;
    for (;;) {
        sys_sleep(clock_now() + SECOND);
    }
}

/* From every CPU to every other, where nothing else is going on. */
static void test_moved_sleeping(void)
{
    for (unsigned i = 0; i < cpu_count() * cpu_count(); i++) {
        unsigned from = i / cpu_count(), to = i % cpu_count();
        counts[0] = woken = 0;
        deadline = clock_now() + 100 * MILLISECOND;
        const struct worker *worker = worker_start(0, from, sleep_once, 0);
        UNTIL(worker_value(worker, THREAD_STATE) == THREAD_IS_SLEEPING);
        EXPECT(OK, sys_thread_set(worker->thread, THREAD_CPU, to));
        bool in_time = clock_now() < deadline;
        UNTIL(counts[0] == 2);
        EXPECT(true, woken >= deadline && (where[0] == to || !in_time));
        worker_end(worker);
    }
}

static uint64_t marks[2] = {0x1111, 0x2222};

/* Sees what FS and GS point to. */
static void look(uint64_t index)
{
    for (;;) {
        uint64_t fs, gs;
        __asm__ volatile("mov %%fs:0, %0; mov %%gs:0, %1" : "=r"(fs), "=r"(gs));
        counts[index] = fs << 16 | gs;
    }
}

/* Of a thread that runs on another CPU, which has nobody else to run. */
static void test_registers(void)
{
    struct worker *worker = worker_make(0, 1);
    EXPECT(OK, sys_thread_set(worker->thread, THREAD_REGISTER + THREAD_FS, (uint64_t)&marks[0]));
    EXPECT(OK, sys_thread_set(worker->thread, THREAD_REGISTER + THREAD_GS, (uint64_t)&marks[1]));
    worker_run(worker, look, 0);
    UNTIL(counts[0] == 0x11112222);
    for (uint64_t i = 0; i < moves; i++) {
        uint64_t fs = (uint64_t)&marks[i % 2], gs = (uint64_t)&marks[i / 2 % 2];
        EXPECT(E_RUNNING, sys_thread_set(worker->thread, THREAD_REGISTER + THREAD_FS, fs));
        EXPECT(OK, sys_thread_stop(worker->thread));
        EXPECT(OK, sys_thread_set(worker->thread, THREAD_REGISTER + THREAD_FS, fs));
        EXPECT(OK, sys_thread_set(worker->thread, THREAD_REGISTER + THREAD_GS, gs));
        EXPECT(fs, worker_value(worker, THREAD_FS));
        EXPECT(gs, worker_value(worker, THREAD_GS));
        if (i % 3 == 0) {
            EXPECT(OK, sys_thread_set(worker->thread, THREAD_CPU, i / 3 % cpu_count()));
        }
        EXPECT(OK, sys_thread_resume(worker->thread));
        UNTIL(counts[0] == (marks[i % 2] << 16 | marks[i / 2 % 2]));
    }
    worker_end(worker);
}

/* Counts in registers of all kinds, and makes system calls that have to wait for the lock. */
static void remember(uint64_t index)
{
    uint64_t sum = 0, other;
    __asm__ volatile("movq %0, %%xmm5" : : "r"(sum));
    for (;;) {
        __asm__ volatile("movq %%xmm5, %0" : "=r"(other));
        broken = broken || other != sum;
        sum += index + 1;
        __asm__ volatile("movq %0, %%xmm5" : : "r"(sum));
        if (sum % 2 != 0) {
            broken = broken || sys_machine_query(SLOT_NONE, MACHINE_FRAMES_TOTAL) <= 0;
        } else {
            broken = broken || sys_yield() != OK;
        }
        where[index] = cpu_here();
        counts[index]++;
    }
}

static volatile uint64_t found;

/* What a register of the FPU holds after a sleep. */
static void keep(uint64_t value)
{
    for (;;) {
        uint64_t after;
        __asm__ volatile("movq %0, %%xmm7" : : "r"(value));
        counts[0]++;
        sys_sleep(clock_now() + PATIENCE);
        __asm__ volatile("movq %%xmm7, %0" : "=r"(after));
        found = after;
        counts[0]++;
    }
}

/* Its CPU has nothing else to do, and still holds its FPU when somebody else says that it is done
 * with it. */
static void test_fpu_given_up(void)
{
    for (unsigned i = 0; i < 2 * cpu_count(); i++) {
        bool given_up = i % 2;
        counts[0] = 0;
        const struct worker *worker = worker_start(0, i / 2, keep, 0x5ec2e7);
        UNTIL(counts[0] == 1);
        sys_sleep(clock_now() + 20 * MILLISECOND);
        EXPECT(OK, sys_thread_stop(worker->thread));
        if (given_up) {
            EXPECT(OK, sys_thread_set(worker->thread, THREAD_FPU, 0));
        }
        EXPECT(OK, sys_thread_resume(worker->thread));
        UNTIL(counts[0] == 3);
        EXPECT(given_up ? 0 : 0x5ec2e7, found);
        worker_end(worker);
    }
}

/* Stopped and moved at any moment, while the other CPUs are stopped for their page tables' sake. */
static void test_stopped_anywhere(void)
{
    unsigned count = cpu_count() * 2 < 8 ? cpu_count() * 2 : 8;
    uint64_t frame = claim(ORDER_FRAME, RW), seed = 88172645463325252ull;
    for (unsigned i = 0; i < count; i++) {
        worker_start(i, i % cpu_count(), remember, i);
    }
    for (uint64_t i = 0; i < moves * 5; i++) {
        uint64_t dice = random_next(&seed);
        const struct worker *worker = &workers[dice % count];
        int64_t error = dice >> 8 & 1 ? OK : sys_thread_stop(worker->thread);
        EXPECT(OK, error);
        EXPECT(OK, sys_frame_access(frame, ORDER_FRAME, MAP_READ));
        EXPECT(OK, sys_frame_access(frame, ORDER_FRAME, RW));
        if (dice >> 9 & 1) {
            EXPECT(OK, sys_thread_set(worker->thread, THREAD_CPU, (dice >> 16) % cpu_count()));
        }
        if (!(dice >> 8 & 1)) {
            EXPECT(OK, sys_thread_resume(worker->thread));
        }
        if (i % 16 == 0) {
            sys_yield();
        }
    }
    for (unsigned i = 0; i < count; i++) {
        uint64_t had = counts[i];
        UNTIL(counts[i] > had);
    }
    EXPECT(false, broken);
    for (unsigned i = 0; i < count; i++) {
        worker_end(&workers[i]);
    }
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
}

int main(int argc, char **argv)
{
    moves = word_of(argc, argv, "moves", MOVES);
    fund(SLOT_SELF, 8);
    uint64_t before = ledger();
    test_placed();
    test_moved_running();
    test_moved_ready();
    test_moved_sleeping();
    test_registers();
    test_fpu_given_up();
    test_stopped_anywhere();
    EXPECT(before, ledger());
    test_moved_waiting();
    printf("threads: %lu moves\n", (unsigned long)moves);
    end_test();
}
