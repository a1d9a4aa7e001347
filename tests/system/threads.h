/*
 * Threads of the test's own domain, each by a slot, with a stack and a priority: one that is more
 * urgent than the test's own thread does all it can before the call that lets it run returns. What
 * they find they leave in memory, for the test to check. They use no FPU, so that the short way of
 * messages is theirs, and nothing of the C library but the system calls.
 */
#ifndef TESTS_SYSTEM_THREADS_H
#define TESTS_SYSTEM_THREADS_H

#include <stdbool.h>

#include <cocos/clock.h>

#include "tests/system/check.h"
#include "tests/system/random.h"

#pragma GCC target("general-regs-only")

#define THREAD_STACK_BYTES 4096
#define MILLISECOND 1000000ull

/* The test's own thread runs at PRIORITY_NORMAL. */
#define URGENT (PRIORITY_NORMAL + 4)
#define LAZY (PRIORITY_NORMAL - 4)

static uint8_t thread_stacks[SLOTS_PER_DOMAIN][THREAD_STACK_BYTES] __attribute__((aligned(16)));
static uint64_t thread_frames[SLOTS_PER_DOMAIN];

static inline uint64_t thread_stack(uint32_t slot)
{
    return (uint64_t)(thread_stacks[slot] + THREAD_STACK_BYTES - 8);
}

/* A thread that has not started. */
static inline void thread_new(uint32_t slot, unsigned priority)
{
    thread_frames[slot] = claim_object();
    EXPECT(OK, sys_thread_create(slot, thread_frames[slot], SLOT_SELF));
    EXPECT(OK, sys_thread_set(slot, THREAD_PRIORITY, priority));
}

static inline void thread_run(uint32_t slot, unsigned priority, void (*run)(uint64_t),
                              uint64_t argument)
{
    thread_new(slot, priority);
    EXPECT(OK, sys_thread_start(slot, (uint64_t)run, thread_stack(slot), argument));
}

/* Ends it, wherever it is, and gives its frame back. */
static inline void thread_done(uint32_t slot)
{
    EXPECT(OK, sys_object_destroy(slot));
    EXPECT(OK, sys_frame_release(thread_frames[slot], ORDER_FRAME));
}

/* One of the values that thread_read gives (enum thread_register). */
static inline uint64_t thread_value(uint32_t slot, uint32_t number)
{
    uint64_t values[THREAD_VALUES_PER_READ] = {0};
    EXPECT(OK, sys_thread_read(slot, number / THREAD_VALUES_PER_READ, values));
    return values[number % THREAD_VALUES_PER_READ];
}

static inline uint64_t thread_state(uint32_t slot)
{
    return thread_value(slot, THREAD_STATE);
}

/* The priority it runs at. */
static inline unsigned thread_urgency(uint32_t slot)
{
    return thread_value(slot, THREAD_URGENCY) & 0xff;
}

/* An endpoint with all rights in `slot`, and a capability to call it, with that badge, in `client`.
 */
static inline void endpoint_make(uint32_t slot, uint32_t client, uint64_t badge)
{
    EXPECT(OK, sys_endpoint_create(slot, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, client, slot, RIGHT_SEND | RIGHT_COPY, badge));
}

/* Ends it; its frame stays. */
static inline void endpoint_end(uint32_t slot, uint32_t client)
{
    EXPECT(OK, sys_object_destroy(slot));
    EXPECT(OK, sys_slot_drop(client));
}

static inline void let_run(uint64_t ns)
{
    EXPECT(OK, sys_sleep(clock_now() + ns));
}

/* However slow the machine is: until it is so, for some seconds at most. */
#define WAIT_FOR(condition)                                                                        \
    for (unsigned looks_left = 3000; looks_left > 0 && !(condition); looks_left--) {               \
        sys_sleep(clock_now() + MILLISECOND);                                                      \
    }

/* Stays until it is ended. */
static inline void thread_rest(void)
{
    for (;;) {
        sys_sleep(DEADLINE_NEVER - 1);
    }
}

#endif
