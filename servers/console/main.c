/*
 * The console server (cocos/protocol/console.h): what programs print goes to the serial line and
 * to the screen, what is typed at either comes back to whoever reads.
 *
 * It never calls another server, so that any server may call it. It must not printf: that would
 * be a call to itself.
 *
 * Slots it is given: "ports0" (0x3f8-0x3ff), "ports1" (0x3d4-0x3d5), "interrupts0" (line 4),
 * "devices0" (the screen's memory); and memory that outlives it, for what was typed and not read.
 * It ends with 1 when it may not use the serial line, with 2 when init does not let it serve, and
 * with 3 when its endpoint is gone.
 */
#include <stdio.h>
#include <string.h>

#include <cocos/clock.h>
#include <cocos/protocol/console.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "input.h"
#include "lending.h"
#include "screen.h"
#include "serial.h"
#include "texts.h"

enum { SERIAL_SIGNAL = 0 };

/* Texts printed before the screen is drawn in any case, be there still more waiting. */
#define UNDRAWN_MAX 64u
/* How long the next piece of a text may take, in ns. */
#define PATIENCE 50000000ull

static struct terminal terminal;

/* Where a capability comes that a borrower sends; always empty while one waits for messages. */
static uint32_t gift_slot;
static uint32_t undrawn;

static void print(const char *bytes, size_t count)
{
    serial_write(bytes, count);
    terminal_write(&terminal, bytes, count);
    undrawn += screen_there();
}

