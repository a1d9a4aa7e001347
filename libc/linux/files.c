/* What is done with descriptors: of the console, and of files. */
#include "libc/linux/linux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cocos/errors.h>
#include <cocos/protocol/text.h>

#include "libc/linux/descriptors.h"
#include "libc/linux/status.h"

#define VECTORS_MAX 1024 /* Linux's UIO_MAXIOV */
#define OFFSET_MAX INT64_MAX

static bool may(const struct opened *entry, uint32_t access)
{
    uint32_t mode = entry->flags & O_ACCMODE;
    return mode == access || mode == O_RDWR;
}

/* ---- Reading and writing ---- */

static int64_t read_at(const struct opened *entry, uint64_t offset, void *to, uint64_t bytes)
{
    if (offset > OFFSET_MAX)
        return -EINVAL;
    return linux_error(file_read(entry->file, offset, to, bytes));
}

static int64_t write_at(const struct opened *entry, uint64_t offset, const void *from,
                        uint64_t bytes)
{
    if (offset > OFFSET_MAX)
        return -EINVAL;
    int64_t done = linux_error(file_write(entry->file, offset, from, bytes));
    if (done == -EPIPE)
        linux_no_reader();
    return done;
}

static int64_t read_some(struct opened *entry, void *to, uint64_t bytes)
{
    if (!may(entry, O_RDONLY))
        return -EBADF;
    if (!entry->file)
        return linux_console_read(to, bytes);
    int64_t done = read_at(entry, entry->offset, to, bytes);
    entry->offset += done > 0 ? (uint64_t)done : 0;
    return done;
}

static int64_t write_some(struct opened *entry, const void *from, uint64_t bytes)
{
    if (!may(entry, O_WRONLY))
        return -EBADF;
    if (!entry->file)
        return linux_console_write(from, bytes);
    if (entry->flags & O_APPEND) {
        struct file_status status;
        int64_t error = file_status(entry->file, &status);
        if (error < 0)
            return linux_error(error);
        entry->offset = status.bytes;
    }
    int64_t done = write_at(entry, entry->offset, from, bytes);
    entry->offset += done > 0 ? (uint64_t)done : 0;
    return done;
}

int64_t linux_read(const uint64_t *a)
{
    struct opened *entry = descriptor_get(a[0]);
    return entry ? read_some(entry, (void *)a[1], a[2]) : -EBADF;
}

int64_t linux_write(const uint64_t *a)
{
    struct opened *entry = descriptor_get(a[0]);
    return entry ? write_some(entry, (const void *)a[1], a[2]) : -EBADF;
}

int64_t linux_pread64(const uint64_t *a)
{
    const struct opened *entry = descriptor_get(a[0]);
    if (!entry || !may(entry, O_RDONLY))
        return -EBADF;
    return entry->file ? read_at(entry, a[3], (void *)a[1], a[2]) : -ESPIPE;
}

int64_t linux_pwrite64(const uint64_t *a)
{
    const struct opened *entry = descriptor_get(a[0]);
    if (!entry || !may(entry, O_WRONLY))
        return -EBADF;
    return entry->file ? write_at(entry, a[3], (const void *)a[1], a[2]) : -ESPIPE;
}

/* As one text, so that the console keeps together what the program wrote at once. */
int64_t linux_writev(const uint64_t *a)
{
    const struct iovec *vectors = (const struct iovec *)a[1];
    struct opened *entry = descriptor_get(a[0]);
    if (!entry)
        return -EBADF;
    if (a[2] > VECTORS_MAX)
        return -EINVAL;
    char joined[TEXT_TOTAL_BYTES];
    uint64_t used = 0, total = 0;
    for (uint64_t i = 0; i < a[2]; i++) {
        const char *from = vectors[i].iov_base;
        for (uint64_t k = 0; k < vectors[i].iov_len; k++) {
            joined[used++] = from[k];
            if (used < sizeof joined)
                continue;
            int64_t done = write_some(entry, joined, used);
            if (done < 0)
                return total ? (int64_t)total : done;
            total += (uint64_t)done;
            if ((uint64_t)done < used)
                return (int64_t)total;
            used = 0;
        }
    }
    int64_t done = used ? write_some(entry, joined, used) : 0;
    if (done < 0)
        return total ? (int64_t)total : done;
    return (int64_t)total + done;
}

/* Ends at the first vector that is not filled. */
int64_t linux_readv(const uint64_t *a)
{
    const struct iovec *vectors = (const struct iovec *)a[1];
    struct opened *entry = descriptor_get(a[0]);
    if (!entry)
        return -EBADF;
    if (a[2] > VECTORS_MAX)
        return -EINVAL;
    uint64_t total = 0;
    for (uint64_t i = 0; i < a[2]; i++) {
        if (vectors[i].iov_len == 0)
            continue;
        int64_t done = read_some(entry, vectors[i].iov_base, vectors[i].iov_len);
        if (done < 0)
            return total ? (int64_t)total : done;
        total += (uint64_t)done;
        /* More of the console would wait for more input. */
        if (!entry->file || (uint64_t)done < vectors[i].iov_len)
            break;
    }
    return (int64_t)total;
}

