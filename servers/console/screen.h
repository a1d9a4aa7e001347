/*
 * The machine's screen: shows the cells of a terminal on the VGA text screen or on the linear
 * framebuffer, whichever the boot loader left. Only cells that changed since the last update are
 * drawn, and device memory is never read again after the start: reading it is very slow.
 */
#ifndef CONSOLE_SCREEN_H
#define CONSOLE_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/abi.h>

#include "terminal.h"

/* One kind of screen. `cursor` in draw: the cursor stands in this cell. */
struct screen_driver {
    /* Claims the memory, and says how many columns and lines there are. NULL, or one sentence
     * that says why there is no such screen. */
    const char *(*open)(const struct screen *screen, uint32_t *columns, uint32_t *lines);
    /* Reads what is on the screen already. Cells are blank before. */
    void (*read)(struct terminal *terminal);
    void (*draw)(uint32_t column, uint32_t line, struct cell cell, bool cursor);
    /* Where the hardware cursor goes; hidden cursors have line = lines. */
    void (*cursor)(uint32_t column, uint32_t line);
    /* Fills all of it with black. NULL: it is not lent to others. */
    void (*clear)(void);
};

extern const struct screen_driver screen_text, screen_pixels;

/* Opens the machine's screen, and says how many columns and lines it has; without one, 80 and 25
 * that nobody sees. NULL, or why there is none. */
const char *screen_open(uint32_t *columns, uint32_t *lines);

/* Reads what is on the screen into a blank terminal of its size. */
void screen_read(struct terminal *terminal);

/* True when there is a screen. */
bool screen_there(void);

/* Draws what is not on the screen yet of a terminal, seen from `back` lines further up. */
void screen_update(const struct terminal *terminal, uint32_t back);

/* Lends the framebuffer to the domain in a slot (RIGHT_GRANT), until screen_take_back: nothing is
 * drawn meanwhile. Errors are CONSOLE_LEND's. */
int64_t screen_lend(uint32_t domain);

/* Ends that, and has every cell drawn anew. The domain may have ended. */
void screen_take_back(uint32_t domain);

/* Claims the frames of device memory that [start, end) lies in, by their names, with a cache type.
 * NULL, or why not. */
const char *screen_claim(uint64_t start, uint64_t end, uint32_t cache);

#endif
