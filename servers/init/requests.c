#include "requests.h"

#include <string.h>

#include <cocos/errors.h>
#include <cocos/protocol/init.h>

#include "drivers.h"
#include "modules.h"
#include "servers.h"
#include "services.h"
#include "waiting.h"

static enum outcome answer(struct message *message, int64_t word0)
{
    *message = (struct message){.words = {(uint64_t)word0}};
    return ANSWERED;
}

/* The name in words 1-2. False: it has no terminating zero. */
static bool name_in(const struct message *message, char name[SERVICE_NAME_BYTES])
{
    memcpy(name, &message->words[1], SERVICE_NAME_BYTES);
    return name[SERVICE_NAME_BYTES - 1] == 0;
}

static enum outcome prepare(struct program *caller, struct message *message)
{
    uint64_t file_bytes = message->words[1];
    answer(message, OK);
    message->words[0] = (uint64_t)(int64_t)programs_prepare(caller, file_bytes, message);
    return ANSWERED;
}

/* Answered by waiting_review, at once if it can be. */
static enum outcome wait(struct program *caller, struct message *message, uint32_t reply_slot)
{
    const struct program *program = programs_get(message->words[1]);
    if (!program)
        return answer(message, E_NAME);
    if (!waiting_for_program(caller->number, reply_slot, program->number))
        return answer(message, E_FULL);
    return KEPT;
}

/* The endpoint that came is kept until the time has come to signal there. */
static enum outcome watch(struct program *caller, struct message *message, uint32_t *gift_slot)
{
    const struct program *program = programs_get(message->words[1]);
    uint64_t bit = message->words[2];
    if (!program)
        return answer(message, E_NAME);
    if (!message->received_slot || bit > 63)
        return answer(message, E_ARGUMENT);
    if (!waiting_to_signal(caller->number, *gift_slot, 1ull << bit, program->number))
        return answer(message, E_FULL);
    *gift_slot = SLOT_NONE;
    return answer(message, OK);
}

static enum outcome serve(struct program *caller, struct message *message)
{
    char name[SERVICE_NAME_BYTES];
    if (!name_in(message, name))
        return answer(message, E_NAME);
    return answer(message, services_add(caller, name, (uint32_t)message->words[3]));
}

static enum outcome find(struct program *caller, struct message *message, uint32_t reply_slot)
{
    char name[SERVICE_NAME_BYTES];
    uint32_t slot = (uint32_t)message->words[3];
    if (!name_in(message, name))
        return answer(message, E_NAME);
    servers_wanted(name, caller->name);
    int error = services_connect(caller, name, slot);
    if (error != E_AGAIN)
        return answer(message, error);
    if (!waiting_for_service(caller->number, reply_slot, name, slot))
        return answer(message, E_FULL);
    return KEPT;
}

static enum outcome find_to_signal(struct program *caller, struct message *message)
{
    char name[SERVICE_NAME_BYTES];
    if (!name_in(message, name))
        return answer(message, E_NAME);
    return answer(message, services_connect_signal(caller, name, (uint32_t)message->words[3]));
}

static enum outcome want(struct program *caller, struct message *message)
{
    char name[SERVICE_NAME_BYTES];
    if (!name_in(message, name) || !servers_find(name))
        return answer(message, E_NAME);
    if (!servers_may_call(caller->name, name))
        return answer(message, E_RIGHTS);
    int number = programs_run(name, 0);
    return answer(message, number < 0 && number != E_EXISTS ? number : OK);
}

static enum outcome list(struct message *message)
{
    const struct program *program = programs_from(message->words[1]);
    answer(message, OK);
    if (program) {
        message->words[1] = program->number;
        message->words[2] = program->state | (uint64_t)servers_restarts(program->name) << 32;
        message->words[3] = (uint64_t)(int64_t)program->status;
        memcpy(&message->words[4], program->name, SERVICE_NAME_BYTES);
    }
    return ANSWERED;
}

/* Answered when its domain is gone, as far as somebody can wait for that. */
static enum outcome kill(struct program *caller, struct message *message, uint32_t reply_slot)
{
    struct program *program = programs_get(message->words[1]);
    if (!program || !program_lives(program))
        return answer(message, E_NAME);
    if (program->number == INIT_NUMBER)
        return answer(message, E_RIGHTS);
    program_kill(program);
    if (program == caller)
        return ENDED;
    bool waits = drivers_ending(program->number) &&
                 waiting_for_program(caller->number, reply_slot, program->number);
    return waits ? KEPT : answer(message, OK);
}

