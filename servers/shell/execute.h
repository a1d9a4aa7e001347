/* Runs lines: their pipelines one after the other, as their connections say. */
#ifndef SHELL_EXECUTE_H
#define SHELL_EXECUTE_H

#include <stdint.h>

/* Runs a line of a script with that name and `count` arguments, or one that was typed (NULL). What
 * comes of it is last_status. */
void execute(const char *line, char *const *arguments, uint32_t count);

#endif
