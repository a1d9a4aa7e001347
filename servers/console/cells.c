/* Cells and lines: putting, blanking, moving. */
#include "cells.h"

#include <string.h>

struct cell *cells_line(struct terminal *terminal, uint32_t line)
{
    return terminal->cells + (size_t)terminal->row[line] * terminal->columns;
}

static struct cell blank(const struct terminal *terminal)
{
    return (struct cell){' ', colour_rgb(COLOUR_FOREGROUND),
                         colour_rgb(terminal->cursor.pen.background)};
}

/* No character is left in two halves where columns on both sides of `column` part. */
static void part(struct terminal *terminal, uint32_t line, uint32_t column)
{
    struct cell *cells = cells_line(terminal, line);
    if (column == 0 || column >= terminal->columns || cells[column].code != CELL_RIGHT)
        return;
    cells[column - 1].code = ' ';
    cells[column].code = ' ';
}

void cells_put(struct terminal *terminal, uint32_t code, uint32_t width)
{
    uint32_t column = terminal->cursor.column, line = terminal->cursor.line;
    struct cell *cells = cells_line(terminal, line);
    struct cell cell = {
        code <= 0xffff ? code : ANSI_REPLACEMENT,
        pen_foreground(&terminal->cursor.pen),
        pen_background(&terminal->cursor.pen),
    };
    part(terminal, line, column);
    part(terminal, line, column + width);
    cells[column] = cell;
    if (width == 2) {
        cell.code = CELL_RIGHT;
        cells[column + 1] = cell;
    }
}

void cells_blank(struct terminal *terminal, uint32_t line, uint32_t from, uint32_t end)
{
    struct cell *cells = cells_line(terminal, line), empty = blank(terminal);
    part(terminal, line, from);
    part(terminal, line, end);
    for (uint32_t column = from; column < end; column++)
        cells[column] = empty;
}

void cells_blank_lines(struct terminal *terminal, uint32_t from, uint32_t end)
{
    for (uint32_t line = from; line < end; line++)
        cells_blank(terminal, line, 0, terminal->columns);
}

/* The line's content is the same again where the same text is printed once more. */
static void keep(struct terminal *terminal, uint32_t line)
{
    const struct history *history = &terminal->history;
    if (history->cells && history->lines > 0)
        memcpy(history->cells + terminal->scrolled % history->lines * terminal->columns,
               cells_line(terminal, line), terminal->columns * sizeof(struct cell));
    terminal->scrolled++;
}

static void step_up(struct terminal *terminal, uint32_t from)
{
    if (from == 0)
        keep(terminal, 0);
    uint16_t first = terminal->row[from];
    memmove(&terminal->row[from], &terminal->row[from + 1],
            (terminal->bottom - from) * sizeof first);
    terminal->row[terminal->bottom] = first;
    cells_blank(terminal, terminal->bottom, 0, terminal->columns);
}

static void step_down(struct terminal *terminal, uint32_t from)
{
    uint16_t last = terminal->row[terminal->bottom];
    memmove(&terminal->row[from + 1], &terminal->row[from],
            (terminal->bottom - from) * sizeof last);
    terminal->row[from] = last;
    cells_blank(terminal, from, 0, terminal->columns);
}

static uint32_t at_most(uint32_t count, uint32_t limit)
{
    return count < limit ? count : limit;
}

void cells_scroll_up(struct terminal *terminal, uint32_t from, uint32_t count)
{
    for (count = at_most(count, terminal->bottom - from + 1); count > 0; count--)
        step_up(terminal, from);
}

void cells_scroll_down(struct terminal *terminal, uint32_t from, uint32_t count)
{
    for (count = at_most(count, terminal->bottom - from + 1); count > 0; count--)
        step_down(terminal, from);
}

void cells_insert(struct terminal *terminal, uint32_t count)
{
    uint32_t column = terminal->cursor.column, line = terminal->cursor.line;
    struct cell *cells = cells_line(terminal, line);
    count = at_most(count, terminal->columns - column);
    part(terminal, line, column);
    part(terminal, line, terminal->columns - count);
    memmove(cells + column + count, cells + column,
            (terminal->columns - column - count) * sizeof *cells);
    cells_blank(terminal, line, column, column + count);
}

void cells_delete(struct terminal *terminal, uint32_t count)
{
    uint32_t column = terminal->cursor.column, line = terminal->cursor.line;
    struct cell *cells = cells_line(terminal, line);
    count = at_most(count, terminal->columns - column);
    part(terminal, line, column);
    part(terminal, line, column + count);
    memmove(cells + column, cells + column + count,
            (terminal->columns - column - count) * sizeof *cells);
    cells_blank(terminal, line, terminal->columns - count, terminal->columns);
}
