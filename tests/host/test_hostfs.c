// sources: servers/hostfs/message.c servers/hostfs/host.c servers/hostfs/entries.c servers/hostfs/requests.c libc/file_server.c libc/path.c
/*
 * Hostfs against a host that answers as it likes: what is sent is 9P2000.L to the byte, what comes
 * is believed only as far as it holds together, and clients get no more than they asked for. Both
 * sides by the hundred thousand, from fixed seeds.
 */
#include "servers/hostfs/requests.h"

#include <cocos/file_server.h>
#include <cocos/frames.h>
#include <cocos/guard.h>
#include <cocos/protocol/files.h>
#include <cocos/protocol/init.h>

#include "servers/hostfs/channel.h"
#include "servers/hostfs/entries.h"
#include "servers/hostfs/host.h"
#include "servers/hostfs/message.h"
#include "tests/host/check.h"

#define ROUNDS 100000
#define CALLER 7u
#define INSTANCE 3u

/* ---- The stand-in for the device: a function answers ---- */

/* Fills `answer`; how many bytes it says that it wrote. */
typedef uint32_t host_function(const uint8_t *request, uint32_t bytes, uint8_t *answer,
                               uint32_t room);

static host_function *host;
static uint8_t request[CHANNEL_REQUEST_BYTES];
static uint8_t *answer; /* of its own size, so that the sanitizer sees each byte too far */
static uint32_t exchanges;

uint8_t *channel_request(void)
{
    return request;
}

const uint8_t *channel_answer(void)
{
    return answer;
}

int64_t channel_exchange(const struct exchange *exchange)
{
    uint32_t size, whole = exchange->answer_bytes;
    exchanges++;
    assert_true(exchange->request_bytes >= HEADER_BYTES &&
                exchange->request_bytes <= CHANNEL_REQUEST_BYTES);
    memcpy(&size, request, sizeof size);
    assert_int_equal(size,
                     exchange->request_bytes + (exchange->data_comes ? 0 : exchange->data_bytes));
    whole += exchange->data_comes ? exchange->data_bytes : 0;
    uint8_t *all = calloc(1, whole);
    uint32_t came = host(request, exchange->request_bytes, all, whole);
    assert_true(came <= whole); /* virtio_take sees to that */
    uint32_t head = came < exchange->answer_bytes ? came : exchange->answer_bytes;
    free(answer);
    answer = exact_copy(all, head);
    if (exchange->data_comes && came > head)
        memcpy((void *)exchange->data, all + head, came - head);
    free(all);
    return came;
}

/* ---- The stand-in for the kernel ---- */

static bool caller_is_dead;
static uint32_t tables;

int64_t sys_call(uint32_t endpoint, struct message *message)
{
    assert_int_equal(endpoint, SLOT_PARENT);
    assert_int_equal(message->words[0], INIT_DOMAIN);
    message->words[0] = (uint64_t)(caller_is_dead ? E_NAME : OK);
    return OK;
}

int64_t table_fund(uint32_t domain)
{
    assert_int_equal(domain, SLOT_SELF);
    tables++;
    return OK;
}

bool guarded_copy(void *to, const void *from, uint64_t bytes)
{
    memcpy(to, from, bytes);
    return true;
}

/* The page at SYSTEM_PAGE is not there on the host: requests without a run are not made here. */

/* ---- A host that says what the test tells it ---- */

static const uint8_t *told;
static uint32_t told_bytes;
static uint8_t sent[CHANNEL_REQUEST_BYTES];
static uint32_t sent_bytes;

static uint32_t tell(const uint8_t *asked, uint32_t bytes, uint8_t *to, uint32_t room)
{
    memcpy(sent, asked, bytes);
    sent_bytes = bytes;
    assert_true(told_bytes <= room);
    memcpy(to, told, told_bytes);
    return told_bytes;
}

#define TELL(text)                                                                                 \
    (host = tell, told = (const uint8_t *)(text), told_bytes = (uint32_t)sizeof(text) - 1)
#define SENT(text)                                                                                 \
    (assert_int_equal(sent_bytes, sizeof(text) - 1), assert_memory_equal(sent, text, sent_bytes))

