/*
 * Starts programs (contract: cocos/program.h). Init lends the frames that the description and the
 * file are put into: so nobody can take them away, or change them, while init reads them.
 */
#include <cocos/program.h>

#include <stdbool.h>
#include <stddef.h>

#include <cocos/files.h>
#include <cocos/frames.h>
#include <cocos/protocol/init.h>
#include <cocos/service.h>

#define TRIES_MAX 8
#define MODE_EXECUTE 0111u

/* Copies a text with its end. False: it does not fit. */
static bool put(char *to, uint64_t room, const char *text)
{
    uint64_t i = 0;
    for (; i < room && text[i]; i++)
        to[i] = text[i];
    if (i < room)
        to[i] = 0;
    return i < room;
}

/* Asks init for room for a file, on loan. */
static int64_t prepare(uint64_t file_bytes, struct init_start **start)
{
    uint64_t frames = 1;
    while ((frames - 1) * FRAME_BYTES < file_bytes)
        frames *= 2;
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        int64_t got = sys_domain_set(SLOT_SELF, DOMAIN_ACCEPT, frames);
        struct message message = {.words = {INIT_PREPARE, file_bytes}, .receive_frames = frames};
        if (got == OK)
            got = sys_call(SLOT_PARENT, &message);
        if (got == OK)
            got = (int64_t)message.words[0];
        if (got < 0)
            return got;
        if (message.received_run) {
            *start = (struct init_start *)message.words[1];
            return OK;
        }
        got = table_fund(SLOT_SELF);
        if (got < 0)
            return got;
    }
    return E_NO_TABLES;
}

/* Init's frames are to be few again; nothing is started. */
static void forget(void)
{
    struct init_start *start;
    prepare(0, &start);
}

static int64_t put_arguments(struct init_start *start, char *const *arguments)
{
    for (; *arguments; arguments++) {
        char *to = start->arguments + start->argument_bytes;
        if (!put(to, sizeof start->arguments - start->argument_bytes, *arguments))
            return E_TOO_LONG;
        while (*to++)
            start->argument_bytes++;
        start->argument_bytes++;
        start->argument_count++;
    }
    return OK;
}

/* The name it is listed by: the path's last, cut to what fits. */
static void put_name(struct init_start *start, const char *path)
{
    const char *name = path;
    for (; *path; path++)
        name = *path == '/' ? path + 1 : name;
    if (!put(start->name, sizeof start->name, name))
        start->name[sizeof start->name - 1] = 0;
}

static int64_t describe(struct init_start *start, const struct program_spawn *spawn)
{
    char whole[FILES_PATH_BYTES];
    *start = (struct init_start){0};
    put_name(start, spawn->path);
    for (uint32_t i = 0; i < PROCESS_MOUNTS; i++)
        start->mounts[i] = files_mounts()[i];
    if (!put(start->directory, sizeof start->directory, files_directory()))
        return E_TOO_LONG;
    for (uint32_t i = 0; i < PROCESS_STREAMS; i++) {
        if (!spawn->streams[i].path)
            continue;
        int64_t got = files_whole(NULL, spawn->streams[i].path, whole);
        if (got < 0)
            return got;
        if (!put(start->streams[i].path, sizeof start->streams[i].path, whole))
            return E_TOO_LONG;
        start->streams[i].access = spawn->streams[i].access;
        start->streams[i].offset = spawn->streams[i].offset;
    }
    return put_arguments(start, spawn->arguments);
}

static int64_t ask_to_start(void)
{
    struct message message = {.words = {INIT_START}};
    int64_t got = sys_call(SLOT_PARENT, &message);
    sys_domain_set(SLOT_SELF, DOMAIN_ACCEPT, 0);
    return got < 0 ? got : (int64_t)message.words[0];
}

static int64_t spawn_file(const struct program_spawn *spawn, struct file *file)
{
    struct file_status status;
    struct init_start *start;
    int64_t got = file_status(file, &status);
    if (got < 0)
        return got;
    if ((status.mode & FILES_TYPE_MASK) == FILES_TYPE_DIRECTORY)
        return E_IS_DIRECTORY;
    if (!(status.mode & MODE_EXECUTE))
        return E_NOT_ALLOWED;
    if (status.bytes == 0)
        return E_ELF_MAGIC;
    got = prepare(status.bytes, &start);
    if (got < 0)
        return got;
    got = describe(start, spawn);
    if (got == OK)
        got = file_read(file, 0, (char *)start + FRAME_BYTES, status.bytes);
    if (got < 0) {
        forget();
        return got;
    }
    start->file_bytes = (uint64_t)got; /* 0: it is shorter by now, and not a module */
    return got ? ask_to_start() : E_ELF_MAGIC;
}

static bool is_path(const char *text)
{
    while (*text && *text != '/')
        text++;
    return *text == '/';
}

static uint64_t length_of(const char *text)
{
    uint64_t length = 0;
    while (text[length])
        length++;
    return length;
}

int64_t program_spawn(const struct program_spawn *spawn)
{
    struct init_start *start;
    struct file *file;
    int64_t got;
    if (!is_path(spawn->path)) {
        if (length_of(spawn->path) >= SERVICE_NAME_BYTES)
            return E_NAME;
        got = prepare(0, &start);
        if (got == OK)
            got = describe(start, spawn);
        return got < 0 ? got : ask_to_start();
    }
    got = file_open(spawn->path, FILES_READ_ACCESS, &file);
    if (got < 0)
        return got;
    got = spawn_file(spawn, file);
    file_close(file);
    return got;
}
