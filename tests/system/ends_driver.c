/*
 * Ends the driver of examples/driver again and again, as often as its argument says, while another
 * program uses it: each time as soon as the next instance serves, and a while that differs has
 * passed. After each end it claims what memory the device reaches, and sees that this stays as it
 * is: what was under way when the driver ended has not hit it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/clock.h>
#include <cocos/frames.h>
#include <cocos/protocol/init.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define MILLISECOND 1000000ull
/* Longer than a move takes. */
#define MOVE (150 * MILLISECOND)

#define LOW_FRAMES 256 /* of 1 MiB */
#define LEFT_FOR_DRIVER 2
#define PATTERN 0x5a5a5a5a5a5a5a5aull
#define FRAME_WORDS (FRAME_BYTES / 8)

static uint64_t *frames[LOW_FRAMES];
static unsigned frame_count, hits;

static void take_low_memory(void)
{
    for (frame_count = 0; frame_count < LOW_FRAMES; frame_count++) {
        int64_t frame = frame_take_in(ZONE_BELOW_1M, ORDER_FRAME, MAP_READ | MAP_WRITE, 0);
        if (frame < 0)
            break;
        frames[frame_count] = (uint64_t *)frame;
    }
    /* Those that come last were taken longest ago, if they ever were. */
    for (unsigned i = 0; i < LEFT_FOR_DRIVER && frame_count > 0; i++)
        sys_frame_release((uint64_t)frames[--frame_count], ORDER_FRAME);
    for (unsigned i = 0; i < frame_count; i++)
        for (unsigned word = 0; word < FRAME_WORDS; word++)
            frames[i][word] = PATTERN;
}

static void check_low_memory(void)
{
    for (unsigned i = 0; i < frame_count; i++) {
        unsigned changed = 0;
        for (unsigned word = 0; word < FRAME_WORDS; word++)
            changed += ((volatile uint64_t *)frames[i])[word] != PATTERN;
        hits += changed > 0;
        sys_frame_release((uint64_t)frames[i], ORDER_FRAME);
    }
}

/* The number of the program that serves as the driver, 0: none does. */
static uint64_t find_driver(void)
{
    struct message message = {0};
    for (uint64_t number = 1;; number = message.words[1] + 1) {
        message = (struct message){.words = {INIT_LIST, number}};
        if (sys_call(SLOT_PARENT, &message) < 0 || message.words[1] < number)
            return 0;
        if ((uint32_t)message.words[2] == PROGRAM_SERVES &&
            memcmp(&message.words[4], "driver", sizeof "driver") == 0)
            return message.words[1];
    }
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 5, ended = 0;
    while (ended < count) {
        sys_sleep(clock_now() + (uint64_t)(1 + ended * 7 % 20) * 11 * MILLISECOND);
        uint64_t number = find_driver();
        struct message message = {.words = {INIT_KILL, number}};
        if (!number || sys_call(SLOT_PARENT, &message) != OK || message.words[0] != OK)
            continue;
        ended++;
        take_low_memory();
        sys_sleep(clock_now() + MOVE);
        check_low_memory();
    }
    printf("ends_driver: ended %d times, %u frames were hit\n", ended, hits);
    return 0;
}
