// sources: servers/tmpfs/nodes.c libc/path.c
/*
 * Tmpfs's tree of files: each operation with its errors; and at random against the simplest thing
 * that does the same, a list of whole paths with their contents.
 */
#include "servers/tmpfs/nodes.h"

#include <stdio.h>
#include <stdlib.h>

#include <cocos/errors.h>
#include <cocos/guard.h>

#include "tests/host/check.h"

bool guarded_copy(void *to, const void *from, uint64_t bytes)
{
    memcpy(to, from, bytes);
    return true;
}

static int64_t walk(const char *path)
{
    return nodes_walk(path, strlen(path));
}

static int64_t make(const char *path, uint32_t type)
{
    int64_t got = nodes_create(path, strlen(path), type, 0755);
    return got < 0 ? got : OK;
}

static int64_t remove_path(const char *path, uint32_t kind)
{
    return nodes_remove(path, strlen(path), kind);
}

static int64_t rename_path(const char *path, const char *to)
{
    return nodes_rename(path, strlen(path), to, strlen(to));
}

/* Before each test nothing is there. */
static int begin(void **state)
{
    (void)state;
    for (uint32_t i = 1; i < NODES_MAX; i++) {
        struct node *node = node_at(i);
        free(node->name);
        free(node->data);
        *node = (struct node){0};
    }
    nodes_open();
    return 0;
}

#define A_FILE FILES_TYPE_FILE
#define A_DIRECTORY FILES_TYPE_DIRECTORY

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(walk("/"), NODE_ROOT);
    assert_int_equal(make("/a", A_FILE), OK);
    assert_int_equal(make("/d", A_DIRECTORY), OK);
    assert_int_equal(make("/d/b", A_FILE), OK);
    assert_true(walk("/d/b") > 0 && walk("/a") > 0);
    assert_int_equal(make("/a", A_FILE), E_EXISTS);
    assert_int_equal(make("/", A_DIRECTORY), E_EXISTS);
    assert_int_equal(make("/none/x", A_FILE), E_NO_FILE);
    assert_int_equal(make("/a/x", A_FILE), E_NOT_DIRECTORY);
    assert_int_equal(walk("/a/x"), E_NOT_DIRECTORY);
    assert_int_equal(walk("/d/c"), E_NO_FILE);
    assert_int_equal(walk("a"), E_PATH);
    assert_int_equal(walk("/d/../a"), E_PATH);
    assert_int_equal(nodes_walk("/d\0b", 4), E_PATH);

    assert_int_equal(remove_path("/d", 0), E_IS_DIRECTORY);
    assert_int_equal(remove_path("/a", FILES_DIRECTORY), E_NOT_DIRECTORY);
    assert_int_equal(remove_path("/d", FILES_DIRECTORY), E_NOT_EMPTY);
    assert_int_equal(remove_path("/", FILES_DIRECTORY), E_BUSY);
    assert_int_equal(remove_path("/c", 0), E_NO_FILE);
    assert_int_equal(remove_path("/d/b", 0), OK);
    assert_int_equal(remove_path("/d", FILES_DIRECTORY), OK);
    assert_int_equal(walk("/d"), E_NO_FILE);
}

static void test_renaming(void **state)
{
    (void)state;
    assert_int_equal(make("/a", A_FILE), OK);
    assert_int_equal(make("/d", A_DIRECTORY), OK);
    assert_int_equal(make("/d/e", A_DIRECTORY), OK);
    assert_int_equal(make("/d/e/f", A_FILE), OK);
    assert_int_equal(rename_path("/a", "/d/e/f"), OK); /* in place of what was there */
    assert_int_equal(walk("/a"), E_NO_FILE);
    assert_int_equal(rename_path("/d/e/f", "/d/e/f"), OK);
    assert_int_equal(rename_path("/d", "/d/e/g"), E_PATH); /* into itself */
    assert_int_equal(rename_path("/d", "/d"), OK);
    assert_int_equal(rename_path("/", "/x"), E_BUSY);
    assert_int_equal(rename_path("/none", "/x"), E_NO_FILE);
    assert_int_equal(rename_path("/d/e/f", "/none/x"), E_NO_FILE);
    assert_int_equal(make("/x", A_DIRECTORY), OK);
    assert_int_equal(rename_path("/d/e/f", "/x"), E_IS_DIRECTORY);
    assert_int_equal(rename_path("/x", "/d/e/f"), E_NOT_DIRECTORY);
    assert_int_equal(rename_path("/x", "/d"), E_NOT_EMPTY);
    assert_int_equal(rename_path("/d", "/x"), OK);
    assert_true(walk("/x/e/f") > 0);
}

