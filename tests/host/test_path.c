// sources: libc/path.c
/*
 * Paths as programs write them: what becomes of dots, slashes and great lengths, and which mount
 * they belong to. Whatever the text, a whole path is one that servers take.
 */
#include <cocos/path.h>

#include <cocos/errors.h>

#include "tests/host/check.h"

#define ROUNDS 200000

static char whole[FILES_PATH_BYTES];

/* Resolves a copy whose every byte too far is seen. */
static const char *resolve(const char *directory, const char *path)
{
    char *exact = exact_copy(path, strlen(path) + 1);
    int64_t length = path_resolve(directory, exact, whole);
    free(exact);
    if (length < 0)
        return length == E_NO_FILE ? "no file" : length == E_TOO_LONG ? "too long" : "?";
    assert_int_equal(length, strlen(whole));
    return whole;
}

static void test_resolve(void **state)
{
    (void)state;
    assert_string_equal(resolve("/", "/"), "/");
    assert_string_equal(resolve("/", "hello"), "/hello");
    assert_string_equal(resolve("/host/a", "b/c"), "/host/a/b/c");
    assert_string_equal(resolve("/host/a", "/b"), "/b");
    assert_string_equal(resolve("/host/a", "."), "/host/a");
    assert_string_equal(resolve("/host/a", ".."), "/host");
    assert_string_equal(resolve("/host", "../x/./y//z/"), "/x/y/z");
    assert_string_equal(resolve("/a", "../../../.."), "/");
    assert_string_equal(resolve("/", "//host///hello//"), "/host/hello");
    assert_string_equal(resolve("/", "..a/...b/.c./d.."), "/..a/...b/.c./d..");
    assert_string_equal(resolve("/", ""), "no file");
}

static void test_lengths(void **state)
{
    char text[2 * FILES_PATH_BYTES + 8];
    (void)state;
    memset(text, 'x', sizeof text);
    text[FILES_NAME_BYTES] = 0;
    assert_string_equal(resolve("/", text) + 1, text);
    text[FILES_NAME_BYTES] = 'x';
    text[FILES_NAME_BYTES + 1] = 0;
    assert_string_equal(resolve("/", text), "too long");
    memset(text, 'x', sizeof text);
    text[4096] = 0; /* one name of 4 KiB */
    assert_string_equal(resolve("/", text), "too long");
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 ? 'y' : '/';
    text[FILES_PATH_BYTES - 1] = 0; /* ends with a slash */
    assert_int_equal(strlen(resolve("/", text)), FILES_PATH_BYTES - 2);
    assert_string_equal(resolve("/a", text + 1), "too long");
    text[FILES_PATH_BYTES - 1] = 'y';
    text[FILES_PATH_BYTES] = 0;
    assert_string_equal(resolve("/", text), "too long");
    /* 4 KiB of detours lead to a short path. */
    for (size_t i = 0; i < 4096; i += 4)
        memcpy(text + i, "/./.", 4);
    memcpy(text + 4096, "/end", 5);
    assert_string_equal(resolve("/", text), "/end");
}

static void test_refused_leaves_nothing(void **state)
{
    char text[FILES_NAME_BYTES + 2];
    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    memset(whole, '!', sizeof whole);
    assert_int_equal(path_resolve("/", text, whole), E_TOO_LONG);
    for (size_t i = 0; i < sizeof whole; i++)
        assert_int_equal(whole[i], '!');
}

static int64_t check(const char *path, size_t bytes)
{
    char *exact = exact_copy(path, bytes);
    int64_t got = path_check(exact, bytes);
    free(exact);
    return got;
}

