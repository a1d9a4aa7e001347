/* Fids, and the runs that come with requests (contracts: cocos/file_server.h). */
#include <cocos/file_server.h>

#include <cocos/frames.h>
#include <cocos/guard.h>
#include <cocos/protocol/files.h>
#include <cocos/protocol/init.h>

/* A server never needs more page tables for what lies in the machine's memory; a caller that sends
 * no run, again and again, does not get it to take more. */
static uint64_t tables_max(void)
{
    const struct system_page *page = (const void *)SYSTEM_PAGE;
    return page->top / BLOCK_BYTES + page->top / GIB_BYTES + 2;
}

#define NUMBER_BITS 8u
#define COUNT_BITS 24u
_Static_assert(FIDS_MAX == 1u << NUMBER_BITS, "a fid holds the number");

static uint64_t fid_of(const struct fids *fids, uint32_t number)
{
    uint64_t count = fids->fids[number].count & ((1u << COUNT_BITS) - 1);
    return (uint64_t)fids->instance << 32 | count << NUMBER_BITS | number;
}

static int64_t take(struct fids *fids, uint32_t caller, uint64_t *fid)
{
    uint32_t number = FIDS_MAX, has = 0;
    for (uint32_t i = FIDS_MAX; i-- > 0;) {
        has += fids->fids[i].caller == caller;
        if (fids->fids[i].caller == 0)
            number = i;
    }
    if (number == FIDS_MAX || has >= FIDS_PER_CALLER || caller == 0)
        return E_FULL;
    fids->fids[number].caller = caller;
    fids->fids[number].count++;
    *fid = fid_of(fids, number);
    return number;
}

int64_t fids_take(struct fids *fids, uint32_t caller, uint64_t *fid)
{
    int64_t number = take(fids, caller, fid);
    if (number == E_FULL && fids_end_dead(fids) > 0)
        number = take(fids, caller, fid);
    return number;
}

int64_t fids_find(const struct fids *fids, uint32_t caller, uint64_t fid)
{
    uint32_t number = (uint32_t)fid & (FIDS_MAX - 1);
    bool known = caller && fids->fids[number].caller == caller && fid_of(fids, number) == fid;
    return known ? (int64_t)number : E_FID;
}

void fids_drop(struct fids *fids, uint32_t number)
{
    fids->fids[number].caller = 0;
}

static void end(struct fids *fids, uint32_t number)
{
    if (fids->closed)
        fids->closed(number);
    fids_drop(fids, number);
}

uint32_t fids_end_dead(struct fids *fids)
{
    uint32_t ended = 0;
    for (uint32_t i = 0; i < FIDS_MAX; i++) {
        struct message message = {.words = {INIT_DOMAIN, fids->fids[i].caller}};
        if (fids->fids[i].caller == 0 || sys_call(SLOT_PARENT, &message) < 0 ||
            (int64_t)message.words[0] != E_NAME)
            continue;
        end(fids, i);
        ended++;
    }
    return ended;
}

static int64_t serve_fid(struct file_server *server, const struct message *asked,
                         struct message *answer)
{
    int64_t number = fids_find(&server->fids, (uint32_t)asked->badge, asked->words[1]);
    if (number < 0)
        return number;
    if (asked->words[0] != FILES_CLOSE)
        return server->serve_fid((uint32_t)number, asked, answer);
    end(&server->fids, (uint32_t)number);
    return OK;
}

int64_t file_server_serve(struct file_server *server, const struct message *asked,
                          struct message *answer)
{
    switch (asked->words[0]) {
    case FILES_OPEN:
    case FILES_CREATE:
    case FILES_REMOVE:
    case FILES_RENAME:
        return server->serve_path(asked, answer);
    case FILES_READ:
    case FILES_WRITE:
    case FILES_STAT:
    case FILES_LIST:
    case FILES_SYNC:
    case FILES_CLOSE:
    case FILES_RESIZE:
        return serve_fid(server, asked, answer);
    default:
        return E_REQUEST;
    }
}

int64_t file_server_run(const struct message *message, uint64_t bytes, uint32_t rights)
{
    static uint64_t tables;
    if (!message->received_run) {
        if (tables++ < tables_max())
            table_fund(SLOT_SELF);
        return E_AGAIN;
    }
    bool writable = MESSAGE_RUN_RIGHTS(message->received_run) & MAP_WRITE;
    if (bytes > message->received_frames * FRAME_BYTES || ((rights & MAP_WRITE) && !writable))
        return E_ARGUMENT;
    return OK;
}

int64_t file_server_take(const struct message *message, void *to, uint64_t bytes)
{
    const void *run = (const void *)MESSAGE_RUN_ADDRESS(message->received_run);
    return guarded_copy(to, run, bytes) ? OK : E_GONE;
}

int64_t file_server_put(const struct message *message, const void *from, uint64_t bytes)
{
    void *run = (void *)MESSAGE_RUN_ADDRESS(message->received_run);
    return guarded_copy(run, from, bytes) ? OK : E_GONE;
}
