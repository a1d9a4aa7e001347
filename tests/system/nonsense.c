/*
 * nonsense SERVER...: sends each server thousands of messages that mean nothing, or nearly
 * something, alike in each run. The console is not made to type at the shell by it, nor asked for
 * what is typed.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cocos/clock.h>
#include <cocos/errors.h>
#include <cocos/protocol/console.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define MESSAGES 8000
#define PATIENCE 20000000ull /* ns: for a call that waits for something */

static uint64_t next_random(void)
{
    static uint64_t seed = 7;
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Requests that there are, and a few more, mostly of texts. */
static uint64_t header(void)
{
    uint64_t request = next_random() % 8 ? next_random() % 16 : 30 + next_random() % 6;
    uint64_t channel = next_random() & 3 ? 0 : next_random() % 5;
    return request | channel << 16 | (next_random() % 60) << 32 | (next_random() & 1) << 48 |
           (next_random() % 5) << TEXT_NUMBER_SHIFT;
}

static bool left_out(bool console, uint64_t word)
{
    uint32_t request = TEXT_REQUEST(word);
    return console && (request == CONSOLE_READ || request == CONSOLE_INPUT ||
                       request == CONSOLE_SHOW || request == CONSOLE_INTERRUPT);
}

static void bother(const char *name)
{
    uint32_t server = SLOT_NONE;
    unsigned answered = 0;
    if (service_find(name, &server) < 0) {
        printf("nonsense: no %s\n", name);
        return;
    }
    bool console = strcmp(name, "console") == 0;
    for (unsigned i = 0; i < MESSAGES; i++) {
        struct message message = {0};
        for (unsigned k = 0; k < MESSAGE_WORDS; k++)
            message.words[k] = next_random() & 3 ? next_random() & 0xff : next_random();
        message.words[0] = next_random() % 16 ? header() : next_random();
        if (left_out(console, message.words[0]))
            continue;
        answered += sys_call_until(server, clock_now() + PATIENCE, &message) == OK;
    }
    printf("\x1b"
           "c\nnonsense: %s, %u answers\n",
           name, answered);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        bother(argv[i]);
    return 0;
}
