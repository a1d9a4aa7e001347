/*
 * Commands about programs. Init knows them all (cocos/protocol/init.h); the shell only asks.
 */
#include "shell.h"

#include <stdio.h>
#include <string.h>

#include <cocos/protocol/init.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define PROGRAMS_MAX 0x7fffffffu

/* Asks init, with one argument. Returns word 0 of the answer, or why there was none. */
static int64_t ask(enum init_request request, uint64_t argument, struct message *answer)
{
    *answer = (struct message){.words = {request, argument}};
    int64_t got = sys_call(SLOT_PARENT, answer);
    return got < 0 ? got : (int64_t)answer->words[0];
}

static void name_of(char name[PROGRAM_NAME_BYTES], const uint64_t *words)
{
    memcpy(name, words, SERVICE_NAME_BYTES);
    name[SERVICE_NAME_BYTES] = 0;
}

int ps_command(uint32_t count, char **words)
{
    static const char *const states[] = {"?", "runs", "serves", "ended", "faulted"};
    (void)count, (void)words;
    console_printf("number  state    status  restarts  name\n");
    for (uint64_t number = 1;; number++) {
        struct message answer;
        char name[PROGRAM_NAME_BYTES];
        int64_t got = ask(INIT_LIST, number, &answer);
        if (got < 0)
            return command_failed("ps", got);
        /* Numbers rise; any other answer would keep us here for ever. */
        if (answer.words[1] < number || answer.words[1] > PROGRAMS_MAX)
            return 0;
        number = answer.words[1];
        uint32_t state = (uint32_t)answer.words[2], restarts = answer.words[2] >> 32;
        if (state > PROGRAM_FAULTED)
            state = 0;
        name_of(name, &answer.words[4]);
        char status[16] = "", again[16] = "";
        if (state >= PROGRAM_ENDED)
            snprintf(status, sizeof status, "%d", (int)answer.words[3]);
        if (restarts > 0)
            snprintf(again, sizeof again, "%u", restarts);
        console_printf("%6llu  %-7s  %6s  %8s  %s\n", (unsigned long long)number, states[state],
                       status, again, name);
    }
}

int kill_command(uint32_t count, char **words)
{
    struct message answer;
    int64_t number = count == 2 ? command_number(words[1], PROGRAMS_MAX) : -1;
    if (number < 0)
        return command_usage("kill");
    int64_t got = ask(INIT_KILL, (uint64_t)number, &answer);
    if (got >= 0)
        return 0;
    char subject[32];
    snprintf(subject, sizeof subject, "kill: %lld", (long long)number);
    return command_failed(subject, got);
}

int restart_command(uint32_t count, char **words)
{
    if (count != 2 || strlen(words[1]) >= SERVICE_NAME_BYTES)
        return command_usage("restart");
    struct message message = {.words = {INIT_RESTART}};
    memcpy(&message.words[1], words[1], strlen(words[1]));
    int64_t got = sys_call(SLOT_PARENT, &message);
    if (got >= 0)
        got = (int64_t)message.words[0];
    if (got >= 0)
        return 0;
    char subject[32];
    snprintf(subject, sizeof subject, "restart: %s", words[1]);
    return command_failed(subject, got);
}

int64_t module_name(uint64_t index, char name[PROGRAM_NAME_BYTES])
{
    struct message answer;
    int64_t got = ask(INIT_MODULE, index, &answer);
    if (got >= 0)
        name_of(name, &answer.words[1]);
    return got;
}

int modules_command(uint32_t count, char **words)
{
    (void)count, (void)words;
    for (uint64_t index = 0;; index++) {
        char name[PROGRAM_NAME_BYTES];
        int64_t got = module_name(index, name);
        if (got == E_NAME)
            return 0;
        if (got < 0)
            return command_failed("modules", got);
        console_printf("%s\n", name);
    }
}
