// sources: libc/linux/line_input.c
/* Lines as a terminal makes them: what the program gets, and what is shown. */
#include "libc/linux/line_input.h"

#include "tests/host/check.h"

static struct line_input line;
static char shown[4096];
static uint32_t shown_count;

static void show(const char *text, uint32_t bytes)
{
    assert_true(shown_count + bytes < sizeof shown);
    memcpy(shown + shown_count, text, bytes);
    shown_count += bytes;
    shown[shown_count] = 0;
}

/* The line that these keys make, which must end with the last of them. */
static void assert_line(const char *keys, const char *text, const char *screen)
{
    line.used = shown_count = 0;
    shown[0] = 0;
    for (const char *key = keys; *key; key++)
        assert_int_equal(line_input_take(&line, *key, show), key[1] == 0);
    assert_int_equal(line.used, strlen(text));
    assert_memory_equal(line.text, text, line.used);
    assert_string_equal(shown, screen);
}

static void test_lines(void **state)
{
    (void)state;
    assert_line("one two\r", "one two\n", "one two\n");
    assert_line("\n", "\n", "\n");
    assert_line("ab\x7f"
                "c\b\b\bd\r",
                "d\n", "ab\b \bc\b \b\b \bd\n");
    assert_line("a\xc3\xa4\x7f\r", "a\n", "a\xc3\xa4\b \b\n");
    assert_line("ab\x15x\r", "x\n", "ab\b \b\b \bx\n");
    assert_line("a\x01\x1b\tb\r", "a\tb\n", "a\tb\n");
}

static void test_end(void **state)
{
    (void)state;
    assert_line("\x04", "", "");
    assert_line("ab\x04", "ab", "ab");
}

static void test_full(void **state)
{
    (void)state;
    line.used = shown_count = 0;
    for (uint32_t i = 0; i < 2 * LINE_INPUT_BYTES; i++)
        assert_false(line_input_take(&line, 'x', show));
    assert_true(line_input_take(&line, '\r', show));
    assert_int_equal(line.used, LINE_INPUT_BYTES);
    assert_int_equal(line.text[LINE_INPUT_BYTES - 1], '\n');
}

/* Any bytes: a line never holds more than it can. */
static void test_any_bytes(void **state)
{
    uint64_t number = 1;
    (void)state;
    line.used = 0;
    for (uint32_t i = 0; i < 300000; i++) {
        number = number * 6364136223846793005u + 1442695040888963407u;
        shown_count = 0;
        if (line_input_take(&line, (char)(number >> 40), show))
            line.used = 0;
        assert_true(line.used < LINE_INPUT_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
