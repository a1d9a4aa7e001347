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

/* The number of the program that serves /host, 0: none does. */
static uint64_t find_hostfs(void)
{
    struct message message = {0};
    for (uint64_t number = 1;; number = message.words[1] + 1) {
        message = (struct message){.words = {INIT_LIST, number}};
        if (sys_call(SLOT_PARENT, &message) < 0 || message.words[1] < number)
            return 0;
        if ((uint32_t)message.words[2] == PROGRAM_SERVES &&
            memcmp(&message.words[4], "hostfs", sizeof "hostfs") == 0)
            return message.words[1];
    }
}

int main(int argc, char **argv)
{
    uint32_t endpoint;
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 5, ended = 0;
    if (service_register("ends_hostfs", &endpoint) < 0)
        return 1;
    while (ended < count) {
        sys_sleep(clock_now() + (uint64_t)(1 + ended * 7 % 40) * 500 * MICROSECOND);
        uint64_t number = find_hostfs();
        struct message message = {.words = {INIT_KILL, number}};
        if (number && sys_call(SLOT_PARENT, &message) == OK && message.words[0] == OK)
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
