/*
 * Texts that arrive in several pieces (cocos/protocol/text.h): kept until they are whole, so that
 * what two programs print at once is not mixed within a line.
 */
#ifndef CONSOLE_TEXTS_H
#define CONSOLE_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Prints a text. */
typedef void (*text_printer)(const char *bytes, size_t count);

/* Takes a piece from the program of this badge. Prints the text when this is its last piece, and
 * what there is of it when it grows longer than TEXT_TOTAL_BYTES. */
void texts_take(uint64_t badge, const char *bytes, uint32_t count, bool more, text_printer print);

/* Whether any text is not yet whole. */
bool texts_open(void);

/* Prints all texts as far as they came: nobody knows whether their senders still live. */
void texts_flush(text_printer print);

#endif
