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

/* Whether there is a second word. */
bool words_more(const char *text);

#endif
