/*
 * What only native programs do with files, in the empty directory of /host that its argument names:
 * reading and writing frames without a copy, a table of mounts of one's own, and starting a program
 * (itself, with the argument "child") that inherits it, the current directory, and files in place
 * of the console.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cocos/clock.h>
#include <cocos/files.h>
#include <cocos/frames.h>
#include <cocos/program.h>
#include <cocos/protocol/init.h>
#include <cocos/service.h>

static unsigned failed;

#define EXPECT(wanted, got) expect((int64_t)(wanted), (int64_t)(got), __LINE__)

static void expect(int64_t wanted, int64_t got, int line)
{
    if (wanted != got) {
        printf("FAILED: line %d: %lld (%s), not %lld\n", line, (long long)got, error_name(got),
               (long long)wanted);
        failed++;
    }
}

static char *claim(uint32_t order)
{
    int64_t got;
    do {
        got = sys_frame_claim(ZONE_ANY, order, MAP_READ | MAP_WRITE, tag_of("test"));
    } while (got == E_NO_TABLES && table_fund(SLOT_SELF) == OK);
    EXPECT(true, got > 0);
    return (char *)got;
}

/* All of a run, in as many requests as it takes. */
static int64_t all(bool reads, struct file *file, char *run, uint32_t order, uint64_t bytes)
{
    uint64_t done = 0;
    while (done < bytes) {
        /* A run is aligned, so each piece goes through the start of one. */
        int64_t got = reads ? file_read_run(file, done, (uint64_t)run, order, bytes - done)
                            : file_write_run(file, done, (uint64_t)run, order, bytes - done);
        if (got <= 0)
            return got < 0 ? got : (int64_t)done;
        done += (uint64_t)got;
    }
    return (int64_t)done;
}

static void test_runs(void)
{
    static const uint32_t orders[] = {ORDER_FRAME, 1, 4, 8, ORDER_BLOCK};
    char *from = claim(ORDER_BLOCK), *to = claim(ORDER_BLOCK);
    memset(from, 7, BLOCK_BYTES);
    EXPECT(OK, files_create("runs", 0600));
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct file *file;
        uint64_t bytes = (FRAME_BYTES << orders[i]) - 1;
        EXPECT(OK,
               file_open("runs", FILES_READ_ACCESS | FILES_WRITE_ACCESS | FILES_TRUNCATE, &file));
        EXPECT(bytes, all(false, file, from, orders[i], bytes));
        EXPECT(true, file_read_run(file, 0, (uint64_t)to, orders[i], bytes) > 0);
        EXPECT(0, memcmp(from, to, FRAME_BYTES - 1));
        EXPECT(1, file_read_run(file, bytes - 1, (uint64_t)to, ORDER_FRAME, FRAME_BYTES));
        EXPECT(0, file_read_run(file, bytes, (uint64_t)to, ORDER_FRAME, FRAME_BYTES));
        EXPECT(E_ARGUMENT, file_read_run(file, 0, (uint64_t)to, ORDER_FRAME, FRAME_BYTES + 1));
        EXPECT(E_NOT_OWNER, file_read_run(file, 0, 0xb8000, ORDER_FRAME, 1));
        EXPECT(0, file_write_run(file, 0, (uint64_t)from, ORDER_FRAME, 0));
        file_close(file);
    }
    EXPECT(OK, files_remove("runs", 0));
    EXPECT(E_NO_FILE, files_remove("runs", 0));
    EXPECT(OK, sys_frame_release((uint64_t)from, ORDER_BLOCK));
    EXPECT(OK, sys_frame_release((uint64_t)to, ORDER_BLOCK));
}

/* A file that somebody else put in its place is not the one that is open: not noticed as long as
 * the server lives, which has it open still. */
static void test_mounts(void)
{
    struct file_status status;
    struct process_mount *mount = &files_mounts()[PROCESS_MOUNTS - 1];
    EXPECT(E_NO_FILE, files_status("/again", &status));
    strcpy(mount->path, "/again");
    strcpy(mount->service, "hostfs");
    EXPECT(OK, files_status("/again", &status));
    EXPECT(E_OTHER_SYSTEM, files_rename("/init", "/again/init"));
    strcpy(mount->service, "nobody");
    EXPECT(E_NO_FILES, files_status("/again", &status));
    strcpy(mount->service, "hostfs");
}

static void put(const char *path, const char *text)
{
    int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    EXPECT(strlen(text), write(file, text, strlen(text)));
    close(file);
}

/* Ends it: the next one knows no fid. */
static void end_server(void)
{
    int number = program_serving("hostfs");
    for (int i = 0; i < 10000 && number < 0; i++) {
        sys_sleep(clock_now() + 1000000);
        number = program_serving("hostfs");
    }
    EXPECT(OK, program_stop(number));
}

