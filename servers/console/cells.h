/* Editing the cells of a terminal, for terminal.c alone. Lines and columns are in range. */
#ifndef CONSOLE_CELLS_H
#define CONSOLE_CELLS_H

#include "terminal.h"

/* The cells of a line, to be changed. */
struct cell *cells_line(struct terminal *terminal, uint32_t line);

/* Puts a character of `width` columns (1 or 2; it fits in) at the cursor. */
void cells_put(struct terminal *terminal, uint32_t code, uint32_t width);

/* Blanks the columns [from, end) of a line; all of the lines [from, end). */
void cells_blank(struct terminal *terminal, uint32_t line, uint32_t from, uint32_t end);
void cells_blank_lines(struct terminal *terminal, uint32_t from, uint32_t end);

/* Moves the lines from `from` to the region's bottom up or down by `count`. What leaves the top of
 * the screen upwards is history. */
void cells_scroll_up(struct terminal *terminal, uint32_t from, uint32_t count);
void cells_scroll_down(struct terminal *terminal, uint32_t from, uint32_t count);

/* At the cursor: inserts blanks, deletes characters; the rest of the line moves. */
void cells_insert(struct terminal *terminal, uint32_t count);
void cells_delete(struct terminal *terminal, uint32_t count);

#endif
