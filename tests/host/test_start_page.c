// sources: servers/init/start_page.c servers/init/words.c
/* What init takes over from a program that starts another one, which may say anything. */
#include "servers/init/start_page.h"

#include <cocos/errors.h>

#include "tests/host/check.h"

#define ROUNDS 200000

static struct init_start usual(void)
{
    struct init_start start = {
        .name = "hello", .argument_count = 3, .argument_bytes = 8, .arguments = "a\0\0b  c\0"};
    strcpy(start.mounts[0].path, "/");
    strcpy(start.mounts[0].service, "bootfs");
    strcpy(start.directory, "/host");
    strcpy(start.streams[1].path, "/host/output");
    start.streams[1].access = STREAM_WRITE;
    start.streams[1].offset = 77;
    return start;
}

static void test_usual(void **state)
{
    struct init_start start = usual();
    struct process_page page = {0};
    (void)state;
    assert_true(start_page_good(&start));
    assert_int_equal(start_page_fill(&page, "hello", &start), OK);
    assert_int_equal(page.argument_count, 3);
    assert_memory_equal(page.arguments, "a\0\0b  c\0", 8);
    assert_string_equal(page.mounts[0].service, "bootfs");
    assert_string_equal(page.arguments + page.directory, "/host");
    assert_int_equal(page.streams[0].path, 0);
    assert_string_equal(page.arguments + page.streams[1].path, "/host/output");
    assert_int_equal(page.streams[1].access, STREAM_WRITE);
    assert_int_equal(page.streams[1].offset, 77);
}

static void test_nothing_said(void **state)
{
    struct process_page page = {0};
    (void)state;
    assert_int_equal(start_page_fill(&page, " hello  world ", NULL), OK);
    assert_int_equal(page.argument_count, 2);
    assert_memory_equal(page.arguments, "hello\0world\0", 12);
    assert_int_equal(page.directory, 0);
}

/* A module's own arguments stand where the starter has none. */
static void test_of_the_module(void **state)
{
    struct init_start start = {.name = "hello",
                               .argument_count = 1,
                               .argument_bytes = 6,
                               .arguments = "hello",
                               .directory = "/x"};
    struct process_page page = {0};
    (void)state;
    assert_int_equal(start_page_fill(&page, "hello from grub", &start), OK);
    assert_int_equal(page.argument_count, 3);
    assert_string_equal(page.arguments + page.directory, "/x");
    page = (struct process_page){0};
    assert_int_equal(start_page_fill(&page, "hello", &start), OK);
    assert_int_equal(page.argument_count, 1);
    start.argument_count = start.argument_bytes = 0; /* no arguments at all */
    page = (struct process_page){0};
    assert_int_equal(start_page_fill(&page, "", &start), OK);
    assert_int_equal(page.argument_count, 0);
    assert_string_equal(page.arguments + page.directory, "/x");
}

static void test_too_long(void **state)
{
    struct init_start start = usual();
    struct process_page page = {0};
    (void)state;
    for (int i = 0; i < PROCESS_STREAMS; i++) {
        memset(start.streams[i].path, 'x', INIT_PATH_BYTES - 1);
        start.streams[i].path[INIT_PATH_BYTES - 1] = 0;
    }
    assert_true(start_page_good(&start));
    assert_int_equal(start_page_fill(&page, "hello", &start), E_TOO_LONG);
}

static void test_refused(void **state)
{
    struct init_start start = usual();
    (void)state;
    memset(start.name, 'x', sizeof start.name);
    assert_false(start_page_good(&start));
    start = usual();
    start.name[0] = 0;
    assert_false(start_page_good(&start));
    start = usual();
    start.argument_count = 4;
    assert_false(start_page_good(&start));
    start = usual();
    start.argument_bytes = 7;
    assert_false(start_page_good(&start));
    start = usual();
    start.argument_bytes = UINT32_MAX;
    assert_false(start_page_good(&start));
    start = usual();
    memset(start.directory, '/', sizeof start.directory);
    assert_false(start_page_good(&start));
    start = usual();
    memset(start.mounts, '/', sizeof start.mounts);
    assert_false(start_page_good(&start));
    start = usual();
    memset(start.streams[2].path, '/', sizeof start.streams[2].path);
    assert_false(start_page_good(&start));
    start = usual();
    start.streams[0].access = 4;
    assert_false(start_page_good(&start));
}

/* Whatever is said: it is refused, or every text of the page ends inside it. */
static void test_hostile(void **state)
{
    uint64_t random = 9, good = 0;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct init_start start = usual();
        struct process_page page = {0};
        for (uint64_t i = next_random(&random) % 4; i > 0; i--)
            ((uint8_t *)&start)[next_random(&random) % sizeof start] = (uint8_t)(round * i);
        if (!start_page_good(&start))
            continue;
        good++;
        assert_int_equal(start_page_fill(&page, "hello", &start), OK);
        assert_int_equal(page.arguments[sizeof page.arguments - 1], 0);
        assert_true(page.directory < sizeof page.arguments);
        for (uint32_t i = 0; i < PROCESS_STREAMS; i++)
            assert_true(page.streams[i].path < sizeof page.arguments);
    }
    assert_true(good > ROUNDS / 10 && good < ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual),         cmocka_unit_test(test_nothing_said),
        cmocka_unit_test(test_of_the_module), cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
