#include "programs.h"

#include <stdio.h>
#include <string.h>

#include <cocos/errors.h>
#include <cocos/frames.h>
#include <cocos/memory_map.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "drivers.h"
#include "inherited.h"
#include "loader.h"
#include "log.h"
#include "modules.h"
#include "servers.h"
#include "services.h"
#include "start_page.h"
#include "waiting.h"
#include "words.h"

/* Status of a program that was killed: as by Linux's SIGKILL. */
#define STATUS_KILLED (128 + 9)

/* Turns that a server gets to let go of its device before it is killed (cocos/kept.h). */
#define HOLD_TURNS 64

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

void programs_revoke(uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < PROGRAMS_MAX; i++)
        if (program_lives(&programs[i]) && programs[i].number != INIT_NUMBER)
            frames_revoke(start, end, programs[i].domain);
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
    for (uint32_t i = 0; i < PROGRAMS_MAX; i++) {
        if ((program_lives(&programs[i]) || drivers_ending(programs[i].number)) &&
            strcmp(programs[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Forgets the oldest ended program nobody waits for, if there are more than ENDED_MAX. */
static void recycle(void)
{
    struct program *oldest = NULL;
    uint32_t ended = 0;
    for (uint32_t i = 0; i < PROGRAMS_MAX; i++) {
        struct program *program = &programs[i];
        if (!program->number || program_lives(program) || drivers_ending(program->number))
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

/* What is to be started. */
struct beginning {
    const void *file;
    uint64_t file_bytes;
    const char *name;
    const char *command;            /* words */
    const struct server *server;    /* what the manifest says of it, or NULL */
    const struct init_start *start; /* or NULL */
    uint32_t console;               /* that it prints to */
};

static int start(const struct beginning *beginning)
{
    const struct server *server = beginning->server;
    struct program *program = free_record();
    if (!program)
        return E_FULL;

    uint32_t state_order = 0;
    int64_t state_error = OK;
    uint64_t state = server ? servers_state(server, &state_order, &state_error) : 0;
    if (state_error < 0)
        return (int)state_error;

    struct load load = {
        .file = beginning->file,
        .file_bytes = beginning->file_bytes,
        .name = beginning->name,
        .command = beginning->command,
        .start = beginning->start,
        .server = server,
        .number = last_number + 1,
        .endpoint = calls_endpoint,
        .system = (const struct system_page *)SYSTEM_PAGE,
        .state = state,
        .state_order = state_order,
        .console = beginning->console,
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
        .file = beginning->file,
        .file_bytes = beginning->file_bytes,
        .console = beginning->console,
        .domain_frame = loaded.domain_frame,
        .image_base = loaded.image_base,
        .image_end = loaded.image_end,
    };
    strcpy(program->name, beginning->name);
    return (int)program->number;
}

/* Starts the module of that name under a name; without arguments, it gets those it came with. */
static int start_module(const char *file, const char *name, const char *command,
                        const struct server *server, const struct init_start *how, uint32_t console)
{
    const struct boot_module *module = modules_find(file);
    if (!module)
        return E_NAME;
    struct beginning beginning = {
        .file = (const void *)module->address,
        .file_bytes = module->bytes,
        .name = name,
        .command = words_more(command) ? command : module->text,
        .server = server,
        .start = how,
        .console = console,
    };
    return start(&beginning);
}

/* With the arguments that the manifest has for it. */
static int start_server(const struct server *server, const struct init_start *how, uint32_t console)
{
    char command[SERVICE_NAME_BYTES + 1 + MANIFEST_ARGUMENT_BYTES];
    snprintf(command, sizeof command, "%s %s", server->name, server->arguments);
    return start_module(server->file, server->name, command, server, how, console);
}

int programs_start(const struct server *server)
{
    return start_server(server, NULL, server->console);
}

/* Starts a module by its name; or the server of the manifest that is called so. */
static int run(const char *name, const char *command, const struct init_start *how,
               uint32_t console)
{
    bool has_arguments = words_more(command) || (how && how->argument_count > 1);
    const struct server *server = servers_find(name);
    if (!server)
        return start_module(name, name, command, NULL, how, console);
    if (programs_living(name))
        return E_EXISTS;
    /* Its line may say on which console it is; else it is the caller's. */
    if (server->console)
        console = server->console;
    int number = has_arguments ? start_module(server->file, name, command, server, how, console)
                               : start_server(server, how, console);
    if (number > 0)
        servers_started(server, (uint32_t)number, true);
    return number;
}

int programs_run(const char *command, uint32_t console)
{
    char name[SERVICE_NAME_BYTES];
    int error = words_first(command, name, sizeof name);
    return error < 0 ? error : run(name, command, NULL, console);
}

/* ---- Files that are handed over ---- */

static void release(struct handed_file *file)
{
    if (file->address)
        sys_frame_release(file->address, file->order);
    *file = (struct handed_file){0};
}

int programs_prepare(struct program *caller, uint64_t file_bytes, struct message *answer)
{
    struct handed_file *next = &caller->next;
    uint32_t order = ORDER_FRAME;
    if (file_bytes > INIT_FILE_BYTES_MAX)
        return E_TOO_LONG;
    while ((FRAME_BYTES << order) - FRAME_BYTES < file_bytes)
        order++;
    if (next->address && next->order != order) {
        sys_frame_revoke(next->address, next->order, caller->domain);
        release(next);
    }
    if (!next->address) {
        int64_t got;
        do {
            got = sys_frame_claim(ZONE_ANY, order, MAP_READ | MAP_WRITE, tag_of("program"));
        } while (got == E_NO_TABLES && table_fund(SLOT_SELF) == OK);
        if (got < 0)
            return (int)got;
        *next = (struct handed_file){(uint64_t)got, order};
    }
    answer->words[1] = next->address;
    answer->words[2] = order;
    answer->send_run = MESSAGE_RUN(next->address, order, MAP_READ | MAP_WRITE);
    return OK;
}

/* What stands there changes no more. */
static int start_file(const struct init_start *how, const struct handed_file *file,
                      uint32_t console)
{
    struct beginning beginning = {
        .file = (const void *)(file->address + FRAME_BYTES),
        .file_bytes = how->file_bytes,
        .name = how->name,
        .command = "",
        .start = how,
        .console = console,
    };
    if (how->file_bytes > (FRAME_BYTES << file->order) - FRAME_BYTES)
        return E_ARGUMENT;
    /* By its name a program is known for what the manifest grants. */
    return servers_find(how->name) ? E_EXISTS : start(&beginning);
}

int programs_start_prepared(struct program *caller)
{
    struct handed_file file = caller->next;
    const struct init_start *how = (const struct init_start *)file.address;
    if (!file.address)
        return E_ARGUMENT;
    caller->next = (struct handed_file){0};
    sys_frame_revoke(file.address, file.order, caller->domain);
    int number = E_ARGUMENT;
    if (start_page_good(how))
        number = how->file_bytes ? start_file(how, &file, caller->console)
                                 : run(how->name, how->name, how, caller->console);
    if (number > 0 && how->file_bytes)
        programs_get((uint64_t)number)->kept = file;
    else
        release(&file);
    return number;
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
    sys_thread_stop(program->thread);
    sys_slot_drop(program->thread);
    slot_put(program->thread);
    program->thread = SLOT_NONE;
    program->state = state;
    program->status = status;
    bool kept = drivers_keep(program, by_wish);
    if (!kept) {
        sys_domain_destroy(program->domain);
        sys_slot_drop(program->domain);
        slot_put(program->domain);
    }
    program->domain = SLOT_NONE;
    if (!kept)
        programs_over(program, by_wish);
}

void programs_over(struct program *program, bool by_wish)
{
    const struct server *server = servers_find(program->name);
    if (server)
        inherited_devices(server);
    release(&program->kept);
    release(&program->next);
    if (servers_ended(program, by_wish))
        return;
    services_close(program->name);
    say_what_is_missing(program);
}

void program_end(struct program *program, enum program_state state, int32_t status)
{
    end(program, state, status, false);
}

/* Whether it says that it must not be ended just now. */
static bool holds(const struct program *program)
{
    const struct stack_end *end =
        (const void *)(program_stack_view(program) + STACK_BYTES - sizeof *end);
    return __atomic_load_n(&end->holds, __ATOMIC_ACQUIRE) != 0;
}

/* Stopped where it holds nothing, if it comes there soon. */
static void stop(const struct program *program)
{
    for (uint32_t turns = 0; turns < HOLD_TURNS; turns++) {
        sys_thread_stop(program->thread);
        if (!holds(program))
            return;
        sys_thread_resume(program->thread);
        sys_yield();
    }
}

void program_kill(struct program *program)
{
    stop(program);
    end(program, PROGRAM_ENDED, STATUS_KILLED, true);
}
