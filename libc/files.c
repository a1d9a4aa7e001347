/*
 * Mounts, names, and asking file servers (contracts: cocos/files.h). Each server is found when it
 * is first asked, and again when it is no more.
 */
#include "libc/files.h"

#include <stddef.h>

#include <cocos/frames.h>
#include <cocos/path.h>
#include <cocos/service.h>

/* How often a request is made again: because the server ended, which nobody does forever; and
 * because it lacked a page table for the run. */
#define TRIES_MAX 1000
#define TABLE_TRIES_MAX 8

#define LARGE_ORDER 4u

static struct process_mount mounts[PROCESS_MOUNTS];
static char directory[FILES_PATH_BYTES];
static bool begun;

static struct {
    char name[MOUNT_SERVICE_BYTES];
    uint32_t slot;
} servers[PROCESS_MOUNTS];

static uint64_t length_of(const char *text)
{
    uint64_t length = 0;
    while (text[length])
        length++;
    return length;
}

static bool same(const char *a, const char *b)
{
    uint32_t i = 0;
    while (i < MOUNT_SERVICE_BYTES && a[i] && a[i] == b[i])
        i++;
    return i < MOUNT_SERVICE_BYTES && a[i] == b[i];
}

/* ---- Where things are ---- */

static const struct process_mount usual[] = {
    {"/", "bootfs"}, {"/host", "hostfs"}, {"/tmp", "tmpfs"}};

/* The table and the directory that the program was started with. */
static void begin(void)
{
    const struct process_page *page = (const void *)PROCESS_PAGE;
    bool any = false;
    begun = true;
    for (uint32_t i = 0; i < PROCESS_MOUNTS; i++) {
        mounts[i] = page->mounts[i];
        any |= mounts[i].path[0] != 0;
    }
    for (uint32_t i = 0; !any && i < sizeof usual / sizeof usual[0]; i++)
        mounts[i] = usual[i];
    uint32_t at = page->directory;
    const char *first = at > 0 && at < PROCESS_ARGUMENT_BYTES ? page->arguments + at : "/";
    if (path_resolve("/", first, directory) < 0)
        path_resolve("/", "/", directory);
}

struct process_mount *files_mounts(void)
{
    if (!begun)
        begin();
    return mounts;
}

const char *files_directory(void)
{
    if (!begun)
        begin();
    return directory;
}

int64_t files_whole(const char *from, const char *path, char whole[FILES_PATH_BYTES])
{
    return path_resolve(from ? from : files_directory(), path, whole);
}

int64_t files_change_directory(const char *path)
{
    struct file *file;
    int64_t error = file_open(path, FILES_DIRECTORY, &file);
    if (error < 0)
        return error;
    path_resolve("/", file_path(file), directory);
    file_close(file);
    return OK;
}

/* ---- Asking ---- */

static int64_t claim(struct files_run *kept, uint32_t largest, uint32_t rights,
                     struct files_run *run)
{
    int64_t got = OK;
    for (uint32_t order = largest + 1; kept->address == 0 && order-- > 0;) {
        for (uint32_t tables = 0; tables < TABLE_TRIES_MAX; tables++) {
            got = sys_frame_claim(ZONE_ANY, order, MAP_READ | MAP_WRITE, tag_of("files"));
            if (got != E_NO_TABLES || table_fund(SLOT_SELF) < 0)
                break;
        }
        if (got > 0)
            *kept = (struct files_run){(uint64_t)got, order, 0};
    }
    *run = (struct files_run){kept->address, kept->order, rights};
    return kept->address ? OK : got;
}

int64_t files_small_run(uint32_t rights, struct files_run *run)
{
    static struct files_run kept;
    return claim(&kept, ORDER_FRAME, rights, run);
}

int64_t files_large_run(uint32_t rights, struct files_run *run)
{
    static struct files_run kept;
    return claim(&kept, LARGE_ORDER, rights, run);
}

/* The slot for the server `name`, or NULL: more servers than mounts were never there. */
static uint32_t *slot_of(const char *name)
{
    for (uint32_t i = 0; i < PROCESS_MOUNTS; i++) {
        if (servers[i].name[0] && same(servers[i].name, name))
            return &servers[i].slot;
        if (servers[i].name[0])
            continue;
        for (uint32_t k = 0; k < MOUNT_SERVICE_BYTES; k++)
            servers[i].name[k] = name[k];
        return &servers[i].slot;
    }
    return NULL;
}

