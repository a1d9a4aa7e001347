#include "servers.h"

#include <string.h>

#include <cocos/clock.h>
#include <cocos/errors.h>
#include <cocos/frames.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "log.h"
#include "modules.h"
#include "services.h"

#define MANIFEST "manifest"

#define MILLISECOND 1000000ull
/* An instance that lived so long was a good one: its end is the first in a row. */
#define HEALTHY (10000 * MILLISECOND)
/* The first end in a row is followed by a start at once; then they wait, each twice as long. */
#define FIRST_DELAY (100 * MILLISECOND)
#define FAILURES_MAX 7

/* What there is of a server now. */
struct instance {
    uint32_t number; /* of the program, 0: none */
    uint32_t restarts;
    bool wanted;         /* it was started on demand */
    bool again;          /* to be started as soon as it has ended */
    uint32_t failures;   /* in a row */
    uint64_t started_at; /* ns, as clock_now */
    uint64_t state;      /* address of the memory that it is lent, 0: none yet */
    uint64_t due_at;     /* when the next is to be started; DEADLINE_NEVER: not */
};

static struct server servers[MANIFEST_SERVERS];
static struct instance instances[MANIFEST_SERVERS];
static uint32_t server_count;

/* ---- The manifest ---- */

static void add(const struct server *server, uint32_t line)
{
    if (servers_find(server->name))
        log_print("init: manifest, line %u: %s: it has a line already\n", line, server->name);
    else if (server_count == MANIFEST_SERVERS)
        log_print("init: manifest, line %u: %s: there are too many servers\n", line, server->name);
    else {
        instances[server_count].due_at = DEADLINE_NEVER;
        servers[server_count++] = *server;
    }
}

void servers_open(void)
{
    const struct boot_module *module = modules_find(MANIFEST);
    if (!module) {
        log_print("init: there is no manifest: servers get nothing\n");
        return;
    }
    const char *at = (const char *)module->address, *end = at + module->bytes;
    for (uint32_t line = 1; at < end; line++) {
        const char *next = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = next ? next : end;
        struct server server;
        struct manifest_mistake mistake;
        int found = manifest_line(at, (uint64_t)(line_end - at), &server, &mistake);
        if (found > 0)
            add(&server, line);
        else if (found < 0)
            log_print("init: manifest, line %u: %s: %s\n", line, mistake.word, mistake.reason);
        at = next ? next + 1 : end;
    }
}

const struct server *servers_at(uint32_t index)
{
    return index < server_count ? &servers[index] : NULL;
}

const struct server *servers_find(const char *name)
{
    for (uint32_t i = 0; i < server_count; i++)
        if (strcmp(servers[i].name, name) == 0)
            return &servers[i];
    return NULL;
}

bool servers_may_call(const char *name, const char *service)
{
    const struct server *server = servers_find(name);
    if (!server || server->calls_all)
        return true;
    for (uint32_t i = 0; i < server->call_count; i++)
        if (strcmp(server->calls[i], service) == 0)
            return true;
    return false;
}

/* ---- Supervision ---- */

static struct instance *instance_of(const struct server *server)
{
    return &instances[server - servers];
}

static struct instance *find(const char *name)
{
    const struct server *server = servers_find(name);
    return server ? instance_of(server) : NULL;
}

static uint32_t state_order(const struct server *server)
{
    uint32_t order = 0;
    while (1ull << order < server->state)
        order++;
    return order;
}

uint64_t servers_state(const struct server *server, uint32_t *order, int64_t *error)
{
    struct instance *instance = instance_of(server);
    *order = state_order(server);
    *error = OK;
    if (instance->state || server->state == 0)
        return instance->state;
    int64_t frame = sys_frame_claim(ZONE_ANY, *order, 0, tag_of("state"));
    if (frame < 0)
        *error = frame;
    else
        instance->state = (uint64_t)frame;
    return instance->state;
}

