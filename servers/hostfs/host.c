#include "host.h"

#include <string.h>

#include <cocos/errors.h>

#include "channel.h"
#include "message.h"

#define VERSION "9P2000.L"
#define NO_FID 0xffffffffu
#define NO_USER 0xffffffffu

/* What a message may be: data, and more than any head. The host may want less. */
#define DATA_BYTES_MAX CHANNEL_DATA_BYTES
#define HEAD_BYTES_MAX 24u
#define LEAST_BYTES 4096u

#define WALK_NAMES_MAX 16u /* of one request */
#define QID_BYTES 13u

#define CREATE_FLAGS 0301u      /* O_WRONLY | O_CREAT | O_EXCL */
#define REMOVE_DIRECTORY 0x200u /* AT_REMOVEDIR */
#define ATTRIBUTES_BASIC 0x7ffull
#define SET_SIZE 8u

/* A fid of ours for the file that a creation opens. */
#define FID_CREATED 0x10000u

static uint32_t data_bytes;

/* ---- A request and its answer ---- */

static struct writer request;
static enum request_type asked;

static struct writer *begin(enum request_type type)
{
    asked = type;
    write_begin(&request, channel_request(), CHANNEL_REQUEST_BYTES, type);
    return &request;
}

/* Sends `request`, with data where the exchange says so. */
static int64_t send(struct exchange *exchange, struct reader *answer)
{
    exchange->request_bytes = write_end(&request, exchange->data_comes ? 0 : exchange->data_bytes);
    if (exchange->request_bytes == 0)
        return E_TOO_LONG;
    int64_t came = channel_exchange(exchange);
    if (came < 0)
        return came;
    return read_begin(answer, channel_answer(), exchange->answer_bytes, (uint32_t)came, asked);
}

static int64_t ask(struct reader *answer)
{
    struct exchange exchange = {.answer_bytes = CHANNEL_ANSWER_BYTES};
    return send(&exchange, answer);
}

/* For answers that say nothing. */
static int64_t ask_plainly(void)
{
    struct reader answer;
    return ask(&answer);
}

static uint8_t read_qid(struct reader *answer, uint64_t *id)
{
    uint8_t type = read8(answer);
    read32(answer);
    *id = read64(answer);
    return type;
}

/* ---- The beginning ---- */

static int64_t agree(void)
{
    struct reader answer;
    uint32_t length;
    struct writer *writer = begin(T_VERSION);
    write32(writer, DATA_BYTES_MAX + HEAD_BYTES_MAX);
    write_text(writer, VERSION, sizeof VERSION - 1);
    int64_t error = ask(&answer);
    if (error < 0)
        return error;
    uint32_t bytes = read32(&answer);
    const char *version = read_text(&answer, &length);
    if (answer.bad || bytes < LEAST_BYTES || bytes > DATA_BYTES_MAX + HEAD_BYTES_MAX)
        return E_FILE_SERVER;
    if (length != sizeof VERSION - 1 || memcmp(version, VERSION, length) != 0)
        return E_UNSUPPORTED;
    data_bytes = bytes - HEAD_BYTES_MAX;
    return OK;
}

int64_t host_attach(void)
{
    int64_t error = agree();
    if (error < 0)
        return error;
    struct writer *writer = begin(T_ATTACH);
    write32(writer, HOST_FID_ROOT);
    write32(writer, NO_FID);
    write_text(writer, "", 0);
    write_text(writer, "", 0);
    write32(writer, NO_USER);
    return ask_plainly();
}

uint32_t host_data_bytes(void)
{
    return data_bytes;
}

/* ---- Walking ---- */

void host_clunk(uint32_t fid)
{
    write32(begin(T_CLUNK), fid);
    ask_plainly();
}

/* Writes the names of the path from *at on, as many as one request takes. How many. */
static uint16_t write_names(struct writer *writer, const char *path, uint64_t bytes, uint64_t *at)
{
    uint16_t count = 0;
    while (*at < bytes && count < WALK_NAMES_MAX) {
        uint64_t start = *at + 1, end = start;
        while (end < bytes && path[end] != '/')
            end++;
        if (end > start) {
            write_text(writer, path + start, (uint32_t)(end - start));
            count++;
        }
        *at = end;
    }
    return count;
}

