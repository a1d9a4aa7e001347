/*
 * The console server (cocos/protocol/console.h): what programs print goes to the serial line and
 * to the screen, what is typed at either comes back to whoever reads.
 *
 * Besides init it calls the serial server only, which calls nobody; so any other server may call
 * it. It must not printf: that would be a call to itself.
 *
 * Slots it is given: "ports0" (0x3d4-0x3d5), "devices0" (the screen's memory); and memory that
 * outlives it, for texts, input and screens. It ends with 1 when there is neither a screen nor a
 * serial line, with 2 when init does not let it serve, and with 3 when its endpoint is gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/clock.h>
#include <cocos/protocol/init.h>
#include <cocos/protocol/serial.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "books.h"
#include "consoles.h"
#include "input.h"
#include "lending.h"
#include "line.h"
#include "screen.h"
#include "senders.h"

/* Texts printed before the screen is drawn in any case, be there still more waiting. */
#define UNDRAWN_MAX 64u
/* How long the next piece of a text may take, in ns. */
#define PATIENCE 50000000ull

/* No program has this badge. */
#define OWN_BADGE UINT64_MAX

/* Where a capability comes that a borrower sends; always empty while one waits for messages. */
static uint32_t gift_slot;

static void print(const struct piece *piece)
{
    consoles_make_room();
    senders_take(piece);
    consoles_update();
}

/* Texts whose end has not come are printed as they are. */
static void flush_texts(void)
{
    do
        consoles_make_room();
    while (senders_flush() < CONSOLES);
    consoles_update();
}

/* A sentence of the console's own. */
static void complain(uint32_t console, const char *what, const char *why)
{
    char line[160];
    int length = snprintf(line, sizeof line, "console: %s: %s\n", what, why);
    struct piece piece = {.badge = OWN_BADGE, .console = console, .bytes = line};
    piece.count = (uint32_t)length < sizeof line ? (uint32_t)length : sizeof line - 1;
    print(&piece);
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
    if (error == OK)
        consoles_redraw();
    return error;
}

/* Its shell runs already, or is started. */
static int64_t show(uint64_t console)
{
    if (console >= CONSOLES)
        return E_ARGUMENT;
    if (!consoles_show((uint32_t)console))
        return E_NO_MEMORY;
    char name[SERVICE_NAME_BYTES];
    snprintf(name, sizeof name, "shell%u", (uint32_t)console + 1);
    int error = console == 0 ? OK : service_want(name);
    if (error < 0)
        complain((uint32_t)console, name, error_text(error));
    return OK;
}

static int64_t scroll(uint64_t screens, const struct terminal *terminal)
{
    int64_t count = (int64_t)screens;
    count = count < -INT16_MAX ? -INT16_MAX : count > INT16_MAX ? INT16_MAX : count;
    consoles_scroll(count * (int64_t)(terminal->lines - 1));
    return OK;
}

static int64_t finish(void)
{
    flush_texts();
    line_finish();
    return OK;
}

static int64_t type(uint32_t number, const char *bytes, uint32_t count)
{
    consoles_scroll_end();
    return input_type(consoles_shown(), number, bytes, count);
}

static int64_t write(const struct message *request)
{
    uint64_t header = request->words[0];
    struct piece piece = {
        .badge = request->badge,
        .console = TEXT_CHANNEL(header),
        .number = TEXT_NUMBER(header),
        .bytes = (const char *)&request->words[1],
        .count = TEXT_LENGTH(header),
        .more = header & TEXT_MORE,
    };
    print(&piece);
    return OK;
}

/* The capability that came, if one did, is to be an endpoint that hears of Ctrl-C. */
static int64_t take_interrupts(const struct message *message)
{
    uint32_t console = TEXT_CHANNEL(message->words[0]);
    if (!message->received_slot) {
        input_interrupts(console, SLOT_NONE, 0);
        return OK;
    }
    uint32_t next = message->words[1] > 63 ? SLOT_NONE : slot_take();
    if (next == SLOT_NONE) {
        sys_slot_drop(gift_slot);
        return message->words[1] > 63 ? E_ARGUMENT : E_FULL;
    }
    input_interrupts(console, gift_slot, 1ull << message->words[1]);
    gift_slot = next;
    return OK;
}