static void test_contents(void **state)
{
    (void)state;
    char bytes[16] = {1, 1, 1, 1, 1, 1, 1, 1};
    assert_int_equal(make("/a", A_FILE), OK);
    uint32_t node = (uint32_t)walk("/a");
    assert_int_equal(nodes_read(node, 0, bytes, 8), 0);
    assert_int_equal(nodes_write(node, 4, "abcd", 4), 4);
    assert_int_equal(nodes_read(node, 0, bytes, sizeof bytes), 8);
    assert_memory_equal(bytes, "\0\0\0\0abcd", 8);
    assert_int_equal(nodes_resize(node, 6), OK);
    assert_int_equal(nodes_resize(node, 8), OK);
    assert_int_equal(nodes_read(node, 4, bytes, 8), 4);
    assert_memory_equal(bytes, "ab\0\0", 4);
    assert_int_equal(nodes_read(node, UINT64_MAX, bytes, 8), 0);
    assert_int_equal(nodes_write(node, UINT64_MAX, bytes, 8), E_FILE_SIZE);
    assert_int_equal(nodes_write(node, 300ull << 20, bytes, 8), E_FILE_SIZE);
    assert_int_equal(nodes_resize(node, UINT64_MAX), E_FILE_SIZE);
    assert_int_equal(node_at(node)->bytes, 8);
}

/* What is open stays, though nobody finds it any more; another file of its name is another one. */
static void test_removed_while_open(void **state)
{
    (void)state;
    char byte = 0;
    assert_int_equal(make("/a", A_FILE), OK);
    uint32_t node = (uint32_t)walk("/a");
    uint64_t id = node_at(node)->id;
    node_at(node)->opens = 1;
    assert_int_equal(nodes_write(node, 0, "x", 1), 1);
    assert_int_equal(remove_path("/a", 0), OK);
    assert_int_equal(walk("/a"), E_NO_FILE);
    assert_int_equal(make("/a", A_FILE), OK);
    assert_int_not_equal(walk("/a"), node);
    assert_int_equal(nodes_read(node, 0, &byte, 1), 1);
    assert_int_equal(byte, 'x');
    nodes_close(node);
    assert_int_equal(node_at(node)->type, 0);
    assert_true(node_at((uint32_t)walk("/a"))->id != id);
}

static void test_lists(void **state)
{
    char path[300], buffer[400] __attribute__((aligned(8)));
    uint32_t seen = 0;
    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        snprintf(path, sizeof path, "/%03u-%.*s", i, (int)(i * 2),
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
        assert_int_equal(make(path, A_FILE), OK);
    }
    assert_int_equal(nodes_list(NODE_ROOT, 0, buffer, 8), E_TOO_LONG);
    int64_t bytes;
    for (uint64_t place = 0; (bytes = nodes_list(NODE_ROOT, place, buffer, sizeof buffer)) > 0;) {
        for (int64_t at = 0; at < bytes;) {
            const struct files_entry *entry = (const struct files_entry *)(buffer + at);
            assert_int_equal(strlen(entry->name), entry->name_bytes);
            assert_int_equal(strtoul(entry->name, NULL, 10), seen++);
            at += entry->bytes;
            place = entry->next;
        }
    }
    assert_int_equal(bytes, 0);
    assert_int_equal(seen, 100);
}

static void test_full(void **state)
{
    char path[16];
    (void)state;
    for (uint32_t i = 1; i < NODES_MAX; i++) {
        snprintf(path, sizeof path, "/%u", i);
        assert_int_equal(make(path, A_FILE), OK);
    }
    assert_int_equal(make("/more", A_FILE), E_NO_SPACE);
    assert_int_equal(remove_path("/7", 0), OK);
    assert_int_equal(make("/more", A_FILE), OK);
}

/* ---- At random ---- */

#define PATHS 39 /* /a to /c, /a/a to /c/c, /a/a/a to /c/c/c */

static struct {
    uint32_t type; /* 0: not there */
    char content[64];
    uint32_t bytes;
} model[PATHS];
static const char *paths[PATHS];

static uint32_t next_number(void)
{
    static uint64_t number = 7;
    number = number * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(number >> 33);
}

