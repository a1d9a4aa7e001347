/* Starting programs and waiting for them: init's protocol as functions (cocos/service.h). */
#include <cocos/service.h>

#include <stdbool.h>

#include <cocos/frames.h>
#include <cocos/protocol/init.h>

#include "libc/integer_only.h"

/* How often init may say E_AGAIN. */
#define TRIES 8

static int64_t ask_init(struct message *message)
{
    int64_t got = sys_call(SLOT_PARENT, message);
    return got < 0 ? got : (int64_t)message->words[0];
}

/* Copies a text with its terminating zero to to[*used], which has room for `room` bytes. */
static bool put(char *to, uint32_t *used, uint32_t room, const char *text)
{
    do {
        if (*used == room)
            return false;
        to[(*used)++] = *text;
    } while (*text++);
    return true;
}

/* Fills the page, whose frames are zero. */
static bool fill(struct process_page *page, const char *name, char *const *words)
{
    uint32_t used = 0, name_bytes = 0;
    if (!put(page->name, &name_bytes, SERVICE_NAME_BYTES, name))
        return false;
    for (; *words; words++, page->argument_count++)
        if (!put(page->arguments, &used, PROCESS_ARGUMENT_BYTES, *words))
            return false;
    return true;
}

int program_prepare(struct program_start *start, const char *name, char *const *words,
                    uint64_t file_bytes)
{
    uint32_t order = ORDER_FRAME;
    if (file_bytes > (INIT_RUN_FRAMES_MAX - 1) * FRAME_BYTES)
        return E_TOO_LONG;
    while (FRAME_BYTES << order < FRAME_BYTES + file_bytes)
        order++;
    int64_t run = frame_take_run(order, MAP_READ | MAP_WRITE, tag_of("start"));
    if (run < 0)
        return (int)run;
    *start = (struct program_start){.run = (uint64_t)run,
                                    .order = order,
                                    .page = (struct process_page *)run,
                                    .file = (uint8_t *)run + FRAME_BYTES,
                                    .file_bytes = file_bytes};
    if (fill(start->page, name, words))
        return OK;
    program_forget(start);
    return E_TOO_LONG;
}

void program_forget(struct program_start *start)
{
    sys_frame_release(start->run, start->order);
    start->run = 0;
}

int program_begin(struct program_start *start)
{
    int64_t answer = E_AGAIN;
    for (uint32_t tries = 0; answer == E_AGAIN && tries < TRIES; tries++) {
        struct message message = {
            .words = {INIT_RUN, start->file_bytes},
            .send_run = MESSAGE_RUN(start->run, start->order, MAP_READ),
        };
        answer = ask_init(&message);
    }
    program_forget(start);
    return (int)answer;
}

int program_watch(int number, uint32_t endpoint, uint32_t bit)
{
    struct message message = {.words = {INIT_WATCH, (uint32_t)number, bit}, .send_slot = endpoint};
    return (int)ask_init(&message);
}

int program_stop(int number)
{
    struct message message = {.words = {INIT_KILL, (uint32_t)number}};
    return (int)ask_init(&message);
}

int program_wait(int number, int *state, int *status)
{
    struct message message = {.words = {INIT_WAIT, (uint32_t)number}};
    int64_t answer = ask_init(&message);
    if (answer < 0)
        return (int)answer;
    *state = (int)message.words[1];
    *status = (int)message.words[2];
    return OK;
}
