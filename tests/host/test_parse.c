// sources: servers/shell/parse.c
/* How the shell reads a line: words, files, pipelines, and what decides whether they run. */
#include "servers/shell/parse.h"

#include <stdio.h>

#include "tests/host/check.h"

static struct pipeline pipeline;
static char *const arguments[] = {"script", "one", "two  words", NULL};
static struct values values = {.status = 42, .count = 2, .arguments = arguments};
static char shown[16384];

static void show(const char *before, const char *text, const char *after)
{
    strcat(shown, before);
    strcat(shown, text);
    strcat(shown, after);
}

static void show_command(const struct simple_command *command)
{
    for (uint32_t i = 0; i < command->count; i++)
        show("[", command->words[i], "]");
    assert_null(command->words[command->count]);
    if (command->input)
        show("<", command->input, "");
    if (command->output)
        show(command->append ? ">>" : ">", command->output, "");
}

/* All of a line, each word in brackets; or the reason why it cannot be read. */
static const char *parse(const char *line)
{
    static const char *const follows[] = {"", ";", "&&", "||"};
    const char *refusal = parse_check(line, &values), *rest = line;
    shown[0] = 0;
    if (refusal)
        return refusal;
    do {
        assert_null(parse_next(&pipeline, &rest, &values));
        for (uint32_t i = 0; i < pipeline.count; i++) {
            show(i ? "|" : "", "", "");
            show_command(&pipeline.commands[i]);
        }
        show(pipeline.background ? "&" : "", follows[pipeline.follow], "");
    } while (pipeline.follow != FOLLOW_END);
    return shown;
}

#define assert_parse(line, what) assert_string_equal(parse(line), what)

static void test_words(void **state)
{
    (void)state;
    assert_parse("", "");
    assert_parse("   ", "");
    assert_parse("  run  hello\tworld \r", "[run][hello][world]");
    assert_parse("# all of it", "");
    assert_parse("a #b", "[a]");
    assert_parse("a#b '#c'", "[a#b][#c]");
}

static void test_quoting(void **state)
{
    (void)state;
    assert_parse("echo 'a b'  \"c  d\"", "[echo][a b][c  d]");
    assert_parse("a'b'\"c\"d '' \"\"", "[abcd][][]");
    assert_parse("'\"' \"'\"", "[\"][']");
    assert_parse("a\\ b \\' \"\\\"\" '\\' \\", "[a b]['][\"][\\][\\]");
    assert_parse("'a|b' \"c;d\" e\\&f \\> \\#", "[a|b][c;d][e&f][>][#]");
    assert_parse("echo 'a b", "a quotation is not closed");
    assert_parse("\"", "a quotation is not closed");
}

static void test_values(void **state)
{
    (void)state;
    assert_parse("$? a$?b \"$?\" '$?' \\$? $ $x", "[42][a42b][42][$?][$?][$][$x]");
    assert_parse("$0 $1 $2 $3 $# '$1'", "[script][one][two  words][][2][$1]");
    struct values none = {.status = 1};
    const char *line = "$1$0x";
    assert_null(parse_next(&pipeline, &line, &none));
    assert_string_equal(pipeline.words[0], "x");
}

static void test_pipelines(void **state)
{
    (void)state;
    assert_parse("a b|c", "[a][b]|[c]");
    assert_parse("a;b ; c;", "[a];[b];[c]");
    assert_parse("a&&b || c", "[a]&&[b]||[c]");
    assert_parse("a & b&", "[a]&;[b]&");
    assert_parse("a | b | c && d # e", "[a]|[b]|[c]&&[d]");
    assert_parse("a ; # b", "[a]");
    static const char *const beside[] = {";",       "a ;; b", "| a",      "a |",       "a | | b",
                                         "a &&",    "&& a",   "a && # b", "a || && b", "&",
                                         "a & & b", "a |; b", "a ||| b"};
    for (uint32_t i = 0; i < sizeof beside / sizeof beside[0]; i++)
        assert_parse(beside[i], "an operator has no command beside it");
    assert_parse("1|2|3|4|5|6|7|8|9", "a pipeline has too many commands");
}

static void test_files(void **state)
{
    (void)state;
    assert_parse("a <b >c", "[a]<b>c");
    assert_parse("a>>'b c' d", "[a][d]>>b c");
    assert_parse("<x a|b>y", "[a]<x|[b]>y");
    assert_parse("a >", "no file is named behind < or >");
    assert_parse("a > ; b", "no file is named behind < or >");
    assert_parse("a > # b", "no file is named behind < or >");
    assert_parse("a >b >>c", "a command has more than one >");
    assert_parse("a <b <c", "a command has more than one <");
    assert_parse("a >b | c", "a command cannot have both > and | behind it");
    assert_parse("a | b <c", "a command cannot have both < and | before it");
    assert_parse("> b", "there is no command");
}