#define RVERSION                                                                                   \
    "\x15\0\0\0\x65\xff\xff\x00\x20\0\0\x08\0"                                                     \
    "9P2000.L"
#define QID_FILE "\0\1\2\3\4\x11\x22\x33\x44\x55\x66\x77\x08"
#define QID_DIR "\x80\1\2\3\4\x11\x22\x33\x44\x55\x66\x77\x08"
#define QID_SYMLINK "\x02\1\2\3\4\x11\x22\x33\x44\x55\x66\x77\x08"

static uint32_t attach_only(const uint8_t *asked, uint32_t bytes, uint8_t *to, uint32_t room)
{
    static const char version[] = RVERSION, attached[] = "\x14\0\0\0\x69\1\0" QID_DIR;
    (void)bytes, (void)room;
    bool is_version = asked[4] == T_VERSION;
    memcpy(to, is_version ? version : attached, is_version ? sizeof version : sizeof attached);
    return (uint32_t)(is_version ? sizeof version : sizeof attached) - 1;
}

static void test_attach(void **state)
{
    (void)state;
    host = attach_only;
    assert_int_equal(host_attach(), OK);
    assert_int_equal(host_data_bytes(), 0x2000 - 24);
    TELL("\x13\0\0\0\x65\xff\xff\x00\x20\0\0\x06\0"
         "9P2000");
    assert_int_equal(host_attach(), E_UNSUPPORTED);
    SENT("\x15\0\0\0\x64\xff\xff\x18\0\1\0\x08\0"
         "9P2000.L");
    TELL("\x15\0\0\0\x65\xff\xff\xff\x0f\0\0\x08\0"
         "9P2000.L"); /* too small */
    assert_int_equal(host_attach(), E_FILE_SERVER);
    TELL("\x15\0\0\0\x65\xff\xff\xff\xff\xff\xff\x08\0"
         "9P2000.L"); /* larger than asked for */
    assert_int_equal(host_attach(), E_FILE_SERVER);
    TELL("\x15\0\0\0\x65\xff\xff\x00\x20\0\0\x09\0"
         "9P2000.L"); /* the text ends too late */
    assert_int_equal(host_attach(), E_FILE_SERVER);
    host = attach_only;
    assert_int_equal(host_attach(), OK);
}

static void test_heads(void **state)
{
    (void)state;
    TELL("\x07\0\0\0\x33\1\0");
    assert_int_equal(host_sync(5), OK);
    SENT("\x0f\0\0\0\x32\1\0\5\0\0\0\0\0\0\0");
    TELL("\x0b\0\0\0\7\1\0\x1c\0\0\0"); /* ENOSPC */
    assert_int_equal(host_sync(5), E_NO_SPACE);
    TELL("\x0b\0\0\0\7\1\0\xff\xff\xff\xff");
    assert_int_equal(host_sync(5), E_FILE_SERVER);
    TELL("\x0a\0\0\0\7\1\0\x1c\0\0"); /* an error cut off */
    assert_int_equal(host_sync(5), E_FILE_SERVER);
    TELL("\x08\0\0\0\x33\1\0"); /* longer than what came */
    assert_int_equal(host_sync(5), E_FILE_SERVER);
    TELL("\x06\0\0\0\x33\1\0"); /* shorter than a head */
    assert_int_equal(host_sync(5), E_FILE_SERVER);
    TELL("\x07\0\0\0\x33\2\0"); /* another's tag */
    assert_int_equal(host_sync(5), E_FILE_SERVER);
    TELL("\x07\0\0\0\x35\1\0"); /* the answer to something else */
    assert_int_equal(host_sync(5), E_FILE_SERVER);
    TELL("");
    assert_int_equal(host_sync(5), E_FILE_SERVER);
}

