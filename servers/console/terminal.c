/* What texts and escape sequences do to the cells of a terminal. */
#include "terminal.h"

#include <string.h>

#define TAB_COLUMNS 8

static struct cell blank(const struct terminal *terminal)
{
    return (struct cell){' ', TERMINAL_FOREGROUND, terminal->background};
}

static void erase(struct terminal *terminal, uint32_t from, uint32_t end)
{
    for (uint32_t at = from; at < end; at++)
        terminal->cells[at] = blank(terminal);
}

static void reset_colours(struct terminal *terminal)
{
    terminal->bold = terminal->reverse = false;
    terminal->foreground = TERMINAL_FOREGROUND;
    terminal->background = TERMINAL_BACKGROUND;
}

static void move_to(struct terminal *terminal, uint32_t column, uint32_t line)
{
    terminal->column = column < terminal->columns ? column : terminal->columns - 1;
    terminal->line = line < terminal->lines ? line : terminal->lines - 1;
    terminal->wrap = false;
}

static void line_feed(struct terminal *terminal)
{
    terminal->wrap = false;
    if (terminal->line + 1 < terminal->lines) {
        terminal->line++;
        return;
    }
    uint32_t kept = (terminal->lines - 1) * terminal->columns;
    memmove(terminal->cells, terminal->cells + terminal->columns, kept * sizeof(struct cell));
    erase(terminal, kept, kept + terminal->columns);
}

static void print(struct terminal *terminal, uint32_t code)
{
    if (terminal->wrap) {
        terminal->column = 0;
        line_feed(terminal);
    }
    uint8_t foreground = terminal->foreground;
    if (terminal->bold && foreground < 8)
        foreground += 8;
    terminal->cells[terminal->line * terminal->columns + terminal->column] = (struct cell){
        (uint16_t)(code <= 0xffff ? code : ANSI_REPLACEMENT),
        terminal->reverse ? terminal->background : foreground,
        terminal->reverse ? foreground : terminal->background,
    };
    if (terminal->column + 1 < terminal->columns)
        terminal->column++;
    else
        terminal->wrap = true;
}

static void control(struct terminal *terminal, uint32_t code)
{
    switch (code) {
    case '\r':
        move_to(terminal, 0, terminal->line);
        break;
    case '\n':
        terminal->column = 0;
        line_feed(terminal);
        break;
    case '\b':
        move_to(terminal, terminal->column ? terminal->column - 1 : 0, terminal->line);
        break;
    case '\t':
        move_to(terminal, (terminal->column / TAB_COLUMNS + 1) * TAB_COLUMNS, terminal->line);
        break;
    default:
        break;
    }
}

/* The extended colour after 38 or 48: 5;N or 2;R;G;B. Of the 256 colours only the first 16 are
 * here; others leave *colour as it is. Returns how many parameters it took. */
static uint32_t extended_colour(const struct ansi_event *event, uint32_t at, uint8_t *colour)
{
    uint32_t left = event->count - at - 1;
    if (left >= 2 && event->parameters[at + 1] == 5) {
        if (event->parameters[at + 2] < 16)
            *colour = (uint8_t)event->parameters[at + 2];
        return 2;
    }
    return left < 4 ? left : 4;
}

/* Select Graphic Rendition (ECMA-48, 8.3.117), and the bright colours 90-97 and 100-107. */
static void select_graphics(struct terminal *terminal, const struct ansi_event *event)
{
    for (uint32_t i = 0; i < event->count; i++) {
        uint16_t code = event->parameters[i];
        if (code == 0)
            reset_colours(terminal);
        else if (code == 1 || code == 22)
            terminal->bold = code == 1;
        else if (code == 7 || code == 27)
            terminal->reverse = code == 7;
        else if (code >= 30 && code <= 37)
            terminal->foreground = (uint8_t)(code - 30);
        else if (code >= 90 && code <= 97)
            terminal->foreground = (uint8_t)(code - 90 + 8);
        else if (code >= 40 && code <= 47)
            terminal->background = (uint8_t)(code - 40);
        else if (code >= 100 && code <= 107)
            terminal->background = (uint8_t)(code - 100 + 8);
        else if (code == 39)
            terminal->foreground = TERMINAL_FOREGROUND;
        else if (code == 49)
            terminal->background = TERMINAL_BACKGROUND;
        else if (code == 38)
            i += extended_colour(event, i, &terminal->foreground);
        else if (code == 48)
            i += extended_colour(event, i, &terminal->background);
    }
}

