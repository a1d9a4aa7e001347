/*
 * Bootfs: the modules that the boot loader brought along, as files that can be read
 * (cocos/protocol/files.h). Its line in the manifest says that init shows it the modules: they are
 * listed in its process page, and lent to it for reading.
 */
#include <stdio.h>

#include <cocos/file_server.h>
#include <cocos/protocol/files.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "tree.h"

static struct tree tree;
static struct file_server server;

static struct {
    uint32_t node, access;
} opened[FIDS_MAX];

/* What the path in the run leads to. */
static int64_t walk(const struct message *asked)
{
    char path[FILES_PATH_BYTES];
    uint64_t bytes = asked->words[1];
    if (bytes >= sizeof path)
        return E_TOO_LONG;
    int64_t error = file_server_run(asked, bytes, MAP_READ);
    /* Not looked at in place: the caller may be writing there meanwhile. */
    if (error == OK)
        error = file_server_take(asked, path, bytes);
    return error < 0 ? error : tree_walk(&tree, path, bytes);
}

static int64_t open_file(const struct message *asked, struct message *answer)
{
    uint32_t access = (uint32_t)asked->words[2];
    int64_t node = walk(asked);
    if (node < 0)
        return node;
    if (access & (FILES_WRITE_ACCESS | FILES_TRUNCATE))
        return E_READ_ONLY;
    if ((access & FILES_DIRECTORY) && node != TREE_ROOT)
        return E_NOT_DIRECTORY;
    int64_t number = fids_take(&server.fids, (uint32_t)asked->badge, &answer->words[1]);
    if (number < 0)
        return number;
    opened[number].node = (uint32_t)node;
    opened[number].access = access;
    tree_status(&tree, (uint32_t)node, answer->words);
    return OK;
}

static int64_t read_file(uint32_t number, const struct message *asked, struct message *answer)
{
    const void *from;
    if (opened[number].node == TREE_ROOT)
        return E_IS_DIRECTORY;
    if (!(opened[number].access & FILES_READ_ACCESS))
        return E_NOT_OPEN;
    int64_t error = file_server_run(asked, asked->words[3], MAP_READ | MAP_WRITE);
    if (error < 0)
        return error;
    uint64_t bytes =
        tree_bytes(&tree, opened[number].node, asked->words[2], asked->words[3], &from);
    answer->words[1] = bytes;
    return bytes ? file_server_put(asked, from, bytes) : OK;
}

static int64_t list(uint32_t number, const struct message *asked, struct message *answer)
{
    static char entries[FRAME_BYTES];
    uint64_t room = asked->words[3] < sizeof entries ? asked->words[3] : sizeof entries;
    if (opened[number].node != TREE_ROOT)
        return E_NOT_DIRECTORY;
    if (!(opened[number].access & FILES_READ_ACCESS))
        return E_NOT_OPEN;
    int64_t got = file_server_run(asked, asked->words[3], MAP_READ | MAP_WRITE);
    if (got == OK)
        got = tree_list(&tree, asked->words[2], entries, room);
    if (got <= 0)
        return got;
    answer->words[1] = (uint64_t)got;
    return file_server_put(asked, entries, (uint64_t)got);
}

static int64_t serve_fid(uint32_t number, const struct message *asked, struct message *answer)
{
    switch (asked->words[0]) {
    case FILES_READ:
        return read_file(number, asked, answer);
    case FILES_STAT:
        tree_status(&tree, opened[number].node, answer->words);
        return OK;
    case FILES_LIST:
        return list(number, asked, answer);
    case FILES_SYNC:
        return OK;
    default: /* FILES_WRITE, FILES_RESIZE */
        return E_NOT_OPEN;
    }
}

static int64_t serve_path(const struct message *asked, struct message *answer)
{
    if (asked->words[0] == FILES_OPEN)
        return open_file(asked, answer);
    int64_t node = walk(asked);
    if (asked->words[0] == FILES_CREATE)
        return node >= 0 ? E_EXISTS : node == E_NO_FILE ? E_READ_ONLY : node;
    return node >= 0 ? E_READ_ONLY : node;
}

static int refuse(const char *what, int64_t error)
{
    fprintf(stderr, "bootfs: %s: %s\n", what, error_text(error));
    return 1;
}

int main(void)
{
    const struct process_page *page = (const void *)PROCESS_PAGE;
    uint32_t endpoint, reply_slot = slot_take();
    tree = (struct tree){page->modules, page->module_count};
    server = (struct file_server){
        .fids.instance = page->number, .serve_path = serve_path, .serve_fid = serve_fid};
    int64_t got = service_register("bootfs", &endpoint);
    if (got < 0)
        return refuse("serving", got);
    struct message message = {.receive_frames = FILES_RUN_FRAMES_MAX};
    got = sys_wait(endpoint, reply_slot, DEADLINE_NEVER, &message);
    while (got == RECEIVED_CALL) {
        struct message answer = {.receive_frames = FILES_RUN_FRAMES_MAX};
        int64_t word0 = file_server_serve(&server, &message, &answer);
        answer.words[0] = (uint64_t)word0;
        message = answer;
        got = sys_reply_wait(endpoint, reply_slot, DEADLINE_NEVER, &message);
    }
    return refuse("waiting", got);
}
