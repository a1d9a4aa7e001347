/* cp, and mv, which copies where renaming does not go. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools.h"

#define BUFFER_BYTES (256 << 10)
#define PERCENT 100

/* What takes longer than this, in nanoseconds, says how far it is, once in as many. */
#define PATIENCE 1000000000ll

struct progress {
    const char *path;
    long long bytes, done;
    struct timespec said;
    bool shown;
};

static void begin_progress(struct progress *progress, const char *path, long long bytes)
{
    *progress = (struct progress){.path = path, .bytes = bytes};
    clock_gettime(CLOCK_MONOTONIC, &progress->said);
}

static void show_progress(struct progress *progress, long long more)
{
    struct timespec now;
    progress->done += more;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long long silent =
        (now.tv_sec - progress->said.tv_sec) * 1000000000ll + now.tv_nsec - progress->said.tv_nsec;
    if (silent < PATIENCE || progress->bytes <= 0 || !isatty(2))
        return;
    fprintf(stderr, "\r%s: %s: %lld %%\x1b[K", tool, progress->path,
            progress->done * PERCENT / progress->bytes);
    progress->said = now;
    progress->shown = true;
}

static void end_progress(const struct progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r\x1b[K");
}

static int copy_bytes(int from, int to, struct progress *progress, const char *to_path)
{
    static char buffer[BUFFER_BYTES];
    for (;;) {
        ssize_t got = read(from, buffer, sizeof buffer);
        if (got < 0)
            return tool_failed(progress->path);
        if (got == 0)
            return 0;
        for (ssize_t done = 0; done < got;) {
            ssize_t written = write(to, buffer + done, (size_t)(got - done));
            if (written <= 0)
                return tool_failed(to_path);
            done += written;
        }
        show_progress(progress, got);
    }
}

static int copy_file(const char *from_path, const char *to_path, const struct stat *status)
{
    struct stat there;
    struct progress progress;
    if (stat(to_path, &there) == 0 && there.st_ino == status->st_ino &&
        there.st_dev == status->st_dev && strcmp(from_path, to_path) == 0) {
        fprintf(stderr, "%s: %s: is the same file\n", tool, from_path);
        return STATUS_FAILED;
    }
    int from = open(from_path, O_RDONLY);
    if (from < 0)
        return tool_failed(from_path);
    int to = open(to_path, O_WRONLY | O_CREAT | O_TRUNC, status->st_mode & 0777);
    if (to < 0) {
        int failed = tool_failed(to_path);
        close(from);
        return failed;
    }
    begin_progress(&progress, from_path, status->st_size);
    int error = copy_bytes(from, to, &progress, to_path);
    end_progress(&progress);
    close(from);
    if (close(to) != 0 && !error)
        error = tool_failed(to_path);
    return error;
}

/* Whether `path` is `directory`, or in it, as far as names tell. */
static bool is_within(const char *path, const char *directory)
{
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static int copy_directory(const char *from, const char *to)
{
    const struct dirent *entry;
    int status = 0;
    if (is_within(to, from)) {
        fprintf(stderr, "%s: %s: cannot be copied into itself\n", tool, from);
        return STATUS_FAILED;
    }
    if (mkdir(to, 0777) != 0 && errno != EEXIST)
        return tool_failed(to);
    DIR *directory = opendir(from);
    if (!directory)
        return tool_failed(from);
    while ((entry = readdir(directory)) != NULL) {
        char inner_from[TOOL_PATH_BYTES], inner_to[TOOL_PATH_BYTES];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int copied =
            tool_join(inner_from, from, entry->d_name) && tool_join(inner_to, to, entry->d_name)
                ? copy_any(inner_from, inner_to, true)
                : STATUS_FAILED;
        status = copied ? copied : status;
    }
    closedir(directory);
    return status;
}

int copy_any(const char *from, const char *to, bool directories) // NOLINT(misc-no-recursion)
{
    struct stat status;
    if (stat(from, &status) != 0)
        return tool_failed(from);
    if (!S_ISDIR(status.st_mode))
        return copy_file(from, to, &status);
    if (directories)
        return copy_directory(from, to);
    errno = EISDIR;
    return tool_failed(from);
}

/* Where a thing goes that is to be `to`, or in `to` if that is a directory. */
static bool target_of(char target[TOOL_PATH_BYTES], const char *from, const char *to, bool into)
{
    char name[TOOL_PATH_BYTES];
    tool_last_name(name, from);
    if (into)
        return tool_join(target, to, name);
    snprintf(target, TOOL_PATH_BYTES, "%s", to);
    return true;
}

static int each(int count, char **words, int (*one)(const char *from, const char *to))
{
    int status = 0;
    const char *to = words[count - 1];
    bool into = tool_is_directory(to);
    if (count > 2 && !into) {
        errno = ENOTDIR;
        return tool_failed(to);
    }
    for (int i = 0; i + 1 < count; i++) {
        char target[TOOL_PATH_BYTES];
        int done = target_of(target, words[i], to, into) ? one(words[i], target) : STATUS_FAILED;
        status = done ? done : status;
    }
    return status;
}

static int copy_one(const char *from, const char *to)
{
    return copy_any(from, to, false);
}

static int copy_tree(const char *from, const char *to)
{
    return copy_any(from, to, true);
}

static int move_one(const char *from, const char *to)
{
    if (rename(from, to) == 0)
        return 0;
    if (errno != EXDEV)
        return tool_failed(from);
    int status = copy_any(from, to, true);
    return status ? status : remove_any(from, true);
}

int cp_tool(int count, char **words)
{
    bool directories = tool_option(&count, &words, 'r');
    return count < 2 ? tool_usage() : each(count, words, directories ? copy_tree : copy_one);
}

int mv_tool(int count, char **words)
{
    return count < 2 ? tool_usage() : each(count, words, move_one);
}
