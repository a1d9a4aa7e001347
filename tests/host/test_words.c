// sources: servers/shell/words.c
/* How the shell splits a line into words. */
#include "servers/shell/words.h"

#include "tests/host/check.h"

static struct words words;

/* The words of `line`, each in brackets, or the reason why there are none. */
static const char *split(const char *line)
{
    static char text[2 * WORDS_BYTES];
    const char *refusal = words_split(&words, line, 42);
    if (refusal)
        return refusal;
    text[0] = 0;
    for (uint32_t i = 0; i < words.count; i++) {
        strcat(text, "[");
        strcat(text, words.word[i]);
        strcat(text, "]");
    }
    assert_null(words.word[words.count]);
    return text;
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(split(""), "");
    assert_string_equal(split("   "), "");
    assert_string_equal(split("  run  hello world "), "[run][hello][world]");
}

static void test_quoting(void **state)
{
    (void)state;
    assert_string_equal(split("echo 'a b'  \"c  d\""), "[echo][a b][c  d]");
    assert_string_equal(split("a'b'\"c\"d '' \"\""), "[abcd][][]");
    assert_string_equal(split("'\"' \"'\""), "[\"][']");
    assert_string_equal(split("a\\ b \\' \"\\\"\" '\\' \\"), "[a b]['][\"][\\][\\]");
    assert_string_equal(split("echo 'a b"), "a quotation is not closed");
    assert_string_equal(split("\""), "a quotation is not closed");
}

static void test_status(void **state)
{
    (void)state;
    assert_string_equal(split("$? a$?b \"$?\" '$?' \\$? $ $x"), "[42][a42b][42][$?][$?][$][$x]");
}

static void test_limits(void **state)
{
    (void)state;
    char line[2 * WORDS_BYTES];
    memset(line, 0, sizeof line);
    for (uint32_t i = 0; i < WORDS_MAX; i++)
        strcat(line, "w ");
    assert_int_equal(strlen(split(line)), 3 * WORDS_MAX);
    strcat(line, "w");
    assert_string_equal(split(line), "the line has too many words");

    memset(line, 'x', WORDS_BYTES);
    line[WORDS_BYTES - 1] = 0;
    assert_int_equal(strlen(split(line)), WORDS_BYTES + 1);
    line[WORDS_BYTES - 1] = 'x';
    line[WORDS_BYTES] = 0;
    assert_string_equal(split(line), "the line is too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_quoting),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