static enum outcome restart(struct program *caller, struct message *message)
{
    char name[SERVICE_NAME_BYTES];
    if (!name_in(message, name))
        return answer(message, E_NAME);
    int error = servers_restart(name);
    return program_lives(caller) ? answer(message, error) : ENDED;
}

static enum outcome module(struct message *message)
{
    char name[SERVICE_NAME_BYTES];
    int error = modules_name(message->words[1], name);
    answer(message, error);
    if (error == OK)
        memcpy(&message->words[1], name, sizeof name);
    return ANSWERED;
}

static enum outcome domain(struct message *message)
{
    const struct program *program = programs_get(message->words[1]);
    bool known = program && program_lives(program) && program->domain_frame != 0;
    answer(message, known ? OK : E_NAME);
    message->words[1] = known ? program->domain_frame : 0;
    return ANSWERED;
}

/* Whether the manifest lets a program claim a PCI device. */
static enum outcome may_claim(struct message *message)
{
    const struct program *program = programs_get(message->words[1]);
    if (!program || !program_lives(program))
        return answer(message, E_NAME);
    const struct server *server = servers_find(program->name);
    uint64_t ids = message->words[2];
    bool named = server && manifest_names_pci(server, (uint16_t)ids, (uint16_t)(ids >> 16),
                                              (uint16_t)(ids >> 32));
    return answer(message, named ? OK : E_RIGHTS);
}

/* The PCI server silences the devices of drivers that have ended. */
static enum outcome driver_ended(const struct program *caller, struct message *message)
{
    const struct server *server = servers_find(caller->name);
    if (!server || !server->delegates)
        return answer(message, E_RIGHTS);
    uint64_t domain;
    uint32_t number = drivers_next((uint32_t)message->words[1], &domain);
    answer(message, OK);
    message->words[1] = number;
    message->words[2] = domain;
    return ANSWERED;
}

/* What programs leave to init that others use goes back when these say that they do so no more. */
static enum outcome discard(struct message *message)
{
    uint64_t address = message->words[1] & ~(FRAME_BYTES - 1);
    uint32_t order = message->words[1] & (FRAME_BYTES - 1);
    uint64_t end = address + (FRAME_BYTES << (order <= ORDER_BLOCK ? order : 0));
    struct frame_info info = {.end = address};
    while (info.end < end) {
        if (order > ORDER_BLOCK || info.end < address ||
            sys_frame_query(SLOT_INIT_MACHINE, info.end, &info) < 0 ||
            info.owner != programs_get(INIT_NUMBER)->domain_frame || info.tag != INHERITED_TAG)
            return answer(message, E_NOT_OWNER);
    }
    return answer(message, sys_frame_release(address, order));
}

enum outcome requests_serve(struct program *program, struct message *message, uint32_t reply_slot,
                            uint32_t *gift_slot)
{
    switch (TEXT_REQUEST(message->words[0])) {
    case INIT_WAIT:
        return wait(program, message, reply_slot);
    case INIT_WATCH:
        return watch(program, message, gift_slot);
    case INIT_EXIT:
        program_end(program, PROGRAM_ENDED, (int32_t)message->words[1]);
        return ENDED;
    case INIT_SERVE:
        return serve(program, message);
    case INIT_FIND:
        return find(program, message, reply_slot);
    case INIT_FIND_TO_SIGNAL:
        return find_to_signal(program, message);
    case INIT_WANT:
        return want(program, message);
    case INIT_LIST:
        return list(message);
    case INIT_KILL:
        return kill(program, message, reply_slot);
    case INIT_RESTART:
        return restart(program, message);
    case INIT_GUARD:
        program->guard_start = message->words[1];
        program->guard_end = message->words[2];
        program->guard_next = message->words[3];
        return answer(message, OK);
    case INIT_PREPARE:
        return prepare(program, message);
    case INIT_START:
        return answer(message, programs_start_prepared(program));
    case INIT_MODULE:
        return module(message);
    case INIT_DOMAIN:
        return domain(message);
    case INIT_MAY_CLAIM:
        return may_claim(message);
    case INIT_DRIVER_ENDED:
        return driver_ended(program, message);
    case INIT_DISCARD:
        return discard(message);
    default:
        return answer(message, E_REQUEST);
    }
}