static void test_limits(void **state)
{
    (void)state;
    char line[2 * PARSE_BYTES];
    memset(line, 0, sizeof line);
    for (uint32_t i = 0; i < PARSE_WORDS; i++)
        strcat(line, "w ");
    assert_int_equal(strlen(parse(line)), 3 * PARSE_WORDS);
    strcat(line, "w");
    assert_parse(line, "the line has too many words");

    memset(line, 'x', PARSE_BYTES);
    line[PARSE_BYTES - 1] = 0;
    assert_int_equal(strlen(parse(line)), PARSE_BYTES + 1);
    line[PARSE_BYTES - 1] = 'x';
    line[PARSE_BYTES] = 0;
    assert_parse(line, "the line is too long");
}

/* The same numbers each time. */
static uint32_t next_number(void)
{
    static uint64_t number = 1;
    number = number * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(number >> 33);
}

/* Whatever is typed: what is read lies in the pipeline, and its end is found. */
static void test_any_lines(void **state)
{
    (void)state;
    static const char likely[] = " \t'\"\\$?#;&|<>ab0129";
    for (uint32_t round = 0; round < 200000; round++) {
        char line[600];
        uint32_t length = next_number() % (round % 16 ? 40 : sizeof line - 1);
        for (uint32_t i = 0; i < length; i++)
            line[i] = next_number() % 16 ? likely[next_number() % (sizeof likely - 1)]
                                         : (char)(next_number() % 255 + 1);
        line[length] = 0;
        const char *rest = line, *refusal;
        bool sound = parse_check(line, &values) == NULL;
        do {
            const char *before = rest;
            refusal = parse_next(&pipeline, &rest, &values);
            if (refusal)
                break;
            assert_true(rest >= before && rest <= line + length);
            assert_true(pipeline.count <= PARSE_COMMANDS);
            for (uint32_t i = 0; i < pipeline.count; i++) {
                const struct simple_command *command = &pipeline.commands[i];
                assert_true(command->count > 0 && !command->words[command->count]);
                for (uint32_t k = 0; k < command->count; k++)
                    assert_true(strlen(command->words[k]) < PARSE_BYTES);
            }
        } while (pipeline.follow != FOLLOW_END);
        assert_int_equal(refusal == NULL, sound);
        struct last_word last;
        uint32_t part = length ? next_number() % (length + 1) : 0;
        parse_last_word(&last, line, part);
        assert_true(last.start <= part && strlen(last.text) < sizeof last.text);
    }
}

/* What is quoted is read as the word it was. */
static void test_quoted_words(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 20000; round++) {
        char word[64], quoted[2 * sizeof word + 3];
        uint32_t length = next_number() % (sizeof word - 1);
        for (uint32_t i = 0; i < length; i++)
            word[i] = (char)(next_number() % 255 + 1);
        word[length] = 0;
        assert_true(parse_quote(quoted, sizeof quoted, word));
        const char *line = quoted;
        assert_null(parse_next(&pipeline, &line, &values));
        assert_int_equal(pipeline.commands[0].count, 1);
        assert_string_equal(pipeline.words[0], word);
        assert_false(parse_quote(quoted, (uint32_t)strlen(quoted), word));
    }
}

static void assert_last(const char *line, uint32_t start, const char *text, bool first, bool file)
{
    struct last_word last;
    parse_last_word(&last, line, (uint32_t)strlen(line));
    assert_int_equal(last.start, start);
    assert_string_equal(last.text, text);
    assert_int_equal(last.first, first);
    assert_int_equal(last.file, file);
}

static void test_last_word(void **state)
{
    (void)state;
    assert_last("", 0, "", true, false);
    assert_last("ec", 0, "ec", true, false);
    assert_last("echo ", 5, "", false, false);
    assert_last("echo 'a b", 5, "a b", false, false);
    assert_last("a;b|c", 4, "c", true, false);
    assert_last("a >b", 3, "b", false, true);
    assert_last(">b c", 3, "c", true, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),     cmocka_unit_test(test_quoting),
        cmocka_unit_test(test_values),    cmocka_unit_test(test_pipelines),
        cmocka_unit_test(test_files),     cmocka_unit_test(test_limits),
        cmocka_unit_test(test_any_lines), cmocka_unit_test(test_quoted_words),
        cmocka_unit_test(test_last_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
