#include "start_list.h"

#include <stdio.h>
#include <string.h>

#include <cocos/errors.h>
#include <cocos/service.h>

#include "log.h"
#include "programs.h"
#include "servers.h"

#define START_MAX 32
#define LIST_OPTION "start="
#define ARGUMENT_BYTES 128

/*
 * How often the other threads get to run without a message to init before a program counts as
 * settled although it neither serves nor has ended. When all wait for something, this takes
 * milliseconds; while one computes, it takes as many time slices.
 */
#define QUIET_ROUNDS 2000

static struct {
    char names[START_MAX][SERVICE_NAME_BYTES];
    char arguments[START_MAX][ARGUMENT_BYTES]; /* one, or empty */
    uint32_t count, next;
    uint32_t current; /* number of the program started last, 0: none */
    uint32_t quiet_rounds;
    bool closed; /* all are started, and what is missing has been said */
} list;

/* NAME, or NAME:ARGUMENT. */
static void add(const char *name, size_t whole)
{
    const char *colon = memchr(name, ':', whole);
    size_t length = colon ? (size_t)(colon - name) : whole;
    size_t argument = colon ? whole - length - 1 : 0;
    if (length >= SERVICE_NAME_BYTES || argument >= ARGUMENT_BYTES) {
        log_print("init: %.*s: the name is too long\n", (int)length, name);
    } else if (list.count == START_MAX) {
        log_print("init: %.*s: not started: the start list is too long\n", (int)length, name);
    } else if (length > 0) {
        memcpy(list.names[list.count], name, length);
        memcpy(list.arguments[list.count], name + whole - argument, argument);
        list.arguments[list.count][argument] = 0;
        list.names[list.count++][length] = 0;
    }
}

void start_list_open(int argc, char **argv)
{
    const char *names = "";
    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], LIST_OPTION, strlen(LIST_OPTION)) == 0)
            names = argv[i] + strlen(LIST_OPTION);
    while (*names) {
        size_t length = strcspn(names, ",");
        add(names, length);
        names += length + (names[length] == ',');
    }
}

bool start_list_holds(const char *name)
{
    for (uint32_t i = list.next; i < list.count; i++)
        if (strcmp(list.names[i], name) == 0)
            return true;
    return false;
}

static void start(const char *name, const char *argument)
{
    char command[SERVICE_NAME_BYTES + 1 + ARGUMENT_BYTES];
    snprintf(command, sizeof command, "%s %s", name, argument);
    int number = programs_run(command, 0);
    list.quiet_rounds = 0;
    const struct server *server = servers_find(name);
    list.current = number > 0 && !(server && server->background) ? (uint32_t)number : 0;
    if (number == E_NAME)
        log_print("init: %s: there is no module of this name\n", name);
    else if (number < 0)
        log_print("init: %s: %s\n", name, error_text(number));
}

/* Whether something may still be about to be printed: by the program started last, or by init. */
static bool settling(void)
{
    const struct program *program = list.current ? programs_get(list.current) : NULL;
    bool starting = program && program->state == PROGRAM_RUNS;
    return (starting || !log_idle()) && list.quiet_rounds < QUIET_ROUNDS;
}

/* All are started: says what a person would miss. */
static void finish(void)
{
    list.closed = true;
    if (!programs_living("console"))
        log_print("init: no console server runs: programs cannot print\n");
    if (!programs_living("shell"))
        log_print("init: no shell runs: nothing takes commands\n");
}

bool start_list_step(void)
{
    while (list.next < list.count) {
        if (settling())
            return true;
        start(list.names[list.next], list.arguments[list.next]);
        list.next++;
    }
    if (!list.closed)
        finish();
    return false;
}

void start_list_quiet(void)
{
    list.quiet_rounds++;
}

void start_list_busy(void)
{
    list.quiet_rounds = 0;
}
