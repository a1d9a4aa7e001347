/*
 * The serial server (cocos/protocol/serial.h): the line's bytes to and from whoever asks for them,
 * which is the console. It calls nobody and prints nothing: that would come back to it.
 *
 * Slots it is given: "ports0" (0x3f8-0x3ff), "interrupts0" (line 4); and memory that outlives it,
 * for the queues. It ends with 0 where the machine has no serial line, with 1 when it may not use
 * it, with 2 when init does not let it serve, and with 3 when its endpoint is gone.
 */
#include <stdlib.h>

#include <cocos/protocol/serial.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "queues.h"
#include "uart.h"

enum { LINE_SIGNAL = 0 };

static struct queues *queues;

/* The console's endpoint, to signal; and whether it is to hear of input. */
static uint32_t console = SLOT_NONE;
static bool owed = true;

/* Who waits until there is room for this text, or nothing left to be sent; SLOT_NONE: nobody. */
static uint32_t waiting = SLOT_NONE;
static struct message postponed;

static void reply(uint32_t slot, const struct message *answer)
{
    /* A caller that has ended leaves its capability behind. */
    if (sys_reply(slot, answer) < 0)
        sys_slot_drop(slot);
}

static bool has_room(const struct message *message)
{
    return queues_has_room(queues, TEXT_NUMBER(message->words[0]), TEXT_LENGTH(message->words[0]));
}

/* Whether it can be answered now. */
static bool is_due(const struct message *message)
{
    if (TEXT_REQUEST(message->words[0]) == SERIAL_FINISH)
        return !queues_sending(queues);
    return has_room(message);
}

/* Does what is due. */
static struct message write(const struct message *message)
{
    if (TEXT_REQUEST(message->words[0]) == SERIAL_FINISH) {
        uart_finish();
        return (struct message){0};
    }
    uint32_t count = queues_write(queues, TEXT_NUMBER(message->words[0]),
                                  (const char *)&message->words[1], TEXT_LENGTH(message->words[0]));
    return (struct message){.words = {OK, count}};
}

static struct message read(const struct message *message)
{
    struct message answer = {0};
    uint32_t count = queues_read(queues, TEXT_NUMBER(message->words[0]), (char *)&answer.words[1]);
    answer.words[0] = count;
    owed = count == 0;
    return answer;
}

/* Forgets who has ended while it waited for room. */
static void prune(void)
{
    int64_t held = waiting == SLOT_NONE ? CAP_REPLY : sys_slot_query(SLOT_SELF, waiting);
    if (held >= 0 && (held & 0xff) == CAP_REPLY)
        return;
    sys_slot_drop(waiting);
    slot_put(waiting);
    waiting = SLOT_NONE;
}

/* Answers a call, or keeps it. Returns the slot for the next. */
static uint32_t serve(uint32_t reply_slot, const struct message *message)
{
    uint32_t request = TEXT_REQUEST(message->words[0]);
    struct message answer = {0};
    prune();
    if (request == SERIAL_READ) {
        answer = read(message);
    } else if (request != SERIAL_WRITE && request != SERIAL_FINISH) {
        answer.words[0] = (uint64_t)E_REQUEST;
    } else if (TEXT_LENGTH(message->words[0]) > TEXT_BYTES) {
        answer.words[0] = (uint64_t)E_TOO_LONG;
    } else if (is_due(message)) {
        answer = write(message);
    } else {
        uint32_t next = waiting == SLOT_NONE ? slot_take() : SLOT_NONE;
        if (next != SLOT_NONE) {
            waiting = reply_slot;
            postponed = *message;
            return next;
        }
        answer.words[0] = (uint64_t)E_FULL;
    }
    reply(reply_slot, &answer);
    return reply_slot;
}

/* Moves bytes, and tells of it whoever waits for that. */
static void move(void)
{
    uart_move(queues);
    if (waiting != SLOT_NONE && is_due(&postponed)) {
        struct message answer = write(&postponed);
        reply(waiting, &answer);
        slot_put(waiting);
        waiting = SLOT_NONE;
        uart_move(queues);
    }
    if (!owed || !queues_readable(queues))
        return;
    if (console != SLOT_NONE || service_find_to_signal("console", &console) == OK)
        owed = sys_signal(console, SERIAL_INPUT) < 0;
}

int main(void)
{
    uint32_t endpoint, reply_slot = slot_take();
    queues = service_state(sizeof *queues);
    if (!queues && !(queues = calloc(1, sizeof *queues)))
        return 1;
    queues_open(queues);
    int64_t got = uart_open();
    if (got < 0)
        return got == E_DEVICE ? 0 : 1;
    if (service_register("serial", &endpoint) < 0)
        return 2;
    if (uart_bind(endpoint, LINE_SIGNAL) < 0)
        return 1;
    if (service_find_to_signal("console", &console) == OK)
        sys_signal(console, SERIAL_INPUT);
    for (got = RECEIVED_SIGNAL; got >= 0;) {
        move();
        uart_await(queues, got == RECEIVED_SIGNAL);
        struct message message = {0};
        got = sys_wait(endpoint, reply_slot, DEADLINE_NEVER, &message);
        if (got == RECEIVED_CALL)
            reply_slot = serve(reply_slot, &message);
    }
    return 3;
}