/* Serves one call but those that answer() serves itself: the answer replaces the words. */
static void serve(struct message *message)
{
    struct message request = *message;
    uint64_t header = request.words[0];
    const struct terminal *terminal = consoles_terminal(TEXT_CHANNEL(header));
    int64_t error = E_REQUEST;
    *message = (struct message){0};
    if (!terminal)
        error = E_NO_MEMORY;
    else if (TEXT_LENGTH(header) > TEXT_BYTES)
        error = E_TOO_LONG;
    else if (TEXT_REQUEST(header) == CONSOLE_WRITE)
        error = write(&request);
    else if (TEXT_REQUEST(header) == CONSOLE_INPUT)
        error = type(TEXT_NUMBER(header), (const char *)&request.words[1], TEXT_LENGTH(header));
    else if (TEXT_REQUEST(header) == CONSOLE_RETURN)
        error = take_back(request.badge);
    else if (TEXT_REQUEST(header) == CONSOLE_SHOW)
        error = show(request.words[1]);
    else if (TEXT_REQUEST(header) == CONSOLE_SCROLL)
        error = scroll(request.words[1], terminal);
    else if (TEXT_REQUEST(header) == CONSOLE_FINISH)
        error = finish();
    else if (TEXT_REQUEST(header) == CONSOLE_SIZE) {
        message->words[1] = screen_there() ? terminal->columns : 0;
        message->words[2] = screen_there() ? terminal->lines : 0;
        message->words[3] = terminal->cursor.column;
        error = OK;
    }
    message->words[0] = (uint64_t)error;
}

/* Keeps a reader waiting. */
static int64_t wait_for_input(const struct message *message, uint32_t reply_slot)
{
    struct reader reader = {
        .badge = message->badge,
        .slot = reply_slot,
        .console = TEXT_CHANNEL(message->words[0]),
        .number = TEXT_NUMBER(message->words[0]),
    };
    consoles_make_room();
    return input_wait(&reader);
}

/* Answers a call, or keeps a reader waiting. Returns the slot for the next caller. */
static uint32_t answer(uint32_t reply_slot, struct message *message)
{
    uint32_t request = TEXT_REQUEST(message->words[0]);
    if (message->received_slot && request != CONSOLE_LEND && request != CONSOLE_INTERRUPT)
        sys_slot_drop(gift_slot); /* nobody asked for it */
    if (TEXT_CHANNEL(message->words[0]) >= CONSOLES) {
        *message = (struct message){.words[0] = (uint64_t)E_ARGUMENT};
    } else if (request == CONSOLE_READ) {
        uint32_t next = slot_take();
        if (next != SLOT_NONE && wait_for_input(message, reply_slot) == OK)
            return next;
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
        consoles_redraw();
    if (consoles_undrawn() >= UNDRAWN_MAX)
        consoles_draw();
    if (consoles_undrawn() > 0) {
        sys_yield();
        int64_t got = receive(endpoint, reply_slot, DEADLINE_NOW, message);
        if (got != E_TIMEOUT)
            return got;
        consoles_draw();
    }
    if (senders_open()) {
        int64_t got = receive(endpoint, reply_slot, clock_now() + PATIENCE, message);
        if (got != E_TIMEOUT)
            return got;
        flush_texts();
        consoles_draw();
    }
    uint64_t deadline = lending() ? clock_now() + LENDING_LOOKS_NS : DEADLINE_NEVER;
    return receive(endpoint, reply_slot, deadline, message);
}

/* Takes what is typed, as far as there is room, and gives it to who waits for it. */
static void take_input(void)
{
    line_take();
    for (;;) {
        consoles_make_room();
        if (!input_answer())
            break;
        line_take();
    }
    consoles_update();
}

/* Where there is no memory that outlives it, it does with its own. */
static bool open_memory(void **rest, size_t *bytes)
{
    const struct process_page *page = (const void *)PROCESS_PAGE;
    struct kept_books *memory = service_state(sizeof *memory);
    *bytes = memory ? page->state_bytes - sizeof *memory : 0;
    if (!memory)
        memory = calloc(1, sizeof *memory);
    if (!memory)
        return false;
    *rest = memory + 1;
    books_open(memory);
    return true;
}

int main(void)
{
    void *rest;
    size_t bytes;
    if (!open_memory(&rest, &bytes))
        return 1;
    bool has_line = line_open();
    const char *refusal = consoles_open(rest, bytes);
    if (refusal && !has_line)
        return 1;
    consoles_draw();
    if (refusal)
        complain(0, "no screen", refusal);

    uint32_t endpoint;
    if (service_register("console", &endpoint) < 0)
        return 2;
    struct message message;
    uint32_t reply_slot = slot_take();
    gift_slot = slot_take();
    for (;;) {
        take_input();
        int64_t got = next_message(endpoint, reply_slot, &message);
        if (got == RECEIVED_SIGNAL)
            line_open();
        else if (got == RECEIVED_CALL)
            reply_slot = answer(reply_slot, &message);
        else if (got != E_TIMEOUT)
            return 3;
    }
}
