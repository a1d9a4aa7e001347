/*
 * The time of day and sleeping, as an ordinary C program has them: time, clock_gettime,
 * gettimeofday, nanosleep, clock_nanosleep. Prints the time of day, as seconds since 1970, and
 * what failed. With the argument "wait" it sleeps a second first and looks at the time all along.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define SECOND 1000000000ll
#define MILLISECOND 1000000ll

static unsigned failed;

static void expect(int condition, const char *what)
{
    if (!condition) {
        printf("FAILED: %s\n", what);
        failed++;
    }
}

static int64_t now(clockid_t clock)
{
    struct timespec time = {-1, -1};
    expect(clock_gettime(clock, &time) == 0, "clock_gettime");
    expect(time.tv_nsec >= 0 && time.tv_nsec < SECOND, "nanoseconds are less than a second");
    return time.tv_sec * SECOND + time.tv_nsec;
}

static struct timespec spec(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / SECOND, .tv_nsec = (long)(ns % SECOND)};
}

static void test_clocks_agree(void)
{
    struct timeval day;
    int64_t wall = now(CLOCK_REALTIME);
    time_t seconds = time(NULL);
    expect(gettimeofday(&day, NULL) == 0, "gettimeofday");
    expect(seconds - wall / SECOND <= 1, "time and clock_gettime agree");
    expect(day.tv_sec - seconds <= 1 && day.tv_usec < 1000000, "so does gettimeofday");
    int64_t before = now(CLOCK_MONOTONIC), after = now(CLOCK_MONOTONIC);
    expect(after >= before, "the monotonic clock goes on");
    struct timespec resolution = {0};
    expect(clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_nsec == 1, "getres");
    errno = 0;
    expect(clock_gettime(77, &resolution) < 0 && errno == EINVAL, "there is no clock 77");
}

static void test_sleeping(void)
{
    struct timespec short_time = spec(30 * MILLISECOND), wrong = {0, SECOND};
    int64_t start = now(CLOCK_MONOTONIC), wall = now(CLOCK_REALTIME);
    expect(nanosleep(&short_time, NULL) == 0, "nanosleep");
    int64_t slept = now(CLOCK_MONOTONIC) - start;
    expect(slept >= 30 * MILLISECOND, "not less than it was told");
    expect(now(CLOCK_REALTIME) - wall >= 29 * MILLISECOND, "the day went on meanwhile");

    struct timespec until = spec(now(CLOCK_MONOTONIC) + 20 * MILLISECOND);
    expect(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == 0, "until");
    expect(now(CLOCK_MONOTONIC) >= until.tv_sec * SECOND + until.tv_nsec, "not before that");
    until = spec(now(CLOCK_REALTIME) + 20 * MILLISECOND);
    expect(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) == 0, "until, of the day");
    expect(now(CLOCK_REALTIME) >= until.tv_sec * SECOND + until.tv_nsec, "not before that time");
    until = spec(1);
    expect(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == 0, "what has passed");
    expect(nanosleep(&wrong, NULL) < 0 && errno == EINVAL, "a second of nanoseconds is refused");
}

int main(int argc, char **argv)
{
    test_clocks_agree();
    test_sleeping();
    if (argc > 1 && strcmp(argv[1], "wait") == 0)
        for (int64_t end = now(CLOCK_MONOTONIC) + SECOND; now(CLOCK_MONOTONIC) < end;)
            expect(now(CLOCK_REALTIME) > 0, "asked while it is ended");
    time_t seconds = time(NULL);
    struct tm *date = gmtime(&seconds);
    char text[64];
    strftime(text, sizeof text, "%a %Y-%m-%d %H:%M", date);
    printf("it is %s\n", text);
    printf("%s\n", failed == 0 ? "all is well" : "something failed");
    return failed != 0;
}
