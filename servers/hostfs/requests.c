#include "requests.h"

#include <cocos/file_server.h>
#include <cocos/path.h>
#include <cocos/protocol/files.h>

#include "entries.h"
#include "host.h"

/* The host's fids: the root, then one for each of ours, then two for directories on the way. */
#define HOST_FID(number) ((number) + 1)
#define FID_FROM HOST_FID(FIDS_MAX)
#define FID_TO HOST_FID(FIDS_MAX + 1)

#define LIST_TRIES_MAX 1000

static struct file_server server;

static struct {
    uint32_t access, mode;
} opened[FIDS_MAX];

/* ---- Paths ---- */

struct path {
    char text[2 * FILES_PATH_BYTES];
};

/* The paths in the run; not looked at in place: the caller may be writing there meanwhile. */
static int64_t take_paths(const struct message *asked, uint64_t bytes, struct path *path)
{
    if (bytes > sizeof path->text)
        return E_TOO_LONG;
    int64_t error = file_server_run(asked, bytes, MAP_READ);
    if (error == OK)
        error = file_server_take(asked, path->text, bytes);
    return error;
}

/* Where the last name of a path begins; its directory ends before that. */
static uint64_t last_name(const char *path, uint64_t bytes)
{
    while (bytes > 0 && path[bytes - 1] != '/')
        bytes--;
    return bytes;
}

/* ---- Opening ---- */

static void put_status(const struct host_status *status, struct message *answer)
{
    answer->words[2] = status->bytes;
    answer->words[3] = status->written_ns;
    answer->words[4] = status->id;
    answer->words[5] = status->mode | (uint64_t)status->names << 32;
}

/* Whether such a file may be opened so. What is neither file nor directory may let its reader wait
 * forever, and with that all others. */
static int64_t check_kind(uint32_t mode, uint32_t access)
{
    uint32_t kind = mode & FILES_TYPE_MASK;
    if (kind == FILES_TYPE_LINK)
        return E_LINK;
    if (kind == FILES_TYPE_DIRECTORY)
        return access & FILES_WRITE_ACCESS ? E_IS_DIRECTORY : OK;
    if (access & FILES_DIRECTORY)
        return E_NOT_DIRECTORY;
    return kind == FILES_TYPE_FILE || access == 0 ? OK : E_UNSUPPORTED;
}

static int64_t open_fid(uint32_t fid, uint32_t access)
{
    uint32_t read_write = access & (FILES_READ_ACCESS | FILES_WRITE_ACCESS);
    if (read_write == 0)
        return OK;
    uint32_t flags = read_write == FILES_READ_ACCESS    ? HOST_READ
                     : read_write == FILES_WRITE_ACCESS ? HOST_WRITE
                                                        : HOST_READ_WRITE;
    return host_open(fid, flags | (access & FILES_TRUNCATE ? HOST_TRUNCATE : 0));
}

/* The fid is walked to already. */
static int64_t finish_open(uint32_t number, uint32_t access, struct message *answer)
{
    struct host_status status;
    uint32_t fid = HOST_FID(number);
    int64_t error = host_status(fid, &status);
    if (error == OK)
        error = check_kind(status.mode, access);
    if (error == OK)
        error = open_fid(fid, access);
    if (error == OK && (access & FILES_TRUNCATE))
        error = host_status(fid, &status);
    if (error < 0)
        return error;
    opened[number].access = access;
    opened[number].mode = status.mode;
    put_status(&status, answer);
    return OK;
}

