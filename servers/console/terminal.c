/* What texts and escape sequences do to a terminal. */
#include "terminal.h"

#include <stdio.h>
#include <string.h>

#include "cells.h"
#include "widths.h"

#define TAB_COLUMNS 8

/* Modes of ESC [ ? N h, and l; and of ESC [ N h (DEC VT510 manual, chapter 5). */
enum { MODE_ORIGIN = 6, MODE_WRAP = 7, MODE_CURSOR = 25, MODE_INSERT = 4 };

static void move_to(struct terminal *terminal, uint32_t column, uint32_t line)
{
    terminal->cursor.column = column < terminal->columns ? column : terminal->columns - 1;
    terminal->cursor.line = line < terminal->lines ? line : terminal->lines - 1;
    terminal->cursor.wrap = false;
}

/* To a line as programs count them. */
static void go_to(struct terminal *terminal, uint32_t column, uint32_t line)
{
    if (terminal->cursor.origin) {
        line += terminal->top;
        line = line < terminal->bottom ? line : terminal->bottom;
    }
    move_to(terminal, column, line);
}

static void line_feed(struct terminal *terminal)
{
    terminal->cursor.wrap = false;
    if (terminal->cursor.line == terminal->bottom)
        cells_scroll_up(terminal, terminal->top, 1);
    else if (terminal->cursor.line + 1 < terminal->lines)
        terminal->cursor.line++;
}

static void reverse_line_feed(struct terminal *terminal)
{
    terminal->cursor.wrap = false;
    if (terminal->cursor.line == terminal->top)
        cells_scroll_down(terminal, terminal->top, 1);
    else if (terminal->cursor.line > 0)
        terminal->cursor.line--;
}

static void next_line(struct terminal *terminal)
{
    terminal->cursor.column = 0;
    line_feed(terminal);
}

static uint32_t width_of(uint32_t code)
{
    size_t low = 0, high = sizeof widths / sizeof widths[0];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (code > widths[middle].last)
            low = middle + 1;
        else if (code < widths[middle].first)
            high = middle;
        else
            return widths[middle].columns;
    }
    return 1;
}

static void print(struct terminal *terminal, uint32_t code)
{
    struct cursor *cursor = &terminal->cursor;
    uint32_t width = code < WIDTHS_FIRST ? 1 : width_of(code);
    if (width == 0)
        return; /* a combining character: the font has none */
    width = width < terminal->columns ? width : 1;
    if (!terminal->no_wrap && (cursor->wrap || cursor->column + width > terminal->columns))
        next_line(terminal);
    if (cursor->column + width > terminal->columns)
        cursor->column = terminal->columns - width;
    if (terminal->insert)
        cells_insert(terminal, width);
    cells_put(terminal, code, width);
    cursor->wrap = cursor->column + width == terminal->columns;
    cursor->column += cursor->wrap ? width - 1 : width;
}

static void control(struct terminal *terminal, uint32_t code)
{
    uint32_t column = terminal->cursor.column, line = terminal->cursor.line;
    switch (code) {
    case '\r':
        move_to(terminal, 0, line);
        break;
    case '\n':
    case '\v':
    case '\f':
        next_line(terminal);
        break;
    case '\b':
        move_to(terminal, column ? column - 1 : 0, line);
        break;
    case '\t':
        move_to(terminal, (column / TAB_COLUMNS + 1) * TAB_COLUMNS, line);
        break;
    default:
        break;
    }
}

/* Erases in the screen or in the line: 0 from the cursor on, 1 up to and with it, 2 and 3 all. */
static void erase(struct terminal *terminal, uint32_t which, bool screen)
{
    uint32_t line = terminal->cursor.line, column = terminal->cursor.column;
    if (which > 3)
        return;
    cells_blank(terminal, line, which == 0 ? column : 0,
                which == 1 ? column + 1 : terminal->columns);
    if (screen && which != 0)
        cells_blank_lines(terminal, 0, line);
    if (screen && which != 1)
        cells_blank_lines(terminal, line + 1, terminal->lines);
    terminal->cursor.wrap = false;
}

