/*
 * The local APIC's timer, and the arithmetic of clocks, for the files of kernel/x86/.
 */
#ifndef KERNEL_X86_TIMER_H
#define KERNEL_X86_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/clock_scale.h>

#define NS_PER_SECOND 1000000000ull

/* The time-stamp counter; not read before what stands before it is done. */
static inline uint64_t clock_ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return low | (uint64_t)high << 32;
}

/* a * b / c, rounded down, or the largest number where that is more. c is not 0. */
static inline uint64_t scale(uint64_t a, uint64_t b, uint64_t c)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    uint64_t low = (uint64_t)product, high = (uint64_t)(product >> 64);
    if (high >= c) {
        return UINT64_MAX;
    }
    __asm__("divq %2" : "+a"(low), "+d"(high) : "r"(c) : "cc");
    return low;
}

/* The first value of the counter at which clock_ns says at least `ns`, or one behind it; the
 * largest number where the counter does not reach that. */
static inline uint64_t clock_ticks_at(const struct clock_scale *clock, uint64_t ns)
{
    uint64_t ticks = scale(ns, 1ull << CLOCK_SHIFT, clock->mult);
    return ticks < UINT64_MAX - clock->base ? clock->base + ticks + 1 : UINT64_MAX;
}

/* What arch_local_apic_init does for the timer and the counter of this CPU. */
void timer_cpu_init(void);

/* Whether the timer compares the time-stamp counter with a deadline, so that it needs no scale. */
bool timer_is_by_ticks(void);

/* For measuring it: lets the timer count down, from the largest number; and what it has come to. */
void timer_count_down(void);
uint32_t timer_left(void);

/* Tells how fast it did so, in Hz, and ends that. */
void timer_set_scale(uint64_t hz);

#endif
