/* Linux's calls that name a file by its path. Links are not there: lstat is stat. */
#define _GNU_SOURCE /* renameat2's flags, AT_EMPTY_PATH */
#include "libc/linux/linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cocos/errors.h>
#include <cocos/path.h>

#include "libc/linux/descriptors.h"
#include "libc/linux/status.h"

static uint32_t mask = 022;

/* The whole path of `path`, as seen from the directory that descriptor `at` is for. */
static int64_t resolve(uint64_t at, const char *path, char whole[FILES_PATH_BYTES])
{
    const char *from = NULL;
    if ((int32_t)at != AT_FDCWD && path[0] != '/') {
        const struct opened *entry = descriptor_get((uint32_t)at);
        if (!entry)
            return -EBADF;
        if (!entry->file)
            return -ENOTDIR;
        from = file_path(entry->file);
    }
    return linux_error(files_whole(from, path, whole));
}

/* ---- Opening ---- */

static uint32_t access_of(uint64_t flags)
{
    uint32_t mode = flags & O_ACCMODE;
    uint32_t access = mode == O_RDONLY   ? FILES_READ_ACCESS
                      : mode == O_WRONLY ? FILES_WRITE_ACCESS
                                         : FILES_READ_ACCESS | FILES_WRITE_ACCESS;
    if (flags & O_PATH)
        access = 0;
    if ((flags & O_TRUNC) && (access & FILES_WRITE_ACCESS))
        access |= FILES_TRUNCATE;
    return access | ((flags & O_DIRECTORY) ? FILES_DIRECTORY : 0);
}

/* Between looking for a file and making it, somebody may make it, or remove it again. */
#define CREATE_TRIES 4

static int64_t open_or_create(const char *whole, uint64_t flags, uint32_t mode, struct file **file)
{
    int64_t got = E_NO_FILE;
    for (int tries = 0; tries < CREATE_TRIES && got == E_NO_FILE; tries++) {
        if (!(flags & O_EXCL))
            got = file_open(whole, access_of(flags), file);
        if (got != E_NO_FILE)
            break;
        got = files_create(whole, mode);
        if (got == OK || (got == E_EXISTS && !(flags & O_EXCL)))
            got = file_open(whole, access_of(flags), file);
    }
    return got;
}

static int64_t open_at(uint64_t at, const char *path, uint64_t flags, uint64_t mode)
{
    char whole[FILES_PATH_BYTES];
    struct file *file;
    int64_t got = resolve(at, path, whole);
    if (got < 0)
        return got;
    if ((flags & O_CREAT) && !(flags & O_DIRECTORY))
        got = open_or_create(whole, flags, (uint32_t)mode & 0777 & ~mask, &file);
    else
        got = file_open(whole, access_of(flags), &file);
    if (got < 0)
        return linux_error(got);
    got = descriptor_add(file, (uint32_t)flags & ~(uint32_t)(O_CREAT | O_EXCL | O_TRUNC));
    if (got < 0)
        file_close(file);
    return got;
}

int64_t linux_open(const uint64_t *a)
{
    return open_at((uint64_t)AT_FDCWD, (const char *)a[0], a[1], a[2]);
}

int64_t linux_openat(const uint64_t *a)
{
    return open_at(a[0], (const char *)a[1], a[2], a[3]);
}

int64_t linux_creat(const uint64_t *a)
{
    return open_at((uint64_t)AT_FDCWD, (const char *)a[0], O_CREAT | O_WRONLY | O_TRUNC, a[1]);
}

/* ---- Looking ---- */

static int64_t status_at(uint64_t at, const char *path, struct file_status *status)
{
    char whole[FILES_PATH_BYTES];
    int64_t got = resolve(at, path, whole);
    return got < 0 ? got : linux_error(files_status(whole, status));
}

static int64_t stat_at(uint64_t at, const char *path, struct stat *to)
{
    struct file_status status;
    int64_t got = status_at(at, path, &status);
    if (got == 0)
        linux_status(&status, to);
    return got;
}

int64_t linux_stat(const uint64_t *a)
{
    return stat_at((uint64_t)AT_FDCWD, (const char *)a[0], (struct stat *)a[1]);
}

int64_t linux_lstat(const uint64_t *a)
{
    return linux_stat(a);
}

int64_t linux_newfstatat(const uint64_t *a)
{
    const char *path = (const char *)a[1];
    uint64_t of_descriptor[] = {a[0], a[2]};
    if (!path[0] && (a[3] & AT_EMPTY_PATH))
        return linux_fstat(of_descriptor);
    return stat_at(a[0], path, (struct stat *)a[2]);
}