/* One request: from the root, or from `fid` on. Fewer qids than names: one of them is not there,
 * and neither is `fid` changed. */
static int64_t walk_part(uint32_t fid, bool is_first, const char *path, uint64_t bytes,
                         uint64_t *at)
{
    struct reader answer;
    struct writer *writer = begin(T_WALK);
    write32(writer, is_first ? HOST_FID_ROOT : fid);
    write32(writer, fid);
    uint32_t count_at = writer->used;
    write16(writer, 0);
    uint16_t count = write_names(writer, path, bytes, at);
    memcpy(writer->bytes + count_at, &count, sizeof count);
    int64_t error = ask(&answer);
    if (error < 0)
        return error;
    uint16_t found = read16(&answer);
    bool is_link = false;
    uint8_t type = QID_DIRECTORY;
    for (uint16_t i = 0; i < found && i < count; i++) {
        uint64_t id;
        type = read_qid(&answer, &id);
        is_link |= (type & QID_LINK) != 0;
    }
    if (answer.bad || found > count)
        return E_FILE_SERVER;
    if (found < count)
        return is_link ? E_LINK : type & QID_DIRECTORY ? E_NO_FILE : E_NOT_DIRECTORY;
    return is_link ? E_LINK : OK;
}

int64_t host_walk(uint32_t fid, const char *path, uint64_t bytes)
{
    uint64_t at = 0;
    bool is_first = true;
    int64_t error;
    do {
        error = walk_part(fid, is_first, path, bytes, &at);
        /* What was walked to before, or was a link, is there still. */
        if (error < 0 && (error == E_LINK || !is_first))
            host_clunk(fid);
        is_first = false;
    } while (error == OK && at < bytes);
    return error;
}

/* ---- Files ---- */

int64_t host_open(uint32_t fid, uint32_t flags)
{
    struct writer *writer = begin(T_LOPEN);
    write32(writer, fid);
    write32(writer, flags);
    return ask_plainly();
}

int64_t host_status(uint32_t fid, struct host_status *status)
{
    struct reader answer;
    struct writer *writer = begin(T_GETATTR);
    write32(writer, fid);
    write64(writer, ATTRIBUTES_BASIC);
    int64_t error = ask(&answer);
    if (error < 0)
        return error;
    struct host_status told;
    read64(&answer); /* which of these it knows */
    read_qid(&answer, &told.id);
    told.mode = read32(&answer);
    read64(&answer); /* user and group */
    told.names = (uint32_t)read64(&answer);
    read64(&answer); /* which device it is */
    told.bytes = read64(&answer);
    read64(&answer); /* the size of its blocks, and how many; when it was last read */
    read64(&answer);
    read64(&answer);
    read64(&answer);
    uint64_t seconds = read64(&answer), ns = read64(&answer);
    if (answer.bad)
        return E_FILE_SERVER;
    told.written_ns =
        seconds <= UINT64_MAX / 2000000000u && ns < 1000000000u ? seconds * 1000000000u + ns : 0;
    *status = told;
    return OK;
}

int64_t host_resize(uint32_t fid, uint64_t bytes)
{
    struct writer *writer = begin(T_SETATTR);
    write32(writer, fid);
    write32(writer, SET_SIZE);
    write32(writer, 0); /* mode */
    write64(writer, 0); /* user and group */
    write64(writer, bytes);
    for (int i = 0; i < 4; i++) /* times */
        write64(writer, 0);
    return ask_plainly();
}

int64_t host_sync(uint32_t fid)
{
    struct writer *writer = begin(T_FSYNC);
    write32(writer, fid);
    write32(writer, 0);
    return ask_plainly();
}

/* ---- Names ---- */

