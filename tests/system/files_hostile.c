/*
 * What no file client sends: to bootfs and hostfs, and to init as the description of a program.
 * Every request is refused with the error that its protocol names, or does no harm; the servers are
 * the same programs at the end, and no memory is lost. Ends with files open, for others to find
 * out.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cocos/files.h>
#include <cocos/frames.h>
#include <cocos/protocol/init.h>
#include <cocos/service.h>

#define RANDOM_MESSAGES 3000
#define RANDOM_STARTS 300

static unsigned failed;

#define EXPECT(wanted, got) expect(wanted, got, __LINE__)

static void expect(int64_t wanted, int64_t got, int line)
{
    if (wanted != got) {
        printf("FAILED: line %d: %s, not %s\n", line, error_name(got), error_name(wanted));
        failed++;
    }
}

static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* ---- File servers ---- */

static uint32_t server;
static char *frames; /* two of them */
static struct message answer;

#define RUN(order, rights) MESSAGE_RUN(frames, order, rights)
#define READ_WRITE (MAP_READ | MAP_WRITE)

/* Word 0 of the answer; a server that lacked a page table is asked again. */
static int64_t ask(uint64_t run, uint64_t request, uint64_t word1, uint64_t word2, uint64_t word3)
{
    int64_t got = E_AGAIN;
    for (int i = 0; i < 8 && got == E_AGAIN; i++) {
        answer = (struct message){.words = {request, word1, word2, word3}, .send_run = run};
        got = sys_call(server, &answer);
        got = got < 0 ? got : (int64_t)answer.words[0];
    }
    return got;
}

static int64_t ask_path(uint64_t request, const char *path, uint64_t word2)
{
    strcpy(frames, path);
    return ask(RUN(0, MAP_READ), request, strlen(path), word2, 0);
}

static uint64_t opened(const char *path, uint64_t access)
{
    EXPECT(OK, ask_path(FILES_OPEN, path, access));
    return answer.words[1];
}

static void test_requests(void)
{
    EXPECT(E_REQUEST, ask(0, 0, 0, 0, 0));
    EXPECT(E_REQUEST, ask(0, FILES_RESIZE + 1, 0, 0, 0));
    EXPECT(E_REQUEST, ask(0, FILES_OPEN | 1ull << 32, 0, 0, 0));
    for (uint64_t request = FILES_READ; request <= FILES_LIST; request++) {
        EXPECT(E_FID, ask(RUN(0, READ_WRITE), request, 0, 0, 1));
        EXPECT(E_FID, ask(RUN(0, READ_WRITE), request, UINT64_MAX, 0, 1));
    }
    EXPECT(E_FID, ask(0, FILES_CLOSE, 1, 0, 0));
    EXPECT(E_FID, ask(0, FILES_SYNC, 1ull << 32, 0, 0));
}

static void test_paths(void)
{
    static const char *const bad[] = {"", "a", "/a/", "//", "/..", "/a/../b", "/./a", "../a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        EXPECT(E_PATH, ask_path(FILES_OPEN, bad[i], 0));
        EXPECT(E_PATH, ask_path(FILES_CREATE, bad[i], 0600));
        EXPECT(E_PATH, ask_path(FILES_REMOVE, bad[i], 0));
    }
    memcpy(frames, "/a\0b", 4);
    EXPECT(E_PATH, ask(RUN(0, MAP_READ), FILES_OPEN, 4, 0, 0));
    memset(frames, 'x', FRAME_BYTES);
    frames[0] = '/';
    EXPECT(E_TOO_LONG, ask(RUN(0, MAP_READ), FILES_OPEN, 300, 0, 0));
    EXPECT(E_TOO_LONG, ask(RUN(0, MAP_READ), FILES_OPEN, FILES_PATH_BYTES, 0, 0));
    EXPECT(E_TOO_LONG, ask(RUN(0, MAP_READ), FILES_OPEN, FRAME_BYTES + 1, 0, 0));
    EXPECT(E_TOO_LONG, ask(RUN(0, MAP_READ), FILES_OPEN, UINT64_MAX, 0, 0));
    EXPECT(E_AGAIN, ask(0, FILES_OPEN, 5, 0, 0)); /* no run */
    EXPECT(E_NO_FILE, ask_path(FILES_OPEN, "/no such file", 0));
    EXPECT(E_NOT_DIRECTORY, ask_path(FILES_OPEN, "/file", FILES_DIRECTORY));
}