static void complain(const char *what, const char *why)
{
    char line[160];
    int length = snprintf(line, sizeof line, "console: %s: %s\n", what, why);
    print(line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

static int64_t take_typed(const char *bytes, uint32_t count)
{
    if (count > input_room())
        return E_FULL;
    for (uint32_t i = 0; i < count; i++)
        input_put((uint8_t)bytes[i]);
    return OK;
}

/* The capability that came with the call is to be the borrower's domain. */
static int64_t lend(const struct message *message)
{
    if (!message->received_slot)
        return E_ARGUMENT;
    uint32_t next = slot_take();
    int64_t error = next == SLOT_NONE ? E_FULL : lending_begin(message->badge, gift_slot);
    if (error < 0) {
        sys_slot_drop(gift_slot);
        slot_put(next);
        return error;
    }
    gift_slot = next;
    return OK;
}

/* The screen is to be drawn again when it has come back. */
static int64_t take_back(uint64_t badge)
{
    int64_t error = lending_end(badge);
    undrawn += error == OK;
    return error;
}

/* The capability that came, if one did, is to be an endpoint that hears of Ctrl-C. */
static int64_t take_interrupts(const struct message *message)
{
    if (!message->received_slot) {
        input_interrupts(SLOT_NONE, 0);
        return OK;
    }
    uint32_t next = message->words[1] > 63 ? SLOT_NONE : slot_take();
    if (next == SLOT_NONE) {
        sys_slot_drop(gift_slot);
        return message->words[1] > 63 ? E_ARGUMENT : E_FULL;
    }
    input_interrupts(gift_slot, 1ull << message->words[1]);
    gift_slot = next;
    return OK;
}

/* Serves one call but those that answer() serves itself: the answer replaces the words. */
static void serve(struct message *message)
{
    char text[TEXT_BYTES];
    uint32_t request = TEXT_REQUEST(message->words[0]);
    uint32_t length = TEXT_LENGTH(message->words[0]);
    bool more = message->words[0] & TEXT_MORE;
    uint64_t badge = message->badge;
    memcpy(text, &message->words[1], sizeof text);
    *message = (struct message){0};
    if (request == CONSOLE_SIZE) {
        message->words[1] = screen_there() ? terminal.columns : 0;
        message->words[2] = screen_there() ? terminal.lines : 0;
        message->words[3] = terminal.column;
    } else if (request == CONSOLE_RETURN) {
        message->words[0] = (uint64_t)take_back(badge);
    } else if (request != CONSOLE_WRITE && request != CONSOLE_INPUT) {
        message->words[0] = (uint64_t)E_REQUEST;
    } else if (length > TEXT_BYTES) {
        message->words[0] = (uint64_t)E_TOO_LONG;
    } else if (request == CONSOLE_WRITE) {
        texts_take(badge, text, length, more, print);
    } else {
        message->words[0] = (uint64_t)take_typed(text, length);
    }
}

/* Answers a call, or keeps a reader waiting. Returns the slot for the next caller. */
static uint32_t answer(uint32_t reply_slot, struct message *message)
{
    uint32_t request = TEXT_REQUEST(message->words[0]);
    if (message->received_slot && request != CONSOLE_LEND && request != CONSOLE_INTERRUPT)
        sys_slot_drop(gift_slot); /* nobody asked for it */
    if (request == CONSOLE_READ) {
        uint32_t next = slot_take();
        if (next != SLOT_NONE && input_wait(reply_slot) == OK) {
            serial_take();
            return next;
        }
        if (next != SLOT_NONE)
            slot_put(next);
        *message = (struct message){.words[0] = (uint64_t)E_FULL};
    } else if (request == CONSOLE_LEND) {
        *message = (struct message){.words[0] = (uint64_t)lend(message)};
    } else if (request == CONSOLE_INTERRUPT) {
        *message = (struct message){.words[0] = (uint64_t)take_interrupts(message)};
    } else {
        serve(message);
    }
    /* A caller that has ended leaves its capability behind. */
    if (sys_reply(reply_slot, message) < 0)
        sys_slot_drop(reply_slot);
    return reply_slot;
}

static void draw(void)
{
    screen_update(&terminal, serial_take);
    undrawn = 0;
}

static int64_t receive(uint32_t endpoint, uint32_t reply_slot, uint64_t deadline,
                       struct message *message)
{
    *message = (struct message){.receive_slot = gift_slot};
    return sys_wait(endpoint, reply_slot, deadline, message);
}

/* Waits for the next message. The screen is drawn when nobody has more to print: drawing costs far
 * more than the rest, and lines that scroll away need not be drawn at all. A text whose end does
 * not come is printed as it is, after a while: others' texts shall not run into it before. */
static int64_t next_message(uint32_t endpoint, uint32_t reply_slot, struct message *message)
{
    if (lending_review())
        undrawn++;
    if (undrawn >= UNDRAWN_MAX)
        draw();
    if (undrawn > 0) {
        sys_yield();
        int64_t got = receive(endpoint, reply_slot, DEADLINE_NOW, message);
        if (got != E_TIMEOUT)
            return got;
        draw();
    }
    if (texts_open()) {
        int64_t got = receive(endpoint, reply_slot, clock_now() + PATIENCE, message);
        if (got != E_TIMEOUT)
            return got;
        texts_flush(print);
        draw();
    }
    uint64_t deadline = lending() ? clock_now() + LENDING_LOOKS_NS : DEADLINE_NEVER;
    return receive(endpoint, reply_slot, deadline, message);
}

int main(void)
{
    struct typed *kept = service_state(sizeof *kept);
    if (kept)
        input_keep(kept);
    if (serial_open() < 0)
        return 1;
    const char *refusal = screen_open(&terminal);
    draw();
    if (refusal)
        complain("no screen", refusal);

    uint32_t endpoint;
    if (service_register("console", &endpoint) < 0)
        return 2;
    int64_t bound = serial_bind(endpoint, SERIAL_SIGNAL);
    if (bound < 0)
        complain("nothing can be typed at the serial line", error_text(bound));

    struct message message;
    uint32_t reply_slot = slot_take();
    gift_slot = slot_take();
    for (;;) {
        int64_t got = next_message(endpoint, reply_slot, &message);
        if (got == RECEIVED_SIGNAL)
            serial_interrupt();
        else if (got == RECEIVED_CALL)
            reply_slot = answer(reply_slot, &message);
        else if (got != E_TIMEOUT)
            return 3;
        /* Taking input makes room for what still lies in the serial device. */
        while (input_answer())
            serial_take();
    }
}
