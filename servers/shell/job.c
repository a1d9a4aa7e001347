#include "job.h"

#include <cocos/program.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "attention.h"
#include "shell.h"

int job_refused(const struct simple_command *command, bool by_run, int error)
{
    const char *name = command->words[0];
    if (error == E_NAME && !by_run)
        console_complain("%s: no such command (try help)\n", name);
    else
        console_complain("%s%s: %s\n", by_run ? "run: " : "", name, error_text(error));
    return error == E_NAME ? STATUS_UNKNOWN : STATUS_FAILED;
}

int job_start(struct job *job, const char *path, const struct simple_command *command,
              const struct streams *streams)
{
    const char *name = command->words[0];
    struct program_spawn spawn = {.path = path, .arguments = command->words};
    if (streams->input) {
        spawn.streams[0].path = file_path(streams->input);
        spawn.streams[0].access = STREAM_READ;
    }
    if (streams->output) {
        spawn.streams[1].path = file_path(streams->output);
        spawn.streams[1].access = STREAM_WRITE;
        spawn.streams[1].offset = streams->offset;
    }
    console_flush();
    int number = (int)program_spawn(&spawn);
    if (number < 0)
        return number;
    struct job_program *program = &job->programs[job->count];
    *program =
        (struct job_program){.number = number, .name = name, .runs = true, .streams = *streams};
    /* Nobody would tell of its end: it is asked for, one after the other. */
    if (attention_watch(number, job->count) < 0)
        program->runs = false;
    job->count++;
    return 0;
}

/* Says how a program got on, once it has ended or serves. */
static int outcome(const char *name, int state, int status)
{
    if (state == PROGRAM_SERVES) {
        console_printf("%s: serving\n", name);
        return 0;
    }
    if (state == PROGRAM_FAULTED) {
        console_fresh_line();
        console_printf("%s: ended by a fault\n", name);
        return status ? status : STATUS_FAULTED;
    }
    return status;
}

static void finish(struct job_program *program)
{
    int state = 0, status = 0;
    int error = program_wait(program->number, &state, &status);
    program->runs = false;
    streams_close(&program->streams);
    program->status =
        error < 0 ? command_failed(program->name, error) : outcome(program->name, state, status);
}

static void end_all(const struct job *job)
{
    for (uint32_t i = 0; i < job->count; i++)
        if (job->programs[i].runs)
            program_stop(job->programs[i].number);
}

int job_wait(struct job *job)
{
    uint32_t left = 0;
    bool ended = false;
    for (uint32_t i = 0; i < job->count; i++) {
        if (job->programs[i].runs)
            left++;
        else
            finish(&job->programs[i]);
    }
    while (left > 0) {
        uint32_t done = attention_wait(DEADLINE_NEVER);
        for (uint32_t i = 0; i < job->count; i++) {
            if (!(done >> i & 1) || !job->programs[i].runs)
                continue;
            finish(&job->programs[i]);
            left--;
        }
        if (attention_interrupted() && !ended) {
            end_all(job);
            ended = true;
        }
    }
    return job->count ? job->programs[job->count - 1].status : 0;
}