static void test_fids(void)
{
    uint64_t file = opened("/file", FILES_READ_ACCESS), root = opened("/", FILES_READ_ACCESS);
    uint64_t look = opened("/file", 0);
    EXPECT(E_NOT_OPEN, ask(RUN(0, MAP_READ), FILES_WRITE, file, 0, 1));
    EXPECT(E_NOT_OPEN, ask(0, FILES_RESIZE, file, 0, 0));
    EXPECT(E_NOT_OPEN, ask(RUN(0, READ_WRITE), FILES_READ, look, 0, 1));
    EXPECT(E_IS_DIRECTORY, ask(RUN(0, READ_WRITE), FILES_READ, root, 0, 1));
    EXPECT(E_NOT_DIRECTORY, ask(RUN(0, READ_WRITE), FILES_LIST, file, 0, 4096));
    EXPECT(E_ARGUMENT, ask(RUN(0, READ_WRITE), FILES_READ, file, 0, 4097));
    EXPECT(E_ARGUMENT, ask(RUN(0, READ_WRITE), FILES_READ, file, 0, UINT64_MAX));
    EXPECT(E_ARGUMENT, ask(RUN(0, MAP_READ), FILES_READ, file, 0, 1));
    EXPECT(E_ARGUMENT, ask(RUN(0, MAP_READ), FILES_LIST, root, 0, 4096));
    EXPECT(E_ARGUMENT, ask(RUN(0, READ_WRITE), FILES_LIST, root, 0, 4097));
    EXPECT(E_TOO_LONG, ask(RUN(0, READ_WRITE), FILES_LIST, root, 0, 8));
    EXPECT(OK, ask(RUN(1, READ_WRITE), FILES_READ, file, 0, 8192));
    EXPECT(4, (int64_t)answer.words[1]);
    EXPECT(0, memcmp(frames,
                     "\x7f"
                     "ELF",
                     4));
    EXPECT(OK, ask(0, FILES_CLOSE, file, 0, 0));
    EXPECT(E_FID, ask(0, FILES_CLOSE, file, 0, 0));
    EXPECT(E_FID, ask(0, FILES_STAT, file, 0, 0));
    EXPECT(OK, ask(0, FILES_STAT, look, 0, 0));
    EXPECT(OK, ask(0, FILES_CLOSE, look, 0, 0));
    EXPECT(OK, ask(0, FILES_CLOSE, root, 0, 0));
}

/* As many files as one program may have open, and one more; closed again. */
static void test_many(void)
{
    uint64_t fids[100];
    int count = 0;
    while (count < 100 && ask_path(FILES_OPEN, "/file", 0) == OK)
        fids[count++] = answer.words[1];
    EXPECT(64, count);
    EXPECT(E_FULL, (int64_t)answer.words[0]);
    while (count > 0)
        EXPECT(OK, ask(0, FILES_CLOSE, fids[--count], 0, 0));
}

static void test_anything(void)
{
    uint64_t fid = 0;
    for (int i = 0; i < RANDOM_MESSAGES; i++) {
        static const char *const paths[] = {"/file", "/", "/x", "x", "/file/x", "/x/file"};
        uint64_t order = next_random() % 2, rights = next_random() % 4 ? READ_WRITE : MAP_READ;
        uint64_t request = next_random() % 13, words[5];
        bool names = request == FILES_CREATE || request == FILES_REMOVE || request == FILES_RENAME;
        strcpy(frames, paths[next_random() % 6]);
        for (int k = 0; k < 5; k++)
            words[k] = next_random() >> next_random() % 64;
        if (names && words[0] < FILES_PATH_BYTES)
            words[0] = strlen(frames) - 1; /* what is there stays there */
        if (request == FILES_OPEN)
            words[0] = strlen(frames), words[1] &= ~(uint64_t)FILES_TRUNCATE;
        else if (!names && next_random() % 8)
            words[0] = fid;
        answer = (struct message){.words = {request, words[0], words[1], words[2], words[3]},
                                  .send_run = RUN(order, rights)};
        EXPECT(OK, sys_call(server, &answer));
        if (request == FILES_OPEN && answer.words[0] == OK)
            fid = answer.words[1];
    }
}

/* ---- Init ---- */