static void test_walk(void **state)
{
    (void)state;
    TELL("\x23\0\0\0\x6f\1\0\2\0" QID_DIR QID_FILE);
    assert_int_equal(host_walk(9, "/ab/c", 5), OK);
    SENT("\x18\0\0\0\x6e\1\0\0\0\0\0\x09\0\0\0\2\0\2\0"
         "ab\1\0"
         "c");
    TELL("\x09\0\0\0\x6f\1\0\0\0");
    assert_int_equal(host_walk(9, "/", 1), OK);
    SENT("\x11\0\0\0\x6e\1\0\0\0\0\0\x09\0\0\0\0\0");
    TELL("\x16\0\0\0\x6f\1\0\1\0" QID_DIR);
    assert_int_equal(host_walk(9, "/ab/c", 5), E_NO_FILE);
    TELL("\x16\0\0\0\x6f\1\0\1\0" QID_FILE);
    assert_int_equal(host_walk(9, "/ab/c", 5), E_NOT_DIRECTORY);
    TELL("\x16\0\0\0\x6f\1\0\1\0" QID_SYMLINK);
    assert_int_equal(host_walk(9, "/ab/c", 5), E_LINK);
    TELL("\x23\0\0\0\x6f\1\0\2\0" QID_DIR QID_SYMLINK);
    assert_int_equal(host_walk(9, "/ab/c", 5), E_LINK);
    SENT("\x0b\0\0\0\x78\1\0\x09\0\0\0"); /* it lets go of what it has walked to */
    TELL("\x23\0\0\0\x6f\1\0\2\0" QID_DIR QID_FILE);
    assert_int_equal(host_walk(9, "/ab", 3), E_FILE_SERVER); /* more than was asked for */
    TELL("\x16\0\0\0\x6f\1\0\2\0" QID_DIR);
    assert_int_equal(host_walk(9, "/ab/c", 5), E_FILE_SERVER); /* fewer than it says */
}

/* Says that all names are there, and counts the requests. */
static uint32_t walk_on(const uint8_t *asked, uint32_t bytes, uint8_t *to, uint32_t room)
{
    uint16_t count;
    (void)bytes, (void)room;
    assert_int_equal(asked[4], T_WALK);
    assert_int_equal(asked[7], exchanges == 1 ? HOST_FID_ROOT : 9);
    memcpy(&count, asked + 15, sizeof count);
    assert_true(count >= 1 && count <= 16);
    uint32_t size = 9 + 13u * count;
    memcpy(to, &size, sizeof size);
    memcpy(to + 4, "\x6f\1\0", 3);
    memcpy(to + 7, &count, sizeof count);
    for (uint16_t i = 0; i < count; i++)
        memcpy(to + 9 + 13 * i, QID_DIR, 13);
    return size;
}

/* A request takes sixteen names; the longest path takes 64 of them. */
static void test_long_walks(void **state)
{
    char path[FILES_PATH_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof path; i++)
        path[i] = i % 2 ? 'd' : '/';
    host = walk_on;
    exchanges = 0;
    assert_int_equal(host_walk(9, path, 2 * 17), OK);
    assert_int_equal(exchanges, 2);
    exchanges = 0;
    assert_int_equal(host_walk(9, path, sizeof path - 2), OK);
    assert_int_equal(exchanges, 64);
    for (size_t i = 0; i < sizeof path; i++)
        path[i] = i % 256 ? 'd' : '/';
    exchanges = 0;
    assert_int_equal(host_walk(9, path, sizeof path - 1), OK);
    assert_int_equal(exchanges, 1);
}

static void test_status(void **state)
{
    struct host_status status = {.mode = 1};
    (void)state;
    TELL("\xa0\0\0\0\x19\1\0\xff\x07\0\0\0\0\0\0" QID_FILE "\xa4\x81\0\0\0\0\0\0\0\0\0\0"
         "\3\0\0\0\0\0\0\0"
         "\0\0\0\0\0\0\0\0"
         "\x39\x30\0\0\0\0\0\0"
         "\0\0\0\0\0\0\0\0"
         "\0\0\0\0\0\0\0\0"
         "\0\0\0\0\0\0\0\0"
         "\0\0\0\0\0\0\0\0"
         "\2\0\0\0\0\0\0\0"
         "\7\0\0\0\0\0\0\0"
         "\0\0\0\0\0\0\0\0"
         "\0\0\0\0\0\0\0\0"
         "\0\0\0\0\0\0\0\0"
         "\0\0\0\0\0\0\0\0"
         "\0\0\0\0\0\0\0\0"
         "\0\0\0\0\0\0\0\0");
    assert_int_equal(host_status(5, &status), OK);
    assert_int_equal(status.mode, 0100644);
    assert_int_equal(status.names, 3);
    assert_int_equal(status.bytes, 12345);
    assert_int_equal(status.written_ns, 2000000007);
    assert_int_equal(status.id, 0x0877665544332211);
    TELL("\x0f\0\0\0\x19\1\0\xff\x07\0\0\0\0\0\0");
    struct host_status before = status;
    assert_int_equal(host_status(5, &status), E_FILE_SERVER);
    assert_memory_equal(&status, &before, sizeof status);
}

