/* Names, starting and waiting: init's protocol (cocos/protocol/init.h) as functions. */
#include <cocos/service.h>

#include <stdbool.h>

#include <cocos/protocol/init.h>

/* How many instances of a server may end, one after the other, with the same call. */
#define TRIES 64

static int64_t ask_init(struct message *message)
{
    int64_t got = sys_call(SLOT_PARENT, message);
    return got < 0 ? got : (int64_t)message->words[0];
}

static uint64_t length_of(const char *text)
{
    uint64_t length = 0;
    while (text[length])
        length++;
    return length;
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Asks init to put a capability for the service `name` into a slot taken for it. */
static int ask_for_endpoint(enum init_request request, const char *name, uint32_t *endpoint)
{
    uint64_t length = length_of(name);
    if (length >= SERVICE_NAME_BYTES)
        return E_TOO_LONG;
    struct message message = {.words = {request}};
    for (uint64_t i = 0; i < length; i++)
        ((char *)&message.words[1])[i] = name[i];
    uint32_t slot = slot_take();
    if (slot == SLOT_NONE)
        return E_FULL;
    message.words[3] = slot;
    int64_t answer = ask_init(&message);
    if (answer < 0) {
        slot_put(slot);
        return (int)answer;
    }
    *endpoint = slot;
    return OK;
}

int service_register(const char *name, uint32_t *endpoint)
{
    return ask_for_endpoint(INIT_SERVE, name, endpoint);
}

int service_find(const char *name, uint32_t *endpoint)
{
    return ask_for_endpoint(INIT_FIND, name, endpoint);
}

int service_find_to_signal(const char *name, uint32_t *endpoint)
{
    return ask_for_endpoint(INIT_FIND_TO_SIGNAL, name, endpoint);
}

int service_want(const char *name)
{
    struct message message = {.words = {INIT_WANT}};
    for (uint64_t i = 0; i < SERVICE_NAME_BYTES - 1 && name[i]; i++)
        ((char *)&message.words[1])[i] = name[i];
    return (int)ask_init(&message);
}

/* Tries `request` once; a server that is gone is forgotten. */
static int64_t call_once(const char *name, uint32_t *endpoint, const struct message *request,
                         struct message *answer)
{
    int64_t got = *endpoint == SLOT_NONE ? service_find(name, endpoint) : OK;
    if (got < 0)
        return got;
    *answer = *request;
    got = sys_call(*endpoint, answer);
    if (got == E_GONE || got == E_DEAD) {
        sys_slot_drop(*endpoint);
        slot_put(*endpoint);
        *endpoint = SLOT_NONE;
    }
    return got;
}

int64_t service_call(const char *name, uint32_t *endpoint, struct message *message)
{
    struct message request = *message;
    int64_t got = E_GONE;
    for (uint32_t tries = 0; tries < TRIES && (got == E_GONE || got == E_DEAD); tries++)
        got = call_once(name, endpoint, &request, message);
    return got < 0 ? got : (int64_t)message->words[0];
}

uint32_t service_slot(const char *name)
{
    const struct process_page *page = (const void *)PROCESS_PAGE;
    for (uint32_t i = 0; i < page->slot_count && i < PROCESS_SLOTS; i++)
        if (same(page->slots[i].name, name))
            return page->slots[i].slot;
    return SLOT_NONE;
}

void *service_state(uint64_t bytes)
{
    const struct process_page *page = (const void *)PROCESS_PAGE;
    if (bytes == 0 || bytes > page->state_bytes)
        return 0;
    return (void *)page->state_address;
}

int program_watch(int number, uint32_t endpoint, uint32_t bit)
{
    struct message message = {.words = {INIT_WATCH, (uint32_t)number, bit}, .send_slot = endpoint};
    return (int)ask_init(&message);
}

int program_serving(const char *name)
{
    struct message message = {.words = {INIT_LIST, 1}};
    int64_t got = ask_init(&message);
    while (got == OK && message.words[1] != 0) {
        const char *found = (const char *)&message.words[4];
        if ((uint32_t)message.words[2] == PROGRAM_SERVES && same(found, name))
            return (int)message.words[1];
        message = (struct message){.words = {INIT_LIST, message.words[1] + 1}};
        got = ask_init(&message);
    }
    return got < 0 ? (int)got : E_NAME;
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