static int64_t ask_init(struct message *message)
{
    int64_t got = sys_call(SLOT_PARENT, message);
    return got < 0 ? got : (int64_t)message->words[0];
}

static int64_t start(void)
{
    struct message message = {.words = {INIT_START}};
    return ask_init(&message);
}

static int64_t prepare(uint64_t bytes, struct init_start **to)
{
    int64_t got = OK;
    *to = NULL;
    for (int i = 0; i < 8 && got == OK && !*to; i++) {
        struct message message = {.words = {INIT_PREPARE, bytes}, .receive_frames = 1ull << 14};
        sys_domain_set(SLOT_SELF, DOMAIN_ACCEPT, 1ull << 14);
        got = ask_init(&message);
        if (message.received_run)
            *to = (struct init_start *)message.words[1];
        else
            table_fund(SLOT_SELF);
    }
    return got;
}

static int64_t start_with(const char *name, uint64_t file_bytes, const char *text)
{
    struct init_start *how;
    EXPECT(OK, prepare(FRAME_BYTES, &how));
    strcpy(how->name, name);
    how->file_bytes = file_bytes;
    strcpy((char *)how + FRAME_BYTES, text);
    return start();
}

static void test_starts(void)
{
    struct init_start *how, *again;
    EXPECT(E_ARGUMENT, start());
    EXPECT(E_TOO_LONG, prepare(INIT_FILE_BYTES_MAX + 1, &how));
    EXPECT(E_TOO_LONG, prepare(UINT64_MAX, &how));
    EXPECT(OK, prepare(100000, &how));
    EXPECT(OK, prepare(100000, &again));
    EXPECT(0, (char *)how - (char *)again);
    EXPECT(E_ARGUMENT, start()); /* it has no name */
    EXPECT(E_ARGUMENT, start()); /* and is used up */
    EXPECT(E_ELF_MAGIC, start_with("text", 100, "no ELF file"));
    EXPECT(E_ELF_TRUNCATED, start_with("text", 4,
                                       "\x7f"
                                       "ELF"));
    EXPECT(E_ARGUMENT, start_with("text", 1ull << 40, "larger than what it lies in"));
    EXPECT(E_EXISTS, start_with("clock", 100, "the name of a server"));
    EXPECT(E_EXISTS, start_with("hostfs", 100, "the name of a server"));
    EXPECT(E_NAME, start_with("no module", 0, ""));
}

static void test_any_start(void)
{
    for (int i = 0; i < RANDOM_STARTS; i++) {
        struct init_start *how;
        uint64_t bytes = next_random() % 60000;
        EXPECT(OK, prepare(bytes, &how));
        uint64_t *words = (uint64_t *)how;
        for (uint64_t k = 0; k < (FRAME_BYTES + bytes) / sizeof *words; k++)
            words[k] = next_random() % 4 ? 0 : next_random();
        how->file_bytes = next_random() % 2 ? bytes : next_random();
        how->name[0] = 'x';
        int64_t got = start();
        if (got >= 0)
            EXPECT(E_ELF_MAGIC, got);
    }
}

/* The same again must not take memory from the machine, but for a page table now and then. */
static void test_init(void)
{
    test_starts();
    test_any_start();
    int64_t before = sys_machine_query(SLOT_NONE, MACHINE_FRAMES_FREE);
    test_starts();
    test_any_start();
    int64_t after = sys_machine_query(SLOT_NONE, MACHINE_FRAMES_FREE);
    if (after < before - RANDOM_STARTS / 10)
        printf("FAILED: %lld frames are gone\n", (long long)(before - after)), failed++;
}

static void test_server(const char *name)
{
    if (service_find(name, &server) < 0) {
        printf("FAILED: %s cannot be found\n", name);
        failed++;
        return;
    }
    int number = program_serving(name);
    test_requests();
    test_paths();
    test_fids();
    test_many();
    test_anything();
    EXPECT(number, program_serving(name));
}

int main(void)
{
    int64_t got;
    do {
        got = sys_frame_claim(ZONE_ANY, 1, MAP_READ | MAP_WRITE, tag_of("hostile"));
    } while (got == E_NO_TABLES && table_fund(SLOT_SELF) == OK);
    if (got < 0)
        return 1;
    frames = (char *)got;
    test_server("hostfs");
    test_server("bootfs");
    test_init();
    printf("files_hostile: %s\n", failed == 0 ? "all is well" : "something failed");
    return failed != 0;
}