static void test_data(void **state)
{
    char frames[16] = "................";
    (void)state;
    TELL("\x0e\0\0\0\x75\1\0\3\0\0\0abc");
    assert_int_equal(host_read(5, 0x1122, (uint64_t)frames, 8), 3);
    SENT("\x17\0\0\0\x74\1\0\5\0\0\0\x22\x11\0\0\0\0\0\0\x08\0\0\0");
    assert_memory_equal(frames, "abc....", 7);
    TELL("\x0e\0\0\0\x75\1\0\4\0\0\0abc"); /* more than came */
    assert_int_equal(host_read(5, 0, (uint64_t)frames, 8), E_FILE_SERVER);
    TELL("\x0e\0\0\0\x75\1\0\xff\xff\xff\xff"
         "abc");
    assert_int_equal(host_read(5, 0, (uint64_t)frames, 8), E_FILE_SERVER);
    TELL("\x0b\0\0\0\x77\1\0\x08\0\0\0");
    assert_int_equal(host_write(5, 1, (uint64_t)frames, 8), 8);
    SENT("\x1f\0\0\0\x76\1\0\5\0\0\0\1\0\0\0\0\0\0\0\x08\0\0\0");
    TELL("\x0b\0\0\0\x77\1\0\x09\0\0\0");
    assert_int_equal(host_write(5, 1, (uint64_t)frames, 8), E_FILE_SERVER);
}

/* ---- Directories ---- */

static void test_entries(void **state)
{
    static const uint8_t from[] =
        QID_DIR "\1\0\0\0\0\0\0\0\4\1\0." QID_DIR "\2\0\0\0\0\0\0\0\4\2\0.." QID_FILE
                "\3\0\0\0\0\0\0\0\x08\3\0abc" QID_FILE "\4\0\0\0\0\0\0\0\x08\3\0a/c" QID_FILE
                "\5\0\0\0\0\0\0\0\x08\0\0" QID_DIR "\6\0\0\0\0\0\0\0\4\7\0"
                "1234567";
    uint64_t room[16], place = 0;
    (void)state;
    assert_int_equal(entries_convert(from, sizeof from - 1, room, sizeof room, &place), 56);
    assert_int_equal(place, 6);
    const struct files_entry *entry = (const struct files_entry *)room;
    assert_int_equal(entry->bytes, 24);
    assert_string_equal(entry->name, "abc");
    assert_int_equal(entry->next, 3);
    assert_int_equal(entry->type, FILES_TYPE_FILE >> 12);
    entry = (const struct files_entry *)((char *)room + 24);
    assert_string_equal(entry->name, "1234567");
    assert_int_equal(entry->type, FILES_TYPE_DIRECTORY >> 12);

    place = 0; /* the second one does not fit */
    assert_int_equal(entries_convert(from, sizeof from - 1, room, 48, &place), 24);
    assert_int_equal(place, 5);
    assert_int_equal(entries_convert(from, sizeof from - 1, room, 16, &place), E_TOO_LONG);
    assert_int_equal(entries_convert(from, sizeof from - 2, room, sizeof room, &place),
                     E_FILE_SERVER);
}

/* ---- Hostile on both sides ---- */

static uint64_t seed;

static uint64_t below(uint64_t end)
{
    return next_random(&seed) % end;
}

