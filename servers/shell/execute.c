#include "execute.h"

#include <stddef.h>
#include <string.h>

#include "attention.h"
#include "job.h"
#include "parse.h"
#include "shell.h"

int last_status;

/* Whether a command is the shell's own. `run NAME` is a program's. */
static const struct command *own_command(const struct simple_command *command)
{
    return command_find(command->words[0]);
}

/* Takes the word "run" away: what follows is a program, whatever its name. */
static bool take_run(struct simple_command *command)
{
    bool run = strcmp(command->words[0], "run") == 0 && command->count > 1;
    command->words += run;
    command->count -= run;
    return run;
}

static int run_one(struct simple_command *command, bool background, const char *name)
{
    struct job job = {0};
    int error = job_start(&job, command, name);
    if (error)
        return error;
    if (background) {
        console_printf("[%d]\n", job.programs[0].number);
        return 0;
    }
    return job_wait(&job);
}

static int run_pipeline(struct pipeline *pipeline)
{
    struct simple_command *command = &pipeline->commands[0];
    if (pipeline->count > 1 || command->input || command->output) {
        console_printf("shell: there are no files yet\n");
        return STATUS_USAGE;
    }
    bool run = take_run(command);
    const struct command *own = run ? NULL : own_command(command);
    if (!own)
        return run_one(command, pipeline->background, run ? "run" : NULL);
    if (pipeline->background) {
        console_printf("%s: only programs run in the background\n", own->name);
        return STATUS_USAGE;
    }
    return own->run(command->count, command->words);
}

static bool is_next(enum follow follow)
{
    return follow == FOLLOW_ALWAYS || (follow == FOLLOW_AND) == (last_status == 0);
}

static void refuse(const char *refusal)
{
    console_printf("shell: %s\n", refusal);
    last_status = STATUS_USAGE;
}

static void run_all(const char *line, struct values *values)
{
    static struct pipeline pipeline;
    enum follow follow = FOLLOW_ALWAYS;
    while (follow != FOLLOW_END && !attention_interrupted()) {
        values->status = last_status;
        const char *refusal = parse_next(&pipeline, &line, values);
        if (refusal) {
            refuse(refusal);
            return;
        }
        if (is_next(follow) && pipeline.count > 0)
            last_status = run_pipeline(&pipeline);
        follow = pipeline.follow;
    }
    if (attention_interrupted())
        last_status = STATUS_INTERRUPTED;
}

void execute(const char *line, char *const *arguments, uint32_t count)
{
    struct values values = {.status = last_status, .count = count, .arguments = arguments};
    const char *refusal = parse_check(line, &values);
    if (refusal) {
        refuse(refusal);
        return;
    }
    attention_begin();
    run_all(line, &values);
    attention_end();
}
