// sources: servers/console/ansi.c servers/console/terminal.c servers/console/cells.c servers/console/colours.c
/* The console's terminal: texts with ANSI sequences and UTF-8 become characters and colours in
 * cells. */
#include "servers/console/terminal.h"

#include "tests/host/check.h"

#define COLUMNS 10
#define LINES 4
#define HISTORY 5

static struct cell *cells, *past;
static struct terminal terminal;
static char answers[64];

static struct cell at(uint32_t line, uint32_t column)
{
    return terminal_line(&terminal, line, 0)[column];
}

static void answer(const char *bytes, size_t count)
{
    size_t there = strlen(answers);
    if (there + count < sizeof answers)
        memcpy(answers + there, bytes, count + 1);
}

/* Cells of their exact size on the heap, so that the address sanitizer sees a write beside them. */
static int start(void **state)
{
    (void)state;
    cells = calloc(LINES, COLUMNS * sizeof *cells);
    past = calloc(HISTORY, COLUMNS * sizeof *past);
    assert_true(cells && past);
    terminal_init(&terminal, cells, COLUMNS, LINES);
    terminal.history = (struct history){past, HISTORY};
    terminal.answer = answer;
    answers[0] = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(cells);
    free(past);
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
        uint16_t code = at(number, x).code;
        text[x] = (char)(code == CELL_RIGHT ? '_' : code < 0x7f ? code : '?');
        if (code != ' ')
            length = x + 1;
    }
    text[length] = 0;
    return text;
}