/* An answer: mostly with the head that is expected, and then whatever. */
static uint32_t lie(const uint8_t *asked, uint32_t bytes, uint8_t *to, uint32_t room)
{
    uint32_t limit = room < 600 ? room : 600, came = (uint32_t)below(limit + 1), size = came;
    (void)bytes;
    for (uint32_t i = 0; i < came; i++)
        to[i] = (uint8_t)(below(4) ? below(4) : below(256));
    if (came < ANSWER_HEAD_BYTES || below(16) == 0)
        return came;
    size = below(16) ? came : (uint32_t)next_random(&seed);
    memcpy(to, &size, sizeof size);
    to[4] = below(16) ? (uint8_t)(asked[4] + 1) : ANSWER_ERROR;
    memcpy(to + 5, asked + 5, 2);
    uint32_t number = below(3) ? (uint32_t)below(came) : (uint32_t)next_random(&seed);
    if (asked[4] == T_READ || asked[4] == T_WRITE || asked[4] == T_READDIR || to[4] == ANSWER_ERROR)
        memcpy(to + HEADER_BYTES, &number, sizeof number);
    if (asked[4] == T_WALK && below(4)) { /* as many as there were names, no links */
        memcpy(to + HEADER_BYTES, asked + 15, 2);
        for (uint32_t i = 9; i < came && below(8); i += 13)
            to[i] = 0x80;
    }
    if (asked[4] == T_READDIR && came >= ANSWER_HEAD_BYTES + 26 && below(2)) { /* one, of a name */
        memcpy(to + HEADER_BYTES, "\x1a\0\0\0", 4);
        memcpy(to + ANSWER_HEAD_BYTES + 22, "\2\0ab", 4);
    }
    if (asked[4] == T_GETATTR && came > 40 && below(8))
        to[29] = below(2) ? 0x81 : 0x41; /* a file, a directory */
    return came;
}

static void check_list(const char *entries, uint64_t bytes)
{
    for (uint64_t at = 0; at < bytes;) {
        const struct files_entry *entry = (const struct files_entry *)(entries + at);
        assert_true(bytes - at >= sizeof *entry && entry->bytes <= bytes - at);
        assert_true(entry->bytes % 8 == 0 && entry->bytes > 20u + entry->name_bytes);
        assert_int_equal(strlen(entry->name), entry->name_bytes);
        assert_null(strchr(entry->name, '/'));
        at += entry->bytes;
    }
}

static const char *const paths[] = {"/", "/a", "/a/b", "a", "/../a", "/a/./b", "", "//", "/a/"};

/* Frames with a guard of known bytes behind those that are lent. */
static char *frames;
static uint64_t fid_last, fid_owner;
static uint32_t done[FILES_RESIZE + 1]; /* how often each request was */

static void ask_anything(void)
{
    const char *path = paths[below(below(2) ? 3 : sizeof paths / sizeof paths[0])];
    struct message asked = {.badge = CALLER + below(2)}, got = {0};
    uint64_t rights = below(8) ? MAP_READ | MAP_WRITE : MAP_READ;
    asked.received_run = MESSAGE_RUN(frames, ORDER_FRAME, rights);
    asked.received_frames = 1;
    asked.words[0] = below(13);
    for (int i = 1; i < 6; i++)
        asked.words[i] = below(3) ? below(5000) : next_random(&seed);
    memset(frames, 0, FRAME_BYTES);
    strcpy(frames, path);
    bool is_path = asked.words[0] == FILES_OPEN || asked.words[0] == FILES_CREATE ||
                   asked.words[0] == FILES_REMOVE || asked.words[0] == FILES_RENAME;
    if (is_path && below(4)) {
        asked.words[1] = strlen(path);
        strcpy(frames + strlen(path), "/new");
        asked.words[2] = asked.words[0] == FILES_RENAME ? 4 : below(8) | below(2) << 16;
    }
    if (!is_path && below(8)) {
        asked.words[1] = fid_last;
        asked.badge = fid_owner;
    }
    int64_t error = requests_serve(&asked, &got);
    assert_true(error <= OK && error > -200);
    if (error != OK)
        return;
    done[asked.words[0]]++;
    if (asked.words[0] == FILES_OPEN)
        fid_last = got.words[1], fid_owner = asked.badge;
    if (asked.words[0] == FILES_READ || asked.words[0] == FILES_WRITE ||
        asked.words[0] == FILES_LIST)
        assert_true(got.words[1] <= asked.words[3] && got.words[1] <= FRAME_BYTES);
    if (asked.words[0] == FILES_LIST)
        check_list(frames, got.words[1]);
}

