/*
 * Small programs about files, in one file: which it is, the first argument says. They are ordinary
 * C programs; the shell starts them by their names.
 */
#ifndef TOOLS_TOOLS_H
#define TOOLS_TOOLS_H

#include <stdbool.h>

/* What they end with, as in a shell: 0, or these. */
enum { STATUS_FAILED = 1, STATUS_USAGE = 2 };

#define TOOL_PATH_BYTES 2048

/* Each takes its arguments, the name not counted, and returns its status. */
int ls_tool(int count, char **words);
int cat_tool(int count, char **words);
int cp_tool(int count, char **words);
int mv_tool(int count, char **words);
int rm_tool(int count, char **words);
int mkdir_tool(int count, char **words);

/* The name of the one that runs. */
extern const char *tool;

/* Prints "TOOL: PATH: " and what errno says. Returns STATUS_FAILED. */
int tool_failed(const char *path);
int tool_usage(void);

/* Takes the option `letter` away if it is the first word. */
bool tool_option(int *count, char ***words, char letter);

/* directory/name. False: it is too long, which has been said. */
bool tool_join(char path[TOOL_PATH_BYTES], const char *directory, const char *name);

/* Whether it is a directory; false also where there is nothing. */
bool tool_is_directory(const char *path);

/* The last name of a path, without what is behind it. */
void tool_last_name(char name[TOOL_PATH_BYTES], const char *path);

/* ---- copy.c ---- */

/* Copies a file, or all of a directory. What goes on for long shows how far it is. A status. */
int copy_any(const char *from, const char *to, bool directories);

/* ---- remove.c ---- */

int remove_any(const char *path, bool directories);

#endif
