/* The programs of a pipeline: started, waited for, ended together. */
#ifndef SHELL_JOB_H
#define SHELL_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "parse.h"
#include "streams.h"

struct job_program {
    int number;
    const char *name;
    bool runs;
    int status;
    struct streams streams; /* closed when it has ended */
};

struct job {
    uint32_t count;
    struct job_program programs[PARSE_COMMANDS];
};

/* Starts a program by its name or path, and adds it. The streams are the job's then. 0, or a
 * negative error: they are the caller's still. */
int job_start(struct job *job, const char *path, const struct simple_command *command,
              const struct streams *streams);

/* Says why a program could not be started, to whom wrote `run` (by_run) or not. Returns a status.
 */
int job_refused(const struct simple_command *command, bool by_run, int error);

/* Waits until all have ended or serve; a Ctrl-C ends them. Returns the status of the last one. */
int job_wait(struct job *job);

#endif
