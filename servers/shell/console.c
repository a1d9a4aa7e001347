/* The shell's side of the console's protocol (cocos/protocol/console.h), buffered both ways. */
#include "shell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/protocol/console.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define PRINTED_BYTES 1024u
#define PRINTF_BYTES 512u
#define COLLECTED_MAX (4u << 20)

/* How often the console is looked for before it counts as absent: it may be starting. */
#define PATIENCE 1000

static uint32_t console; /* slot */
static char printed[PRINTED_BYTES];
static size_t printed_count;
static char typed[TEXT_BYTES];
static uint32_t typed_count, typed_taken;

static bool collecting;
static char *collected;
static size_t collected_bytes, collected_room;

int64_t console_open(void)
{
    int64_t got = E_NAME;
    if (console != SLOT_NONE && sys_slot_drop(console) >= 0)
        slot_put(console);
    for (int tries = 0; tries < PATIENCE && got == E_NAME; tries++) {
        got = service_find("console", &console);
        if (got == E_NAME)
            sys_yield();
    }
    return got;
}

void console_flush(void)
{
    size_t count = printed_count;
    printed_count = 0;
    if (count > 0)
        text_send(console, console_channel(CONSOLE_WRITE), printed, count);
}

void console_collect(void)
{
    console_flush();
    collecting = true;
}

char *console_collected(size_t *bytes)
{
    char *all = collected;
    *bytes = collected_bytes;
    collecting = false;
    collected = NULL;
    collected_bytes = collected_room = 0;
    return all;
}

/* What does not fit is left out. */
static void collect(const char *bytes, size_t count)
{
    if (count > collected_room - collected_bytes) {
        size_t room = 2 * (collected_bytes + count);
        char *more = room <= COLLECTED_MAX ? realloc(collected, room) : NULL;
        if (!more)
            return;
        collected = more;
        collected_room = room;
    }
    memcpy(collected + collected_bytes, bytes, count);
    collected_bytes += count;
}

void console_print(const char *bytes, size_t count)
{
    if (collecting) {
        collect(bytes, count);
        return;
    }
    while (count > 0) {
        if (printed_count == PRINTED_BYTES)
            console_flush();
        size_t room = PRINTED_BYTES - printed_count;
        size_t piece = count < room ? count : room;
        memcpy(printed + printed_count, bytes, piece);
        printed_count += piece;
        bytes += piece;
        count -= piece;
    }
}

void console_printf(const char *format, ...)
{
    char text[PRINTF_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length > 0)
        console_print(text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

bool console_typed(void)
{
    return typed_taken < typed_count;
}

void console_complain(const char *format, ...)
{
    char text[PRINTF_BYTES];
    va_list arguments;
    bool was = collecting;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    collecting = false;
    if (length > 0)
        console_print(text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
    collecting = was;
}

int console_read(void)
{
    return console_read_until(DEADLINE_NEVER);
}

int console_read_until(uint64_t deadline)
{
    if (!console_typed()) {
        console_flush();
        int64_t got = text_take_until(console, console_channel(CONSOLE_READ), deadline, typed);
        if (got < 0)
            return (int)got;
        typed_count = (uint32_t)got;
        typed_taken = 0;
        if (typed_count == 0)
            return E_REQUEST;
    }
    return (uint8_t)typed[typed_taken++];
}

void console_interrupts(uint32_t endpoint, uint32_t bit)
{
    struct message message = {.words = {console_channel(CONSOLE_INTERRUPT), bit},
                              .send_slot = endpoint};
    console_flush();
    sys_call(console, &message);
}

uint32_t console_fresh_line(void)
{
    console_flush();
    struct message message = {.words[0] = console_channel(CONSOLE_SIZE)};
    if (service_call("console", &console, &message) < 0)
        return 0;
    if (message.words[3] != 0)
        console_complain("\n");
    return (uint32_t)message.words[1];
}