static void test_check(void **state)
{
    static const char *const good[] = {"/", "/a", "/a/b", "/..a/...", "/a/.b"};
    static const char *const bad[] = {"",   "a",   "a/b",   "//",     "/a/",   "/a//b",
                                      "/.", "/..", "/a/..", "/a/./b", "/../a", "./a"};
    char text[FILES_PATH_BYTES + 1];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(check(good[i], strlen(good[i])), OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(check(bad[i], strlen(bad[i])), E_PATH);
    assert_int_equal(check("/a\0b", 4), E_PATH);
    assert_int_equal(check("/a\0", 3), E_PATH);
    memset(text, 'x', sizeof text);
    text[0] = '/';
    assert_int_equal(check(text, FILES_NAME_BYTES + 1), OK);
    assert_int_equal(check(text, FILES_NAME_BYTES + 2), E_TOO_LONG);
    assert_int_equal(check(text, FILES_PATH_BYTES), E_TOO_LONG);
}

/* Anything that is written becomes a path that is whole, and stays the same from then on. */
static void test_hostile_paths(void **state)
{
    static const char *const parts[] = {"/",    "//", ".",  "..", "/..", "/./", "a",  "b/c", "...",
                                        "\xff", " ",  "\n", "/.", "~",   "\\",  "x/", "../", "%00"};
    uint64_t random = 5;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char directory[FILES_PATH_BYTES], text[4200] = "", again[FILES_PATH_BYTES];
        uint64_t count = next_random(&random) % (round % 100 == 0 ? 1400 : 12);
        for (uint64_t i = 0; i < count; i++)
            strcat(text, parts[next_random(&random) % (sizeof parts / sizeof parts[0])]);
        if (path_resolve("/", text, directory) < 0)
            strcpy(directory, "/");
        int64_t length = path_resolve(directory, text, whole);
        if (length < 0) {
            assert_true(length == E_TOO_LONG || (length == E_NO_FILE && !text[0]));
            continue;
        }
        assert_int_equal(check(whole, (size_t)length), OK);
        assert_int_equal(path_resolve("/nowhere", whole, again), length);
        assert_string_equal(again, whole);
    }
}

/* What a server is sent: it takes just what path_resolve leaves as it is. */
static void test_hostile_bytes(void **state)
{
    static const char letters[] = "/../a.\0b";
    uint64_t random = 6;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char text[16];
        size_t bytes = next_random(&random) % sizeof text;
        for (size_t i = 0; i < bytes; i++)
            text[i] = letters[next_random(&random) % (sizeof letters - 1)];
        text[bytes] = 0;
        bool same = path_resolve("/", text, whole) == (int64_t)bytes && strcmp(whole, text) == 0 &&
                    text[0] == '/' && strlen(text) == bytes;
        assert_int_equal(check(text, bytes) == OK, same);
    }
}

static const struct process_mount mounts[PROCESS_MOUNTS] = {
    {"/", "root"}, {"/host", "host"}, {"", "none"}, {"/host/deep", "deep"}, {"nonsense", "x"}};

static void expect_mount(const char *path, const char *service, const char *at_server)
{
    const char *rest;
    const struct process_mount *mount = path_mount(mounts, path, &rest);
    assert_non_null(mount);
    assert_string_equal(mount->service, service);
    assert_string_equal(rest, at_server);
}

static void test_mounts(void **state)
{
    static const struct process_mount none[PROCESS_MOUNTS], only[PROCESS_MOUNTS] = {{"/a", "a"}};
    const char *rest;
    (void)state;
    expect_mount("/", "root", "/");
    expect_mount("/hello", "root", "/hello");
    expect_mount("/host", "host", "/");
    expect_mount("/host/a/b", "host", "/a/b");
    expect_mount("/hosts", "root", "/hosts");
    expect_mount("/hos", "root", "/hos");
    expect_mount("/host/deep/x", "deep", "/x");
    expect_mount("/host/deeper", "host", "/deeper");
    assert_null(path_mount(none, "/a", &rest));
    assert_null(path_mount(only, "/b", &rest));
}

static void test_mount_without_end(void **state)
{
    struct process_mount wild[PROCESS_MOUNTS];
    const char *rest;
    char path[64];
    (void)state;
    memset(wild, '/', sizeof wild);
    memset(path, '/', sizeof path);
    path[sizeof path - 1] = 0;
    struct process_mount *exact = exact_copy(wild, sizeof wild);
    assert_null(path_mount(exact, path, &rest));
    assert_null(path_mounted_below(&exact[PROCESS_MOUNTS - 1], "/"));
    free(exact);
}

static void test_mounted_below(void **state)
{
    (void)state;
    assert_null(path_mounted_below(&mounts[0], "/"));
    assert_string_equal(path_mounted_below(&mounts[1], "/"), "host");
    assert_null(path_mounted_below(&mounts[1], "/host"));
    assert_null(path_mounted_below(&mounts[1], "/ho"));
    assert_null(path_mounted_below(&mounts[1], "/x"));
    assert_null(path_mounted_below(&mounts[3], "/"));
    assert_string_equal(path_mounted_below(&mounts[3], "/host"), "deep");
    assert_null(path_mounted_below(&mounts[2], "/"));
    assert_null(path_mounted_below(&mounts[4], "/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_refused_leaves_nothing),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_hostile_paths),
        cmocka_unit_test(test_hostile_bytes),
        cmocka_unit_test(test_mounts),
        cmocka_unit_test(test_mount_without_end),
        cmocka_unit_test(test_mounted_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