static bool is_gone(int64_t error)
{
    return error == E_GONE || error == E_DEAD;
}

/* One call; a server that is gone is forgotten, so that the next one finds it anew. */
static int64_t call_once(const char *service, uint32_t *slot, const struct message *request,
                         struct message *answer)
{
    int64_t got = *slot == SLOT_NONE ? service_find(service, slot) : OK;
    if (got < 0)
        return got == E_NAME ? E_NO_FILES : got;
    *answer = *request;
    got = sys_call(*slot, answer);
    if (is_gone(got)) {
        sys_slot_drop(*slot);
        slot_put(*slot);
        *slot = SLOT_NONE;
    }
    return got < 0 ? got : (int64_t)answer->words[0];
}

int64_t files_ask(const char *service, struct files_run run, struct message *message, bool *lost)
{
    struct message request = *message;
    uint32_t *slot = slot_of(service), tables = 0;
    int64_t got = E_FULL;
    if (run.address)
        request.send_run = MESSAGE_RUN(run.address, run.order, run.rights);
    for (uint32_t tries = 0; slot && tries < TRIES_MAX; tries++) {
        got = call_once(service, slot, &request, message);
        if (is_gone(got)) {
            tables = 0; /* the next one lacks them, too */
            if (lost)
                *lost = true;
        }
        if (!is_gone(got) && !(got == E_AGAIN && tables++ < TABLE_TRIES_MAX))
            break;
    }
    return got;
}

void files_status_of(const struct message *answer, struct file_status *status)
{
    *status = (struct file_status){
        .bytes = answer->words[2],
        .written_ns = answer->words[3],
        .id = answer->words[4],
        .mode = (uint32_t)answer->words[5],
        .names = (uint32_t)(answer->words[5] >> 32),
    };
}

/* ---- Names ---- */

/* Puts the path's part that concerns its server at `to`. Returns its length. */
static int64_t put_path(const char *path, char *to, const struct process_mount **mount)
{
    static char whole[FILES_PATH_BYTES];
    const char *rest;
    int64_t got = files_whole(NULL, path, whole);
    if (got < 0)
        return got;
    *mount = path_mount(mounts, whole, &rest);
    if (!*mount)
        return E_NO_FILES;
    uint64_t length = length_of(rest);
    for (uint64_t i = 0; i < length; i++)
        to[i] = rest[i];
    return (int64_t)length;
}

/* Asks with one path. `done` is the error that says that it was done before, if the answer to that
 * was lost. */
static int64_t ask_of_path(enum files_request request, const char *path, uint32_t word2,
                           int64_t done)
{
    struct files_run run;
    const struct process_mount *mount;
    bool lost = false;
    int64_t got = files_small_run(MAP_READ, &run);
    if (got == OK)
        got = put_path(path, (char *)run.address, &mount);
    if (got < 0)
        return got;
    struct message message = {.words = {request, (uint64_t)got, word2}};
    got = files_ask(mount->service, run, &message, &lost);
    return lost && got == done ? OK : got;
}

int64_t files_create(const char *path, uint32_t mode)
{
    return ask_of_path(FILES_CREATE, path, mode, E_EXISTS);
}

int64_t files_remove(const char *path, uint32_t kind)
{
    return ask_of_path(FILES_REMOVE, path, kind, E_NO_FILE);
}

int64_t files_rename(const char *path, const char *new_path)
{
    struct files_run run;
    const struct process_mount *from, *to;
    bool lost = false;
    int64_t first = files_small_run(MAP_READ, &run), second = OK;
    if (first == OK)
        first = put_path(path, (char *)run.address, &from);
    if (first >= 0)
        second = put_path(new_path, (char *)run.address + first, &to);
    if (first < 0 || second < 0)
        return first < 0 ? first : second;
    if (from != to)
        return E_OTHER_SYSTEM;
    struct message message = {.words = {FILES_RENAME, (uint64_t)first, (uint64_t)second}};
    int64_t got = files_ask(from->service, run, &message, &lost);
    return lost && got == E_NO_FILE ? OK : got;
}
