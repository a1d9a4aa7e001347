/*
 * Calls to file servers that run out of time at any moment: while they wait, while the server reads
 * the path, while it copies to and from the frames that came along, which are gone then. The
 * servers must be the same programs at the end, and serve.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cocos/clock.h>
#include <cocos/files.h>
#include <cocos/frames.h>
#include <cocos/protocol/init.h>
#include <cocos/service.h>

#define CALLS 4000
#define ORDER 4u /* 64 KiB */

static uint32_t server;
static uint64_t run;

/* Word 0 of the answer; word 1 in *answer. */
static int64_t ask(uint64_t deadline, uint64_t request, uint64_t word1, uint64_t word3,
                   uint64_t *answer)
{
    int64_t got = E_AGAIN;
    for (int i = 0; i < 8 && got == E_AGAIN; i++) {
        struct message message = {
            .words = {request, word1, request == FILES_OPEN ? FILES_READ_ACCESS : 0, word3},
            .send_run = MESSAGE_RUN(run, ORDER, MAP_READ | MAP_WRITE)};
        got = sys_call_until(server, deadline, &message);
        *answer = message.words[1];
        got = got < 0 ? got : (int64_t)message.words[0];
    }
    return got;
}

/* How many calls ran out of time. */
static unsigned run_out(uint64_t fid)
{
    unsigned late = 0;
    for (unsigned i = 0; i < CALLS; i++) {
        uint64_t deadline = clock_now() + 1000 + (uint64_t)i * 7919 % 150000, answer;
        int64_t got = ask(deadline, FILES_READ, fid, FRAME_BYTES << ORDER, &answer);
        late += got == E_TIMEOUT;
        if (got != OK && got != E_TIMEOUT)
            printf("FAILED: %s\n", error_name(got));
    }
    return late;
}

static bool test(const char *name, const char *path)
{
    uint64_t fid, answer;
    if (service_find(name, &server) < 0)
        return false;
    int number = program_serving(name);
    strcpy((char *)run, path);
    if (ask(DEADLINE_NEVER, FILES_OPEN, strlen(path), 0, &fid) != OK)
        return false;
    unsigned late = run_out(fid);
    bool good = ask(DEADLINE_NEVER, FILES_READ, fid, 4, &answer) == OK && answer == 4 &&
                memcmp((const char *)run,
                       "\x7f"
                       "ELF",
                       4) == 0 &&
                program_serving(name) == number;
    printf("%s: %s, %s\n", name, late > 0 ? "some ran out of time" : "all were in time",
           good ? "the same serves on" : "FAILED: it is another one, or none");
    return good;
}

int main(void)
{
    int64_t got;
    do {
        got = sys_frame_claim(ZONE_ANY, ORDER, MAP_READ | MAP_WRITE, tag_of("late"));
    } while (got == E_NO_TABLES && table_fund(SLOT_SELF) == OK);
    if (got < 0)
        return 1;
    run = (uint64_t)got;
    FILE *file = fopen("/tmp/large", "w");
    if (!file || fprintf(file, "\x7f%s%60000d", "ELF", 1) < 0 || fclose(file) != 0)
        return 1;
    bool good = test("bootfs", "/init");
    good = test("tmpfs", "/large") && good;
    return test("hostfs", "/large") && good ? 0 : 1;
}