static void save_cursor(struct terminal *terminal, bool save)
{
    if (save) {
        terminal->saved = terminal->cursor;
    } else {
        bool wrap = terminal->saved.wrap;
        terminal->cursor = terminal->saved;
        move_to(terminal, terminal->saved.column, terminal->saved.line);
        terminal->cursor.wrap = wrap;
    }
}

/* Moves of the cursor. `count` is the first parameter, 1 where it is left out. Up and down end at
 * the region's edges, for a cursor that is inside. */
static bool move(struct terminal *terminal, uint32_t letter, uint32_t count, uint32_t second)
{
    uint32_t column = terminal->cursor.column, line = terminal->cursor.line;
    uint32_t highest = line >= terminal->top ? terminal->top : 0;
    uint32_t lowest = line <= terminal->bottom ? terminal->bottom : terminal->lines - 1;
    uint32_t left = column < count ? 0 : column - count;
    uint32_t up = line - highest < count ? highest : line - count;
    uint32_t down = lowest - line < count ? lowest : line + count;
    switch (letter) {
    case 'A':
        move_to(terminal, column, up);
        return true;
    case 'B':
    case 'e':
        move_to(terminal, column, down);
        return true;
    case 'C':
    case 'a':
        move_to(terminal, column + count, line);
        return true;
    case 'D':
        move_to(terminal, left, line);
        return true;
    case 'E':
        move_to(terminal, 0, down);
        return true;
    case 'F':
        move_to(terminal, 0, up);
        return true;
    case 'G':
    case '`':
        move_to(terminal, count - 1, line);
        return true;
    case 'd':
        go_to(terminal, column, count - 1);
        return true;
    case 'H':
    case 'f':
        go_to(terminal, second - 1, count - 1);
        return true;
    default:
        return false;
    }
}

/* Inserts, deletes and scrolls. Lines outside the region stay where they are. */
static bool edit(struct terminal *terminal, uint32_t letter, uint32_t count)
{
    uint32_t line = terminal->cursor.line, column = terminal->cursor.column;
    uint32_t rest = terminal->columns - column;
    bool inside = line >= terminal->top && line <= terminal->bottom;
    switch (letter) {
    case '@':
        cells_insert(terminal, count);
        break;
    case 'P':
        cells_delete(terminal, count);
        break;
    case 'X':
        cells_blank(terminal, line, column, column + (count < rest ? count : rest));
        break;
    case 'L':
    case 'M':
        if (!inside)
            return true;
        (letter == 'L' ? cells_scroll_down : cells_scroll_up)(terminal, line, count);
        terminal->cursor.column = 0;
        break;
    case 'S':
        cells_scroll_up(terminal, terminal->top, count);
        break;
    case 'T':
        cells_scroll_down(terminal, terminal->top, count);
        break;
    default:
        return false;
    }
    terminal->cursor.wrap = false;
    return true;
}

/* The region that scrolls: lines `first` to `last`, counted from 1; 0: the screen's. */
static void set_region(struct terminal *terminal, uint32_t first, uint32_t last)
{
    first = first ? first - 1 : 0;
    last = last && last <= terminal->lines ? last - 1 : terminal->lines - 1;
    if (first >= last)
        return;
    terminal->top = first;
    terminal->bottom = last;
    go_to(terminal, 0, 0);
}

static void set_modes(struct terminal *terminal, const struct ansi_event *event)
{
    bool on = event->code == 'h';
    for (uint32_t i = 0; i < event->count; i++) {
        uint32_t mode = event->parameters[i];
        if (event->marker == 0 && mode == MODE_INSERT) {
            terminal->insert = on;
        } else if (event->marker == '?' && mode == MODE_CURSOR) {
            terminal->cursor_hidden = !on;
        } else if (event->marker == '?' && mode == MODE_WRAP) {
            terminal->no_wrap = !on;
        } else if (event->marker == '?' && mode == MODE_ORIGIN) {
            terminal->cursor.origin = on;
            go_to(terminal, 0, 0);
        }
    }
}

