/* rm and mkdir. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools.h"

/* The first name in a directory but . and .. : 1, 0: it has none, -1: errno. */
static int first_name(const char *path, char name[TOOL_PATH_BYTES])
{
    const struct dirent *entry;
    DIR *directory = opendir(path);
    int found = 0;
    if (!directory)
        return -1;
    errno = 0;
    while (!found && (entry = readdir(directory)) != NULL) {
        found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        snprintf(name, TOOL_PATH_BYTES, "%s", entry->d_name);
    }
    int error = errno;
    closedir(directory);
    errno = error;
    return found ? 1 : error ? -1 : 0;
}

/* Goes on until the directory is empty: a list that is read while names go may leave some out. */
static int remove_directory(const char *path)
{
    char name[TOOL_PATH_BYTES], inner[TOOL_PATH_BYTES];
    int found;
    while ((found = first_name(path, name)) == 1) {
        int status = tool_join(inner, path, name) ? remove_any(inner, true) : STATUS_FAILED;
        if (status)
            return status;
    }
    return found < 0 || rmdir(path) != 0 ? tool_failed(path) : 0;
}

int remove_any(const char *path, bool directories) // NOLINT(misc-no-recursion)
{
    if (directories && tool_is_directory(path))
        return remove_directory(path);
    return unlink(path) != 0 ? tool_failed(path) : 0;
}

int rm_tool(int count, char **words)
{
    bool directories = tool_option(&count, &words, 'r');
    int status = 0;
    if (count == 0)
        return tool_usage();
    for (int i = 0; i < count; i++) {
        int removed = remove_any(words[i], directories);
        status = removed ? removed : status;
    }
    return status;
}

/* All directories on the way to a path, and itself. */
static int make_all(const char *path)
{
    char part[TOOL_PATH_BYTES];
    for (size_t end = 1; path[end - 1]; end++) {
        if (path[end] && path[end] != '/')
            continue;
        snprintf(part, sizeof part, "%.*s", (int)end, path);
        if (mkdir(part, 0777) != 0 && !tool_is_directory(part))
            return tool_failed(part);
        if (!path[end])
            break;
    }
    return 0;
}

int mkdir_tool(int count, char **words)
{
    bool all = tool_option(&count, &words, 'p');
    int status = 0;
    if (count == 0)
        return tool_usage();
    for (int i = 0; i < count; i++) {
        int made = all ? make_all(words[i]) : mkdir(words[i], 0777) ? tool_failed(words[i]) : 0;
        status = made ? made : status;
    }
    return status;
}
