#include "waiting.h"

#include <string.h>

#include <cocos/errors.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "drivers.h"
#include "log.h"
#include "programs.h"
#include "services.h"

#define WAITING_PER_CALLER 10u

struct waiting {
    uint32_t caller;     /* 0: free */
    uint32_t reply_slot; /* or, with bits, the endpoint to signal */
    uint64_t bits;
    uint32_t program; /* waits for this one; 0: for the service */
    uint32_t slot;
    char name[SERVICE_NAME_BYTES];
};

static struct waiting list[WAITING_MAX];

/* Nobody takes the places of all others. */
static bool add(struct waiting entry)
{
    uint32_t has = 0;
    for (uint32_t i = 0; i < WAITING_MAX; i++)
        has += list[i].caller == entry.caller;
    if (has == WAITING_PER_CALLER)
        return false;
    for (uint32_t i = 0; i < WAITING_MAX; i++) {
        if (!list[i].caller) {
            list[i] = entry;
            return true;
        }
    }
    return false;
}

bool waiting_for_program(uint32_t caller, uint32_t reply_slot, uint32_t number)
{
    return add((struct waiting){.caller = caller, .reply_slot = reply_slot, .program = number});
}

bool waiting_to_signal(uint32_t caller, uint32_t endpoint, uint64_t bits, uint32_t number)
{
    return add((struct waiting){
        .caller = caller, .reply_slot = endpoint, .bits = bits, .program = number});
}

bool waiting_for_service(uint32_t caller, uint32_t reply_slot, const char *name, uint32_t slot)
{
    struct waiting entry = {.caller = caller, .reply_slot = reply_slot, .slot = slot};
    memcpy(entry.name, name, sizeof entry.name);
    return add(entry);
}

bool waiting_on(uint32_t number)
{
    for (uint32_t i = 0; i < WAITING_MAX; i++)
        if (list[i].caller && list[i].program == number)
            return true;
    return false;
}

static void forget(struct waiting *entry)
{
    sys_slot_drop(entry->reply_slot); /* fails where it was answered */
    slot_put(entry->reply_slot);
    *entry = (struct waiting){0};
}

void waiting_forget(uint32_t caller)
{
    for (uint32_t i = 0; i < WAITING_MAX; i++)
        if (list[i].caller == caller)
            forget(&list[i]);
}

/* Fills the answer and returns true, if it can be given now. */
static bool program_answer(const struct waiting *entry, struct message *answer)
{
    const struct program *program = programs_get(entry->program);
    if (program && (program->state == PROGRAM_RUNS || drivers_ending(program->number)))
        return false;
    /* What was said about its end is to stand on the console before whoever waits goes on. */
    if (!log_idle())
        return false;
    *answer = (struct message){.words = {(uint64_t)E_NAME}};
    if (program)
        *answer =
            (struct message){.words = {OK, program->state, (uint64_t)(int64_t)program->status}};
    return true;
}

static bool service_answer(const struct waiting *entry, struct message *answer)
{
    int error = services_connect(programs_get(entry->caller), entry->name, entry->slot);
    *answer = (struct message){.words = {(uint64_t)(int64_t)error}};
    return error != E_AGAIN;
}

void waiting_review(void)
{
    for (uint32_t i = 0; i < WAITING_MAX; i++) {
        struct waiting *entry = &list[i];
        struct message answer;
        if (!entry->caller)
            continue;
        if (entry->program ? program_answer(entry, &answer) : service_answer(entry, &answer)) {
            if (entry->bits)
                sys_signal(entry->reply_slot, entry->bits);
            else
                sys_reply(entry->reply_slot, &answer);
            forget(entry);
        }
    }
}
