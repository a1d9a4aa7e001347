#include "job.h"

#include <cocos/program.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "attention.h"
#include "shell.h"

static int refused(const char *name, const char *by, int error)
{
    if (error == E_NAME && !by) {
        console_printf("%s: no such command (try help)\n", name);
        return STATUS_UNKNOWN;
    }
    console_printf("%s%s%s: %s\n", by ? by : "", by ? ": " : "", name, error_text(error));
    return error == E_NAME ? STATUS_UNKNOWN : STATUS_FAILED;
}

int job_start(struct job *job, const struct simple_command *command, const char *by)
{
    const char *name = command->words[0];
    struct program_spawn spawn = {.path = name, .arguments = command->words};
    console_flush();
    int number = (int)program_spawn(&spawn);
    if (number < 0)
        return refused(name, by, number);
    struct job_program *program = &job->programs[job->count];
    *program = (struct job_program){.number = number, .name = name, .runs = true};
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
