/*
 * Open files (contracts: cocos/files.h). A file is opened again by its path when its server says
 * that it does not know the fid: that server is a new one.
 */
#include "libc/files.h"

#include <stddef.h>

#include <cocos/frames.h>
#include <cocos/path.h>
#include <cocos/service.h>

#define REST_ROOT UINT32_MAX
#define ENTRIES_BYTES 1536u

struct file {
    uint64_t fid;
    uint32_t access; /* FILES_* */
    uint32_t rest;   /* where in `path` the path at the server begins; REST_ROOT: it is / */
    struct file_status status; /* as it was when it was opened */
    char service[MOUNT_SERVICE_BYTES];
    char path[FILES_PATH_BYTES];
    /* Of a directory: entries that were read ahead; the one at `entry_at` is that of `entry_place`.
     */
    uint32_t entry_at, entries_end;
    uint64_t entry_place;
    uint64_t entries[ENTRIES_BYTES / sizeof(uint64_t)];
};
_Static_assert(sizeof(struct file) <= FRAME_BYTES, "an open file lies in one frame");

/* Opening again may be in vain, where servers end faster than they are asked; nobody does that
 * forever. */
#define TRIES_MAX 100

/* ---- Opening and closing ---- */

static int64_t ask_to_open(const struct file *file, uint32_t access, struct message *message)
{
    struct files_run run;
    int64_t got = files_small_run(MAP_READ, &run);
    if (got < 0)
        return got;
    const char *path = file->rest == REST_ROOT ? "/" : file->path + file->rest;
    uint64_t length = 0;
    for (; path[length]; length++)
        ((char *)run.address)[length] = path[length];
    *message = (struct message){.words = {FILES_OPEN, length, access}};
    return files_ask(file->service, run, message, NULL);
}

static int64_t fill(struct file *file, const char *path, uint32_t access)
{
    const char *rest;
    int64_t got = files_whole(NULL, path, file->path);
    if (got < 0)
        return got;
    const struct process_mount *mount = path_mount(files_mounts(), file->path, &rest);
    if (!mount)
        return E_NO_FILES;
    bool is_inside = rest >= file->path && rest < file->path + FILES_PATH_BYTES;
    file->rest = is_inside ? (uint32_t)(rest - file->path) : REST_ROOT;
    for (uint32_t i = 0; i < MOUNT_SERVICE_BYTES; i++)
        file->service[i] = mount->service[i];
    file->access = access & ~FILES_TRUNCATE;
    struct message message;
    got = ask_to_open(file, access, &message);
    if (got < 0)
        return got;
    file->fid = message.words[1];
    files_status_of(&message, &file->status);
    return OK;
}

int64_t file_open(const char *path, uint32_t access, struct file **opened)
{
    int64_t frame = frame_take(MAP_READ | MAP_WRITE, tag_of("file"));
    if (frame < 0)
        return frame;
    struct file *file = (struct file *)frame;
    int64_t error = fill(file, path, access);
    if (error < 0)
        sys_frame_release((uint64_t)frame, ORDER_FRAME);
    else
        *opened = file;
    return error;
}

void file_close(struct file *file)
{
    struct message message = {.words = {FILES_CLOSE, file->fid}};
    files_ask(file->service, (struct files_run){0}, &message, NULL);
    sys_frame_release((uint64_t)file, ORDER_FRAME);
}

const char *file_path(const struct file *file)
{
    return file->path;
}

int64_t files_status(const char *path, struct file_status *status)
{
    struct file *file;
    int64_t error = file_open(path, 0, &file);
    if (error < 0)
        return error;
    *status = file->status;
    file_close(file);
    return OK;
}

/* It must be the same file still. */
static int64_t open_again(struct file *file)
{
    struct message message;
    struct file_status status;
    int64_t got = ask_to_open(file, file->access, &message);
    if (got < 0)
        return got == E_NO_FILE || got == E_NOT_DIRECTORY ? E_FID : got;
    files_status_of(&message, &status);
    uint64_t fid = message.words[1];
    if (status.id == file->status.id) {
        file->fid = fid;
        return OK;
    }
    message = (struct message){.words = {FILES_CLOSE, fid}};
    files_ask(file->service, (struct files_run){0}, &message, NULL);
    return E_FID;
}

