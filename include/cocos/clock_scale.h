/*
 * Nanoseconds from the time-stamp counter: the one computation, for the kernel and for programs
 * (cocos/clock.h).
 */
#ifndef COCOS_CLOCK_SCALE_H
#define COCOS_CLOCK_SCALE_H

#include <stdint.h>

#include <cocos/abi.h>

/* Nanoseconds in this many ticks, for the mult of a struct clock_scale; right for the first 500
 * years. */
static inline uint64_t clock_ns(uint64_t ticks, uint64_t mult)
{
    return (uint64_t)((unsigned __int128)ticks * mult >> CLOCK_SHIFT);
}

#endif
