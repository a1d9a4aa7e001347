/* Which tool it is, and what the tools share. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tools.h"

const char *tool;

static const struct {
    const char *name;
    int (*run)(int count, char **words);
    const char *usage;
} tools[] = {
    {"ls", ls_tool, "[-l] [PATH...]"},  {"cat", cat_tool, "[FILE...]"},
    {"cp", cp_tool, "[-r] FROM... TO"}, {"mv", mv_tool, "FROM... TO"},
    {"rm", rm_tool, "[-r] PATH..."},    {"mkdir", mkdir_tool, "[-p] DIRECTORY..."},
};
#define TOOLS (sizeof tools / sizeof tools[0])

int tool_failed(const char *path)
{
    fprintf(stderr, "%s: %s: %s\n", tool, path, strerror(errno));
    return STATUS_FAILED;
}

int tool_usage(void)
{
    for (size_t i = 0; i < TOOLS; i++)
        if (strcmp(tools[i].name, tool) == 0)
            fprintf(stderr, "usage: %s %s\n", tool, tools[i].usage);
    return STATUS_USAGE;
}

bool tool_option(int *count, char ***words, char letter)
{
    const char *word = *count > 0 ? **words : "";
    bool has = word[0] == '-' && word[1] == letter && !word[2];
    *count -= has;
    *words += has;
    return has;
}

bool tool_join(char path[TOOL_PATH_BYTES], const char *directory, const char *name)
{
    size_t length = strlen(directory);
    const char *slash = length > 0 && directory[length - 1] == '/' ? "" : "/";
    int all = snprintf(path, TOOL_PATH_BYTES, "%s%s%s", directory, slash, name);
    if (all >= 0 && all < TOOL_PATH_BYTES)
        return true;
    errno = ENAMETOOLONG;
    tool_failed(name);
    return false;
}

bool tool_is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

void tool_last_name(char name[TOOL_PATH_BYTES], const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    snprintf(name, TOOL_PATH_BYTES, "%.*s", (int)(end - start), path + start);
}

int main(int argc, char **argv)
{
    tool = argc > 0 ? argv[0] : "";
    for (size_t i = 0; i < TOOLS; i++) {
        if (strcmp(tools[i].name, tool) != 0)
            continue;
        int status = tools[i].run(argc - 1, argv + 1);
        if (fflush(stdout) != 0 && status == 0)
            status = tool_failed("output");
        return status;
    }
    fprintf(stderr, "%s: no such tool; these are: ls cat cp mv rm mkdir\n", tool);
    return STATUS_USAGE;
}
