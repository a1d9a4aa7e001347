/*
 * Time. What only goes on is the kernel's clock (cocos/clock.h); the time of day is the clock
 * server's (cocos/protocol/clock.h). Without one it is 1970 when the machine starts, as it is for
 * Linux on a machine without a clock.
 */
#include "libc/linux/linux.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/time.h>
#include <time.h>

#include <cocos/clock.h>
#include <cocos/protocol/clock.h>
#include <cocos/service.h>

#define SECOND 1000000000ull
#define MICROSECOND 1000ull

static uint32_t clock_server = SLOT_NONE;

static uint64_t wall_now(void)
{
    struct message message = {.words = {CLOCK_READ}};
    return service_call("clock", &clock_server, &message) == OK ? message.words[1] : clock_now();
}

/* False: there is no such clock. */
static bool read_clock(uint64_t clock, uint64_t *now)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        *now = wall_now();
        return true;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        *now = clock_now();
        return true;
    default: /* the processor's time is not counted */
        return false;
    }
}

static bool is_valid(const struct timespec *time)
{
    return time->tv_sec >= 0 && time->tv_nsec >= 0 && (uint64_t)time->tv_nsec < SECOND;
}

/* What 64 bits do not hold is the last they hold. */
static uint64_t to_ns(const struct timespec *time)
{
    uint64_t seconds = (uint64_t)time->tv_sec, rest = (uint64_t)time->tv_nsec;
    return seconds > (UINT64_MAX - rest) / SECOND ? UINT64_MAX : seconds * SECOND + rest;
}

static struct timespec from_ns(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / SECOND), .tv_nsec = (long)(ns % SECOND)};
}

int64_t linux_clock_gettime(const uint64_t *a)
{
    uint64_t now;
    if (!read_clock(a[0], &now))
        return -EINVAL;
    *(struct timespec *)a[1] = from_ns(now);
    return 0;
}

int64_t linux_clock_getres(const uint64_t *a)
{
    uint64_t now;
    if (!read_clock(a[0], &now))
        return -EINVAL;
    if (a[1])
        *(struct timespec *)a[1] = from_ns(1);
    return 0;
}

int64_t linux_clock_settime(const uint64_t *a)
{
    const struct timespec *time = (const struct timespec *)a[1];
    if (a[0] != CLOCK_REALTIME || !is_valid(time))
        return -EINVAL;
    struct message message = {.words = {CLOCK_SET, to_ns(time)}};
    int64_t error = service_call("clock", &clock_server, &message);
    return error == OK ? 0 : error == E_ARGUMENT ? -EINVAL : -EPERM;
}

int64_t linux_gettimeofday(const uint64_t *a)
{
    struct timeval *time = (struct timeval *)a[0];
    uint64_t now = wall_now();
    if (time) {
        time->tv_sec = (time_t)(now / SECOND);
        time->tv_usec = (suseconds_t)(now % SECOND / MICROSECOND);
    }
    return 0;
}

int64_t linux_time(const uint64_t *a)
{
    time_t now = (time_t)(wall_now() / SECOND);
    if (a[0])
        *(time_t *)a[0] = now;
    return now;
}

/* Sleeps for so long. No signal ends it early. */
static int64_t sleep_for(uint64_t ns)
{
    uint64_t now = clock_now();
    bool for_ever = ns >= DEADLINE_NEVER - now;
    return sys_sleep(for_ever ? DEADLINE_NEVER - 1 : now + ns) < 0 ? -EINTR : 0;
}

int64_t linux_nanosleep(const uint64_t *a)
{
    const struct timespec *time = (const struct timespec *)a[0];
    return is_valid(time) ? sleep_for(to_ns(time)) : -EINVAL;
}

int64_t linux_clock_nanosleep(const uint64_t *a)
{
    const struct timespec *time = (const struct timespec *)a[2];
    uint64_t now;
    if (!is_valid(time) || !read_clock(a[0], &now))
        return -EINVAL;
    uint64_t ns = to_ns(time);
    if (!(a[1] & TIMER_ABSTIME))
        return sleep_for(ns);
    return ns > now ? sleep_for(ns - now) : 0;
}