static void make_paths(void)
{
    static char texts[PATHS][8];
    uint32_t count = 0;
    for (uint32_t depth = 1; depth <= 3; depth++) {
        for (uint32_t i = 0; i < (depth == 1 ? 3 : depth == 2 ? 9 : 27); i++) {
            uint32_t rest = i;
            for (uint32_t k = depth; k-- > 0; rest /= 3) {
                texts[count][2 * k] = '/';
                texts[count][2 * k + 1] = (char)('a' + rest % 3);
            }
            texts[count][2 * depth] = 0;
            paths[count] = texts[count];
            count++;
        }
    }
}

/* The path above one; PATHS: the root. */
static uint32_t above(uint32_t path)
{
    return path < 3 ? PATHS : path < 12 ? (path - 3) / 3 : 3 + (path - 12) / 3;
}

static bool has_inside(uint32_t path)
{
    for (uint32_t i = 0; i < PATHS; i++)
        if (model[i].type && above(i) == path)
            return true;
    return false;
}

/* What making something by that path says. */
static int64_t expected_of_making(uint32_t path)
{
    uint32_t up = above(path);
    for (uint32_t top = up; top != PATHS; top = above(top)) {
        if (!model[top].type)
            continue;
        if (model[top].type != A_DIRECTORY)
            return E_NOT_DIRECTORY;
        break;
    }
    if (up != PATHS && !model[up].type)
        return E_NO_FILE;
    return model[path].type ? E_EXISTS : OK;
}

static void make_at_random(uint32_t path)
{
    uint32_t type = next_number() % 2 ? A_FILE : A_DIRECTORY;
    int64_t expected = expected_of_making(path);
    assert_int_equal(make(paths[path], type), expected);
    if (expected == OK) {
        model[path].type = type;
        model[path].bytes = 0;
    }
}

static void remove_at_random(uint32_t path)
{
    if (!model[path].type)
        return;
    bool directory = model[path].type == A_DIRECTORY;
    int64_t expected = directory && has_inside(path) ? E_NOT_EMPTY : OK;
    assert_int_equal(remove_path(paths[path], directory ? FILES_DIRECTORY : 0), expected);
    model[path].type = expected == OK ? 0 : model[path].type;
}

static void write_at_random(uint32_t path)
{
    uint32_t at = next_number() % 48, bytes = next_number() % 16 + 1;
    char text[16];
    if (model[path].type != A_FILE)
        return;
    for (uint32_t i = 0; i < bytes; i++)
        text[i] = (char)next_number();
    assert_int_equal(nodes_write((uint32_t)walk(paths[path]), at, text, bytes), bytes);
    if (at > model[path].bytes)
        memset(model[path].content + model[path].bytes, 0, at - model[path].bytes);
    memcpy(model[path].content + at, text, bytes);
    if (at + bytes > model[path].bytes)
        model[path].bytes = at + bytes;
}

/* A file to another name, where nothing is. */
static void rename_at_random(uint32_t path)
{
    uint32_t to = next_number() % PATHS;
    if (model[path].type != A_FILE || expected_of_making(to) != OK)
        return;
    assert_int_equal(rename_path(paths[path], paths[to]), OK);
    model[to] = model[path];
    model[path].type = 0;
}

static void compare_at_random(uint32_t path)
{
    char text[64];
    int64_t node = walk(paths[path]);
    if (!model[path].type) {
        assert_true(node == E_NO_FILE || node == E_NOT_DIRECTORY);
        return;
    }
    assert_true(node > 0);
    assert_int_equal(node_at((uint32_t)node)->type, model[path].type);
    if (model[path].type != A_FILE)
        return;
    assert_int_equal(nodes_read((uint32_t)node, 0, text, sizeof text), model[path].bytes);
    assert_memory_equal(text, model[path].content, model[path].bytes);
}

static void test_at_random(void **state)
{
    static void (*const operations[])(uint32_t path) = {
        make_at_random,  make_at_random,   make_at_random,   remove_at_random,
        write_at_random, rename_at_random, compare_at_random};
    (void)state;
    make_paths();
    memset(model, 0, sizeof model);
    for (uint32_t i = 0; i < 200000; i++)
        operations[next_number() % 7](next_number() % PATHS);
    for (uint32_t i = 0; i < PATHS; i++)
        compare_at_random(i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_names, begin),
        cmocka_unit_test_setup(test_renaming, begin),
        cmocka_unit_test_setup(test_contents, begin),
        cmocka_unit_test_setup(test_removed_while_open, begin),
        cmocka_unit_test_setup(test_lists, begin),
        cmocka_unit_test_setup(test_full, begin),
        cmocka_unit_test_setup(test_at_random, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
