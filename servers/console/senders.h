/*
 * Texts that arrive in several pieces (cocos/protocol/text.h): kept until they are whole, so that
 * what two programs print at once is not mixed within a line; and who sent what last, so that what
 * is sent again is not printed again.
 */
#ifndef CONSOLE_SENDERS_H
#define CONSOLE_SENDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "books.h"

/* What one message prints at most: its own text, and that of a program that is forgotten for it. */
#define SENDERS_ROOM (3ull * TEXT_TOTAL_BYTES)

/* Where a program is remembered, from now on in any case. */
uint32_t senders_find(uint64_t badge);

/* A message that prints. */
struct piece {
    uint64_t badge;
    uint32_t console, number;
    const char *bytes;
    uint32_t count;
    bool more; /* the text goes on */
};

/* Takes a piece, if it was not taken already. Prints the text when it is whole, and what there is
 * of it when it grows longer than TEXT_TOTAL_BYTES. SENDERS_ROOM bytes of room are there for it. */
void senders_take(const struct piece *piece);

/* Whether any text is not yet whole. */
bool senders_open(void);

/* Prints the text of one program as far as it came: nobody knows whether that still lives. Returns
 * its console, or CONSOLES: all texts are whole. */
uint32_t senders_flush(void);

#endif
