/* The date command: shows and sets the wall time, which the clock server has. */
#include "shell.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cocos/protocol/clock.h>
#include <cocos/service.h>

#define SECOND 1000000000ull
#define FORMAT "%Y-%m-%d %H:%M:%S"

static int64_t ask(enum clock_request request, uint64_t *time)
{
    static uint32_t clock_server = SLOT_NONE;
    struct message message = {.words = {request, *time}};
    int64_t got = service_call("clock", &clock_server, &message);
    *time = message.words[1];
    return got;
}

static int show(void)
{
    uint64_t time = 0;
    int64_t got = ask(CLOCK_READ, &time);
    if (got < 0)
        return command_failed("date", got);
    time_t seconds = (time_t)(time / SECOND);
    struct tm parts;
    char text[64];
    if (!gmtime_r(&seconds, &parts) || strftime(text, sizeof text, FORMAT, &parts) == 0)
        return command_failed("date", E_ARGUMENT);
    console_printf("%s UTC\n", text);
    return 0;
}

/* Reads "YYYY-MM-DD" and "HH:MM:SS". False: there is no such time. */
static bool read_time(const char *day, const char *hour, time_t *seconds)
{
    char text[64];
    struct tm parts = {0}, again;
    int length = snprintf(text, sizeof text, "%s %s", day, hour);
    if (length < 0 || (size_t)length >= sizeof text)
        return false;
    const char *end = strptime(text, FORMAT, &parts);
    if (!end || *end)
        return false;
    again = parts;
    *seconds = timegm(&again);
    /* It has made the 30th of February the 1st of March. */
    return *seconds >= 0 && (uint64_t)*seconds < UINT64_MAX / SECOND &&
           again.tm_mday == parts.tm_mday && again.tm_min == parts.tm_min;
}

int date_command(uint32_t count, char **words)
{
    time_t seconds;
    if (count == 1)
        return show();
    if (count != 3 || !read_time(words[1], words[2], &seconds))
        return command_usage("date");
    uint64_t time = (uint64_t)seconds * SECOND;
    int64_t got = ask(CLOCK_SET, &time);
    return got < 0 ? command_failed("date", got) : 0;
}