void servers_started(const struct server *server, uint32_t number, bool by_wish)
{
    struct instance *instance = instance_of(server);
    instance->number = number;
    instance->started_at = clock_now();
    instance->due_at = DEADLINE_NEVER;
    if (by_wish)
        instance->failures = 0;
    else
        instance->restarts++;
}

static bool is_to_restart(const struct server *server, const struct program *program, bool by_wish)
{
    bool failed = program->state == PROGRAM_FAULTED || program->status != 0 || by_wish;
    return server->restart == RESTART_ALWAYS || (server->restart == RESTART_ON_FAULT && failed);
}

/* It failed, at its start or later: the next try, or none any more. */
static void plan(const struct server *server, struct instance *instance)
{
    uint64_t now = clock_now();
    if (instance->failures++ == 0) {
        instance->due_at = now;
    } else if (instance->failures <= FAILURES_MAX) {
        instance->due_at = now + (FIRST_DELAY << (instance->failures - 2));
    } else {
        instance->due_at = DEADLINE_NEVER;
        services_close(server->name);
        log_print("init: %s has failed %u times in a row: it stays down (restart %s)\n",
                  server->name, instance->failures, server->name);
    }
}

bool servers_ended(const struct program *program, bool by_wish)
{
    const struct server *server = servers_find(program->name);
    struct instance *instance = server ? instance_of(server) : NULL;
    if (!instance || instance->number != program->number)
        return false;
    instance->number = 0;
    if (instance->again) {
        instance->due_at = clock_now();
        return true;
    }
    if (!is_to_restart(server, program, by_wish))
        return false;
    if (by_wish || clock_now() - instance->started_at >= HEALTHY)
        instance->failures = 0;
    if (by_wish)
        instance->due_at = clock_now();
    else
        plan(server, instance);
    return instance->due_at != DEADLINE_NEVER;
}

static void start(const struct server *server, struct instance *instance)
{
    bool asked = instance->again;
    instance->again = false;
    instance->due_at = DEADLINE_NEVER;
    int number = programs_start(server);
    if (number > 0)
        servers_started(server, (uint32_t)number, false);
    if (number > 0 && asked)
        return;
    if (number > 0) {
        log_print("init: %s is started again (%d)\n", server->name, number);
        return;
    }
    log_print("init: %s cannot be started again: %s\n", server->name, error_text(number));
    plan(server, instance);
}

void servers_wanted(const char *name, const char *for_whom)
{
    const struct server *server = servers_find(name);
    if (!server || !server->on_demand || !servers_may_call(for_whom, name))
        return;
    struct instance *instance = instance_of(server);
    if (instance->wanted || instance->number || instance->due_at != DEADLINE_NEVER)
        return;
    instance->wanted = true;
    int number = programs_start(server);
    if (number > 0)
        servers_started(server, (uint32_t)number, true);
    else
        log_print("init: %s cannot be started: %s\n", name, error_text(number));
}

uint64_t servers_step(void)
{
    uint64_t next = DEADLINE_NEVER;
    for (uint32_t i = 0; i < server_count; i++) {
        struct instance *instance = &instances[i];
        if (instance->due_at != DEADLINE_NEVER && instance->due_at <= clock_now())
            start(&servers[i], instance);
        if (instance->due_at < next)
            next = instance->due_at;
    }
    return next;
}

int servers_restart(const char *name)
{
    const struct server *server = servers_find(name);
    if (!server)
        return E_NAME;
    struct instance *instance = instance_of(server);
    if (instance->number)
        program_kill(programs_get(instance->number));
    instance->failures = 0;
    instance->again = instance->number != 0; /* its devices are silenced first */
    if (instance->again)
        return OK;
    instance->due_at = DEADLINE_NEVER;
    int number = programs_start(server);
    if (number < 0) {
        services_close(name);
        return number;
    }
    servers_started(server, (uint32_t)number, false);
    return OK;
}

bool servers_expected(const char *name)
{
    const struct instance *instance = find(name);
    return instance && instance->due_at != DEADLINE_NEVER;
}

uint32_t servers_restarts(const char *name)
{
    const struct instance *instance = find(name);
    return instance ? instance->restarts : 0;
}
