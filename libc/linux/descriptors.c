/* Which descriptors are open, and for what. */
#include "libc/linux/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>

#include <cocos/errors.h>
#include <cocos/path.h>

#define DESCRIPTORS 64

static struct opened opened[DESCRIPTORS];
static struct opened *descriptors[DESCRIPTORS];
static bool close_on_exec[DESCRIPTORS]; /* noted only: nothing is executed in place */
static bool begun;

static struct opened *free_entry(void)
{
    for (uint32_t i = 0; i < DESCRIPTORS; i++)
        if (opened[i].uses == 0)
            return &opened[i];
    return NULL; /* there are as many as descriptors, so that this one is for none */
}

/* What the process page says of descriptor `i`: its file, or the console. */
static void begin_stream(const struct process_page *page, uint32_t i, struct opened *console)
{
    const struct process_stream *stream = &page->streams[i];
    uint32_t access = ((stream->access & STREAM_READ) ? FILES_READ_ACCESS : 0) |
                      ((stream->access & STREAM_WRITE) ? FILES_WRITE_ACCESS : 0);
    struct file *file;
    descriptors[i] = console;
    console->uses++;
    if (stream->path == 0 || stream->path >= PROCESS_ARGUMENT_BYTES)
        return;
    console->uses--;
    descriptors[i] = NULL;
    if (file_open(page->arguments + stream->path, access, &file) < 0)
        return;
    uint32_t flags = access == FILES_READ_ACCESS    ? O_RDONLY
                     : access == FILES_WRITE_ACCESS ? O_WRONLY
                                                    : O_RDWR;
    descriptors[i] = free_entry();
    *descriptors[i] = (struct opened){1, flags, file, stream->offset};
}

static void begin(void)
{
    struct opened *console = &opened[0];
    begun = true;
    *console = (struct opened){1, O_RDWR, NULL, 0};
    for (uint32_t i = 0; i < PROCESS_STREAMS; i++)
        begin_stream((const struct process_page *)PROCESS_PAGE, i, console);
    console->uses--;
}

struct opened *descriptor_get(uint64_t descriptor)
{
    if (!begun)
        begin();
    return descriptor < DESCRIPTORS ? descriptors[descriptor] : NULL;
}

/* The lowest free one from `first` on, or -EMFILE. */
static int64_t free_descriptor(uint64_t first)
{
    for (uint64_t i = first; i < DESCRIPTORS; i++)
        if (!descriptor_get(i))
            return (int64_t)i;
    return -EMFILE;
}

int64_t descriptor_add(struct file *file, uint32_t flags)
{
    int64_t descriptor = free_descriptor(0);
    if (descriptor < 0)
        return descriptor;
    struct opened *entry = free_entry();
    *entry = (struct opened){1, flags & ~(uint32_t)O_CLOEXEC, file, 0};
    descriptors[descriptor] = entry;
    close_on_exec[descriptor] = (flags & O_CLOEXEC) != 0;
    return descriptor;
}

int64_t linux_close(const uint64_t *a)
{
    struct opened *entry = descriptor_get(a[0]);
    if (!entry)
        return -EBADF;
    descriptors[a[0]] = NULL;
    if (--entry->uses == 0 && entry->file)
        file_close(entry->file);
    return 0;
}

/* Makes `to` another number for what `from` is for. */
static int64_t duplicate(uint64_t from, int64_t to, bool on_exec)
{
    if (to < 0)
        return to;
    descriptors[to] = descriptors[from];
    descriptors[to]->uses++;
    close_on_exec[to] = on_exec;
    return to;
}

int64_t linux_dup(const uint64_t *a)
{
    return descriptor_get(a[0]) ? duplicate(a[0], free_descriptor(0), false) : -EBADF;
}

static int64_t duplicate_to(uint64_t from, uint64_t to, bool on_exec)
{
    if (!descriptor_get(from) || to >= DESCRIPTORS)
        return -EBADF;
    if (from == to)
        return (int64_t)to;
    linux_close(&to);
    return duplicate(from, (int64_t)to, on_exec);
}

int64_t linux_dup2(const uint64_t *a)
{
    return duplicate_to(a[0], a[1], false);
}

int64_t linux_dup3(const uint64_t *a)
{
    if (a[0] == a[1] || (a[2] & ~(uint64_t)O_CLOEXEC))
        return -EINVAL;
    return duplicate_to(a[0], a[1], a[2] != 0);
}

#define FLAGS_THAT_CHANGE ((uint32_t)O_APPEND)

int64_t linux_fcntl(const uint64_t *a)
{
    struct opened *entry = descriptor_get(a[0]);
    if (!entry)
        return -EBADF;
    switch (a[1]) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        if (a[2] >= DESCRIPTORS)
            return -EINVAL;
        return duplicate(a[0], free_descriptor(a[2]), a[1] == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return close_on_exec[a[0]] ? FD_CLOEXEC : 0;
    case F_SETFD:
        close_on_exec[a[0]] = (a[2] & FD_CLOEXEC) != 0;
        return 0;
    case F_GETFL:
        return entry->flags;
    case F_SETFL:
        entry->flags = (entry->flags & ~FLAGS_THAT_CHANGE) | ((uint32_t)a[2] & FLAGS_THAT_CHANGE);
        return 0;
    default:
        return -EINVAL;
    }
}
