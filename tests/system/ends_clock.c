/* Ends the clock server five times, and lets it be started again: while another program asks it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cocos/protocol/init.h>
#include <cocos/service.h>
#include <cocos/sys.h>

/* The number of the program that serves as the clock, 0: none does. */
static uint64_t find_clock(void)
{
    struct message message = {0};
    for (uint64_t number = 1;; number = message.words[1] + 1) {
        message = (struct message){.words = {INIT_LIST, number}};
        if (sys_call(SLOT_PARENT, &message) < 0 || message.words[1] < number)
            return 0;
        if ((uint32_t)message.words[2] == PROGRAM_SERVES &&
            memcmp(&message.words[4], "clock", sizeof "clock") == 0)
            return message.words[1];
    }
}

int main(void)
{
    uint32_t endpoint;
    if (service_register("ends_clock", &endpoint) < 0)
        return 1;
    struct timespec pause = {0, 100000000};
    for (int i = 0; i < 5; i++) {
        nanosleep(&pause, NULL);
        struct message message = {.words = {INIT_KILL, find_clock()}};
        if (sys_call(SLOT_PARENT, &message) < 0 || message.words[0] != OK)
            printf("ends_clock: there is no clock\n");
    }
    return 0;
}