/* Erase in `all` cells from `start`: 0 from the cursor on, 1 up to and with it, 2 and 3 all. */
static void erase_part(struct terminal *terminal, uint32_t which, uint32_t start, uint32_t all)
{
    uint32_t cursor = terminal->line * terminal->columns + terminal->column;
    if (which > 3)
        return;
    erase(terminal, which == 0 ? cursor : start, which == 1 ? cursor + 1 : start + all);
    terminal->wrap = false;
}

static void save_cursor(struct terminal *terminal, bool save)
{
    if (save) {
        terminal->saved_column = terminal->column;
        terminal->saved_line = terminal->line;
    } else {
        move_to(terminal, terminal->saved_column, terminal->saved_line);
    }
}

/* Moves of the cursor. `count` is the first parameter, 1 where it is left out. */
static bool move(struct terminal *terminal, uint32_t letter, uint32_t count, uint32_t second)
{
    uint32_t column = terminal->column, line = terminal->line;
    uint32_t left = column < count ? 0 : column - count, up = line < count ? 0 : line - count;
    switch (letter) {
    case 'A':
        move_to(terminal, column, up);
        return true;
    case 'B':
    case 'e':
        move_to(terminal, column, line + count);
        return true;
    case 'C':
    case 'a':
        move_to(terminal, column + count, line);
        return true;
    case 'D':
        move_to(terminal, left, line);
        return true;
    case 'E':
        move_to(terminal, 0, line + count);
        return true;
    case 'F':
        move_to(terminal, 0, up);
        return true;
    case 'G':
    case '`':
        move_to(terminal, count - 1, line);
        return true;
    case 'd':
        move_to(terminal, column, count - 1);
        return true;
    case 'H':
    case 'f':
        move_to(terminal, second - 1, count - 1);
        return true;
    default:
        return false;
    }
}

static void sequence(struct terminal *terminal, const struct ansi_event *event)
{
    uint32_t first = event->parameters[0];
    uint32_t second = event->count > 1 && event->parameters[1] ? event->parameters[1] : 1;
    uint32_t columns = terminal->columns;

    if (event->marker) {
        if (event->marker == '?' && first == 25 && (event->code == 'h' || event->code == 'l'))
            terminal->cursor_hidden = event->code == 'l';
        return;
    }
    if (move(terminal, event->code, first ? first : 1, second))
        return;
    switch (event->code) {
    case 'J':
        erase_part(terminal, first, 0, terminal->lines * columns);
        break;
    case 'K':
        erase_part(terminal, first, terminal->line * columns, columns);
        break;
    case 'm':
        select_graphics(terminal, event);
        break;
    case 's':
    case 'u':
        save_cursor(terminal, event->code == 's');
        break;
    default:
        break;
    }
}

static void escape(struct terminal *terminal, uint32_t letter)
{
    if (letter == '7' || letter == '8')
        save_cursor(terminal, letter == '7');
    else if (letter == 'c')
        terminal_init(terminal, terminal->cells, terminal->columns, terminal->lines);
}

void terminal_init(struct terminal *terminal, struct cell *cells, uint32_t columns, uint32_t lines)
{
    *terminal = (struct terminal){.cells = cells, .columns = columns, .lines = lines};
    reset_colours(terminal);
    erase(terminal, 0, columns * lines);
}

void terminal_write(struct terminal *terminal, const char *bytes, size_t count)
{
    struct ansi_event event;
    while (count > 0) {
        size_t used = ansi_next(&terminal->ansi, bytes, count, &event);
        bytes += used;
        count -= used;
        if (event.kind == ANSI_CHARACTER)
            print(terminal, event.code);
        else if (event.kind == ANSI_CONTROL)
            control(terminal, event.code);
        else if (event.kind == ANSI_SEQUENCE)
            sequence(terminal, &event);
        else if (event.kind == ANSI_ESCAPE)
            escape(terminal, event.code);
    }
}
