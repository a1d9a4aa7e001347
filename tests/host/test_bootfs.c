// sources: servers/bootfs/tree.c libc/path.c
/* The boot loader's modules as files: what a path leads to, and that a listing is whole whatever
 * the room for it. */
#include "servers/bootfs/tree.h"

#include <cocos/errors.h>

#include "tests/host/check.h"

static const struct boot_module modules[] = {
    {0x1000, 10, "init start=console"},
    {0x2000, 5000, "hello"},
    {0x4000, 20, "hello again"},
    {0x5000, 0, ""},
    {0x6000, 7, "manifest"},
};
static const struct tree tree = {modules, sizeof modules / sizeof modules[0]};

static int64_t walk(const char *path)
{
    char *exact = exact_copy(path, strlen(path));
    int64_t node = tree_walk(&tree, exact, strlen(path));
    free(exact);
    return node;
}

static void test_walk(void **state)
{
    (void)state;
    assert_int_equal(walk("/"), TREE_ROOT);
    assert_int_equal(walk("/init"), 1);
    assert_int_equal(walk("/hello"), 3); /* the last of that name */
    assert_int_equal(walk("/hell"), E_NO_FILE);
    assert_int_equal(walk("/hello again"), E_NO_FILE);
    assert_int_equal(walk("/hello/x"), E_NOT_DIRECTORY);
    assert_int_equal(walk("/nothing/x"), E_NO_FILE);
    assert_int_equal(walk("/hello/.."), E_PATH);
    assert_int_equal(walk("hello"), E_PATH);
    assert_int_equal(walk(""), E_PATH);
}

static void test_bytes(void **state)
{
    const void *from = NULL;
    (void)state;
    assert_int_equal(tree_bytes(&tree, 2, 0, 5000, &from), 5000);
    assert_ptr_equal(from, (void *)0x2000);
    assert_int_equal(tree_bytes(&tree, 2, 4999, UINT64_MAX, &from), 1);
    assert_ptr_equal(from, (void *)(0x2000 + 4999));
    assert_int_equal(tree_bytes(&tree, 2, 5000, 1, &from), 0);
    assert_int_equal(tree_bytes(&tree, 2, UINT64_MAX, UINT64_MAX, &from), 0);
}

static void test_status(void **state)
{
    uint64_t words[6];
    (void)state;
    tree_status(&tree, 2, words);
    assert_int_equal(words[2], 5000);
    assert_int_equal((uint32_t)words[5], FILES_TYPE_FILE | 0555);
    tree_status(&tree, TREE_ROOT, words);
    assert_int_equal((uint32_t)words[5], FILES_TYPE_DIRECTORY | 0555);
}

/* All names, in as many pieces as they take; a name that two modules have comes once. */
static void list_in(uint64_t room)
{
    char names[100] = "", *to = malloc(room);
    uint64_t place = 0;
    int64_t got;
    while ((got = tree_list(&tree, place, to, room)) > 0) {
        assert_true((uint64_t)got <= room);
        for (int64_t at = 0; at < got;) {
            const struct files_entry *entry = (const struct files_entry *)(to + at);
            assert_int_equal(strlen(entry->name), entry->name_bytes);
            strcat(strcat(names, entry->name), " ");
            place = entry->next;
            at += entry->bytes;
        }
    }
    assert_int_equal(got, 0);
    assert_string_equal(names, "init hello manifest ");
    free(to);
}

static void test_list(void **state)
{
    char room[24];
    (void)state;
    for (uint64_t bytes = 32; bytes < 200; bytes += 8)
        list_in(bytes);
    assert_int_equal(tree_list(&tree, 0, room, sizeof room - 1), E_TOO_LONG);
    assert_int_equal(tree_list(&tree, UINT64_MAX, room, sizeof room), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
