/*
 * The time, without a system call: the system page says how to read the processor's time-stamp
 * counter.
 */
#ifndef COCOS_CLOCK_H
#define COCOS_CLOCK_H

#include <stdint.h>

#include <cocos/clock_scale.h>

/* Nanoseconds since the kernel's start: what the kernel means by a deadline. Never less than
 * before, on any CPU. */
static inline uint64_t clock_now(void)
{
    const struct clock_scale *clock = &((const struct system_page *)SYSTEM_PAGE)->clock;
    uint32_t low, high;
    /* LFENCE: not read before what stands before it is done (Intel SDM 2B, RDTSC). */
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return clock_ns((low | (uint64_t)high << 32) - clock->base, clock->mult);
}

#endif
