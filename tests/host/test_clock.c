/*
 * The arithmetic of the clock: ticks into nanoseconds as kernel and programs do it, and deadlines
 * back into ticks, for slow and fast counters, now and in a hundred years.
 */
#include "kernel/x86/timer.h"

#include "tests/host/check.h"

#define CENTURY_NS (100ull * 366 * 86400 * NS_PER_SECOND)

static const uint64_t frequencies[] = {1000000,    19999998,   100000000,  999999999,  1000000000,
                                       1193182000, 2499944123, 3600000000, 5000000001, 9999999999};
#define FREQUENCIES (sizeof(frequencies) / sizeof(frequencies[0]))

static struct clock_scale clock_of(uint64_t hz)
{
    return (struct clock_scale){
        .base = 12345678901, .mult = scale(NS_PER_SECOND, 1ull << CLOCK_SHIFT, hz), .hz = hz};
}

static void scales(void **state)
{
    (void)state;
    assert_true(scale(0, 5, 3) == 0);
    assert_true(scale(7, 5, 3) == 11);
    assert_true(scale(UINT64_MAX, UINT64_MAX, UINT64_MAX) == UINT64_MAX);
    assert_true(scale(UINT64_MAX, 3, 4) == UINT64_MAX / 4 * 3 + 2);
    assert_true(scale(1ull << 63, 2, 1) == UINT64_MAX); /* too much */
    assert_true(scale(1, 1, 0) == UINT64_MAX);
}

/* A second is a second, to a millionth even where a tick has many nanoseconds; so is a century. */
static void counts_seconds(void **state)
{
    (void)state;
    for (size_t i = 0; i < FREQUENCIES; i++) {
        struct clock_scale clock = clock_of(frequencies[i]);
        const uint64_t seconds[] = {1, 60, 86400, CENTURY_NS / NS_PER_SECOND};
        for (size_t k = 0; k < 4; k++) {
            /* In a century, the fastest of these counters has passed its end. */
            uint64_t ticks;
            if (__builtin_mul_overflow(seconds[k], clock.hz, &ticks)) {
                continue;
            }
            uint64_t ns = clock_ns(ticks, clock.mult), expected = seconds[k] * NS_PER_SECOND;
            assert_true(ns <= expected && expected - ns <= expected / 1000000 + 1);
        }
    }
    assert_true(clock_ns(NS_PER_SECOND, clock_of(NS_PER_SECOND).mult) == NS_PER_SECOND);
}

/* Where the ticks of a deadline have come, so has the deadline, and two ticks before it has not. */
static void deadlines_are_met(void **state)
{
    (void)state;
    uint64_t random = 0x636c6f636b;
    for (size_t i = 0; i < FREQUENCIES; i++) {
        struct clock_scale clock = clock_of(frequencies[i]);
        for (unsigned k = 0; k < 20000; k++) {
            uint64_t ns = next_random(&random) >> next_random(&random) % 64;
            uint64_t at = clock_ticks_at(&clock, ns);
            if (ns > CENTURY_NS || at == UINT64_MAX) {
                continue;
            }
            assert_true(clock_ns(at - clock.base, clock.mult) >= ns);
            uint64_t before = at - clock.base < 2 ? 0 : at - clock.base - 2;
            assert_true(clock_ns(before, clock.mult) <= ns);
        }
    }
}

static void deadlines_never_come_too_soon(void **state)
{
    (void)state;
    for (size_t i = 0; i < FREQUENCIES; i++) {
        struct clock_scale clock = clock_of(frequencies[i]);
        /* Later than the counter lives, or, where it is slow, at least later than a century. */
        assert_true(clock_ticks_at(&clock, UINT64_MAX) > clock_ticks_at(&clock, CENTURY_NS) ||
                    clock_ticks_at(&clock, CENTURY_NS) == UINT64_MAX);
        assert_true(clock_ticks_at(&clock, 0) == clock.base + 1);
    }
    struct clock_scale full = clock_of(NS_PER_SECOND);
    full.base = UINT64_MAX - 10;
    assert_true(clock_ticks_at(&full, 5) == UINT64_MAX - 4);
    assert_true(clock_ticks_at(&full, 10) == UINT64_MAX);
    assert_true(clock_ticks_at(&full, 1ull << 40) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales),
        cmocka_unit_test(counts_seconds),
        cmocka_unit_test(deadlines_are_met),
        cmocka_unit_test(deadlines_never_come_too_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
