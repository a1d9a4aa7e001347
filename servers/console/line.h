/*
 * The serial line, which the first console's text goes to and from which it is typed at, too: the
 * console is the serial server's client (cocos/protocol/serial.h).
 */
#ifndef CONSOLE_LINE_H
#define CONSOLE_LINE_H

#include <stdbool.h>

/* Looks for the serial server, if there is none yet. Returns whether there is one. */
bool line_open(void);

/* Sends what was printed; waits until the line has taken it. */
void line_send(void);

/* Waits until all that was sent has left. */
void line_finish(void);

/* Takes what came in, as far as there is room for it. */
void line_take(void);

#endif
