/* Runs lines: their pipelines one after the other, as their connections say. */
#ifndef SHELL_EXECUTE_H
#define SHELL_EXECUTE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Runs a line of a script with that name and so many arguments behind it, or one that was typed
 * (NULL, 0). What comes of it is last_status. NULL, or one sentence that says why nothing of it was
 * run.
 */
const char *execute(const char *line, char *const *arguments, uint32_t count);

/* Nothing more is run, of this line and of what it is a line of. */
bool execute_stopped(void);

#endif
