/*
 * Asks the driver: 0! to N!, and lets the device copy what it then prints. `driver-client`,
 * `driver-client N`.
 */
#include "driver.h"

#include <cocos/service.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often a request is made: init gives its driver up after eight ends in a row, but for those
 * that somebody wished for. */
#define TRIES 100

static uint32_t driver = SLOT_NONE;

/* A driver that ended in the midst of a request has not answered it, and the next one will. */
static int64_t ask(struct message *message)
{
    struct message request = *message;
    int64_t got = E_GONE;
    for (int i = 0; i < TRIES && got == E_GONE; i++) {
        *message = request;
        got = service_call("driver", &driver, message);
    }
    return got;
}

static int fail(unsigned n, int64_t error)
{
    if (error == E_NAME)
        printf("driver-client: no program serves as driver\n");
    else
        printf("driver-client: %u!: %s\n", n, error_text(error));
    return 1;
}

int main(int argc, char **argv)
{
    unsigned last = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 5;
    for (unsigned n = 0; n <= last; n++) {
        struct message message = {.words = {DRIVER_FACTORIAL, n}};
        int64_t error = ask(&message);
        if (error < 0)
            return fail(n, error);
        char text[DRIVER_COPY_BYTES];
        snprintf(text, sizeof text, "%u! = %lu", n, message.words[1]);
        message = (struct message){.words = {DRIVER_COPY}};
        memcpy(&message.words[1], text, sizeof text);
        error = ask(&message);
        if (error < 0)
            return fail(n, error);
        printf("%.*s\n", DRIVER_COPY_BYTES, (char *)&message.words[1]);
    }
    return 0;
}
