// sources: servers/console/texts.c
/* Texts of several programs that arrive in pieces are printed whole, and none is lost. */
#include "servers/console/texts.h"

#include <cocos/protocol/text.h>

#include "tests/host/check.h"

static char printed[8192];
static size_t printed_count;

static void print(const char *bytes, size_t count)
{
    assert_true(printed_count + count < sizeof printed);
    memcpy(printed + printed_count, bytes, count);
    printed_count += count;
    printed[printed_count] = 0;
}

static int start(void **state)
{
    (void)state;
    texts_flush(print);
    printed_count = 0;
    printed[0] = 0;
    return 0;
}

static void take(uint64_t badge, const char *piece, bool more)
{
    texts_take(badge, piece, (uint32_t)strlen(piece), more, print);
}

static void test_pieces_are_not_mixed(void **state)
{
    (void)state;
    take(1, "one ", true);
    take(2, "two ", true);
    take(3, "three\n", false);
    assert_true(texts_open());
    take(1, "more ", true);
    take(2, "end\n", false);
    take(1, "end\n", false);
    assert_string_equal(printed, "three\ntwo end\none more end\n");
    assert_false(texts_open());
}

static void test_flush(void **state)
{
    (void)state;
    take(1, "a", true);
    take(2, "b", true);
    texts_flush(print);
    assert_string_equal(printed, "ab");
    assert_false(texts_open());
    take(1, "c", false);
    assert_string_equal(printed, "abc");
}

static void test_long_texts(void **state)
{
    (void)state;
    const char *piece = "0123456789012345678901234567890123456789";
    for (int i = 0; i < 30; i++)
        take(1, piece, true);
    assert_true(printed_count > 0);
    take(1, "", false);
    assert_int_equal(printed_count, 30 * TEXT_BYTES);
}

static void test_many_programs(void **state)
{
    (void)state;
    for (uint64_t badge = 1; badge <= 20; badge++)
        take(badge, "x", true);
    for (uint64_t badge = 1; badge <= 20; badge++)
        take(badge, "y", false);
    assert_int_equal(printed_count, 40);
    assert_false(texts_open());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pieces_are_not_mixed, start),
        cmocka_unit_test_setup(test_flush, start),
        cmocka_unit_test_setup(test_long_texts, start),
        cmocka_unit_test_setup(test_many_programs, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
