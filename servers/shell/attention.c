#include "attention.h"

#include <cocos/clock.h>
#include <cocos/frames.h>
#include <cocos/protocol/console.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "shell.h"

#define INTERRUPT_BIT 32u

/* A console that was started again knows nobody to tell of Ctrl-C: it is told so often. */
#define REPEAT_NS 1000000000ull

static uint32_t endpoint, reply_slot;
static uint32_t bell; /* what others get: the right to signal there */
static bool interrupted, listening;

/* What has come and attention_wait has not told yet: ends of programs, or anything. */
static uint32_t ended;
static bool news;

int64_t attention_open(void)
{
    endpoint = slot_take();
    reply_slot = slot_take();
    bell = slot_take();
    int64_t frame = frame_take(0, tag_of("endpoint"));
    if (frame < 0)
        return frame;
    int64_t error = sys_endpoint_create(endpoint, (uint64_t)frame);
    if (error < 0)
        return error;
    return sys_slot_copy(SLOT_SELF, bell, endpoint, RIGHT_SIGNAL | RIGHT_COPY, 0);
}

/* Waits at most until the deadline for more to come. */
static void receive(uint64_t deadline)
{
    struct message message = {0};
    if (sys_wait(endpoint, reply_slot, deadline, &message) != RECEIVED_SIGNAL)
        return;
    interrupted |= message.words[0] >> INTERRUPT_BIT & 1;
    ended |= (uint32_t)message.words[0];
    news = true;
}

void attention_begin(void)
{
    receive(DEADLINE_NOW); /* a Ctrl-C that the last line was too short for */
    interrupted = false;
    listening = true;
    console_interrupts(bell, INTERRUPT_BIT);
}

void attention_end(void)
{
    listening = false;
    console_interrupts(SLOT_NONE, 0);
}

int attention_watch(int number, uint32_t index)
{
    return program_watch(number, bell, index);
}

uint32_t attention_wait(uint64_t deadline)
{
    while (!news) {
        uint64_t soon = clock_now() + REPEAT_NS;
        uint64_t until = deadline < soon ? deadline : soon;
        receive(until);
        if (until == deadline)
            break;
        if (!news && listening)
            console_interrupts(bell, INTERRUPT_BIT);
    }
    uint32_t programs = ended;
    ended = 0;
    news = false;
    return programs;
}

bool attention_interrupted(void)
{
    if (!interrupted)
        receive(DEADLINE_NOW);
    return interrupted;
}
