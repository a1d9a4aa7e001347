/*
 * Ends the file server of /host again and again, as often as its argument says, while another
 * program uses it: each time as soon as the next instance serves, and a while that differs has
 * passed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/clock.h>
#include <cocos/protocol/init.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define MICROSECOND 1000ull

int main(int argc, char **argv)
{
    uint32_t endpoint;
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 5, ended = 0;
    if (service_register("ends_hostfs", &endpoint) < 0)
        return 1;
    while (ended < count) {
        sys_sleep(clock_now() + (uint64_t)(1 + ended * 7 % 40) * 500 * MICROSECOND);
        int number = program_serving("hostfs");
        if (number > 0 && program_stop(number) == OK)
            ended++;
    }
    printf("ends_hostfs: ended %ld times\n", ended);
    /* Whoever uses it may ask: all the ends are over. */
    struct message message = {0};
    uint32_t reply_slot = slot_take();
    int64_t got = sys_wait(endpoint, reply_slot, DEADLINE_NEVER, &message);
    while (got == RECEIVED_CALL)
        got = sys_reply_wait(endpoint, reply_slot, DEADLINE_NEVER, &message);
    return 0;
}
