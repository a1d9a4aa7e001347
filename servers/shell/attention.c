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

void attention_begin(void)
{
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

/* Waits at most until the deadline; 0: nothing came. */
static uint64_t receive(uint64_t deadline)
{
    struct message message = {0};
    if (sys_wait(endpoint, reply_slot, deadline, &message) != RECEIVED_SIGNAL)
        return 0;
    interrupted |= message.words[0] >> INTERRUPT_BIT & 1;
    return message.words[0];
}

uint32_t attention_wait(uint64_t deadline)
{
    for (;;) {
        uint64_t soon = clock_now() + REPEAT_NS;
        uint64_t until = deadline < soon ? deadline : soon;
        uint64_t bits = receive(until);
        if (bits != 0 || until == deadline)
            return (uint32_t)bits;
        if (listening)
            console_interrupts(bell, INTERRUPT_BIT);
    }
}

bool attention_interrupted(void)
{
    if (!interrupted)
        receive(DEADLINE_NOW);
    return interrupted;
}
