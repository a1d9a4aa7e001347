/*
 * Ends the driver of examples/driver, or the one that its second argument names, as often as the
 * first says, while another program uses it: each time as soon as the next instance serves, and a
 * while that differs has passed; each third time when the PCI server is new, too. After each end it
 * claims what memory the device reaches, and sees that this stays as it is: what was under way when
 * the driver ended has not hit it.
 */
#include <stdbool.h>
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

static void give_back(unsigned i)
{
    sys_frame_release((uint64_t)frames[i], ORDER_FRAME);
    frames[i] = frames[--frame_count];
}

/* All but two frames, which are left for the next instance: the lowest, or the highest, by turns,
 * so that it does not have again what the one before had. */
static void take_low_memory(bool but_lowest)
{
    while (frame_count < LOW_FRAMES) {
        int64_t frame = frame_take_in(ZONE_BELOW_1M, ORDER_FRAME, MAP_READ | MAP_WRITE, 0);
        if (frame < 0)
            break;
        frames[frame_count++] = (uint64_t *)frame;
    }
    for (unsigned i = 0; i < LEFT_FOR_DRIVER && i < frame_count; i++)
        give_back(but_lowest ? i : frame_count - 1);
    for (unsigned i = 0; i < frame_count; i++)
        for (unsigned word = 0; word < FRAME_WORDS; word++)
            frames[i][word] = PATTERN;
}

static void check_low_memory(void)
{
    while (frame_count > 0) {
        const volatile uint64_t *frame = frames[frame_count - 1];
        unsigned changed = 0;
        for (unsigned word = 0; word < FRAME_WORDS; word++)
            changed += frame[word] != PATTERN;
        hits += changed > 0;
        give_back(frame_count - 1);
    }
}

/* The next instance has not seen what the one before gave to whom. */
static void restart_pci(void)
{
    struct message message = {.words = {INIT_RESTART}};
    int number = program_serving("pci");
    memcpy(&message.words[1], "pci", sizeof "pci");
    sys_call(SLOT_PARENT, &message);
    for (int next = number; next < 0 || next == number; next = program_serving("pci"))
        sys_sleep(clock_now() + MILLISECOND);
}

int main(int argc, char **argv)
{
    const char *name = argc > 2 ? argv[2] : "driver";
    unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5, ended = 0;
    while (ended < count) {
        sys_sleep(clock_now() + (1ull + ended * 7 % 20) * 11 * MILLISECOND);
        int number = program_serving(name);
        if (number > 0 && ended % 3 == 2)
            restart_pci();
        if (number < 0 || program_stop(number) != OK)
            continue;
        ended++;
        take_low_memory(ended % 2 == 0);
        sys_sleep(clock_now() + MOVE);
        check_low_memory();
    }
    printf("ends_driver: ended %u times, %u frames were hit\n", ended, hits);
    return 0;
}
