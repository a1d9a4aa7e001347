/*
 * A terminal in memory: cells of characters and colours, a cursor, and what texts with ANSI
 * sequences do to them. Whoever owns the screen reads the cells and draws what has changed.
 * Nothing here touches a device; so it is tested on the host. The same bytes, however they are
 * cut, always make the same of a terminal.
 *
 * Invariant: line < lines, column < columns, top <= bottom < lines, and row[] has each line once.
 */
#ifndef CONSOLE_TERMINAL_H
#define CONSOLE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ansi.h"
#include "colours.h"

#define TERMINAL_LINES_MAX 256

/* A character that is two columns wide has CELL_RIGHT in the second. */
#define CELL_RIGHT 0

struct cell {
    uint64_t code : 16; /* Unicode; what lies beyond 16 bits is shown as ANSI_REPLACEMENT */
    uint64_t foreground : 24, background : 24; /* 0xRRGGBB */
};

/* The lines that have left the top, the last `lines` of them; NULL cells: none are kept. */
struct history {
    struct cell *cells;
    uint32_t lines;
};

struct cursor {
    uint32_t column, line;
    bool wrap;   /* the last column was written: the next character starts a line */
    bool origin; /* lines are counted from the region's top */
    struct pen pen;
};

struct terminal {
    struct cell *cells; /* lines * columns */
    uint32_t columns, lines;
    struct history history;
    void (*answer)(const char *bytes, size_t count); /* to what programs ask of it; may be NULL */

    uint16_t row[TERMINAL_LINES_MAX]; /* which line of the cells stands where */
    uint64_t scrolled;                /* lines that ever left the top */
    struct cursor cursor, saved;
    uint32_t top, bottom; /* of the region that scrolls, with both */
    bool cursor_hidden, no_wrap, insert;
    struct ansi ansi;
};

/* Starts a terminal of columns * lines (1 to TERMINAL_LINES_MAX) cells: blank, the cursor at the
 * top left. */
void terminal_init(struct terminal *terminal, struct cell *cells, uint32_t columns, uint32_t lines);

/* Prints bytes. \n goes to the start of the next line; at the bottom the lines move up. */
void terminal_write(struct terminal *terminal, const char *bytes, size_t count);

/* Goes on as `was`, a copy of a terminal whose cells lie in `cells`. False, and nothing has
 * changed: it is none of the same size. */
bool terminal_resume(struct terminal *terminal, const struct terminal *was,
                     const struct cell *cells);

/* How many lines back one can look. */
uint32_t terminal_back(const struct terminal *terminal);

/* The cells of a line, as seen from `back` lines (terminal_back at most) further up. */
const struct cell *terminal_line(const struct terminal *terminal, uint32_t line, uint32_t back);

static inline bool cell_same(struct cell a, struct cell b)
{
    return a.code == b.code && a.foreground == b.foreground && a.background == b.background;
}

#endif