static int64_t open_file(const struct message *asked, struct message *answer)
{
    static struct path path;
    uint64_t bytes = asked->words[1];
    uint32_t access = (uint32_t)asked->words[2];
    if ((access & FILES_TRUNCATE) && !(access & FILES_WRITE_ACCESS))
        return E_ARGUMENT;
    int64_t error = take_paths(asked, bytes, &path);
    if (error == OK)
        error = path_check(path.text, bytes);
    if (error < 0)
        return error;
    int64_t number = fids_take(&server.fids, (uint32_t)asked->badge, &answer->words[1]);
    if (number < 0)
        return number;
    error = host_walk(HOST_FID((uint32_t)number), path.text, bytes);
    if (error == OK) {
        error = finish_open((uint32_t)number, access, answer);
        if (error < 0)
            host_clunk(HOST_FID((uint32_t)number));
    }
    if (error < 0)
        fids_drop(&server.fids, (uint32_t)number);
    return error;
}

/* ---- Names ---- */

static int64_t change(uint32_t request, const char *name, uint32_t length, uint32_t word2)
{
    bool is_directory = (word2 & FILES_DIRECTORY) != 0;
    uint32_t mode = word2 & FILES_PERMISSIONS;
    if (request == FILES_REMOVE)
        return host_remove(FID_FROM, name, length, is_directory);
    return is_directory ? host_make_directory(FID_FROM, name, length, mode)
                        : host_create(FID_FROM, name, length, mode);
}

/* FILES_CREATE and FILES_REMOVE. */
static int64_t change_name(const struct message *asked)
{
    static struct path path;
    uint64_t bytes = asked->words[1];
    int64_t error = take_paths(asked, bytes, &path);
    if (error == OK)
        error = path_check(path.text, bytes);
    if (error < 0)
        return error;
    uint64_t name = last_name(path.text, bytes);
    if (name == bytes) /* the root */
        return asked->words[0] == FILES_CREATE ? E_EXISTS : E_BUSY;
    error = host_walk(FID_FROM, path.text, name - 1);
    if (error < 0)
        return error;
    error = change((uint32_t)asked->words[0], path.text + name, (uint32_t)(bytes - name),
                   (uint32_t)asked->words[2]);
    host_clunk(FID_FROM);
    return error;
}

static int64_t rename_between(const char *path, uint64_t bytes, const char *new_path,
                              uint64_t new_bytes)
{
    uint64_t name = last_name(path, bytes), new_name = last_name(new_path, new_bytes);
    if (name == bytes || new_name == new_bytes)
        return E_BUSY;
    int64_t error = host_walk(FID_FROM, path, name - 1);
    if (error < 0)
        return error;
    error = host_walk(FID_TO, new_path, new_name - 1);
    if (error == OK) {
        error = host_rename(FID_FROM, path + name, (uint32_t)(bytes - name), FID_TO,
                            new_path + new_name, (uint32_t)(new_bytes - new_name));
        host_clunk(FID_TO);
    }
    host_clunk(FID_FROM);
    return error;
}

static int64_t rename_file(const struct message *asked)
{
    static struct path path;
    uint64_t bytes = asked->words[1], new_bytes = asked->words[2];
    if (bytes >= FILES_PATH_BYTES || new_bytes >= FILES_PATH_BYTES)
        return E_TOO_LONG;
    int64_t error = take_paths(asked, bytes + new_bytes, &path);
    if (error == OK)
        error = path_check(path.text, bytes);
    if (error == OK)
        error = path_check(path.text + bytes, new_bytes);
    return error < 0 ? error : rename_between(path.text, bytes, path.text + bytes, new_bytes);
}

/* ---- Open files ---- */

static int64_t check_open(uint32_t number, uint32_t access)
{
    if ((opened[number].mode & FILES_TYPE_MASK) == FILES_TYPE_DIRECTORY)
        return E_IS_DIRECTORY;
    return opened[number].access & access ? OK : E_NOT_OPEN;
}