/* ---- What is done with open files ---- */

/* Asks for the file; the message is the request but for its fid. */
static int64_t ask(struct file *file, struct files_run run, struct message *message)
{
    struct message request = *message;
    int64_t got = E_FID;
    for (uint32_t tries = 0; got == E_FID && tries < TRIES_MAX; tries++) {
        *message = request;
        message->words[1] = file->fid;
        got = files_ask(file->service, run, message, NULL);
        if (got != E_FID)
            break;
        int64_t error = open_again(file);
        if (error < 0)
            return error;
    }
    return got;
}

int64_t file_status(struct file *file, struct file_status *status)
{
    struct message message = {.words = {FILES_STAT}};
    int64_t got = ask(file, (struct files_run){0}, &message);
    if (got == OK)
        files_status_of(&message, status);
    return got;
}

/* Reads or writes what fits; the number of bytes. Whatever the server says, it is no more than was
 * asked for. */
static int64_t transfer(struct file *file, enum files_request request, uint64_t offset,
                        struct files_run run, uint64_t bytes)
{
    struct message message = {.words = {request, 0, offset, bytes}};
    int64_t got = ask(file, run, &message);
    if (got < 0)
        return got;
    return message.words[1] <= bytes ? (int64_t)message.words[1] : E_FILE_SERVER;
}

static int64_t transfer_run(struct file *file, enum files_request request, uint64_t offset,
                            struct files_run run, uint64_t bytes)
{
    if (run.order > ORDER_BLOCK || bytes > FRAME_BYTES << run.order)
        return E_ARGUMENT;
    return bytes ? transfer(file, request, offset, run, bytes) : 0;
}

int64_t file_read_run(struct file *file, uint64_t offset, uint64_t run, uint32_t order,
                      uint64_t bytes)
{
    struct files_run frames = {run, order, MAP_READ | MAP_WRITE};
    return transfer_run(file, FILES_READ, offset, frames, bytes);
}

int64_t file_write_run(struct file *file, uint64_t offset, uint64_t run, uint32_t order,
                       uint64_t bytes)
{
    struct files_run frames = {run, order, MAP_READ};
    return transfer_run(file, FILES_WRITE, offset, frames, bytes);
}

/* A run for so many bytes at a time as it has; small things need no large one. */
static int64_t run_for(uint64_t bytes, uint32_t rights, struct files_run *run)
{
    if (bytes > FRAME_BYTES && files_large_run(rights, run) == OK)
        return OK;
    return files_small_run(rights, run);
}

static uint64_t piece_of(const struct files_run *run, uint64_t bytes)
{
    uint64_t room = FRAME_BYTES << run->order;
    return bytes < room ? bytes : room;
}

static bool is_pipe(const struct file *file)
{
    return (file->status.mode & FILES_TYPE_MASK) == FILES_TYPE_PIPE;
}

int64_t file_read(struct file *file, uint64_t offset, void *to, uint64_t bytes)
{
    struct files_run run;
    uint64_t done = 0;
    int64_t got = run_for(bytes, MAP_READ | MAP_WRITE, &run);
    while (got >= 0 && done < bytes) {
        uint64_t piece = piece_of(&run, bytes - done);
        got = transfer(file, FILES_READ, offset + done, run, piece);
        if (got <= 0)
            break;
        __builtin_memcpy((char *)to + done, (const char *)run.address, (uint64_t)got);
        done += (uint64_t)got;
        if (is_pipe(file))
            break; /* more may never come */
    }
    return done ? (int64_t)done : got;
}

