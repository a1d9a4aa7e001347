/*
 * Lines as a terminal makes them of what is typed: shown, and corrected until Enter. Pure; tested
 * on the host.
 */
#ifndef LIBC_LINUX_LINE_INPUT_H
#define LIBC_LINUX_LINE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#define LINE_INPUT_BYTES 1024u

struct line_input {
    char text[LINE_INPUT_BYTES];
    uint32_t used;
};

/* Takes a byte, and calls `show` for what is to appear. True: the line is done, text[0] to
 * text[used - 1]; it is empty at the end of the input (Ctrl-D). The next byte begins another. */
bool line_input_take(struct line_input *line, char byte,
                     void (*show)(const char *text, uint32_t bytes));

#endif