/* ---- Where, how large ---- */

int64_t linux_lseek(const uint64_t *a)
{
    struct opened *entry = descriptor_get(a[0]);
    uint64_t from = 0;
    if (!entry)
        return -EBADF;
    if (!entry->file)
        return -ESPIPE;
    if (a[2] == SEEK_CUR) {
        from = entry->offset;
    } else if (a[2] == SEEK_END) {
        struct file_status status;
        int64_t error = file_status(entry->file, &status);
        if (error < 0)
            return linux_error(error);
        from = status.bytes;
    } else if (a[2] != SEEK_SET) {
        return -EINVAL;
    }
    if (from + a[1] > OFFSET_MAX)
        return -EINVAL;
    entry->offset = from + a[1];
    return (int64_t)entry->offset;
}

int64_t linux_ftruncate(const uint64_t *a)
{
    const struct opened *entry = descriptor_get(a[0]);
    if (!entry)
        return -EBADF;
    if (!entry->file || !may(entry, O_WRONLY) || a[1] > OFFSET_MAX)
        return -EINVAL;
    return linux_error(file_resize(entry->file, a[1]));
}

int64_t linux_fsync(const uint64_t *a)
{
    const struct opened *entry = descriptor_get(a[0]);
    if (!entry)
        return -EBADF;
    return entry->file ? linux_error(file_sync(entry->file)) : -EINVAL;
}

int64_t linux_fdatasync(const uint64_t *a)
{
    return linux_fsync(a);
}

/* ---- What it is ---- */

void linux_status(const struct file_status *from, struct stat *to)
{
    struct timespec time = {(time_t)(from->written_ns / 1000000000u),
                            (long)(from->written_ns % 1000000000u)};
    *to = (struct stat){
        .st_ino = from->id,
        .st_nlink = from->names,
        .st_mode = from->mode,
        .st_size = (off_t)from->bytes,
        .st_blksize = 65536,
        .st_blocks = (blkcnt_t)((from->bytes + 511) / 512),
        .st_atim = time,
        .st_mtim = time,
        .st_ctim = time,
    };
}

int64_t linux_fstat(const uint64_t *a)
{
    const struct opened *entry = descriptor_get(a[0]);
    struct stat *status = (struct stat *)a[1];
    struct file_status of_file;
    if (!entry)
        return -EBADF;
    if (entry->file) {
        int64_t error = file_status(entry->file, &of_file);
        if (error == OK)
            linux_status(&of_file, status);
        return linux_error(error);
    }
    *status = (struct stat){
        .st_nlink = 1,
        .st_mode = S_IFCHR | S_IRUSR | S_IWUSR | S_IWGRP,
        .st_rdev = 5 << 8 | 1, /* Linux's /dev/console */
        .st_blksize = 1024,
    };
    return 0;
}

/* The size alone: it is what musl's isatty asks for. */
int64_t linux_ioctl(const uint64_t *a)
{
    const struct opened *entry = descriptor_get(a[0]);
    if (!entry)
        return -EBADF;
    if (entry->file)
        return -ENOTTY;
    switch (a[1]) {
    case TIOCGWINSZ:
        break;
    case TCGETS:
        linux_console_settings((void *)a[2]);
        return 0;
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        linux_console_set((const void *)a[2]);
        return 0;
    default:
        return -ENOTTY;
    }
    struct winsize *size = (struct winsize *)a[2];
    uint16_t columns, lines;
    linux_console_size(&columns, &lines); /* without a console server: unknown, as Linux's 0 0 */
    *size = (struct winsize){.ws_col = columns, .ws_row = lines};
    return 0;
}

/* ---- Directories ---- */

/* How many bytes an entry takes in `room` bytes at `to`, or 0: it does not fit. */
static uint64_t put_entry(const struct files_entry *entry, uint64_t place, char *to, uint64_t room)
{
    uint64_t head = offsetof(struct dirent, d_name);
    uint64_t bytes = (head + entry->name_bytes + 1 + 7) & ~7ull;
    struct dirent *made = (struct dirent *)to;
    if (bytes > room)
        return 0;
    made->d_ino = entry->id ? entry->id : 1; /* 0 is no entry, to some */
    made->d_off = (off_t)place;
    made->d_reclen = (unsigned short)bytes;
    made->d_type = entry->type;
    for (uint32_t i = 0; i <= entry->name_bytes; i++)
        made->d_name[i] = entry->name[i];
    return bytes;
}

int64_t linux_getdents64(const uint64_t *a)
{
    struct opened *opened = descriptor_get(a[0]);
    uint64_t used = 0;
    if (!opened)
        return -EBADF;
    if (!opened->file)
        return -ENOTDIR;
    for (;;) {
        int64_t error;
        uint64_t place = opened->offset;
        const struct files_entry *entry = file_next(opened->file, &place, &error);
        if (!entry)
            return used || error == OK ? (int64_t)used : linux_error(error);
        uint64_t bytes = put_entry(entry, place, (char *)a[1] + used, a[2] - used);
        if (bytes == 0)
            return used ? (int64_t)used : -EINVAL;
        used += bytes;
        opened->offset = place;
    }
}
