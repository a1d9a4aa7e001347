// sources: servers/shell/line.c servers/shell/completion.c servers/shell/parse.c servers/console/ansi.c servers/console/terminal.c servers/console/cells.c servers/console/colours.c
/*
 * The shell's line editor: what keys do to the line, and what the screen shows then. The screen is
 * the console's own terminal, so the two are tested against each other.
 */
#include "servers/shell/line.h"

#include <stdio.h>

#include "servers/console/terminal.h"
#include "tests/host/check.h"

#define COLUMNS 24
#define LINES 40
#define PROMPT "cocos> "

#define LEFT "\x1b[D"
#define RIGHT "\x1b[C"
#define UP "\x1b[A"
#define DOWN "\x1b[B"

static struct cell cells[COLUMNS * LINES];
static struct terminal terminal;
static struct line line;
static struct line_history history;
static char printed[4096]; /* since it was last emptied */
static size_t printed_count;

static void print(const char *bytes, size_t count)
{
    terminal_write(&terminal, bytes, count);
    for (size_t i = 0; i < count && printed_count + 1 < sizeof printed; i++)
        printed[printed_count++] = bytes[i];
    printed[printed_count] = 0;
}

static int start(void **state)
{
    (void)state;
    terminal_init(&terminal, cells, COLUMNS, LINES);
    memset(&line, 0, sizeof line);
    memset(&history, 0, sizeof history);
    line_keep(&line, &history);
    line.print = print;
    line.prompt = "\x1b[1;32mcocos>\x1b[0m ";
    line.prompt_columns = sizeof PROMPT - 1;
    line_begin(&line, COLUMNS);
    printed_count = 0;
    return 0;
}

static enum line_event type(const char *keys)
{
    enum line_event event = LINE_MORE;
    for (; *keys && event == LINE_MORE; keys++)
        event = line_take(&line, (uint8_t)*keys);
    if (event == LINE_MORE)
        line_show(&line);
    return event;
}

/* Takes away the spaces at the end. */
static const char *trimmed(char *text)
{
    for (size_t length = strlen(text); length > 0 && text[length - 1] == ' '; length--)
        text[length - 1] = 0;
    return text;
}

/* The row of the screen with the cursor. */
static const char *row(void)
{
    static char text[COLUMNS + 1];
    for (uint32_t x = 0; x < COLUMNS; x++) {
        uint16_t code = terminal_line(&terminal, terminal.cursor.line, 0)[x].code;
        text[x] = code < 0x7f ? (char)code : '?';
    }
    return trimmed(text);
}

/* The line is `text`, with the cursor `column` columns into it, and so it is shown. */
static void assert_line(const char *text, uint32_t column)
{
    char shown[COLUMNS + 1];
    snprintf(shown, sizeof shown, PROMPT "%s", text);
    assert_string_equal(line.text, text);
    assert_int_equal(line.length, strlen(text));
    assert_string_equal(row(), trimmed(shown));
    assert_int_equal(terminal.cursor.column, sizeof PROMPT - 1 + column);
}

static void enter(const char *text)
{
    type(text);
    assert_int_equal(line_take(&line, '\r'), LINE_READY);
    line_begin(&line, COLUMNS);
}

static void test_typing(void **state)
{
    (void)state;
    assert_line("", 0);
    assert_int_equal(type("run hello"), LINE_MORE);
    assert_line("run hello", 9);
    /* At the end of the line, what is typed is all that is printed. */
    assert_string_equal(printed, "run hello");
    assert_int_equal(type("\r"), LINE_READY);
    assert_string_equal(line.text, "run hello");
    assert_int_equal(terminal.cursor.column, 0);
    /* \r\n is one Enter, \n alone another. */
    line_begin(&line, COLUMNS);
    assert_int_equal(type("\n"), LINE_MORE);
    assert_int_equal(type("\n"), LINE_READY);
}

/* Bytes that come together are shown together, whatever they do to the line. */
static void test_showing_once(void **state)
{
    (void)state;
    type("abc" LEFT "x\x01y\x05z\x7f");
    assert_line("yabxc", 5);
    assert_string_equal(printed, "\r\x1b[7Cyabxc\x1b[K");
    printed_count = 0;
    type("");
    assert_int_equal(printed_count, 0);
    /* What nobody saw before Enter is still printed. */
    type(" 1\r");
    assert_string_equal(printed, " 1\n");
}

static void test_moving_and_inserting(void **state)
{
    (void)state;
    type("ac" LEFT "b");
    assert_line("abc", 2);
    type(LEFT LEFT LEFT LEFT "0");
    assert_line("0abc", 1);
    type(RIGHT RIGHT RIGHT RIGHT "d");
    assert_line("0abcd", 5);
    type("\x01<\x05>");
    assert_line("<0abcd>", 7);
    type("\x1b[H[\x1b[F]\x1b[1~(\x1b[4~)\x1bOH{\x1bOF}\x02\x06");
    assert_line("{([<0abcd>])}", 13);
}

