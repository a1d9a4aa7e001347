/* The queue of typed bytes and of those who wait for them. */
#include "input.h"

#include <string.h>

#include <cocos/protocol/console.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define CONTROL_C 3

static struct typed own, *typed = &own;

static uint32_t readers[INPUT_READERS]; /* reply slots, the longest wait first */
static uint32_t reader_count;

static uint32_t interrupt_slot; /* whom Ctrl-C is told */
static uint64_t interrupt_bits;

void input_keep(struct typed *memory)
{
    /* Whatever may have happened to it: never more than there is. */
    if (memory->put - memory->taken > INPUT_BYTES)
        *memory = (struct typed){0};
    typed = memory;
}

uint32_t input_room(void)
{
    return INPUT_BYTES - (typed->put - typed->taken);
}

void input_interrupts(uint32_t slot, uint64_t bits)
{
    if (interrupt_slot != SLOT_NONE) {
        sys_slot_drop(interrupt_slot);
        slot_put(interrupt_slot);
    }
    interrupt_slot = slot;
    interrupt_bits = bits;
}

/* False: nobody is told, or there is nobody any more. */
static bool interrupt(void)
{
    if (interrupt_slot == SLOT_NONE)
        return false;
    bool told = sys_signal(interrupt_slot, interrupt_bits) >= 0;
    if (told)
        typed->taken = typed->put;
    else
        input_interrupts(SLOT_NONE, 0);
    return told;
}

void input_put(uint8_t byte)
{
    if (byte == CONTROL_C && interrupt())
        return;
    typed->ring[typed->put++ % INPUT_BYTES] = byte;
}

static void remove_reader(uint32_t index)
{
    slot_put(readers[index]);
    reader_count--;
    memmove(&readers[index], &readers[index + 1], (reader_count - index) * sizeof readers[0]);
}

/* Forgets readers that ended while they waited. */
static void prune(void)
{
    for (uint32_t i = reader_count; i-- > 0;) {
        int64_t held = sys_slot_query(SLOT_SELF, readers[i]);
        if (held >= 0 && (held & 0xff) == CAP_REPLY)
            continue;
        sys_slot_drop(readers[i]);
        remove_reader(i);
    }
}

int64_t input_wait(uint32_t reply_slot)
{
    if (reader_count == INPUT_READERS)
        prune();
    if (reader_count == INPUT_READERS)
        return E_FULL;
    readers[reader_count++] = reply_slot;
    return OK;
}

bool input_answer(void)
{
    bool any = false;
    while (reader_count > 0 && typed->put != typed->taken) {
        struct message answer = {0};
        char *text = (char *)&answer.words[1];
        uint32_t count = 0;
        for (; count < TEXT_BYTES && typed->taken + count != typed->put; count++)
            text[count] = (char)typed->ring[(typed->taken + count) % INPUT_BYTES];
        answer.words[0] = count;
        if (sys_reply(readers[0], &answer) >= 0) {
            typed->taken += count;
            any = true;
        } else {
            /* It ended while it waited: the next one gets these bytes. */
            sys_slot_drop(readers[0]);
        }
        remove_reader(0);
    }
    return any;
}
