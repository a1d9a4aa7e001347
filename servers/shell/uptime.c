/* The uptime command: how long the kernel has run, and when the first prompt came. */
#include "shell.h"

#include <cocos/clock.h>

#define SECOND 1000000000ul

static uint64_t prompted; /* 0: not yet */

void uptime_prompted(void)
{
    if (prompted != 0)
        return;
    console_flush();
    prompted = clock_now();
}

int uptime_command(uint32_t count, char **words)
{
    if (count != 1)
        return command_usage(words[0]);
    uint64_t now = clock_now();
    console_printf("up %lu.%03lu s; the first prompt came after %lu.%09lu s\n", now / SECOND,
                   now % SECOND / 1000000, prompted / SECOND, prompted % SECOND);
    return 0;
}
