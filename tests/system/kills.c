/*
 * Ends servers again and again while others use them: kills COUNT PAUSE NAME... ends each of
 * them COUNT times, in turn, each time as soon as it serves again and up to PAUSE ms later. It
 * runs in the background: the shell goes on when it serves, and who uses the servers goes on until
 * it does no more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/clock.h>
#include <cocos/protocol/init.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define MILLISECOND 1000000ull
#define PATIENCE (20000 * MILLISECOND)

/* The number of the instance of `name` that serves; negative: there is none for too long. */
static int wait_until_serving(const char *name)
{
    uint64_t end = clock_now() + PATIENCE;
    int number = program_serving(name);
    while (number < 0 && clock_now() < end) {
        sys_sleep(clock_now() + MILLISECOND);
        number = program_serving(name);
    }
    return number;
}

/* Part of `longest`, another one each time, alike in each run. */
static uint64_t next_pause(uint64_t longest)
{
    static uint32_t seed = 1;
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % 256 * longest / 256;
}

static int end_one(const char *name, uint64_t longest)
{
    int number = wait_until_serving(name);
    sys_sleep(clock_now() + next_pause(longest));
    return number > 0 && program_stop(number) == OK ? 0 : -1;
}

int main(int argc, char **argv)
{
    uint32_t endpoint;
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    uint64_t longest = (argc > 2 ? strtoul(argv[2], NULL, 10) : 0) * MILLISECOND;
    if (service_register("kills", &endpoint) < 0)
        return 1;
    for (unsigned long i = 0; i < count; i++) {
        for (int name = 3; name < argc; name++) {
            if (end_one(argv[name], longest) < 0) {
                printf("kills: %s does not serve\n", argv[name]);
                return 1;
            }
        }
    }
    for (int name = 3; name < argc; name++)
        if (wait_until_serving(argv[name]) < 0)
            printf("kills: %s is not started again\n", argv[name]);
    printf("kills: each %lu times\n", count);
    return 0;
}