static void assert_cursor(uint32_t column, uint32_t row)
{
    assert_int_equal(terminal.cursor.column, column);
    assert_int_equal(terminal.cursor.line, row);
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
    assert_int_equal(at(LINES - 1, 0).background, colour_rgb(4));
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

static void assert_colours(uint32_t column, uint32_t foreground, uint32_t background)
{
    assert_int_equal(at(0, column).foreground, colour_rgb(foreground));
    assert_int_equal(at(0, column).background, colour_rgb(background));
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
    print("\r\x1b[38;5;12;48;5;3ma\x1b[m\x1b[38;2;1;2;3mb\x1b[38;5;200;41mc\x1b[38md\x1b[48;5me");
    assert_colours(0, 12, 3);
    assert_colours(1, COLOUR_TRUE | 0x010203, 0);
    assert_colours(2, 200, 1);
    assert_colours(4, 200, 1);
    assert_int_equal(colour_rgb(200), 0xff00d7);
    assert_int_equal(colour_rgb(255), 0xeeeeee);
    assert_int_equal(colour_nearest(0xff00d7, 16), 13);
    /* No such colours. */
    print("\x1b[m\r\x1b[38;5;256ma\x1b[48;2;1;2;256mb");
    assert_colours(0, 7, 0);
    assert_colours(1, 7, 0);
}

static void test_utf8(void **state)
{
    (void)state;
    print("\xc3\xa9\xe2\x94\x80\xf0\x9f\x98\x80");
    assert_int_equal(at(0, 0).code, 0xe9);
    assert_int_equal(at(0, 1).code, 0x2500);
    assert_int_equal(at(0, 2).code, ANSI_REPLACEMENT); /* beyond what a cell can hold */
    /* Split between two texts. */
    print("\r\xe2\x94");
    print("\x82");
    assert_int_equal(at(0, 0).code, 0x2502);
    /* Broken off, overlong, a surrogate, never valid: a replacement, and nothing after it is lost.
     */
    print("\r\xe2\x94x\xc0\xafy\xed\xa0\x80\xff\nz");
    assert_int_equal(at(0, 0).code, ANSI_REPLACEMENT);
    assert_int_equal(at(0, 1).code, 'x');
    assert_int_equal(at(0, 2).code, ANSI_REPLACEMENT);
    assert_int_equal(at(0, 3).code, ANSI_REPLACEMENT);
    assert_int_equal(at(0, 4).code, 'y');
    assert_string_equal(line(1), "z");
}

static void test_widths(void **state)
{
    (void)state;
    print("a\xe6\xbc\xa2"
          "b\xcc\x81"
          "c");
    assert_string_equal(line(0), "a?_bc");
    /* Half of one overwritten takes the other half with it. */
    print("\r\x1b[2Cx");
    assert_string_equal(line(0), "a xbc");
    print("\r\xe6\xbc\xa2\ry");
    assert_string_equal(line(0), "y xbc");
    print("\r\xe6\xbc\xa2\x1b[2G\x1b[P");
    assert_string_equal(line(0), " xbc");
    /* It does not fit into the last column. */
    print("\r012345678\xe6\xbc\xa2");
    assert_string_equal(line(0), "012345678");
    assert_string_equal(line(1), "?_");
    print("\x1b[?7l\x1b[10G\xe6\xbc\xa2z");
    assert_string_equal(line(1), "?_       z");
}

static void test_editing(void **state)
{
    (void)state;
    print("abcdef\x1b[3G\x1b[2@");
    assert_string_equal(line(0), "ab  cdef");
    print("\x1b[3P");
    assert_string_equal(line(0), "abdef");
    print("\x1b[2X");
    assert_string_equal(line(0), "ab  f");
    print("\x1b[4hxy\x1b[4lz");
    assert_string_equal(line(0), "abxyz f");
    print("\x1b[9999@\x1b[9999P\x1b[9999X");
    assert_string_equal(line(0), "abxyz");
    print("\r\x1b[L\x1b[2;4Htop\x1b[3;1Hthree\x1b[4;1Hfour\x1b[2;2H\x1b[M");
    assert_string_equal(line(0), "");
    assert_string_equal(line(1), "three");
    assert_string_equal(line(2), "four");
    assert_cursor(0, 1);
    print("\x1b[S");
    assert_string_equal(line(0), "three");
    print("\x1b[9999T");
    assert_string_equal(line(0), "");
}

static void test_regions(void **state)
{
    (void)state;
    print("1\n2\n3\n4\x1b[2;3r");
    assert_cursor(0, 0);
    print("\x1b[3;1H\nx");
    assert_string_equal(line(0), "1");
    assert_string_equal(line(1), "3");
    assert_string_equal(line(2), "x");
    assert_string_equal(line(3), "4");
    print("\x1b[2;1H\x1bM");
    assert_string_equal(line(1), "");
    assert_string_equal(line(2), "3");
    /* Up and down stop at its edges, lines can be counted from it; below it nothing scrolls. */
    print("\x1b[9A");
    assert_cursor(0, 1);
    print("\x1b[?6h\x1b[9;2H");
    assert_cursor(1, 2);
    print("\x1b[?6l\x1b[4;1H\ny");
    assert_string_equal(line(3), "y");
    assert_string_equal(line(2), "3");
    assert_int_equal(terminal.scrolled, 0);
    /* No region: upside down, of one line. */
    print("\x1b[3;2r\x1b[2;2r\x1b[r\x1b[4;1H\n");
    assert_string_equal(line(2), "y");
    assert_int_equal(terminal.scrolled, 1);
}

static void test_answers(void **state)
{
    (void)state;
    print("\x1b[5n\x1b[3;2H\x1b[6n\x1b[c\x1b[7n\x1b[?6n\x1b[1c");
    assert_string_equal(answers, "\x1b[0n\x1b[3;2R\x1b[?6c");
}

static void test_history(void **state)
{
    (void)state;
    assert_int_equal(terminal_back(&terminal), 0);
    print("1\n2\n3\n4\n5\n6");
    assert_int_equal(terminal_back(&terminal), 2);
    assert_int_equal(terminal_line(&terminal, 0, 2)->code, '1');
    assert_int_equal(terminal_line(&terminal, 1, 2)->code, '2');
    assert_int_equal(terminal_line(&terminal, 2, 2)->code, '3');
    print("\n7\n8\n9\n10\n11");
    assert_int_equal(terminal_back(&terminal), HISTORY);
    assert_int_equal(terminal_line(&terminal, 0, HISTORY)->code, '3');
    assert_int_equal(terminal_line(&terminal, 3, HISTORY)->code, '6');
    print("\x1b"
          "c");
    assert_int_equal(terminal_back(&terminal), HISTORY);
}

static bool same(const struct terminal *a, const struct terminal *b)
{
    for (uint32_t i = 0; i < LINES * COLUMNS; i++) {
        const struct cell *one = terminal_line(a, i / COLUMNS, 0) + i % COLUMNS;
        const struct cell *other = terminal_line(b, i / COLUMNS, 0) + i % COLUMNS;
        if (!cell_same(*one, *other))
            return false;
    }
    return a->cursor.column == b->cursor.column && a->cursor.line == b->cursor.line &&
           a->cursor.wrap == b->cursor.wrap && a->scrolled == b->scrolled;
}

/* However a text is cut, it comes to the same; also where another terminal goes on with it. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    static const char text[] =
        "plain \x1b[31;1mred\x1b[0m "
        "\xe6\xbc\xa2\xf0\x9f\x98\x80\xe2\x82\x1b[2;3r\x1b[3;1H\n\x1b[38;2;10;20;30mq"
        "\x1b]0;title\x1b\\\x1b[2@\x1b(B\x1b[?25lx\x1b[1;2\x18y\x1b"
        "7\x1b[H\x1bM\x1b"
        "8\x1b[5P\xc3\x28z\r\n\n\n\x1b[4hw";
    struct cell other_cells[LINES * COLUMNS], third_cells[LINES * COLUMNS];
    print(text);
    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct terminal other, third;
        terminal_init(&other, other_cells, COLUMNS, LINES);
        terminal_init(&third, third_cells, COLUMNS, LINES);
        terminal_write(&other, text, cut);
        assert_true(terminal_resume(&third, &other, other_cells));
        terminal_write(&other, text + cut, sizeof text - 1 - cut);
        terminal_write(&third, text + cut, sizeof text - 1 - cut);
        assert_true(same(&terminal, &other) && same(&terminal, &third));
    }
}

/* What memory that outlives a console may hold is taken as it is only if it leads nowhere else. */
static void test_resuming_any_bytes(void **state)
{
    (void)state;
    uint64_t seed = 9;
    uint32_t taken = 0;
    for (int round = 0; round < 20000; round++) {
        struct terminal was = terminal;
        uint8_t *bytes = (uint8_t *)&was + offsetof(struct terminal, row);
        size_t count = sizeof was - offsetof(struct terminal, row);
        /* Booleans are what they are; all else is anything. */
        for (int i = 0; i < 3; i++) {
            size_t where = next_random(&seed) % count;
            bytes[where] ^= (uint8_t)(next_random(&seed) & 1 ? 0x80 : 0x02);
        }
        was.cursor.wrap = was.saved.wrap = was.cursor.origin = was.saved.origin = false;
        was.cursor.pen.bold = was.cursor.pen.reverse = was.saved.pen.bold = was.saved.pen.reverse =
            false;
        was.cursor_hidden = was.no_wrap = was.insert = false;
        struct cell own[LINES * COLUMNS];
        struct terminal next;
        terminal_init(&next, own, COLUMNS, LINES);
        if (!terminal_resume(&next, &was, cells))
            continue;
        taken++;
        terminal_write(&next,
                       "a;1\xe2\n\n\n\x1b[2;2H\x1b[2Lb\x1b"
                       "8c\x1b[5Cd",
                       27);
    }
    assert_true(taken > 100 && taken < 20000);
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
    assert_int_equal(at(LINES - 1, 0).foreground, colour_rgb(1));
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
    static const char likely[] = "\x1b\x1b[[[;;?0123456789mHJKABCDsu78c]nrLMPX@"
                                 "STEhl\n\r\b\t\xc3\xe2\x94\x80\xf0\xe6\xbc\xa2";
    uint64_t seed = 4;
    for (int round = 0; round < 300000; round++) {
        char text[16];
        for (size_t i = 0; i < sizeof text; i++) {
            uint64_t number = next_random(&seed);
            text[i] =
                number & 3 ? likely[(number >> 8) % (sizeof likely - 1)] : (char)(number >> 8);
        }
        terminal_write(&terminal, text, sizeof text);
        assert_true(terminal.cursor.column < COLUMNS && terminal.cursor.line < LINES);
    }
}

static void test_one_cell(void **state)
{
    (void)state;
    terminal_init(&terminal, cells, 1, 1);
    print("ab\n\tc\x1b[B\x1b[C\x1b[2J\x1b[1Jd");
    assert_int_equal(at(0, 0).code, 'd');
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
        cmocka_unit_test_setup_teardown(test_widths, start, end),
        cmocka_unit_test_setup_teardown(test_editing, start, end),
        cmocka_unit_test_setup_teardown(test_regions, start, end),
        cmocka_unit_test_setup_teardown(test_answers, start, end),
        cmocka_unit_test_setup_teardown(test_history, start, end),
        cmocka_unit_test_setup_teardown(test_cut_anywhere, start, end),
        cmocka_unit_test_setup_teardown(test_resuming_any_bytes, start, end),
        cmocka_unit_test_setup_teardown(test_what_is_passed_over, start, end),
        cmocka_unit_test_setup_teardown(test_any_bytes, start, end),
        cmocka_unit_test_setup_teardown(test_one_cell, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