static void test_hostile(void **state)
{
    (void)state;
    frames = aligned_alloc(FRAME_BYTES, FRAME_BYTES);
    requests_open(INSTANCE);
    seed = 5;
    for (int round = 0; round < ROUNDS; round++) {
        host = attach_only;
        if (round % 1000 == 0)
            assert_int_equal(host_attach(), OK);
        caller_is_dead = round % 512 > 500;
        host = lie;
        ask_anything();
    }
    for (uint32_t i = FILES_OPEN; i <= FILES_RESIZE; i++)
        assert_true(done[i] > 0); /* the lies went far enough */
    free(frames);
}

/* What is attached to after nonsense is attached to all the same, or not at all. */
static void test_hostile_attach(void **state)
{
    (void)state;
    seed = 6;
    host = lie;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t error = host_attach();
        assert_true(error <= OK && error > -200);
        assert_true(host_data_bytes() >= 4096 - 24 && host_data_bytes() <= CHANNEL_DATA_BYTES);
    }
}

static void test_hostile_entries(void **state)
{
    (void)state;
    seed = 7;
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t from[200];
        uint64_t room[20], place = 0, bytes = below(sizeof from), room_bytes = 8 * below(21);
        for (uint64_t i = 0; i < bytes; i++)
            from[i] = (uint8_t)(below(4) ? below(3) * 46 : below(256));
        if (bytes > 24)
            from[22] = (uint8_t)below(20), from[23] = 0;
        uint8_t *exact = exact_copy(from, bytes);
        char *to = exact_copy(room, room_bytes);
        int64_t got = entries_convert(exact, (uint32_t)bytes, to, room_bytes, &place);
        assert_true(got == E_FILE_SERVER || got == E_TOO_LONG || (uint64_t)got <= room_bytes);
        if (got > 0)
            check_list(to, (uint64_t)got);
        free(exact);
        free(to);
    }
}

/* ---- Fids ---- */

static uint32_t closed_count;

static void closed(uint32_t number)
{
    (void)number;
    closed_count++;
}

static void test_fids(void **state)
{
    static struct fids fids = {.instance = INSTANCE, .closed = closed},
                       next = {.instance = INSTANCE + 1};
    uint64_t fid, again, other;
    (void)state;
    caller_is_dead = false;
    int64_t number = fids_take(&fids, CALLER, &fid);
    assert_true(number >= 0);
    assert_int_equal(fids_find(&fids, CALLER, fid), number);
    assert_int_equal(fids_find(&fids, CALLER + 1, fid), E_FID);
    assert_int_equal(fids_find(&fids, 0, fid), E_FID);
    assert_int_equal(fids_find(&fids, CALLER, fid ^ 1ull << 63), E_FID);
    fids_drop(&fids, (uint32_t)number);
    assert_int_equal(fids_find(&fids, CALLER, fid), E_FID);
    assert_int_equal(fids_take(&fids, CALLER, &again), number); /* the same place, another fid */
    assert_true(again != fid);
    assert_int_equal(fids_find(&fids, CALLER, fid), E_FID);
    assert_int_equal(fids_take(&next, CALLER, &other), number);
    assert_int_equal(fids_find(&next, CALLER, again), E_FID);

    for (uint32_t i = 1; i < FIDS_PER_CALLER; i++)
        assert_true(fids_take(&fids, CALLER, &fid) >= 0);
    assert_int_equal(fids_take(&fids, CALLER, &fid), E_FULL);
    for (uint32_t i = FIDS_PER_CALLER; i < FIDS_MAX; i++)
        assert_true(fids_take(&fids, CALLER + i, &fid) >= 0);
    assert_int_equal(fids_take(&fids, CALLER + 1, &fid), E_FULL);
    assert_int_equal(fids_end_dead(&fids), 0);
    caller_is_dead = true;
    assert_true(fids_take(&fids, CALLER, &fid) >= 0); /* those of the dead have places */
    assert_int_equal(closed_count, FIDS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attach),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_long_walks),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_fids),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_hostile_attach),
        cmocka_unit_test(test_hostile_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
