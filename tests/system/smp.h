/*
 * Workers: threads of the test's own domain, each placed on a CPU, that share its memory. What
 * waits here gives up after a while: a machine that hangs fails a check.
 */
#ifndef TESTS_SYSTEM_SMP_H
#define TESTS_SYSTEM_SMP_H

#include <stdbool.h>
#include <string.h>

#include <cocos/clock.h>

#include "tests/system/check.h"
#include "tests/system/random.h"

#define RW (MAP_READ | MAP_WRITE)
#define MILLISECOND 1000000ull
#define SECOND (1000 * MILLISECOND)
#define PATIENCE (20 * SECOND)

#define WORKERS_MAX 12
#define WORKER_SLOTS 60 /* the first of their threads' */

struct worker {
    uint32_t thread; /* slot */
    uint64_t frame;
    uint8_t stack[2048] __attribute__((aligned(16)));
};

static struct worker workers[WORKERS_MAX];

static inline unsigned cpu_count(void)
{
    return ((const struct system_page *)SYSTEM_PAGE)->cpus;
}

/* The local APIC's id of this CPU, which the emulators count as the kernel counts CPUs. */
static inline unsigned cpu_here(void)
{
    uint32_t a = 1, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return b >> 24;
}

static inline void relax(void)
{
    __asm__ volatile("pause" : : : "memory");
}

/* Lets others of this CPU run until the condition holds. */
#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        uint64_t until_end = clock_now() + PATIENCE;                                               \
        bool until_holds;                                                                          \
        while (!(until_holds = (condition)) && clock_now() < until_end) {                          \
            sys_yield();                                                                           \
        }                                                                                          \
        check_value(__LINE__, #condition, true, until_holds);                                      \
    } while (0)

/* A thread that has not started; its frame is noted. */
static inline struct worker *worker_make(unsigned index, unsigned cpu)
{
    struct worker *worker = &workers[index];
    worker->thread = WORKER_SLOTS + index;
    worker->frame = claim_object();
    EXPECT(OK, sys_thread_create(worker->thread, worker->frame, SLOT_SELF));
    EXPECT(OK, sys_thread_set(worker->thread, THREAD_CPU, cpu));
    return worker;
}

static inline void worker_run(const struct worker *worker, void (*run)(uint64_t), uint64_t argument)
{
    uint64_t top = (uint64_t)worker->stack + sizeof worker->stack - 8;
    EXPECT(OK, sys_thread_start(worker->thread, (uint64_t)run, top, argument));
}

static inline struct worker *worker_start(unsigned index, unsigned cpu, void (*run)(uint64_t),
                                          uint64_t argument)
{
    struct worker *worker = worker_make(index, cpu);
    worker_run(worker, run, argument);
    return worker;
}

/* Ends it wherever it is, and gives its frame back. */
static inline void worker_end(const struct worker *worker)
{
    EXPECT(OK, sys_object_destroy(worker->thread));
    EXPECT(OK, sys_frame_release(worker->frame, ORDER_FRAME));
}

static inline uint64_t worker_value(const struct worker *worker, unsigned number)
{
    uint64_t values[THREAD_VALUES_PER_READ] = {0};
    EXPECT(OK, sys_thread_read(worker->thread, number / THREAD_VALUES_PER_READ, values));
    return values[number % THREAD_VALUES_PER_READ];
}

#endif
