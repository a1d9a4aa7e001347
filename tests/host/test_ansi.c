// sources: servers/console/ansi.c servers/console/terminal.c
/* The console's terminal: texts with ANSI sequences and UTF-8 become characters and colours in
 * cells. */
#include "servers/console/terminal.h"

#include "tests/host/check.h"

#define COLUMNS 10
#define LINES 4
#define BOTTOM ((size_t)(LINES - 1) * COLUMNS) /* its first cell */

static struct cell *cells;
static struct terminal terminal;

/* Cells of their exact size on the heap, so that the address sanitizer sees a write beside them. */
static int start(void **state)
{
    (void)state;
    cells = calloc(LINES, COLUMNS * sizeof *cells);
    assert_non_null(cells);
    terminal_init(&terminal, cells, COLUMNS, LINES);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(cells);
    return 0;
}

static void print(const char *text)
{
    terminal_write(&terminal, text, strlen(text));
}

/* The line's characters, without the spaces at its end; '?' for what is not ASCII. */
static const char *line(uint32_t number)
{
    static char text[COLUMNS + 1];
    uint32_t length = 0;
    for (uint32_t x = 0; x < COLUMNS; x++) {
        uint16_t code = cells[number * COLUMNS + x].code;
        text[x] = code < 0x7f ? (char)code : '?';
        if (code != ' ')
            length = x + 1;
    }
    text[length] = 0;
    return text;
}

static void assert_cursor(uint32_t column, uint32_t row)
{
    assert_int_equal(terminal.column, column);
    assert_int_equal(terminal.line, row);
}

static void test_text_and_controls(void **state)
{
    (void)state;
    print("ab\ncd\r\nef\rE\bX\ty\a");
    assert_string_equal(line(0), "ab");
    assert_string_equal(line(1), "cd");
    assert_string_equal(line(2), "Xf      y");
    assert_cursor(9, 2);
}

static void test_wrapping_waits_for_the_next_character(void **state)
{
    (void)state;
    print("0123456789");
    assert_cursor(9, 0);
    print("\rA");
    assert_string_equal(line(0), "A123456789");
    print("\n0123456789X");
    assert_string_equal(line(1), "0123456789");
    assert_string_equal(line(2), "X");
}

static void test_scrolling(void **state)
{
    (void)state;
    print("1\n2\n3\n4\n5");
    assert_string_equal(line(0), "2");
    assert_string_equal(line(3), "5");
    assert_cursor(1, 3);
    /* The line that comes in has the background of the moment, like every erased one. */
    print("\x1b[44m\n");
    assert_int_equal(cells[BOTTOM].background, 4);
}

static void test_cursor_movement(void **state)
{
    (void)state;
    print("\x1b[2;3H*");
    assert_cursor(3, 1);
    print("\x1b[A\x1b[2C*\x1b[B\x1b[4D*");
    assert_string_equal(line(0), "     *");
    assert_string_equal(line(1), "  *");
    print("\x1b[99;99H");
    assert_cursor(COLUMNS - 1, LINES - 1);
    print("\x1b[9999A\x1b[9999D");
    assert_cursor(0, 0);
    print("\x1b[0;0H\x1b[3d\x1b[4G");
    assert_cursor(3, 2);
    print("\x1b[s\x1b[H\x1b[u");
    assert_cursor(3, 2);
    print("\x1b[E");
    assert_cursor(0, 3);
    print("\x1b[2F\x1b"
          "7\x1b[H\x1b"
          "8");
    assert_cursor(0, 1);
    print("\x1b[?25l");
    assert_true(terminal.cursor_hidden);
    print("\x1b[?25h");
    assert_false(terminal.cursor_hidden);
}

static void test_erasing(void **state)
{
    (void)state;
    print("aaaa\nbbbb\ncccc\x1b[2;3H\x1b[K");
    assert_string_equal(line(1), "bb");
    print("\x1b[1K");
    assert_string_equal(line(1), "");
    print("\x1b[J");
    assert_string_equal(line(2), "");
    assert_string_equal(line(0), "aaaa");
    print("\x1b[1J");
    assert_string_equal(line(0), "");
    print("zz\x1b[2J");
    assert_string_equal(line(1), "");
    print("zz\x1b[2K\x1b[7J\x1b[7K");
    assert_string_equal(line(1), "");
}

static void assert_colours(uint32_t column, uint8_t foreground, uint8_t background)
{
    assert_int_equal(cells[column].foreground, foreground);
    assert_int_equal(cells[column].background, background);
}