static void test_deleting(void **state)
{
    (void)state;
    type("one two  three\x17");
    assert_line("one two  ", 9);
    type("\x17");
    assert_line("one ", 4);
    type("\x7f\b");
    assert_line("on", 2);
    type("\x01\x1b[3~");
    assert_line("n", 0);
    type("\x04\x7f\x1b[3~\x17\x15\x0b");
    assert_line("", 0);
    type("abcdef" LEFT LEFT "\x0b");
    assert_line("abcd", 4);
    type(LEFT "\x15");
    assert_line("d", 0);
}

static void test_ending(void **state)
{
    (void)state;
    assert_int_equal(type("abc\x03"), LINE_CANCELLED);
    assert_int_equal(terminal.cursor.column, 0);
    line_begin(&line, COLUMNS);
    assert_line("", 0);
    /* Ctrl-D deletes, and only ends where there is nothing. */
    assert_int_equal(type("ab\x01\x04"), LINE_MORE);
    assert_line("b", 0);
    assert_int_equal(type("\x04"), LINE_MORE);
    assert_int_equal(type("\x04"), LINE_END);
}

static void test_history(void **state)
{
    (void)state;
    type(UP DOWN);
    assert_line("", 0);
    enter("one");
    enter("");
    enter("two");
    enter("two");
    type("new" UP);
    assert_line("two", 3);
    type(UP);
    assert_line("one", 3);
    type(UP "!");
    assert_line("one!", 4);
    type(DOWN);
    assert_line("two", 3);
    type("\x0e");
    assert_line("new", 3);
    type(DOWN "\x10\x10");
    assert_line("one", 3);
    enter("");
    type(UP);
    assert_line("one", 3);
}

static void test_history_search(void **state)
{
    (void)state;
    enter("echo one");
    enter("ps");
    enter("echo two");
    enter("mem");
    type("ho");
    type("\x12");
    assert_line("echo two", 8);
    type("\x12");
    assert_line("echo one", 8);
    type("\x12"); /* there is no more */
    assert_line("echo one", 8);
    type(DOWN DOWN DOWN DOWN);
    assert_line("ho", 2);
}

static void test_history_keeps_32_lines(void **state)
{
    (void)state;
    char text[16];
    for (int i = 0; i < 40; i++) {
        snprintf(text, sizeof text, "n%d", i);
        enter(text);
    }
    for (int i = 0; i < 50; i++)
        type(UP);
    assert_line("n8", 2);
}

static void test_utf8(void **state)
{
    (void)state;
    type("a\xc3\xa9\xe2\x94\x80");
    assert_int_equal(terminal.cursor.column, sizeof PROMPT - 1 + 3);
    type(LEFT LEFT "x");
    assert_string_equal(line.text, "ax\xc3\xa9\xe2\x94\x80");
    type("\x04\x04");
    assert_line("ax", 2);
    /* Bytes that are no character are not taken. */
    type("\x80\xff\xc3z\x7f");
    assert_line("ax", 2);
}

static void test_long_lines_show_the_part_round_the_cursor(void **state)
{
    (void)state;
    enum { ROOM = COLUMNS - sizeof PROMPT };
    type("abcdefghijklmnopqrstuvwxyz");
    assert_int_equal(line.length, 26);
    assert_string_equal(row(), PROMPT "klmnopqrstuvwxyz");
    assert_int_equal(terminal.cursor.column, COLUMNS - 1);
    type("\x01");
    assert_string_equal(row(), PROMPT "abcdefghijklmnop");
    assert_int_equal(terminal.cursor.column, sizeof PROMPT - 1);
    for (int i = 0; i < ROOM + 2; i++)
        type(RIGHT);
    assert_string_equal(row(), PROMPT "cdefghijklmnopqr");
    type("\x0b");
    assert_string_equal(row(), PROMPT "cdefghijklmnopqr");
    type("\x7f\x7f");
    assert_line("abcdefghijklmnop", ROOM);
    /* Whoever reads along must not see the prompt again while the line is edited. */
    assert_null(strstr(printed, "cocos>"));
}

static void test_a_full_line_takes_no_more(void **state)
{
    (void)state;
    for (int i = 0; i < 600; i++)
        type("x");
    assert_int_equal(line.length, LINE_BYTES - 1);
    type("\x7f\xc3\xa9");
    assert_int_equal(line.length, LINE_BYTES - 2);
}

static void test_clearing_the_screen(void **state)
{
    (void)state;
    enter("x");
    type("abc" LEFT "\x0c");
    assert_line("abc", 2);
    assert_int_equal(terminal.cursor.line, 0);
}

