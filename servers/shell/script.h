/* Scripts: files of lines. */
#ifndef SHELL_SCRIPT_H
#define SHELL_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a program's name is that of a script: a file by its path, or a module, that begins with
 * #! (what is behind that does not matter). */
bool script_is(const char *name);

/* Runs its lines; `arguments` is its name and `count` more. Returns the last status. */
int script_run(const char *name, char *const *arguments, uint32_t count);

/* Whether `exit` was the last command: up to the script's end, nothing is run. */
bool script_left(void);

int source_command(uint32_t count, char **words);
int exit_command(uint32_t count, char **words);

#endif
