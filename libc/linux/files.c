/* Descriptors. There are three, all the console; files come with a file server. */
#include "libc/linux/linux.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cocos/protocol/text.h>

#include "libc/integer_only.h"

#define DESCRIPTORS 3
#define VECTORS_MAX 1024 /* Linux's UIO_MAXIOV */

static bool closed[DESCRIPTORS];

static bool is_open(uint64_t descriptor)
{
    return descriptor < DESCRIPTORS && !closed[descriptor];
}

int64_t linux_read(const uint64_t *a)
{
    return is_open(a[0]) ? linux_console_read((char *)a[1], a[2]) : -EBADF;
}

int64_t linux_write(const uint64_t *a)
{
    return is_open(a[0]) ? linux_console_write((const char *)a[1], a[2]) : -EBADF;
}

/* As one text, so that the console keeps together what the program wrote at once. */
int64_t linux_writev(const uint64_t *a)
{
    const struct iovec *vectors = (const struct iovec *)a[1];
    if (!is_open(a[0]))
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
            int64_t done = linux_console_write(joined, used);
            if (done < 0)
                return total ? (int64_t)total : done;
            total += used;
            used = 0;
        }
    }
    int64_t done = used ? linux_console_write(joined, used) : 0;
    if (done < 0)
        return total ? (int64_t)total : done;
    return (int64_t)(total + used);
}

/* Ends at the first vector that is not filled: more would wait for more input. */
int64_t linux_readv(const uint64_t *a)
{
    const struct iovec *vectors = (const struct iovec *)a[1];
    if (!is_open(a[0]))
        return -EBADF;
    if (a[2] > VECTORS_MAX)
        return -EINVAL;
    for (uint64_t i = 0; i < a[2]; i++)
        if (vectors[i].iov_len)
            return linux_console_read(vectors[i].iov_base, vectors[i].iov_len);
    return 0;
}

int64_t linux_close(const uint64_t *a)
{
    if (!is_open(a[0]))
        return -EBADF;
    closed[a[0]] = true;
    return 0;
}

int64_t linux_fstat(const uint64_t *a)
{
    if (!is_open(a[0]))
        return -EBADF;
    struct stat *status = (struct stat *)a[1];
    *status = (struct stat){
        .st_nlink = 1,
        .st_mode = S_IFCHR | S_IRUSR | S_IWUSR | S_IWGRP,
        .st_rdev = 5 << 8 | 1, /* Linux's /dev/console */
        .st_blksize = 1024,
    };
    return 0;
}

int64_t linux_lseek(const uint64_t *a)
{
    return is_open(a[0]) ? -ESPIPE : -EBADF;
}

/* The size alone: it is what musl's isatty asks for. */
int64_t linux_ioctl(const uint64_t *a)
{
    if (!is_open(a[0]))
        return -EBADF;
    if (a[1] != TIOCGWINSZ)
        return -ENOTTY;
    struct winsize *size = (struct winsize *)a[2];
    uint16_t columns, lines;
    linux_console_size(&columns, &lines); /* without a console server: unknown, as Linux's 0 0 */
    *size = (struct winsize){.ws_col = columns, .ws_row = lines};
    return 0;
}
