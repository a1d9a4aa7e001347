#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/files.h>
#include <cocos/service.h>

#include "execute.h"
#include "shell.h"

#define SCRIPT_BYTES_MAX (1u << 20)
#define BEGINNING "#!"
#define STATUS_MAX 255u

static uint32_t running; /* scripts */
static bool left;

bool script_left(void)
{
    return left;
}

/* Modules are the files of the root. */
static void path_of(char path[FILES_PATH_BYTES], const char *name)
{
    snprintf(path, FILES_PATH_BYTES, "%s%s", strchr(name, '/') ? "" : "/", name);
}

bool script_is(const char *name)
{
    char path[FILES_PATH_BYTES], bytes[sizeof BEGINNING - 1];
    struct file *file;
    path_of(path, name);
    if (file_open(path, FILES_READ_ACCESS, &file) < 0)
        return false;
    int64_t count = file_read(file, 0, bytes, sizeof bytes);
    file_close(file);
    return count == sizeof bytes && memcmp(bytes, BEGINNING, sizeof bytes) == 0;
}

/* All of a file, with a zero behind it, which the caller frees; or NULL and the reason. */
static char *read_all(const char *path, int64_t *error)
{
    struct file *file;
    struct file_status status;
    char *text = NULL;
    *error = file_open(path, FILES_READ_ACCESS, &file);
    if (*error < 0)
        return NULL;
    *error = file_status(file, &status);
    if (*error == OK && status.bytes > SCRIPT_BYTES_MAX)
        *error = E_TOO_LONG;
    if (*error == OK && (status.mode & FILES_TYPE_MASK) == FILES_TYPE_DIRECTORY)
        *error = E_IS_DIRECTORY;
    if (*error == OK) {
        text = calloc(1, status.bytes + 1);
        *error = text ? file_read(file, 0, text, status.bytes) : E_NO_MEMORY;
    }
    file_close(file);
    if (*error < 0) {
        free(text);
        return NULL;
    }
    return text;
}

static void run_lines(const char *name, char *text, char *const *arguments, uint32_t count)
{
    char *next;
    uint32_t number = 1;
    for (char *line = text; line && !execute_stopped(); line = next, number++) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        const char *refusal = execute(line, arguments, count);
        if (!refusal)
            continue;
        console_complain("%s: line %u: %s\n", name, number, refusal);
        last_status = STATUS_USAGE;
        return;
    }
}

int script_run(const char *name, char *const *arguments, uint32_t count)
{
    char path[FILES_PATH_BYTES];
    int64_t error;
    path_of(path, name);
    char *text = read_all(path, &error);
    if (!text)
        return command_failed(name, error);
    running++;
    last_status = 0;
    run_lines(name, text, arguments, count);
    running--;
    left = false;
    free(text);
    return last_status;
}

int source_command(uint32_t count, char **words)
{
    if (count < 2)
        return command_usage("source");
    char path[FILES_PATH_BYTES];
    int64_t got = files_whole(NULL, words[1], path);
    return got < 0 ? command_failed(words[1], got) : script_run(path, words + 1, count - 2);
}

int exit_command(uint32_t count, char **words)
{
    int64_t status = count == 2 ? command_number(words[1], STATUS_MAX) : last_status;
    if (count > 2 || status < 0)
        return command_usage("exit");
    if (running == 0) {
        console_complain("exit: no script runs (poweroff turns the machine off)\n");
        return STATUS_USAGE;
    }
    left = true;
    return (int)status;
}
