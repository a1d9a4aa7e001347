#include "pipe.h"

#include <stdlib.h>
#include <string.h>

#include <cocos/errors.h>
#include <cocos/guard.h>
#include <cocos/protocol/files.h>
#include <cocos/service.h>

#define ROOM_USUAL (64u << 10)
#define ROOM_MAX (4u << 20)
#define WAITING_MAX 4u

struct waiting {
    uint32_t reply_slot;
    uint64_t run, bytes;
};

/* Those that wait at one end, the longest wait first. */
struct end {
    uint32_t holds; /* how often the creator has it open */
    uint32_t count;
    struct waiting waiting[WAITING_MAX];
};

struct pipe {
    uint32_t creator;
    uint8_t *ring;
    uint64_t room, first, count;
    struct end reads, writes;
};

struct pipe *pipe_make(uint32_t creator)
{
    struct pipe *pipe = calloc(1, sizeof *pipe);
    uint8_t *ring = malloc(ROOM_USUAL);
    if (!pipe || !ring) {
        free(pipe);
        free(ring);
        return NULL;
    }
    *pipe = (struct pipe){.creator = creator, .ring = ring, .room = ROOM_USUAL};
    return pipe;
}

/* Answers the first that waits there. */
static void answer_first(struct end *end, int64_t word0, uint64_t bytes)
{
    struct message answer = {.words = {(uint64_t)word0, bytes}};
    uint32_t slot = end->waiting[0].reply_slot;
    if (sys_reply(slot, &answer) < 0)
        sys_slot_drop(slot);
    slot_put(slot);
    end->count--;
    memmove(end->waiting, end->waiting + 1, end->count * sizeof end->waiting[0]);
}

/* The first that waits there and has not ended meanwhile: its run is there as long as it is. */
static struct waiting *first_of(struct end *end)
{
    while (end->count > 0) {
        int64_t held = sys_slot_query(SLOT_SELF, end->waiting[0].reply_slot);
        if (held >= 0 && (held & 0xff) == CAP_REPLY)
            return &end->waiting[0];
        answer_first(end, E_DEAD, 0);
    }
    return NULL;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Takes bytes out, to the first reader's run. */
static void give(struct pipe *pipe, const struct waiting *reader)
{
    uint64_t bytes = smaller(reader->bytes, pipe->count);
    uint64_t piece = smaller(bytes, pipe->room - pipe->first);
    /* Whose run is gone waits no more, and has taken nothing. */
    if (!guarded_copy((void *)reader->run, pipe->ring + pipe->first, piece) ||
        !guarded_copy((char *)reader->run + piece, pipe->ring, bytes - piece)) {
        answer_first(&pipe->reads, E_GONE, 0);
        return;
    }
    pipe->first = (pipe->first + bytes) % pipe->room;
    pipe->count -= bytes;
    answer_first(&pipe->reads, OK, bytes);
}

/* Takes bytes in, from the first writer's run. */
static void take(struct pipe *pipe, const struct waiting *writer)
{
    uint64_t bytes = smaller(writer->bytes, pipe->room - pipe->count);
    uint64_t at = (pipe->first + pipe->count) % pipe->room;
    uint64_t piece = smaller(bytes, pipe->room - at);
    if (!guarded_copy(pipe->ring + at, (const void *)writer->run, piece) ||
        !guarded_copy(pipe->ring, (const char *)writer->run + piece, bytes - piece)) {
        answer_first(&pipe->writes, E_GONE, 0);
        return;
    }
    pipe->count += bytes;
    answer_first(&pipe->writes, OK, bytes);
}

/* Answers whoever can be answered. Each turn answers one. */
static void move(struct pipe *pipe)
{
    for (;;) {
        const struct waiting *reader = first_of(&pipe->reads), *writer = first_of(&pipe->writes);
        if (reader && pipe->count > 0)
            give(pipe, reader);
        else if (writer && pipe->reads.holds == 0)
            answer_first(&pipe->writes, E_NO_READER, 0);
        else if (writer && pipe->count < pipe->room)
            take(pipe, writer);
        else if (reader && pipe->writes.holds == 0)
            answer_first(&pipe->reads, OK, 0);
        else
            return;
    }
}

int64_t pipe_take(struct pipe *pipe, bool to_read, uint32_t reply_slot, uint64_t run,
                  uint64_t bytes)
{
    struct end *end = to_read ? &pipe->reads : &pipe->writes;
    first_of(end);
    if (end->count == WAITING_MAX)
        return E_FULL;
    end->waiting[end->count++] = (struct waiting){reply_slot, run, bytes};
    move(pipe);
    return OK;
}

void pipe_opened(struct pipe *pipe, uint32_t caller, uint32_t access)
{
    if (caller != pipe->creator)
        return;
    pipe->reads.holds += (access & FILES_READ_ACCESS) != 0;
    pipe->writes.holds += (access & FILES_WRITE_ACCESS) != 0;
}

void pipe_closed(struct pipe *pipe, uint32_t caller, uint32_t access)
{
    if (caller != pipe->creator)
        return;
    pipe->reads.holds -= (access & FILES_READ_ACCESS) != 0;
    pipe->writes.holds -= (access & FILES_WRITE_ACCESS) != 0;
    move(pipe);
}

int64_t pipe_resize(struct pipe *pipe, uint64_t bytes)
{
    if (pipe->count > 0)
        return E_BUSY;
    if (bytes == 0 || bytes > ROOM_MAX)
        return E_FILE_SIZE;
    uint8_t *ring = realloc(pipe->ring, bytes);
    if (!ring)
        return E_NO_SPACE;
    pipe->ring = ring;
    pipe->room = bytes;
    pipe->first = 0;
    move(pipe);
    return OK;
}

uint64_t pipe_bytes(const struct pipe *pipe)
{
    return pipe->count;
}

void pipe_free(struct pipe *pipe)
{
    while (pipe->reads.count > 0)
        answer_first(&pipe->reads, OK, 0);
    while (pipe->writes.count > 0)
        answer_first(&pipe->writes, E_NO_READER, 0);
    free(pipe->ring);
    free(pipe);
}