static void test_unknown_keys_do_nothing(void **state)
{
    (void)state;
    type("a\t\x07\x1b[5~\x1b[6~\x1b[2~\x1b[1;5D\x1b[15~\x1bx\x1b[Zb");
    assert_line("ba", 1);
}

/* Any bytes whatsoever: the line stays whole; the sanitizers watch the rest. */
static void test_any_bytes(void **state)
{
    (void)state;
    static const char likely[] = "ab \x1b[ABCDHF~13\x7f\x17\x0b\x15\x01\x05\xc3\xa9";
    uint64_t seed = 2;
    for (int i = 0; i < 200000; i++) {
        uint64_t number = next_random(&seed);
        uint8_t byte = number & 7 ? (uint8_t)likely[(number >> 8) % (sizeof likely - 1)]
                                  : (uint8_t)(number >> 8);
        if (line_take(&line, byte) != LINE_MORE)
            line_begin(&line, (uint32_t)(number >> 16) % 100);
        if (number >> 40 & 1)
            line_show(&line);
        assert_true(line.length < LINE_BYTES && line.cursor <= line.length);
        assert_int_equal(line.text[line.length], 0);
    }
}

/* ---- Completion ---- */

static void some_names(struct completion *completion)
{
    static const char *const commands[] = {"kill", "errors", "echo", NULL};
    static const char *const files[] = {"hello",   "hello-me", "hello", "killer", "d/",
                                        "my file", "d/x$1",    "d/y",   "d/z/",   NULL};
    for (uint32_t i = 0; commands[i] && completion->word.first; i++)
        completion_add(completion, commands[i]);
    for (uint32_t i = 0; files[i]; i++)
        completion_add(completion, files[i]);
}

/* An empty line, as after a command. */
static void start_again(void)
{
    print("\n", 1);
    line_begin(&line, COLUMNS);
}

static void test_completion(void **state)
{
    (void)state;
    line.complete = some_names;
    type("ec\t");
    assert_line("echo ", 5);
    type("hello-\t");
    assert_line("echo hello-me ", 14);
    start_again();
    type("  ki\t"); /* commands and modules, as far as they agree */
    assert_line("  kill", 6);
    start_again();
    type("x ki\t"); /* only modules are there for a second word */
    assert_line("x killer ", 9);
    start_again();
    type("zz\t");
    assert_line("zz", 2);
    start_again();
    type("ech x" LEFT LEFT "\t"); /* in the middle */
    assert_line("echo  x", 5);
    start_again();
    type("false||ec\t"); /* first of another command */
    assert_line("false||echo ", 12);
    start_again();
    type("false>ki\t"); /* a file, not a command */
    assert_line("false>killer ", 13);
    start_again();
    type("x 'my\t"); /* whatever the quotation was */
    assert_line("x my\\ file ", 11);
    start_again();
    type("x d\t");
    assert_line("x d/", 4);
    type("x\t");
    assert_line("x d/x\\$1 ", 9);
}

static void test_list_of_completions(void **state)
{
    (void)state;
    line.complete = some_names;
    type("e\t");
    assert_line("e", 1);
    assert_non_null(strstr(printed, "\necho  errors\n"));
    type("c\t");
    assert_line("echo ", 5);
    assert_int_equal(type("\r"), LINE_READY);
    assert_string_equal(line.text, "echo ");
    start_again();
    printed_count = 0;
    type("x hello\t");
    assert_non_null(strstr(printed, "\nhello  hello-me\n"));
    start_again();
    printed_count = 0;
    type("x d/\t");
    assert_non_null(strstr(printed, "\nd/  x$1  y  z/\n"));
    start_again();
    line.complete = NULL;
    type("e\t");
    assert_line("e", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_typing, start),
        cmocka_unit_test_setup(test_showing_once, start),
        cmocka_unit_test_setup(test_moving_and_inserting, start),
        cmocka_unit_test_setup(test_deleting, start),
        cmocka_unit_test_setup(test_ending, start),
        cmocka_unit_test_setup(test_history, start),
        cmocka_unit_test_setup(test_history_search, start),
        cmocka_unit_test_setup(test_history_keeps_32_lines, start),
        cmocka_unit_test_setup(test_utf8, start),
        cmocka_unit_test_setup(test_long_lines_show_the_part_round_the_cursor, start),
        cmocka_unit_test_setup(test_a_full_line_takes_no_more, start),
        cmocka_unit_test_setup(test_clearing_the_screen, start),
        cmocka_unit_test_setup(test_unknown_keys_do_nothing, start),
        cmocka_unit_test_setup(test_any_bytes, start),
        cmocka_unit_test_setup(test_completion, start),
        cmocka_unit_test_setup(test_list_of_completions, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