/* By the owner's permissions: there are no users. */
static int64_t access_at(uint64_t at, const char *path, uint64_t wanted)
{
    struct file_status status;
    int64_t got = status_at(at, path, &status);
    if (got < 0)
        return got;
    return (status.mode >> 6 & wanted & 7) == wanted ? 0 : -EACCES;
}

int64_t linux_access(const uint64_t *a)
{
    return access_at((uint64_t)AT_FDCWD, (const char *)a[0], a[1]);
}

int64_t linux_faccessat(const uint64_t *a)
{
    return access_at(a[0], (const char *)a[1], a[2]);
}

/* There are none that could be read. */
static int64_t read_link(uint64_t at, const char *path)
{
    struct file_status status;
    int64_t got = status_at(at, path, &status);
    return got < 0 ? got : -EINVAL;
}

int64_t linux_readlink(const uint64_t *a)
{
    return read_link((uint64_t)AT_FDCWD, (const char *)a[0]);
}

int64_t linux_readlinkat(const uint64_t *a)
{
    return read_link(a[0], (const char *)a[1]);
}

/* ---- Changing ---- */

static int64_t make_directory_at(uint64_t at, const char *path, uint64_t mode)
{
    char whole[FILES_PATH_BYTES];
    int64_t got = resolve(at, path, whole);
    if (got < 0)
        return got;
    return linux_error(files_create(whole, FILES_DIRECTORY | ((uint32_t)mode & 0777 & ~mask)));
}

int64_t linux_mkdir(const uint64_t *a)
{
    return make_directory_at((uint64_t)AT_FDCWD, (const char *)a[0], a[1]);
}

int64_t linux_mkdirat(const uint64_t *a)
{
    return make_directory_at(a[0], (const char *)a[1], a[2]);
}

static int64_t remove_at(uint64_t at, const char *path, bool is_directory)
{
    char whole[FILES_PATH_BYTES];
    int64_t got = resolve(at, path, whole);
    if (got < 0)
        return got;
    return linux_error(files_remove(whole, is_directory ? FILES_DIRECTORY : 0));
}

int64_t linux_rmdir(const uint64_t *a)
{
    return remove_at((uint64_t)AT_FDCWD, (const char *)a[0], true);
}

int64_t linux_unlink(const uint64_t *a)
{
    return remove_at((uint64_t)AT_FDCWD, (const char *)a[0], false);
}

int64_t linux_unlinkat(const uint64_t *a)
{
    return remove_at(a[0], (const char *)a[1], (a[2] & AT_REMOVEDIR) != 0);
}

static int64_t rename_at(uint64_t at, const char *path, uint64_t to, const char *new_path)
{
    char whole[FILES_PATH_BYTES], new_whole[FILES_PATH_BYTES];
    int64_t got = resolve(at, path, whole);
    if (got >= 0)
        got = resolve(to, new_path, new_whole);
    return got < 0 ? got : linux_error(files_rename(whole, new_whole));
}

int64_t linux_rename(const uint64_t *a)
{
    return rename_at((uint64_t)AT_FDCWD, (const char *)a[0], (uint64_t)AT_FDCWD,
                     (const char *)a[1]);
}

int64_t linux_renameat(const uint64_t *a)
{
    return rename_at(a[0], (const char *)a[1], a[2], (const char *)a[3]);
}

int64_t linux_renameat2(const uint64_t *a)
{
    return a[4] ? -EINVAL : linux_renameat(a);
}

int64_t linux_truncate(const uint64_t *a)
{
    struct file *file;
    char whole[FILES_PATH_BYTES];
    int64_t got = resolve((uint64_t)AT_FDCWD, (const char *)a[0], whole);
    if (got < 0)
        return got;
    got = file_open(whole, FILES_WRITE_ACCESS, &file);
    if (got < 0)
        return linux_error(got);
    got = file_resize(file, a[1]);
    file_close(file);
    return linux_error(got);
}

/* ---- The current directory ---- */

int64_t linux_chdir(const uint64_t *a)
{
    return linux_error(files_change_directory((const char *)a[0]));
}

int64_t linux_fchdir(const uint64_t *a)
{
    const struct opened *entry = descriptor_get(a[0]);
    if (!entry)
        return -EBADF;
    return entry->file ? linux_error(files_change_directory(file_path(entry->file))) : -ENOTDIR;
}

/* Linux's answers with the length, the terminating zero included. */
int64_t linux_getcwd(const uint64_t *a)
{
    const char *directory = files_directory();
    uint64_t bytes = 0;
    while (directory[bytes++])
        if (bytes >= a[1])
            return -ERANGE;
    for (uint64_t i = 0; i < bytes; i++)
        ((char *)a[0])[i] = directory[i];
    return (int64_t)bytes;
}

int64_t linux_umask(const uint64_t *a)
{
    uint32_t old = mask;
    mask = (uint32_t)a[0] & 0777;
    return old;
}
