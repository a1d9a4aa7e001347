/* The shell's side of the console's protocol (cocos/protocol/console.h), buffered both ways. */
#include "shell.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cocos/protocol/console.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define PRINTED_BYTES 1024u
#define PRINTF_BYTES 512u

/* How often the console is looked for before it counts as absent: it may be starting. */
#define PATIENCE 1000

static uint32_t console; /* slot */
static char printed[PRINTED_BYTES];
static size_t printed_count;
static char typed[TEXT_BYTES];
static uint32_t typed_count, typed_taken;

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

void console_print(const char *bytes, size_t count)
{
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

int console_read(void)
{
    if (!console_typed()) {
        console_flush();
        int64_t got = text_take(console, console_channel(CONSOLE_READ), typed);
        if (got < 0)
            return (int)got;
        typed_count = (uint32_t)got;
        typed_taken = 0;
        if (typed_count == 0)
            return E_REQUEST;
    }
    return (uint8_t)typed[typed_taken++];
}

uint32_t console_fresh_line(void)
{
    console_flush();
    struct message message = {.words[0] = console_channel(CONSOLE_SIZE)};
    if (service_call("console", &console, &message) < 0)
        return 0;
    if (message.words[3] != 0)
        console_print("\n", 1);
    return (uint32_t)message.words[1];
}
