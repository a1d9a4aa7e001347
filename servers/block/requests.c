#include "requests.h"

#include <stddef.h>
#include <string.h>

#include <cocos/protocol/block.h>
#include <cocos/service.h>

#include "disks.h"
#include "sessions.h"

/* Frames that clients may share with this server, all together. */
#define ACCEPTED_FRAMES (1u << 24)

/* The server's domain, with no right but to be granted memory. */
static uint32_t domain_slot;

int64_t requests_open(void)
{
    domain_slot = slot_take();
    int64_t error = sys_domain_set(SLOT_SELF, DOMAIN_ACCEPT, ACCEPTED_FRAMES);
    if (error < 0)
        return error;
    return sys_slot_copy(SLOT_SELF, domain_slot, SLOT_SELF, RIGHT_GRANT | RIGHT_COPY, 0);
}

static int64_t describe(uint64_t number, struct message *answer)
{
    const struct disk *disk = disks_at(number);
    if (!disk)
        return E_NAME;
    memcpy(&answer->words[1], disk->name, BLOCK_NAME_BYTES);
    answer->words[3] = disk->sectors;
    answer->words[4] = disk->flags | disk->drive->flags | (uint64_t)disk->type << 32;
    answer->words[5] = disk->first;
    return OK;
}

static int64_t attach(const struct message *asked, struct message *answer)
{
    char name[BLOCK_NAME_BYTES];
    memcpy(name, &asked->words[1], sizeof name);
    const struct disk *disk = disks_named(name);
    if (!disk)
        return E_NAME;
    /* Those that have ended make room. */
    sessions_sweep();
    sessions_tell();
    int64_t error = sessions_open((uint32_t)asked->badge, disk, &answer->words[1]);
    if (error < 0)
        return error;
    answer->words[2] = disks_number(disk);
    return OK;
}

/* `later`: somebody who is answered later waits in it. */
static int64_t serve_session(struct session *session, const struct message *asked,
                             struct message *answer, uint32_t reply_slot, bool *later,
                             bool *kept_slot)
{
    int64_t error;
    switch (asked->words[0]) {
    case BLOCK_DETACH:
        session_close(session, reply_slot);
        *later = true;
        return OK;
    case BLOCK_RING:
        return session_set_ring(session, asked->received_run);
    case BLOCK_MEMORY:
        return session_add_memory(session, asked->received_run);
    case BLOCK_FORGET:
        return session_forget(session, asked->words[2]);
    case BLOCK_SUBMIT:
        return session_submit(session);
    case BLOCK_WAIT:
        error = session_submit(session);
        if (error < 0 || session_is_settled(session))
            return error;
        error = session_wait(session, reply_slot);
        *later = error == OK;
        return error;
    case BLOCK_NOTIFY:
        if (!asked->received_slot)
            return E_ARGUMENT;
        error = session_notify(session, asked->receive_slot, asked->words[2]);
        *kept_slot = error == OK;
        return error;
    case BLOCK_TABLES:
        return session_fund(session);
    default:
        answer->send_slot = domain_slot;
        return OK;
    }
}

static int64_t serve(const struct message *asked, struct message *answer, uint32_t reply_slot,
                     bool *later, bool *kept_slot)
{
    if (asked->words[0] < BLOCK_DISK || asked->words[0] > BLOCK_DOMAIN)
        return E_REQUEST;
    if (asked->words[0] == BLOCK_DISK)
        return describe(asked->words[1], answer);
    if (asked->words[0] == BLOCK_ATTACH)
        return attach(asked, answer);
    struct session *session = sessions_get((uint32_t)asked->badge, asked->words[1]);
    return session ? serve_session(session, asked, answer, reply_slot, later, kept_slot) : E_NAME;
}

bool requests_serve(struct message *message, uint32_t reply_slot, bool *kept_slot)
{
    struct message answer = {0};
    bool later = false;
    int64_t word0 = serve(message, &answer, reply_slot, &later, kept_slot);
    answer.words[0] = (uint64_t)word0;
    *message = answer;
    return !later;
}
