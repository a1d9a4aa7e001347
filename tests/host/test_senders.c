// sources: servers/console/senders.c servers/console/books.c
/* Texts of several programs that arrive in pieces are printed whole, none is lost, and none is
 * printed twice: also where the console is stopped anywhere and its next instance goes on. */
#include "servers/console/senders.h"

#include <string.h>

#include "tests/host/check.h"

static struct kept_books memory;

static int start(void **state)
{
    (void)state;
    memory = (struct kept_books){0};
    books_open(&memory);
    return 0;
}

/* All that console was printed to, if that fits in. */
static const char *printed(uint32_t console)
{
    static char text[PRINTED_BYTES + 1];
    uint64_t count = books()->consoles[console].printed;
    assert_true(count <= PRINTED_BYTES);
    memcpy(text, memory.printed[console], count);
    text[count] = 0;
    return text;
}

static void take(uint64_t badge, uint32_t number, const char *bytes, bool more)
{
    senders_take(&(struct piece){badge, 0, number, bytes, (uint32_t)strlen(bytes), more});
}

static void test_pieces_are_not_mixed(void **state)
{
    (void)state;
    take(1, 0, "one ", true);
    take(2, 0, "two ", true);
    take(3, 0, "three\n", false);
    assert_true(senders_open());
    take(1, 0, "more ", true);
    take(2, 0, "end\n", false);
    take(1, 0, "end\n", false);
    assert_string_equal(printed(0), "three\ntwo end\none more end\n");
    assert_false(senders_open());
}

static void test_consoles(void **state)
{
    (void)state;
    senders_take(&(struct piece){1, 0, 0, "a", 1, true});
    senders_take(&(struct piece){1, 2, 0, "b", 1, false});
    assert_string_equal(printed(0), "a");
    assert_string_equal(printed(2), "b");
}

static void test_flush(void **state)
{
    (void)state;
    take(1, 0, "a", true);
    take(2, 0, "b", true);
    while (senders_flush() < CONSOLES)
        ;
    assert_string_equal(printed(0), "ab");
    assert_false(senders_open());
    take(1, 0, "c", false);
    assert_string_equal(printed(0), "abc");
}

static void test_long_texts(void **state)
{
    (void)state;
    const char *piece = "0123456789012345678901234567890123456789";
    for (int i = 0; i < 30; i++)
        take(1, 0, piece, true);
    assert_true(books()->consoles[0].printed > 0);
    take(1, 0, "", false);
    assert_int_equal(books()->consoles[0].printed, 30 * TEXT_BYTES);
}

static void test_many_programs(void **state)
{
    (void)state;
    for (uint64_t badge = 1; badge <= 20; badge++)
        take(badge, 0, "x", true);
    for (uint64_t badge = 1; badge <= 20; badge++)
        take(badge, 0, "y", false);
    assert_int_equal(strlen(printed(0)), 40);
    assert_false(senders_open());
}

static void test_repeated(void **state)
{
    (void)state;
    take(1, 7, "a", true);
    take(1, 7, "a", true);
    take(2, 7, "b", false);
    take(1, 8, "c", false);
    take(1, 8, "c", false);
    take(2, 7, "b", false);
    take(1, 9, "d", false);
    assert_string_equal(printed(0), "bacd");
}

/* A copy of the memory as it would be found after each store that counts: the next instance, given
 * the last message again, comes to the same text. */
static void test_ended_anywhere(void **state)
{
    (void)state;
    static const struct {
        uint64_t badge;
        const char *bytes;
        bool more;
    } messages[] = {{1, "one ", true},
                    {2, "two ", true},
                    {1, "end\n", false},
                    {3, "three\n", false},
                    {2, "end\n", false}};
    for (uint32_t end = 0; end < 5; end++) {
        start(NULL);
        for (uint32_t i = 0; i < 5; i++) {
            struct kept_books before = memory;
            take(messages[i].badge, i + 1, messages[i].bytes, messages[i].more);
            if (i != end)
                continue;
            /* It ended before the last count went on, with all bytes written; then, after it. */
            before.copies[(before.kept.changes + 1) & 1] =
                memory.copies[(before.kept.changes + 1) & 1];
            memcpy(before.texts, memory.texts, sizeof memory.texts);
            memcpy(before.printed, memory.printed, sizeof memory.printed);
            memory = before;
            books_open(&memory);
            take(messages[i].badge, i + 1, messages[i].bytes, messages[i].more);
            take(messages[i].badge, i + 1, messages[i].bytes, messages[i].more);
        }
        assert_string_equal(printed(0), "one end\nthree\ntwo end\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pieces_are_not_mixed, start),
        cmocka_unit_test_setup(test_consoles, start),
        cmocka_unit_test_setup(test_flush, start),
        cmocka_unit_test_setup(test_long_texts, start),
        cmocka_unit_test_setup(test_many_programs, start),
        cmocka_unit_test_setup(test_repeated, start),
        cmocka_unit_test_setup(test_ended_anywhere, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