/* Device attributes, and reports of status and of the cursor (ECMA-48, 8.3.24 and 8.3.35). */
static void report(struct terminal *terminal, uint32_t letter, uint32_t what)
{
    char text[32];
    const struct cursor *cursor = &terminal->cursor;
    uint32_t line = cursor->line - (cursor->origin ? terminal->top : 0);
    int length = 0;
    if (letter == 'c' && what == 0)
        length = snprintf(text, sizeof text, "\x1b[?6c");
    else if (letter == 'n' && what == 5)
        length = snprintf(text, sizeof text, "\x1b[0n");
    else if (letter == 'n' && what == 6)
        length = snprintf(text, sizeof text, "\x1b[%u;%uR", line + 1, cursor->column + 1);
    if (length > 0 && terminal->answer)
        terminal->answer(text, (size_t)length);
}

static void sequence(struct terminal *terminal, const struct ansi_event *event)
{
    uint32_t first = event->parameters[0], count = first ? first : 1;
    uint32_t last = event->count > 1 ? event->parameters[1] : 0, second = last ? last : 1;

    if (event->code == 'h' || event->code == 'l') {
        set_modes(terminal, event);
        return;
    }
    if (event->marker || move(terminal, event->code, count, second) ||
        edit(terminal, event->code, count))
        return;
    switch (event->code) {
    case 'J':
    case 'K':
        erase(terminal, first, event->code == 'J');
        break;
    case 'm':
        pen_select(&terminal->cursor.pen, event);
        break;
    case 'r':
        set_region(terminal, first, last);
        break;
    case 's':
    case 'u':
        save_cursor(terminal, event->code == 's');
        break;
    case 'c':
    case 'n':
        report(terminal, event->code, first);
        break;
    default:
        break;
    }
}

/* All as at the start, but what has scrolled away is still to be seen. */
static void reset(struct terminal *terminal)
{
    struct terminal was = *terminal;
    terminal_init(terminal, was.cells, was.columns, was.lines);
    terminal->history = was.history;
    terminal->answer = was.answer;
    terminal->scrolled = was.scrolled;
}

static void escape(struct terminal *terminal, uint32_t letter)
{
    switch (letter) {
    case '7':
    case '8':
        save_cursor(terminal, letter == '7');
        break;
    case 'D':
        line_feed(terminal);
        break;
    case 'E':
        next_line(terminal);
        break;
    case 'M':
        reverse_line_feed(terminal);
        break;
    case 'c':
        reset(terminal);
        break;
    default:
        break;
    }
}

void terminal_init(struct terminal *terminal, struct cell *cells, uint32_t columns, uint32_t lines)
{
    *terminal =
        (struct terminal){.cells = cells, .columns = columns, .lines = lines, .bottom = lines - 1};
    terminal->cursor.pen = terminal->saved.pen = pen_usual;
    for (uint32_t i = 0; i < lines; i++)
        terminal->row[i] = (uint16_t)i;
    cells_blank_lines(terminal, 0, lines);
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

/* Whatever may have happened to it: nothing in it leads outside. */
static bool is_sound(const struct terminal *terminal)
{
    bool rows = true;
    for (uint32_t i = 0; i < terminal->lines; i++)
        rows = rows && terminal->row[i] < terminal->lines;
    return rows && terminal->cursor.line < terminal->lines &&
           terminal->cursor.column < terminal->columns && terminal->top <= terminal->bottom &&
           terminal->bottom < terminal->lines && ansi_is_sound(&terminal->ansi);
}

bool terminal_resume(struct terminal *terminal, const struct terminal *was,
                     const struct cell *cells)
{
    struct terminal next = *was;
    if (was->columns != terminal->columns || was->lines != terminal->lines || !is_sound(was))
        return false;
    memcpy(terminal->cells, cells,
           (size_t)terminal->columns * terminal->lines * sizeof(struct cell));
    next.cells = terminal->cells;
    next.history = terminal->history;
    next.answer = terminal->answer;
    *terminal = next;
    return true;
}

uint32_t terminal_back(const struct terminal *terminal)
{
    uint64_t kept = terminal->history.cells ? terminal->history.lines : 0;
    return (uint32_t)(terminal->scrolled < kept ? terminal->scrolled : kept);
}

const struct cell *terminal_line(const struct terminal *terminal, uint32_t line, uint32_t back)
{
    if (line >= back)
        return terminal->cells + (size_t)terminal->row[line - back] * terminal->columns;
    uint64_t number = terminal->scrolled - back + line;
    return terminal->history.cells + number % terminal->history.lines * terminal->columns;
}
