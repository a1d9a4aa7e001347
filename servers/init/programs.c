#include "programs.h"

#include <string.h>

#include <cocos/errors.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "loader.h"
#include "log.h"
#include "modules.h"
#include "services.h"
#include "waiting.h"
#include "words.h"

/* Ended programs stay listed as long as there are no more of them than this. */
#define ENDED_MAX 16

static struct program programs[PROGRAMS_MAX];
static uint32_t last_number, calls_endpoint;

bool program_lives(const struct program *program)
{
    return program->number && program->domain != SLOT_NONE;
}

/* The frame of init's own domain object: who owns what is init's from the start. 0: unknown. */
static uint64_t own_domain(void)
{
    const struct process_page *page = (const void *)PROCESS_PAGE;
    struct frame_info info;
    bool known = page->module_count > 0 &&
                 sys_frame_query(SLOT_INIT_MACHINE, page->modules[0].address, &info) == OK;
    return known ? info.owner : 0;
}

void programs_open(uint32_t endpoint)
{
    calls_endpoint = endpoint;
    last_number = INIT_NUMBER;
    programs[0] = (struct program){
        .number = INIT_NUMBER,
        .state = PROGRAM_SERVES,
        .domain = SLOT_SELF,
        .domain_frame = own_domain(),
        .name = "init",
    };
}

struct program *programs_from(uint64_t number)
{
    struct program *best = NULL;
    for (uint32_t i = 0; i < PROGRAMS_MAX; i++) {
        struct program *program = &programs[i];
        if (program->number && program->number >= number &&
            (!best || program->number < best->number))
            best = program;
    }
    return best;
}

struct program *programs_get(uint64_t number)
{
    struct program *program = programs_from(number);
    return program && program->number == number ? program : NULL;
}

bool programs_starting(const char *name, uint32_t except)
{
    for (uint32_t i = 0; i < PROGRAMS_MAX; i++) {
        const struct program *program = &programs[i];
        if (program_lives(program) && program->state == PROGRAM_RUNS && program->number != except &&
            strcmp(program->name, name) == 0)
            return true;
    }
    return false;
}

bool programs_living(const char *name)
{
    for (uint32_t i = 0; i < PROGRAMS_MAX; i++)
        if (program_lives(&programs[i]) && strcmp(programs[i].name, name) == 0)
            return true;
    return false;
}

/* Forgets the oldest ended program nobody waits for, if there are more than ENDED_MAX. */
static void recycle(void)
{
    struct program *oldest = NULL;
    uint32_t ended = 0;
    for (uint32_t i = 0; i < PROGRAMS_MAX; i++) {
        struct program *program = &programs[i];
        if (!program->number || program_lives(program))
            continue;
        ended++;
        if (!waiting_on(program->number) && (!oldest || program->number < oldest->number))
            oldest = program;
    }
    if (oldest && ended > ENDED_MAX)
        *oldest = (struct program){0};
}

static struct program *free_record(void)
{
    recycle();
    for (uint32_t i = 0; i < PROGRAMS_MAX; i++)
        if (!programs[i].number)
            return &programs[i];
    return NULL;
}

int programs_run(const char *command)
{
    char name[SERVICE_NAME_BYTES];
    int error = words_first(command, name, sizeof name);
    if (error < 0)
        return error;
    const struct boot_module *module = modules_find(name);
    if (!module)
        return E_NAME;
    struct program *program = free_record();
    if (!program)
        return E_FULL;

    struct load load = {
        .file = (const void *)module->address,
        .file_bytes = module->bytes,
        .name = name,
        .command = words_more(command) ? command : module->text,
        .number = last_number + 1,
        .endpoint = calls_endpoint,
        .system = (const struct system_page *)SYSTEM_PAGE,
    };
    struct loaded loaded;
    error = loader_load(&load, &loaded);
    if (error < 0)
        return error;
    *program = (struct program){
        .number = ++last_number,
        .state = PROGRAM_RUNS,
        .domain = loaded.domain,
        .domain_frame = loaded.domain_frame,
        .image_base = loaded.image_base,
        .image_end = loaded.image_end,
    };
    memcpy(program->name, name, sizeof name);
    return (int)program->number;
}

/* What a person would miss without a word about it. */
static void say_what_is_missing(const struct program *program)
{
    const char *loss = NULL;
    if (strcmp(program->name, "console") == 0)
        loss = "programs cannot print";
    else if (strcmp(program->name, "shell") == 0)
        loss = "nothing takes commands";
    if (loss)
        log_print("init: %s ended with status %d: %s\n", program->name, program->status, loss);
}

void program_end(struct program *program, enum program_state state, int32_t status)
{
    services_end(program->number);
    waiting_forget(program->number);
    sys_domain_destroy(program->domain);
    sys_slot_drop(program->domain);
    slot_put(program->domain);
    program->domain = SLOT_NONE;
    program->state = state;
    program->status = status;
    say_what_is_missing(program);
}
