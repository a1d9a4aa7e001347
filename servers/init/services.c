#include "services.h"

#include <string.h>

#include <cocos/errors.h>
#include <cocos/frames.h>
#include <cocos/service.h>

#include "log.h"
#include "servers.h"
#include "start_list.h"

struct service {
    uint32_t program;              /* number; 0: none, its endpoint waits for the next one */
    uint32_t slot;                 /* the endpoint, all rights */
    uint64_t frame;                /* the endpoint lives in; init's */
    char name[SERVICE_NAME_BYTES]; /* empty: the record is free */
    char by[SERVICE_NAME_BYTES];   /* name of the program that serves, or has served */
};

static struct service services[SERVICES_MAX];

static struct service *find(const char *name)
{
    for (uint32_t i = 0; i < SERVICES_MAX; i++)
        if (services[i].name[0] && strcmp(services[i].name, name) == 0)
            return &services[i];
    return NULL;
}

/* Fills service->slot and ->frame. */
static int open_endpoint(struct service *service)
{
    uint32_t slot = slot_take();
    if (slot == SLOT_NONE)
        return E_FULL;
    int64_t frame = frame_take(0, tag_of("endpoint"));
    int64_t error = frame;
    if (frame >= 0) {
        error = sys_endpoint_create(slot, (uint64_t)frame);
        if (error < 0)
            sys_frame_release((uint64_t)frame, ORDER_FRAME);
    }
    if (error < 0) {
        slot_put(slot);
        return (int)error;
    }
    service->slot = slot;
    service->frame = (uint64_t)frame;
    return OK;
}

static void close_endpoint(struct service *service)
{
    if (strcmp(service->name, "console") == 0)
        log_to_kernel();
    sys_object_destroy(service->slot);
    sys_slot_drop(service->slot);
    slot_put(service->slot);
    sys_frame_release(service->frame, ORDER_FRAME);
    *service = (struct service){0};
}

/* The record for `name`, with its endpoint, made or left by an earlier instance; `by`: the name of
 * the program that is to serve. */
static int take_record(const char *by, const char *name, struct service **taken)
{
    struct service *service = find(name);
    if (service) {
        *taken = service;
        return service->program || strcmp(service->by, by) != 0 ? E_EXISTS : OK;
    }
    for (uint32_t i = 0; i < SERVICES_MAX && !service; i++)
        if (!services[i].name[0])
            service = &services[i];
    if (!service)
        return E_FULL;
    *taken = service;
    int error = open_endpoint(service);
    if (error == OK) {
        strcpy(service->name, name);
        strcpy(service->by, by);
    }
    return error;
}

int services_add(struct program *program, const char *name, uint32_t slot)
{
    struct service *service;
    if (!name[0])
        return E_NAME;
    int64_t error = take_record(program->name, name, &service);
    if (error < 0)
        return (int)error;
    error = sys_slot_copy(program->domain, slot, service->slot, RIGHT_RECEIVE | RIGHT_SIGNAL, 0);
    if (error < 0) {
        if (!servers_find(program->name))
            close_endpoint(service);
        return (int)error;
    }
    service->program = program->number;
    program->state = PROGRAM_SERVES;
    if (strcmp(name, "console") == 0)
        log_to_console(service->slot);
    return OK;
}

int services_connect(const struct program *program, const char *name, uint32_t slot)
{
    const struct service *service = find(name);
    if (!servers_may_call(program->name, name))
        return E_RIGHTS;
    if (!service) {
        bool expected = programs_starting(name, program->number) || start_list_holds(name) ||
                        servers_expected(name);
        return expected ? E_AGAIN : E_NAME;
    }
    /* A call to oneself would never be answered. */
    if (service->program == program->number)
        return E_NAME;
    return (int)sys_slot_copy(program->domain, slot, service->slot, RIGHT_SEND, program->number);
}

int services_connect_signal(const struct program *program, const char *name, uint32_t slot)
{
    struct service *service = find(name);
    if (!servers_find(program->name) || !servers_may_call(program->name, name))
        return E_RIGHTS;
    if (!service && (!servers_find(name) || !programs_living(name)))
        return E_NAME;
    int error = service ? OK : take_record(name, name, &service);
    if (error < 0)
        return error;
    return (int)sys_slot_copy(program->domain, slot, service->slot, RIGHT_SIGNAL, program->number);
}

bool services_has(uint32_t number, const char *name)
{
    const struct service *service = find(name);
    return service && service->program == number;
}

void services_signal(const char *name, uint64_t bits)
{
    const struct service *service = find(name);
    if (service && service->program)
        sys_signal(service->slot, bits);
}

void services_leave(uint32_t number)
{
    for (uint32_t i = 0; i < SERVICES_MAX; i++)
        if (services[i].name[0] && services[i].program == number)
            services[i].program = 0;
}

void services_close(const char *program)
{
    for (uint32_t i = 0; i < SERVICES_MAX; i++)
        if (services[i].name[0] && !services[i].program && strcmp(services[i].by, program) == 0)
            close_endpoint(&services[i]);
}
