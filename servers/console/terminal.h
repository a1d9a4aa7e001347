/*
 * A terminal in memory: cells of characters and colours, a cursor, and what texts with ANSI
 * sequences do to them. Whoever owns the screen reads the cells and draws what has changed.
 * Nothing here touches a device; so it is tested on the host.
 *
 * Invariant: line < lines and column < columns.
 */
#ifndef CONSOLE_TERMINAL_H
#define CONSOLE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ansi.h"

/* Colours are ANSI's: 0 black, 1 red, 2 green, 3 yellow, 4 blue, 5 magenta, 6 cyan, 7 white;
 * 8 more makes them bright. */
#define TERMINAL_FOREGROUND 7
#define TERMINAL_BACKGROUND 0

struct cell {
    uint16_t code; /* Unicode; what lies beyond 16 bits is shown as ANSI_REPLACEMENT */
    uint8_t foreground, background;
};

struct terminal {
    struct cell *cells; /* lines * columns, line after line */
    uint32_t columns, lines;
    uint32_t column, line; /* the cursor */
    bool wrap;             /* the last column was written: the next character starts a line */
    bool cursor_hidden;
    bool bold, reverse;
    uint8_t foreground, background;
    uint32_t saved_column, saved_line;
    struct ansi ansi;
};

/* Starts a terminal of columns * lines (at least 1) cells: blank, the cursor at the top left. */
void terminal_init(struct terminal *terminal, struct cell *cells, uint32_t columns, uint32_t lines);

/* Prints bytes. \n goes to the start of the next line; at the bottom the lines move up. */
void terminal_write(struct terminal *terminal, const char *bytes, size_t count);

static inline bool cell_same(struct cell a, struct cell b)
{
    return a.code == b.code && a.foreground == b.foreground && a.background == b.background;
}

#endif
