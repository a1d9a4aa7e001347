/*
 * The line editor: takes bytes as a terminal sends them, one at a time, and prints what shows the
 * line being edited. It keeps the last lines to be called back. It knows neither console nor
 * commands; so it is tested on the host.
 *
 * A line is always shown in one row of the screen: of a longer one, the part round the cursor.
 * After the prompt was printed once it is only ever passed over, so whoever reads along sees it
 * exactly when a new line may be typed; but it is printed again after Ctrl-L, and after a list of
 * the names that a word may become.
 */
#ifndef SHELL_LINE_H
#define SHELL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "completion.h"

#define LINE_BYTES 512u /* with the terminating zero */
#define LINE_HISTORY 32u

/* The last lines. */
struct line_history {
    uint32_t count; /* ever added */
    char lines[LINE_HISTORY][LINE_BYTES];
};

enum line_event {
    LINE_MORE,      /* not done yet */
    LINE_READY,     /* Enter: text holds the line */
    LINE_CANCELLED, /* Ctrl-C */
    LINE_END,       /* Ctrl-D where nothing was typed */
};

struct line {
    /* Set by the user of the editor. */
    void (*print)(const char *bytes, size_t count);
    struct line_history *history;
    const char *prompt;      /* with its colours */
    uint32_t prompt_columns; /* as it is seen */
    /* Adds the names that the word at the cursor may become (Tab); NULL: none. */
    void (*complete)(struct completion *completion);

    char text[LINE_BYTES]; /* zero-terminated */
    uint32_t length, cursor;
    uint32_t window; /* the first byte shown */
    uint32_t shown;  /* bytes of the text that are on the screen, with the cursor behind them */
    bool stale;      /* more than new bytes at the end is to be shown */
    uint32_t columns;

    char character[4]; /* UTF-8, so far */
    uint32_t character_count, character_bytes;
    uint8_t escape; /* where in an escape sequence */
    uint32_t parameter;
    bool returned; /* the last byte was \r: a \n now is the same Enter */

    uint32_t back;          /* how far back in the history the one shown is, 0 = not there */
    char draft[LINE_BYTES]; /* what was typed before going back */
};

/* Makes the lines that memory holds a history, whatever may have happened to it: zeroes are an
 * empty one. */
void line_keep(struct line *line, struct line_history *memory);

/* Prints the prompt and starts an empty line on a screen of `columns` columns (0: not known). */
void line_begin(struct line *line, uint32_t columns);

/* Takes one byte. After anything but LINE_MORE call line_begin before the next. */
enum line_event line_take(struct line *line, uint8_t byte);

/* Shows what the bytes taken have changed: to be called when no more are there for now. Drawing
 * for each would cost more than a fast typist, such as a program, leaves time for. */
void line_show(struct line *line);

#endif
