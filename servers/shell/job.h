/* The programs of a pipeline: started, waited for, ended together. */
#ifndef SHELL_JOB_H
#define SHELL_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "parse.h"

struct job_program {
    int number;
    const char *name;
    bool runs;
    int status;
};

struct job {
    uint32_t count;
    struct job_program programs[PARSE_COMMANDS];
};

/* Starts a program, and adds it. 0, or a status: why it could not be started has been printed, as
 * said by the command `by` (NULL: none). */
int job_start(struct job *job, const struct simple_command *command, const char *by);

/* Waits until all have ended or serve; a Ctrl-C ends them. Returns the status of the last one. */
int job_wait(struct job *job);

#endif