int64_t file_write(struct file *file, uint64_t offset, const void *from, uint64_t bytes)
{
    struct files_run run;
    uint64_t done = 0;
    int64_t got = run_for(bytes, MAP_READ, &run);
    while (got >= 0 && done < bytes) {
        uint64_t piece = piece_of(&run, bytes - done);
        __builtin_memcpy((char *)run.address, (const char *)from + done, piece);
        got = transfer(file, FILES_WRITE, offset + done, run, piece);
        if (got == 0)
            got = E_FILE_SERVER;
        done += got > 0 ? (uint64_t)got : 0;
    }
    return done ? (int64_t)done : got;
}

int64_t file_resize(struct file *file, uint64_t bytes)
{
    struct message message = {.words = {FILES_RESIZE, 0, bytes}};
    return ask(file, (struct files_run){0}, &message);
}

int64_t file_sync(struct file *file)
{
    struct message message = {.words = {FILES_SYNC}};
    return ask(file, (struct files_run){0}, &message);
}

/* ---- Directories ---- */

/* Places of mounts, behind the server's own. */
#define MOUNT_PLACE (1ull << 63)

/* The entry at entry_at, or NULL: there is none that holds together. */
static struct files_entry *entry_here(struct file *file)
{
    struct files_entry *entry = (struct files_entry *)((char *)file->entries + file->entry_at);
    uint64_t bytes = file->entries_end - file->entry_at, head = offsetof(struct files_entry, name);
    if (bytes < sizeof *entry || entry->bytes > bytes || entry->bytes % 8 != 0 ||
        entry->bytes < head + entry->name_bytes + 1 || entry->name[entry->name_bytes] != 0)
        return NULL;
    return entry;
}

/* The names of mounts come when the server has no more. */
static const struct files_entry *next_mount(struct file *file, uint64_t *place)
{
    struct files_entry *entry = (struct files_entry *)file->entries;
    file->entry_at = file->entries_end = 0;
    for (uint64_t i = *place & ~MOUNT_PLACE; i < PROCESS_MOUNTS; i++) {
        const char *name = path_mounted_below(&files_mounts()[i], file->path);
        if (!name)
            continue;
        *entry = (struct files_entry){.type = FILES_TYPE_DIRECTORY >> 12};
        while ((entry->name[entry->name_bytes] = name[entry->name_bytes]))
            entry->name_bytes++;
        *place = MOUNT_PLACE | (i + 1);
        return entry;
    }
    *place = MOUNT_PLACE | PROCESS_MOUNTS;
    return NULL;
}

/* Reads ahead from `place` on. How many bytes. */
static int64_t read_entries(struct file *file, uint64_t place)
{
    struct files_run run;
    int64_t got = files_small_run(MAP_READ | MAP_WRITE, &run);
    if (got < 0)
        return got;
    struct message message = {.words = {FILES_LIST, 0, place, ENTRIES_BYTES}};
    got = ask(file, run, &message);
    if (got == OK)
        got = message.words[1] <= ENTRIES_BYTES ? (int64_t)message.words[1] : E_FILE_SERVER;
    file->entry_at = 0;
    file->entries_end = got > 0 ? (uint32_t)got : 0;
    file->entry_place = place;
    __builtin_memcpy(file->entries, (const void *)run.address, file->entries_end);
    return got;
}

const struct files_entry *file_next(struct file *file, uint64_t *place, int64_t *error)
{
    *error = OK;
    if (*place & MOUNT_PLACE)
        return next_mount(file, place);
    if (file->entry_at == file->entries_end || file->entry_place != *place)
        *error = read_entries(file, *place);
    if (*error < 0)
        return NULL;
    if (file->entries_end == 0) {
        *place = MOUNT_PLACE;
        return next_mount(file, place);
    }
    const struct files_entry *entry = entry_here(file);
    if (!entry) {
        *error = E_FILE_SERVER;
        file->entry_at = file->entries_end = 0;
        return NULL;
    }
    file->entry_at += entry->bytes;
    file->entry_place = *place = entry->next & ~MOUNT_PLACE;
    return entry;
}