/* What is open stays so, if it is the same file still. */
static void test_files_outlive_servers(void)
{
    static const char *const names[] = {"kept", "replaced", "removed"};
    struct file *files[3];
    struct file_status status;
    char text[8];
    for (int i = 0; i < 3; i++) {
        put(names[i], names[i]);
        EXPECT(OK, file_open(names[i], FILES_READ_ACCESS, &files[i]));
    }
    put("new", "something else");
    EXPECT(OK, files_rename("new", "replaced"));
    EXPECT(OK, files_remove("removed", 0));
    EXPECT(2, file_read(files[1], 0, text, 2)); /* as long as its server knows it */
    end_server();
    EXPECT(3, file_read(files[0], 1, text, 8));
    EXPECT(0, memcmp(text, "ept", 3));
    EXPECT(E_FID, file_read(files[1], 0, text, 8));
    EXPECT(E_FID, file_read(files[2], 0, text, 8));
    EXPECT(E_FID, file_status(files[2], &status));
    for (int i = 0; i < 3; i++)
        file_close(files[i]);
    EXPECT(OK, files_remove("kept", 0));
    EXPECT(OK, files_remove("replaced", 0));
}

#define LISTED 100

/* A directory that is being read goes on where it was. */
static void test_listing_outlives_servers(void)
{
    struct file *directory;
    const struct files_entry *entry;
    bool seen[LISTED] = {false};
    char name[20];
    uint64_t place = 0;
    int64_t error;
    unsigned found = 0, twice = 0;
    unsigned long number;
    for (unsigned i = 0; i < LISTED; i++) {
        snprintf(name, sizeof name, "listed%u", i);
        EXPECT(OK, files_create(name, 0600));
    }
    EXPECT(OK, file_open(".", FILES_READ_ACCESS, &directory));
    while ((entry = file_next(directory, &place, &error))) {
        number =
            strncmp(entry->name, "listed", 6) == 0 ? strtoul(entry->name + 6, NULL, 10) : LISTED;
        if (number < LISTED) {
            twice += seen[number];
            seen[number] = true;
            if (++found % 30 == 0)
                end_server();
        }
    }
    EXPECT(OK, error);
    EXPECT(LISTED, found);
    EXPECT(0, twice);
    file_close(directory);
    for (unsigned i = 0; i < LISTED; i++) {
        snprintf(name, sizeof name, "listed%u", i);
        EXPECT(OK, files_remove(name, 0));
    }
}

static int64_t run_child(const struct program_spawn *spawn)
{
    int state = 0, status = 0;
    int64_t number = program_spawn(spawn);
    if (number > 0)
        number = program_wait((int)number, &state, &status);
    return number < 0 ? number : status;
}

static void test_spawn(const char *self)
{
    char *arguments[] = {"files_native", "child", "", "a b", NULL}, *none[] = {NULL},
         text[200] = "";
    struct program_spawn spawn = {
        .path = self,
        .arguments = arguments,
        .streams = {{"input", STREAM_READ, 4}, {"output", STREAM_WRITE, 6}},
    };
    put("input", "not this line\n");
    put("output", "before");
    EXPECT(11, run_child(&spawn));
    int file = open("output", O_RDONLY);
    EXPECT(true, read(file, text, sizeof text - 1) > 0);
    close(file);
    EXPECT(0, strcmp(text, "before[][a b] in /host/native: this line\n"));
    spawn.streams[0].path = "none"; /* its descriptor is not open then */
    EXPECT(12, run_child(&spawn));

    struct program_spawn wrong = {.path = "no such module", .arguments = none};
    EXPECT(E_NAME, run_child(&wrong));
    wrong.path = "./none";
    EXPECT(E_NO_FILE, run_child(&wrong));
    wrong.path = "a name of a module that is longer than any";
    EXPECT(E_NAME, run_child(&wrong));
    wrong.path = "/again";
    EXPECT(E_IS_DIRECTORY, run_child(&wrong));
    static char longest[PROCESS_ARGUMENT_BYTES + 1];
    memset(longest, 'x', sizeof longest - 1);
    char *many[] = {longest, NULL};
    wrong = (struct program_spawn){.path = self, .arguments = many};
    EXPECT(E_TOO_LONG, run_child(&wrong));
    EXPECT(0, unlink("input") | unlink("output"));
}

/* With its own arguments, at another's place, by another's mounts. */
static int child(int count, char **words)
{
    char line[100], here[100];
    if (!fgets(line, sizeof line, stdin))
        return 12;
    if (count != 4 || access("/again/native/input", R_OK) < 0 || !getcwd(here, sizeof here))
        return 13;
    printf("[%s][%s] in %s: %s", words[2], words[3], here, line);
    return 11;
}

int main(int count, char **words)
{
    if (count > 2)
        return child(count, words);
    if (count < 2 || chdir(words[1]) < 0)
        return 2;
    test_runs();
    test_files_outlive_servers();
    test_listing_outlives_servers();
    test_mounts();
    test_spawn("files_native");
    test_spawn("/files_native");
    printf("files_native: %s\n", failed == 0 ? "all is well" : "something failed");
    return failed != 0;
}