/* FILES_READ and FILES_WRITE. */
static int64_t transfer(uint32_t number, const struct message *asked, struct message *answer)
{
    bool is_read = asked->words[0] == FILES_READ;
    uint64_t bytes = asked->words[3], data = MESSAGE_RUN_ADDRESS(asked->received_run);
    int64_t got = check_open(number, is_read ? FILES_READ_ACCESS : FILES_WRITE_ACCESS);
    if (got == OK)
        got = file_server_run(asked, bytes, is_read ? MAP_READ | MAP_WRITE : MAP_READ);
    if (got < 0)
        return got;
    if (bytes == 0 || asked->words[2] > INT64_MAX)
        return E_ARGUMENT;
    uint32_t piece = bytes < host_data_bytes() ? (uint32_t)bytes : host_data_bytes();
    uint32_t fid = HOST_FID(number);
    got = is_read ? host_read(fid, asked->words[2], data, piece)
                  : host_write(fid, asked->words[2], data, piece);
    answer->words[1] = got > 0 ? (uint64_t)got : 0;
    return got < 0 ? got : got == 0 && !is_read ? E_FILE_SERVER : OK;
}

/* Where the host has only what is left out, it is asked for more, as long as it gets on. */
static int64_t list(uint32_t number, const struct message *asked, struct message *answer)
{
    static char made[FRAME_BYTES];
    uint64_t place = asked->words[2], room = asked->words[3];
    if ((opened[number].mode & FILES_TYPE_MASK) != FILES_TYPE_DIRECTORY)
        return E_NOT_DIRECTORY;
    if (!(opened[number].access & FILES_READ_ACCESS))
        return E_NOT_OPEN;
    int64_t got = file_server_run(asked, room, MAP_READ | MAP_WRITE);
    room = room < sizeof made ? room : sizeof made;
    for (int tries = 0; got == OK && tries < LIST_TRIES_MAX; tries++) {
        const uint8_t *entries;
        got = host_list(HOST_FID(number), place, &entries);
        if (got <= 0)
            break;
        got = entries_convert(entries, (uint32_t)got, made, room, &place);
    }
    if (got <= 0)
        return got;
    answer->words[1] = (uint64_t)got;
    return file_server_put(asked, made, (uint64_t)got);
}

static int64_t status(uint32_t number, struct message *answer)
{
    struct host_status told;
    int64_t error = host_status(HOST_FID(number), &told);
    if (error == OK)
        put_status(&told, answer);
    return error;
}

static int64_t resize(uint32_t number, uint64_t bytes)
{
    int64_t error = check_open(number, FILES_WRITE_ACCESS);
    if (error < 0)
        return error;
    return bytes > INT64_MAX ? E_FILE_SIZE : host_resize(HOST_FID(number), bytes);
}

static int64_t sync_file(uint32_t number)
{
    if (!(opened[number].access & (FILES_READ_ACCESS | FILES_WRITE_ACCESS)))
        return E_NOT_OPEN;
    return host_sync(HOST_FID(number));
}

static int64_t serve_fid(uint32_t number, const struct message *asked, struct message *answer)
{
    switch (asked->words[0]) {
    case FILES_READ:
    case FILES_WRITE:
        return transfer(number, asked, answer);
    case FILES_STAT:
        return status(number, answer);
    case FILES_LIST:
        return list(number, asked, answer);
    case FILES_RESIZE:
        return resize(number, asked->words[2]);
    default: /* FILES_SYNC */
        return sync_file(number);
    }
}

static int64_t serve_path(const struct message *asked, struct message *answer)
{
    switch (asked->words[0]) {
    case FILES_OPEN:
        return open_file(asked, answer);
    case FILES_RENAME:
        return rename_file(asked);
    default: /* FILES_CREATE, FILES_REMOVE */
        return change_name(asked);
    }
}

static void closed(uint32_t number)
{
    host_clunk(HOST_FID(number));
}

void requests_open(uint32_t instance)
{
    server = (struct file_server){.fids = {.instance = instance, .closed = closed},
                                  .serve_path = serve_path,
                                  .serve_fid = serve_fid};
}

int64_t requests_serve(const struct message *asked, struct message *answer)
{
    return file_server_serve(&server, asked, answer);
}
