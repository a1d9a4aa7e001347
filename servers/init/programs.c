#include "programs.h"

#include <stdio.h>
#include <string.h>

#include <cocos/errors.h>
#include <cocos/frames.h>
#include <cocos/memory_map.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "loader.h"
#include "log.h"
#include "modules.h"
#include "servers.h"
#include "services.h"
#include "waiting.h"
#include "words.h"

/* Status of a program that was killed: as by Linux's SIGKILL. */
#define STATUS_KILLED (128 + 9)

/* Ended programs stay listed as long as there are no more of them than this. */
#define ENDED_MAX 16

/* Where init sees the stacks of others, one place for each record. */
#define STACK_VIEWS MAP_U64(0xffffa00000000000)

static struct program programs[PROGRAMS_MAX];
static uint32_t last_number, calls_endpoint;

uint64_t program_stack_view(const struct program *program)
{
    return STACK_VIEWS + (uint64_t)(program - programs) * STACK_BYTES;
}

const struct program *programs_with_domain(uint64_t frame)
{
    for (uint32_t i = 0; i < PROGRAMS_MAX; i++)
        if (program_lives(&programs[i]) && programs[i].domain_frame == frame)
            return &programs[i];
    return NULL;
}

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
        .thread = SLOT_NONE,
        .file_order = NO_FILE_RUN,
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

/* A file that is started and what it is started with. */
struct source {
    const void *file;
    uint64_t file_bytes;
    uint32_t file_order; /* NO_FILE_RUN */
    const struct process_page *page;
    const struct server *server; /* what the manifest says of it, or NULL */
};

/* Starts it under a name. */
static int start(const struct source *source, const char *name)
{
    struct program *program = free_record();
    if (!program)
        return E_FULL;

    uint32_t state_order = 0;
    int64_t state_error = OK;
    uint64_t state =
        source->server ? servers_state(source->server, &state_order, &state_error) : 0;
    if (state_error < 0)
        return (int)state_error;

    struct load load = {
        .file = source->file,
        .file_bytes = source->file_bytes,
        .name = name,
        .page = source->page,
        .server = source->server,
        .number = last_number + 1,
        .endpoint = calls_endpoint,
        .system = (const struct system_page *)SYSTEM_PAGE,
        .state = state,
        .state_order = state_order,
        .stack_view = program_stack_view(program),
    };
    struct loaded loaded;
    int error = loader_load(&load, &loaded);
    if (error < 0)
        return error;
    *program = (struct program){
        .number = ++last_number,
        .state = PROGRAM_RUNS,
        .domain = loaded.domain,
        .thread = loaded.thread,
        .file = source->file,
        .file_bytes = source->file_bytes,
        .file_order = source->file_order,
        .domain_frame = loaded.domain_frame,
        .image_base = loaded.image_base,
        .image_end = loaded.image_end,
    };
    strcpy(program->name, name);
    return (int)program->number;
}

/* Makes the words of a text a program's. */
static int set_words(struct process_page *page, const char *text)
{
    uint32_t bytes;
    int count = words_pack(text, page->arguments, sizeof page->arguments, &bytes);
    page->argument_count = count < 0 ? 0 : (uint32_t)count;
    return count < 0 ? count : OK;
}

static int start_module(const struct boot_module *module, const struct process_page *page,
                        const char *name, const struct server *server)
{
    struct source source = {
        .file = (const void *)module->address,
        .file_bytes = module->bytes,
        .file_order = NO_FILE_RUN,
        .page = page,
        .server = server,
    };
    return start(&source, name);
}

int programs_start(const struct server *server)
{
    static struct process_page page;
    char command[SERVICE_NAME_BYTES + 1 + MANIFEST_ARGUMENT_BYTES];
    const struct boot_module *module = modules_find(server->file);
    if (!module)
        return E_NAME;
    snprintf(command, sizeof command, "%s %s", server->name, server->arguments);
    if (!server->arguments[0])
        snprintf(command, sizeof command, "%s", module->text);
    page = (struct process_page){0};
    int error = set_words(&page, command);
    return error < 0 ? error : start_module(module, &page, server->name, server);
}

/* A module, with its own arguments where none are wished for. */
static int run_module(const struct wish *wish, const struct server *server)
{
    static struct process_page page;
    const struct boot_module *module = modules_find(server ? server->file : wish->name);
    if (!module)
        return E_NAME;
    page = wish->page;
    int error = OK;
    if (page.argument_count == 0 || (page.argument_count == 1 && words_more(module->text)))
        error = set_words(&page, module->text);
    return error < 0 ? error : start_module(module, &page, wish->name, server);
}

/* The file may change as long as it is its sender's: it is started from a copy. */
static int run_file(const struct wish *wish)
{
    struct source source = {.file_bytes = wish->file_bytes, .page = &wish->page};
    while (FRAME_BYTES << source.file_order < wish->file_bytes)
        source.file_order++;
    int64_t copy = frame_take_run(source.file_order, MAP_READ | MAP_WRITE, tag_of("file"));
    if (copy < 0)
        return (int)copy;
    memcpy((void *)copy, wish->file, wish->file_bytes);
    source.file = (const void *)copy;
    int number = start(&source, wish->name);
    if (number < 0)
        sys_frame_release((uint64_t)copy, source.file_order);
    return number;
}

int programs_run(const struct wish *wish)
{
    const struct server *server = servers_find(wish->name);
    if (!wish->name[0])
        return E_NAME;
    if (wish->file)
        return server ? E_RIGHTS : run_file(wish);
    if (!server)
        return run_module(wish, NULL);
    if (programs_living(wish->name))
        return E_EXISTS;
    int number = wish->page.argument_count > 1 ? run_module(wish, server) : programs_start(server);
    if (number > 0)
        servers_started(server, (uint32_t)number, true);
    return number;
}

int programs_run_module(const char *name)
{
    static struct wish wish;
    wish = (struct wish){0};
    strcpy(wish.name, name);
    return programs_run(&wish);
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

static void end(struct program *program, enum program_state state, int32_t status, bool by_wish)
{
    services_leave(program->number);
    waiting_forget(program->number);
    loader_end_view(program_stack_view(program));
    sys_slot_drop(program->thread);
    slot_put(program->thread);
    program->thread = SLOT_NONE;
    sys_domain_destroy(program->domain);
    sys_slot_drop(program->domain);
    slot_put(program->domain);
    program->domain = SLOT_NONE;
    if (program->file_order != NO_FILE_RUN)
        sys_frame_release((uint64_t)program->file, program->file_order);
    program->state = state;
    program->status = status;
    if (servers_ended(program, by_wish))
        return;
    services_close(program->name);
    say_what_is_missing(program);
}

void program_end(struct program *program, enum program_state state, int32_t status)
{
    end(program, state, status, false);
}

void program_kill(struct program *program)
{
    end(program, PROGRAM_ENDED, STATUS_KILLED, true);
}
