/*
 * Tmpfs: files, directories and pipes in memory (cocos/protocol/files.h). They end with it.
 */
#include <stdio.h>
#include <time.h>

#include <cocos/file_server.h>
#include <cocos/protocol/files.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "nodes.h"
#include "pipe.h"

#define SECOND 1000000000ull
#define PATHS_BYTES (2ull * FILES_PATH_BYTES) /* of FILES_RENAME */

/* Not an error of any protocol: somebody else answers. */
#define KEPT 1

static struct file_server server;
static struct {
    uint32_t node, access, caller;
    bool written;
} opened[FIDS_MAX];

static uint32_t reply_slot; /* of who is being served */
static uint32_t next_slot;  /* for the next caller, where that one is KEPT */

static uint64_t now_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* ---- Fids ---- */

static void closed(uint32_t number)
{
    uint32_t at = opened[number].node;
    struct node *node = node_at(at);
    struct pipe *pipe = node->pipe;
    if (opened[number].written)
        node->written_ns = now_ns();
    if (pipe)
        pipe_closed(pipe, opened[number].caller, opened[number].access);
    nodes_close(at);
    if (pipe && node->pipe != pipe)
        pipe_free(pipe);
}

/* ---- Requests with paths ---- */

/* Copies the `bytes` bytes of paths in the run: the caller may be writing there meanwhile. */
static int64_t take_paths(const struct message *asked, uint64_t bytes, char *paths)
{
    if (bytes >= PATHS_BYTES)
        return E_TOO_LONG;
    int64_t error = file_server_run(asked, bytes, MAP_READ);
    if (error == OK)
        error = file_server_take(asked, paths, bytes);
    return error;
}

static int64_t open_node(uint32_t node, uint32_t access, uint32_t caller, struct message *answer)
{
    struct node *at = node_at(node);
    bool directory = at->type == FILES_TYPE_DIRECTORY;
    if ((access & FILES_DIRECTORY) && !directory)
        return E_NOT_DIRECTORY;
    if ((access & FILES_WRITE_ACCESS) && directory)
        return E_IS_DIRECTORY;
    int64_t number = fids_take(&server.fids, caller, &answer->words[1]);
    if (number < 0)
        return number;
    opened[number].node = node;
    opened[number].access = access;
    opened[number].caller = caller;
    opened[number].written = false;
    at->opens++;
    if (at->pipe) {
        pipe_opened(at->pipe, caller, access);
    } else if ((access & FILES_TRUNCATE) && (access & FILES_WRITE_ACCESS)) {
        nodes_resize(node, 0);
        at->written_ns = now_ns();
    }
    nodes_status(node, answer->words);
    return OK;
}

static int64_t create(const char *path, uint64_t bytes, uint32_t mode, uint32_t caller)
{
    uint32_t type = mode & FILES_DIRECTORY ? FILES_TYPE_DIRECTORY
                    : mode & FILES_PIPE    ? FILES_TYPE_PIPE
                                           : FILES_TYPE_FILE;
    if (type == FILES_TYPE_PIPE)
        fids_end_dead(&server.fids); /* what programs of earlier ones have left open */
    struct pipe *pipe = type == FILES_TYPE_PIPE ? pipe_make(caller) : NULL;
    if (type == FILES_TYPE_PIPE && !pipe)
        return E_NO_SPACE;
    int64_t node = nodes_create(path, bytes, type, mode);
    if (node < 0) {
        if (pipe)
            pipe_free(pipe);
        return node;
    }
    node_at((uint32_t)node)->pipe = pipe;
    node_at((uint32_t)node)->written_ns = now_ns();
    return OK;
}

/* A pipe ends with its node. */
static int64_t remove_path(const char *path, uint64_t bytes, uint32_t kind)
{
    int64_t number = nodes_walk(path, bytes);
    if (number < 0)
        return number;
    struct pipe *pipe = node_at((uint32_t)number)->pipe;
    int64_t error = nodes_remove(path, bytes, kind);
    if (error == OK && pipe && node_at((uint32_t)number)->pipe != pipe)
        pipe_free(pipe);
    return error;
}

static int64_t rename_path(const char *paths, uint64_t bytes, uint64_t to_bytes)
{
    int64_t old = nodes_walk(paths + bytes, to_bytes);
    if (old >= 0 && node_at((uint32_t)old)->pipe)
        return E_EXISTS;
    return nodes_rename(paths, bytes, paths + bytes, to_bytes);
}

static int64_t serve_path(const struct message *asked, struct message *answer)
{
    static char paths[PATHS_BYTES];
    uint64_t bytes = asked->words[1], word = asked->words[2];
    uint64_t more = asked->words[0] == FILES_RENAME ? word : 0;
    if (bytes >= FILES_PATH_BYTES || more >= FILES_PATH_BYTES)
        return E_TOO_LONG;
    int64_t got = take_paths(asked, bytes + more, paths);
    if (got < 0)
        return got;
    switch (asked->words[0]) {
    case FILES_OPEN:
        got = nodes_walk(paths, bytes);
        return got < 0 ? got
                       : open_node((uint32_t)got, (uint32_t)word, (uint32_t)asked->badge, answer);
    case FILES_CREATE:
        return create(paths, bytes, (uint32_t)word, (uint32_t)asked->badge);
    case FILES_REMOVE:
        return remove_path(paths, bytes, (uint32_t)word);
    default:
        return rename_path(paths, bytes, more);
    }
}

