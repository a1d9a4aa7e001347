#include "execute.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/service.h>

#include "attention.h"
#include "job.h"
#include "parse.h"
#include "script.h"
#include "shell.h"
#include "streams.h"

#define SCRIPT_REFUSAL "what a script prints goes to the console only"

/* How deep scripts run scripts. */
#define DEPTH_MAX 8u

int last_status;

/* A command of a pipeline. */
struct member {
    struct simple_command *command;
    const struct command *own; /* the shell's, or NULL: a program's */
    const char *program;       /* its name or path */
    bool by_run;               /* `run` said that it is a program's */
    struct streams streams;
};

static struct member members[DEPTH_MAX][PARSE_COMMANDS];
static uint32_t depth;

bool execute_stopped(void)
{
    return attention_interrupted() || script_left();
}

static int refuse(const char *name, const char *why)
{
    console_complain("%s: %s\n", name, why);
    return STATUS_USAGE;
}

/* ---- What there is to run ---- */

/* `run NAME` is a program, whatever its name. */
static void find(struct member *member)
{
    struct simple_command *command = member->command;
    member->by_run = strcmp(command->words[0], "run") == 0 && command->count > 1;
    command->words += member->by_run;
    command->count -= member->by_run;
    const struct command *named = member->by_run ? NULL : command_find(command->words[0]);
    member->own = named && named->run ? named : NULL;
    member->program = named ? TOOLS : command->words[0];
}

/* Opens the files and pipes of all. 0, or a status; then none is open. */
static int open_streams(struct member *all, uint32_t count)
{
    int error = 0;
    for (uint32_t i = 0; i < count && !error; i++) {
        const struct simple_command *command = all[i].command;
        if (command->input)
            error = streams_input(&all[i].streams, command->input);
        if (!error && command->output)
            error = streams_output(&all[i].streams, command->output, command->append);
        if (!error && i + 1 < count)
            error = streams_pipe(&all[i].streams, &all[i + 1].streams);
    }
    for (uint32_t i = 0; i < count && error; i++)
        streams_close(&all[i].streams);
    return error;
}

/* ---- Running it ---- */

static int run_own(struct member *member)
{
    struct simple_command *command = member->command;
    size_t bytes;
    if (!member->streams.output)
        return member->own->run(command->count, command->words);
    console_collect();
    int status = member->own->run(command->count, command->words);
    char *text = console_collected(&bytes);
    int error = streams_write(&member->streams, text, bytes);
    free(text);
    return error ? error : status;
}

/* The shell's own commands read nothing, and are done before the programs begin: so no pipe is ever
 * full for good. */
static int run_members(struct member *all, uint32_t count)
{
    struct job job = {0};
    int status = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (all[i].own) {
            status = run_own(&all[i]);
            streams_close(&all[i].streams);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        int error =
            all[i].own ? 0 : job_start(&job, all[i].program, all[i].command, &all[i].streams);
        if (error < 0) {
            streams_close(&all[i].streams);
            status = job_refused(all[i].command, all[i].by_run, error);
        }
        if (i + 1 == count && !all[i].own && error == 0)
            return job_wait(&job);
    }
    job_wait(&job);
    return status;
}

static int run_one(struct member *member, bool background)
{
    struct simple_command *command = member->command;
    struct job job = {0};
    int error = job_start(&job, member->program, command, &member->streams);
    if (error == 0 && !background)
        return job_wait(&job);
    bool plain = !member->streams.input && !member->streams.output && !background;
    streams_close(&member->streams);
    if (error == E_ELF_MAGIC && script_is(command->words[0]))
        return plain ? script_run(command->words[0], command->words, command->count - 1)
                     : refuse(command->words[0], SCRIPT_REFUSAL);
    if (error < 0)
        return job_refused(command, member->by_run, error);
    console_printf("[%d]\n", job.programs[0].number);
    return 0;
}

/* Whether a command's output goes elsewhere than to the console. */
static bool writes(const struct pipeline *pipeline, uint32_t index)
{
    return index + 1 < pipeline->count || pipeline->commands[index].output;
}

static int run_pipeline(struct pipeline *pipeline)
{
    struct member *all = members[depth - 1];
    for (uint32_t i = 0; i < pipeline->count; i++) {
        all[i] = (struct member){.command = &pipeline->commands[i]};
        find(&all[i]);
    }
    if (pipeline->background && (pipeline->count > 1 || all[0].own))
        return refuse("&", "only a single program runs in the background");
    for (uint32_t i = 0; i < pipeline->count; i++) {
        if (all[i].own && all[i].own->run == source_command && writes(pipeline, i))
            return refuse("source", SCRIPT_REFUSAL);
    }
    int status = open_streams(all, pipeline->count);
    if (status == 0 && pipeline->count == 1 && !all[0].own)
        status = run_one(&all[0], pipeline->background);
    else if (status == 0)
        status = run_members(all, pipeline->count);
    for (uint32_t i = 0; i < pipeline->count; i++)
        streams_end(&all[i].streams);
    return status;
}

/* ---- Lines ---- */

static bool is_next(enum follow follow)
{
    return follow == FOLLOW_ALWAYS || (follow == FOLLOW_AND) == (last_status == 0);
}

static void run_all(const char *line, struct values *values)
{
    static struct pipeline pipelines[DEPTH_MAX];
    struct pipeline *pipeline = &pipelines[depth - 1];
    enum follow follow = FOLLOW_ALWAYS;
    while (follow != FOLLOW_END && !execute_stopped()) {
        values->status = last_status;
        const char *refusal = parse_next(pipeline, &line, values);
        if (refusal) { /* what a value stands for made the line too long */
            last_status = refuse("shell", refusal);
            return;
        }
        if (is_next(follow) && pipeline->count > 0)
            last_status = run_pipeline(pipeline);
        follow = pipeline->follow;
    }
    if (attention_interrupted())
        last_status = STATUS_INTERRUPTED;
}

const char *execute(const char *line, char *const *arguments, uint32_t count)
{
    struct values values = {.status = last_status, .count = count, .arguments = arguments};
    const char *refusal = parse_check(line, &values);
    if (!refusal && depth == DEPTH_MAX)
        refusal = "scripts run scripts too deeply";
    if (refusal)
        return refusal;
    if (depth++ == 0)
        attention_begin();
    run_all(line, &values);
    if (--depth == 0)
        attention_end();
    return NULL;
}
