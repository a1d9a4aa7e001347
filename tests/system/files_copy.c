/*
 * Copies a file, reads both and compares, with names made, changed and removed beside it, as an
 * ordinary C program does: until a program that ends the file server meanwhile (ends_hostfs) is
 * done. Says how often, and what went wrong: nothing may.
 *
 *   files_copy FROM TO
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cocos/service.h>
#include <cocos/sys.h>

#define PIECE 24000 /* not of whole frames */

static int failed;

static void expect(int condition, const char *what)
{
    if (!condition) {
        printf("FAILED: %s: %s\n", what, strerror(errno));
        failed = 1;
    }
}

/* All of it but the end in pieces of that size. */
static void copy(const char *from, const char *to)
{
    static char piece[PIECE];
    int source = open(from, O_RDONLY), copied = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ssize_t bytes = 1;
    expect(source >= 0 && copied >= 0, "opening");
    while (!failed && (bytes = read(source, piece, sizeof piece)) > 0)
        expect(write(copied, piece, (size_t)bytes) == bytes, "writing");
    expect(bytes == 0, "reading");
    expect(fsync(copied) == 0, "syncing");
    expect(close(copied) == 0 && close(source) == 0, "closing");
}

static void compare(const char *from, const char *to)
{
    static char a[PIECE], b[PIECE];
    int one = open(from, O_RDONLY), other = open(to, O_RDONLY);
    ssize_t bytes = 1;
    while (!failed && bytes > 0) {
        bytes = read(one, a, sizeof a);
        expect(bytes >= 0 && read(other, b, sizeof b) == bytes, "reading again");
        expect(bytes <= 0 || memcmp(a, b, (size_t)bytes) == 0, "the copy is the same");
    }
    close(one);
    close(other);
}

/* How many names there are in a directory that begin with "name". */
static int names_in(const char *path)
{
    DIR *directory = opendir(path);
    int found = 0;
    expect(directory != NULL, "opening a directory");
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        found += strncmp(entry->d_name, "name", 4) == 0;
    if (directory)
        closedir(directory);
    return found;
}

#define NAMES 8

static void names(const char *to)
{
    char directory[256], name[300], other[300];
    struct stat status;
    snprintf(directory, sizeof directory, "%s.d", to);
    expect(mkdir(directory, 0755) == 0, "making a directory");
    for (int i = 0; i < NAMES && !failed; i++) {
        snprintf(name, sizeof name, "%s/new%d", directory, i);
        snprintf(other, sizeof other, "%s/name%d", directory, i);
        int file = open(name, O_CREAT | O_EXCL | O_WRONLY | O_APPEND, 0600);
        expect(file >= 0, "making a file");
        expect(write(file, "one", 3) == 3 && write(file, "two", 3) == 3, "appending");
        close(file);
        expect(rename(name, other) == 0, "renaming");
        expect(stat(other, &status) == 0 && status.st_size == 6, "what was appended is there once");
    }
    expect(names_in(directory) == NAMES, "all names are there, once");
    for (int i = 0; i < NAMES && !failed; i++) {
        snprintf(other, sizeof other, "%s/name%d", directory, i);
        expect(unlink(other) == 0, "removing a file");
    }
    expect(rmdir(directory) == 0, "removing a directory");
}

/* Whether the other program has ended the server as often as it was to. */
static int is_over(void)
{
    static uint32_t other = SLOT_NONE;
    if (other == SLOT_NONE && service_find("ends_hostfs", &other) < 0)
        return 1;
    struct message message = {0};
    return sys_call_until(other, DEADLINE_NOW, &message) == OK;
}

int main(int argc, char **argv)
{
    int rounds = 0;
    if (argc != 3)
        return 2;
    do {
        copy(argv[1], argv[2]);
        compare(argv[1], argv[2]);
        names(argv[2]);
        rounds++;
    } while (!failed && !is_over());
    printf("files_copy: %s, %s\n", rounds > 0 ? "copied" : "nothing was copied",
           failed ? "something failed" : "all is well");
    return failed;
}
