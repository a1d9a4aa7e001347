/* ls, and cat. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools.h"

#define COLUMNS_USUAL 80
#define BUFFER_BYTES 65536

struct names {
    char **name;
    size_t count, room;
};

static bool add_name(struct names *names, const char *name)
{
    if (names->count == names->room) {
        size_t room = names->room ? 2 * names->room : 64;
        char **more = realloc(names->name, room * sizeof *more);
        if (!more)
            return false;
        names->name = more;
        names->room = room;
    }
    names->name[names->count] = strdup(name);
    return names->name[names->count++] != NULL;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(struct names *names)
{
    while (names->count > 0)
        free(names->name[--names->count]);
    free(names->name);
}

/* What begins with a point is not shown. */
static int read_names(const char *path, struct names *names)
{
    const struct dirent *entry;
    DIR *directory = opendir(path);
    if (!directory)
        return tool_failed(path);
    bool full = false;
    errno = 0;
    while (!full && (entry = readdir(directory)) != NULL)
        full = entry->d_name[0] != '.' && !add_name(names, entry->d_name);
    int error = errno;
    closedir(directory);
    errno = full ? ENOMEM : error;
    if (errno)
        return tool_failed(path);
    qsort(names->name, names->count, sizeof *names->name, compare);
    return 0;
}

static int show_long(const char *path, const char *name)
{
    static const char letters[] = "rwxrwxrwx";
    struct stat status;
    char rights[11], when[32] = "";
    if (stat(path, &status) != 0)
        return tool_failed(path);
    rights[0] = S_ISDIR(status.st_mode) ? 'd' : S_ISFIFO(status.st_mode) ? 'p' : '-';
    for (int i = 0; i < 9; i++)
        rights[i + 1] = status.st_mode >> (8 - i) & 1 ? letters[i] : '-';
    rights[10] = 0;
    struct tm *time = gmtime(&status.st_mtime);
    if (time)
        strftime(when, sizeof when, "%Y-%m-%d %H:%M", time);
    printf("%s %12lld  %s  %s\n", rights, (long long)status.st_size, when, name);
    return 0;
}

/* In columns where somebody reads, else one a line. */
static void show_columns(const struct names *names)
{
    struct winsize size = {0};
    size_t width = 0, at = 0;
    bool terminal = ioctl(1, TIOCGWINSZ, &size) == 0;
    for (size_t i = 0; i < names->count; i++)
        width = strlen(names->name[i]) + 2 > width ? strlen(names->name[i]) + 2 : width;
    size_t columns = size.ws_col ? size.ws_col : COLUMNS_USUAL;
    size_t in_line = terminal && width < columns ? columns / width : 1;
    for (size_t i = 0; i < names->count; i++) {
        bool last = ++at == in_line || i + 1 == names->count;
        printf("%-*s%s", last ? 0 : (int)width, names->name[i], last ? "\n" : "");
        at = last ? 0 : at;
    }
}

static int list_directory(const char *path, bool all)
{
    struct names names = {0};
    int status = read_names(path, &names);
    if (!all)
        show_columns(&names);
    for (size_t i = 0; all && i < names.count; i++) {
        char whole[TOOL_PATH_BYTES];
        int shown =
            tool_join(whole, path, names.name[i]) ? show_long(whole, names.name[i]) : STATUS_FAILED;
        status = shown ? shown : status;
    }
    free_names(&names);
    return status;
}

static int list_path(const char *path, bool all)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return tool_failed(path);
    if (S_ISDIR(status.st_mode))
        return list_directory(path, all);
    if (all)
        return show_long(path, path);
    printf("%s\n", path);
    return 0;
}

int ls_tool(int count, char **words)
{
    bool all = tool_option(&count, &words, 'l');
    int status = 0;
    if (count == 0)
        return list_path(".", all);
    for (int i = 0; i < count; i++) {
        if (count > 1 && tool_is_directory(words[i]))
            printf("%s%s:\n", i ? "\n" : "", words[i]);
        int listed = list_path(words[i], all);
        status = listed ? listed : status;
    }
    return status;
}

static int write_all(const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t done = write(1, bytes, count);
        if (done <= 0)
            return tool_failed("output");
        bytes += done;
        count -= (size_t)done;
    }
    return 0;
}

static int show_file(int file, const char *path)
{
    static char buffer[BUFFER_BYTES];
    for (;;) {
        ssize_t got = read(file, buffer, sizeof buffer);
        if (got < 0)
            return tool_failed(path);
        if (got == 0)
            return 0;
        int status = write_all(buffer, (size_t)got);
        if (status)
            return status;
    }
}

int cat_tool(int count, char **words)
{
    int status = 0;
    if (count == 0)
        return show_file(0, "input");
    for (int i = 0; i < count; i++) {
        int file = open(words[i], O_RDONLY);
        int shown = file < 0 ? tool_failed(words[i]) : show_file(file, words[i]);
        status = shown ? shown : status;
        if (file >= 0)
            close(file);
    }
    return status;
}