/* ---- Requests with fids ---- */

static int64_t transfer(uint32_t number, const struct message *asked, struct message *answer)
{
    bool to_read = asked->words[0] == FILES_READ;
    const struct node *node = node_at(opened[number].node);
    void *run = (void *)MESSAGE_RUN_ADDRESS(asked->received_run);
    uint64_t offset = asked->words[2], bytes = asked->words[3];
    if (node->type == FILES_TYPE_DIRECTORY)
        return E_IS_DIRECTORY;
    if (!(opened[number].access & (to_read ? FILES_READ_ACCESS : FILES_WRITE_ACCESS)))
        return E_NOT_OPEN;
    int64_t got = file_server_run(asked, bytes, to_read ? MAP_READ | MAP_WRITE : MAP_READ);
    if (got < 0)
        return got;
    if (node->pipe) {
        next_slot = slot_take();
        got = next_slot == SLOT_NONE
                  ? E_FULL
                  : pipe_take(node->pipe, to_read, reply_slot, (uint64_t)run, bytes);
        if (got < 0)
            slot_put(next_slot);
        return got < 0 ? got : KEPT;
    }
    opened[number].written |= !to_read;
    got = to_read ? nodes_read(opened[number].node, offset, run, bytes)
                  : nodes_write(opened[number].node, offset, run, bytes);
    answer->words[1] = got > 0 ? (uint64_t)got : 0;
    return got < 0 ? got : OK;
}

static int64_t list(uint32_t number, const struct message *asked, struct message *answer)
{
    static char entries[FRAME_BYTES];
    uint64_t room = asked->words[3] < sizeof entries ? asked->words[3] : sizeof entries;
    if (node_at(opened[number].node)->type != FILES_TYPE_DIRECTORY)
        return E_NOT_DIRECTORY;
    if (!(opened[number].access & FILES_READ_ACCESS))
        return E_NOT_OPEN;
    int64_t got = file_server_run(asked, asked->words[3], MAP_READ | MAP_WRITE);
    if (got == OK)
        got = nodes_list(opened[number].node, asked->words[2], entries, room);
    if (got <= 0)
        return got;
    answer->words[1] = (uint64_t)got;
    return file_server_put(asked, entries, (uint64_t)got);
}

static int64_t resize(uint32_t number, uint64_t bytes)
{
    struct pipe *pipe = node_at(opened[number].node)->pipe;
    if (!(opened[number].access & FILES_WRITE_ACCESS))
        return E_NOT_OPEN;
    opened[number].written = true;
    return pipe ? pipe_resize(pipe, bytes) : nodes_resize(opened[number].node, bytes);
}

static int64_t serve_fid(uint32_t number, const struct message *asked, struct message *answer)
{
    switch (asked->words[0]) {
    case FILES_READ:
    case FILES_WRITE:
        return transfer(number, asked, answer);
    case FILES_STAT:
        nodes_status(opened[number].node, answer->words);
        return OK;
    case FILES_LIST:
        return list(number, asked, answer);
    case FILES_RESIZE:
        return resize(number, asked->words[2]);
    default: /* FILES_SYNC */
        return OK;
    }
}

/* ---- The server ---- */

static int refuse(const char *what, int64_t error)
{
    fprintf(stderr, "tmpfs: %s: %s\n", what, error_text(error));
    return 1;
}

/* Takes the next request, after the answer if there is one. Who waits at a pipe keeps its slot, and
 * the next caller gets another. */
static int64_t next(uint32_t endpoint, int64_t word0, struct message *message)
{
    if (word0 != KEPT)
        return sys_reply_wait(endpoint, reply_slot, DEADLINE_NEVER, message);
    reply_slot = next_slot;
    return sys_wait(endpoint, reply_slot, DEADLINE_NEVER, message);
}

int main(void)
{
    uint32_t endpoint;
    server = (struct file_server){
        .fids = {.instance = ((const struct process_page *)PROCESS_PAGE)->number, .closed = closed},
        .serve_path = serve_path,
        .serve_fid = serve_fid};
    nodes_open();
    next_slot = slot_take();
    int64_t got = service_register("tmpfs", &endpoint);
    if (got < 0)
        return refuse("serving", got);
    struct message message = {.receive_frames = FILES_RUN_FRAMES_MAX};
    got = next(endpoint, KEPT, &message);
    while (got == RECEIVED_CALL) {
        struct message answer = {.receive_frames = FILES_RUN_FRAMES_MAX};
        int64_t word0 = file_server_serve(&server, &message, &answer);
        answer.words[0] = (uint64_t)word0;
        message = answer;
        got = next(endpoint, word0, &message);
    }
    return refuse("waiting", got);
}
