/* Command lines: words with spaces between them. */
#ifndef INIT_WORDS_H
#define INIT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Packs the words of `text` one after the other into `packed`, each with a terminating zero.
 * Returns how many there are and sets *bytes to what they take, or E_TOO_LONG.
 */
int words_pack(const char *text, char *packed, uint32_t room, uint32_t *bytes);

/* Copies the first word into name[room]. E_NAME: there is none; E_TOO_LONG. */
int words_first(const char *text, char *name, uint32_t room);

/* Whether there is a second word. */
bool words_more(const char *text);

#endif
