#include "services.h"

#include <string.h>

#include <cocos/errors.h>
#include <cocos/frames.h>
#include <cocos/service.h>

#include "log.h"
#include "start_list.h"

struct service {
    uint32_t program; /* 0: free */
    uint32_t slot;    /* the endpoint, all rights */
    uint64_t frame;   /* the endpoint lives in; init's */
    char name[SERVICE_NAME_BYTES];
};

static struct service services[SERVICES_MAX];

static struct service *find(const char *name)
{
    for (uint32_t i = 0; i < SERVICES_MAX; i++)
        if (services[i].program && strcmp(services[i].name, name) == 0)
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
    sys_object_destroy(service->slot);
    sys_slot_drop(service->slot);
    slot_put(service->slot);
    sys_frame_release(service->frame, ORDER_FRAME);
    *service = (struct service){0};
}

int services_add(struct program *program, const char *name, uint32_t slot)
{
    struct service *service = NULL;
    for (uint32_t i = 0; i < SERVICES_MAX && !service; i++)
        if (!services[i].program)
            service = &services[i];
    if (!name[0])
        return E_NAME;
    if (find(name))
        return E_EXISTS;
    if (!service)
        return E_FULL;
    int64_t error = open_endpoint(service);
    if (error < 0)
        return (int)error;
    error = sys_slot_copy(program->domain, slot, service->slot, RIGHT_RECEIVE | RIGHT_SIGNAL, 0);
    if (error < 0) {
        close_endpoint(service);
        return (int)error;
    }
    service->program = program->number;
    strcpy(service->name, name);
    program->state = PROGRAM_SERVES;
    if (strcmp(name, "console") == 0)
        log_to_console(service->slot);
    return OK;
}

int services_connect(const struct program *program, const char *name, uint32_t slot)
{
    const struct service *service = find(name);
    if (!service)
        return programs_starting(name, program->number) || start_list_holds(name) ? E_AGAIN
                                                                                  : E_NAME;
    /* A call to oneself would never be answered. */
    if (service->program == program->number)
        return E_NAME;
    return (int)sys_slot_copy(program->domain, slot, service->slot, RIGHT_SEND, program->number);
}

bool services_has(uint32_t number, const char *name)
{
    const struct service *service = find(name);
    return service && service->program == number;
}

void services_end(uint32_t number)
{
    for (uint32_t i = 0; i < SERVICES_MAX; i++) {
        if (services[i].program != number)
            continue;
        if (strcmp(services[i].name, "console") == 0)
            log_to_kernel();
        close_endpoint(&services[i]);
    }
}
