/*
 * The consoles: each has a terminal of its own, which shows what was printed to it (books.h); the
 * screen shows one of them. Consoles but the first are made when they are first used.
 */
#ifndef CONSOLE_CONSOLES_H
#define CONSOLE_CONSOLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "terminal.h"

/* Opens the screen, and all consoles as an earlier instance has left them, whose memory `kept` is
 * what remains behind the books. NULL, or why there is no screen. */
const char *consoles_open(void *kept, size_t bytes);

/* Its terminal; NULL: there is no memory for it. */
const struct terminal *consoles_terminal(uint32_t console);

/* Shows what was printed, each in its terminal. The first one's text goes to the serial line. */
void consoles_update(void);

/* Makes room in all of them for what one message may print. */
void consoles_make_room(void);

/* Which one the screen shows; shows another. False: there is no memory for it. */
uint32_t consoles_shown(void);
bool consoles_show(uint32_t console);

/* Looks `lines` lines further up, or down where it is negative; to the end. */
void consoles_scroll(int64_t lines);
void consoles_scroll_end(void);

/* How many updates the screen does not show yet; it is to show all anew. */
uint32_t consoles_undrawn(void);
void consoles_redraw(void);

/* Draws them, and takes pictures for the next instance. */
void consoles_draw(void);

#endif