/* A copy of a fid. */
static int64_t clone(uint32_t fid, uint32_t new_fid)
{
    struct writer *writer = begin(T_WALK);
    write32(writer, fid);
    write32(writer, new_fid);
    write16(writer, 0);
    return ask_plainly();
}

int64_t host_create(uint32_t fid, const char *name, uint32_t length, uint32_t mode)
{
    int64_t error = clone(fid, FID_CREATED);
    if (error < 0)
        return error;
    struct writer *writer = begin(T_LCREATE);
    write32(writer, FID_CREATED);
    write_text(writer, name, length);
    write32(writer, CREATE_FLAGS);
    write32(writer, mode);
    write32(writer, 0); /* group */
    error = ask_plainly();
    host_clunk(FID_CREATED);
    return error;
}

int64_t host_make_directory(uint32_t fid, const char *name, uint32_t length, uint32_t mode)
{
    struct writer *writer = begin(T_MKDIR);
    write32(writer, fid);
    write_text(writer, name, length);
    write32(writer, mode);
    write32(writer, 0);
    return ask_plainly();
}

int64_t host_remove(uint32_t fid, const char *name, uint32_t length, bool is_directory)
{
    struct writer *writer = begin(T_UNLINKAT);
    write32(writer, fid);
    write_text(writer, name, length);
    write32(writer, is_directory ? REMOVE_DIRECTORY : 0);
    return ask_plainly();
}

int64_t host_rename(uint32_t fid, const char *name, uint32_t length, uint32_t new_fid,
                    const char *new_name, uint32_t new_length)
{
    struct writer *writer = begin(T_RENAMEAT);
    write32(writer, fid);
    write_text(writer, name, length);
    write32(writer, new_fid);
    write_text(writer, new_name, new_length);
    return ask_plainly();
}

/* ---- Data ---- */

/* How many bytes it says, which must be no more than `bytes`. */
static int64_t count_in(struct reader *answer, uint32_t bytes)
{
    uint32_t count = read32(answer);
    return answer->bad || count > bytes ? E_FILE_SERVER : (int64_t)count;
}

int64_t host_read(uint32_t fid, uint64_t offset, uint64_t data, uint32_t bytes)
{
    struct reader answer;
    struct writer *writer = begin(T_READ);
    write32(writer, fid);
    write64(writer, offset);
    write32(writer, bytes);
    /* The answer's head has a place of its own, so that data begins where the client wants it. */
    struct exchange exchange = {
        .answer_bytes = ANSWER_HEAD_BYTES, .data = data, .data_bytes = bytes, .data_comes = true};
    int64_t error = send(&exchange, &answer);
    if (error < 0)
        return error;
    uint32_t came = answer.size < ANSWER_HEAD_BYTES ? 0 : answer.size - ANSWER_HEAD_BYTES;
    return count_in(&answer, came < bytes ? came : bytes);
}

int64_t host_write(uint32_t fid, uint64_t offset, uint64_t data, uint32_t bytes)
{
    struct reader answer;
    struct writer *writer = begin(T_WRITE);
    write32(writer, fid);
    write64(writer, offset);
    write32(writer, bytes);
    struct exchange exchange = {
        .answer_bytes = CHANNEL_ANSWER_BYTES, .data = data, .data_bytes = bytes};
    int64_t error = send(&exchange, &answer);
    return error < 0 ? error : count_in(&answer, bytes);
}

int64_t host_list(uint32_t fid, uint64_t place, const uint8_t **entries)
{
    struct reader answer;
    struct writer *writer = begin(T_READDIR);
    uint32_t room = CHANNEL_ANSWER_BYTES - ANSWER_HEAD_BYTES;
    write32(writer, fid);
    write64(writer, place);
    write32(writer, room < data_bytes ? room : data_bytes);
    int64_t error = ask(&answer);
    if (error < 0)
        return error;
    uint32_t bytes = read32(&answer);
    if (answer.bad || bytes > answer.length - answer.at)
        return E_FILE_SERVER;
    *entries = answer.bytes + answer.at;
    return bytes;
}