static void test_colours(void **state)
{
    (void)state;
    print("\x1b[31mr\x1b[1mR\x1b[22;92;44mg\x1b[7mi\x1b[27;39;49md\x1b[103;90mb\x1b[0mz");
    assert_colours(0, 1, 0);
    assert_colours(1, 9, 0);
    assert_colours(2, 10, 4);
    assert_colours(3, 4, 10);
    assert_colours(4, 7, 0);
    assert_colours(5, 8, 11);
    assert_colours(6, 7, 0);
    /* 256 colours and RGB are passed over whole; the first 16 of the former are ours. */
    print(
        "\r\x1b[38;5;12;48;5;3ma\x1b[m\x1b[38;2;1;2;3;32mb\x1b[38;5;200;41mc\x1b[38md\x1b[48;5me");
    assert_colours(0, 12, 3);
    assert_colours(1, 2, 0);
    assert_colours(2, 2, 1);
    assert_colours(4, 2, 1);
}

static void test_utf8(void **state)
{
    (void)state;
    print("\xc3\xa9\xe2\x94\x80\xf0\x9f\x98\x80");
    assert_int_equal(cells[0].code, 0xe9);
    assert_int_equal(cells[1].code, 0x2500);
    assert_int_equal(cells[2].code, ANSI_REPLACEMENT); /* beyond what a cell can hold */
    /* Split between two texts. */
    print("\r\xe2\x94");
    print("\x82");
    assert_int_equal(cells[0].code, 0x2502);
    /* Broken off, overlong, a surrogate, never valid: a replacement, and nothing after it is lost.
     */
    print("\r\xe2\x94x\xc0\xafy\xed\xa0\x80\xff\nz");
    assert_int_equal(cells[0].code, ANSI_REPLACEMENT);
    assert_int_equal(cells[1].code, 'x');
    assert_int_equal(cells[2].code, ANSI_REPLACEMENT);
    assert_int_equal(cells[3].code, ANSI_REPLACEMENT);
    assert_int_equal(cells[4].code, 'y');
    assert_string_equal(line(1), "z");
}

static void test_what_is_passed_over(void **state)
{
    (void)state;
    /* Window title ended in both ways, character set, keypad mode, unknown sequences. */
    print("\x1b]0;title\x07"
          "a\x1b]0;\xc3\xa9\x1b\\b\x1b(Bc\x1b=d\x1b[5ie\x1b[!pf\x1b[>1;2cg");
    assert_string_equal(line(0), "abcdefg");
    /* A string nobody ends takes no more than its line. Cancel ends a sequence. */
    print("\n\x1b]lost\nkept\x1b[12\x18x");
    assert_string_equal(line(2), "keptx");
    /* A control character inside a sequence counts; the sequence goes on. */
    print("\r\x1b[\n31mr");
    assert_string_equal(line(3), "r");
    assert_int_equal(cells[BOTTOM].foreground, 1);
    /* More parameters than there is room for. */
    print("\x1b[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;32m\x1b[99999999999999H");
    assert_cursor(0, LINES - 1);
    print("\x1b"
          "c");
    assert_string_equal(line(3), "");
    assert_cursor(0, 0);
}

/* Any bytes whatsoever leave the cursor inside; the sanitizers watch the rest. */
static void test_any_bytes(void **state)
{
    (void)state;
    static const char likely[] = "\x1b[;?019mHJKABCDsu78c]\n\r\b\t\xc3\xe2\x94\x80\xf0";
    uint64_t seed = 4;
    for (int round = 0; round < 100000; round++) {
        char text[16];
        for (size_t i = 0; i < sizeof text; i++) {
            uint64_t number = next_random(&seed);
            text[i] =
                number & 3 ? likely[(number >> 8) % (sizeof likely - 1)] : (char)(number >> 8);
        }
        terminal_write(&terminal, text, sizeof text);
        assert_true(terminal.column < COLUMNS && terminal.line < LINES);
    }
}

static void test_one_cell(void **state)
{
    (void)state;
    terminal_init(&terminal, cells, 1, 1);
    print("ab\n\tc\x1b[B\x1b[C\x1b[2J\x1b[1Jd");
    assert_int_equal(cells[0].code, 'd');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text_and_controls, start, end),
        cmocka_unit_test_setup_teardown(test_wrapping_waits_for_the_next_character, start, end),
        cmocka_unit_test_setup_teardown(test_scrolling, start, end),
        cmocka_unit_test_setup_teardown(test_cursor_movement, start, end),
        cmocka_unit_test_setup_teardown(test_erasing, start, end),
        cmocka_unit_test_setup_teardown(test_colours, start, end),
        cmocka_unit_test_setup_teardown(test_utf8, start, end),
        cmocka_unit_test_setup_teardown(test_what_is_passed_over, start, end),
        cmocka_unit_test_setup_teardown(test_any_bytes, start, end),
        cmocka_unit_test_setup_teardown(test_one_cell, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
