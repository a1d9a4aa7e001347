/*
 * Splits a line into words: at spaces, but not inside '...' and "..."; \ takes away the meaning
 * of the next character (not inside '...'); $? stands for the last status (not inside '...').
 * Pure; tested on the host.
 */
#ifndef SHELL_WORDS_H
#define SHELL_WORDS_H

#include <stdint.h>

#define WORDS_MAX 32u
#define WORDS_BYTES 1024u

struct words {
    uint32_t count;
    char *word[WORDS_MAX + 1]; /* the one past the last is NULL */
    char text[WORDS_BYTES];
};

/* NULL and *words filled, or one sentence that says what is wrong with the line. */
const char *words_split(struct words *words, const char *line, int status);

#endif
