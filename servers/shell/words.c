/* Splits a line into words. */
#include "words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct splitter {
    struct words *words;
    const char *rest; /* of the line */
    uint32_t used;    /* bytes of words->text */
    bool full;
};

static void put(struct splitter *splitter, char byte)
{
    splitter->full |= splitter->used == WORDS_BYTES;
    if (!splitter->full)
        splitter->words->text[splitter->used++] = byte;
}

static void put_status(struct splitter *splitter, int status)
{
    char digits[16];
    snprintf(digits, sizeof digits, "%d", status);
    for (const char *digit = digits; *digit; digit++)
        put(splitter, *digit);
}

/* Reads one word up to the space behind it. False: a quotation is not closed. */
static bool read_word(struct splitter *splitter, int status)
{
    char quote = 0;
    for (; *splitter->rest; splitter->rest++) {
        char byte = *splitter->rest;
        if (quote == 0 && byte == ' ')
            break;
        if (quote ? byte == quote : byte == '"' || byte == '\'') {
            quote = quote ? 0 : byte;
        } else if (quote != '\'' && byte == '$' && splitter->rest[1] == '?') {
            put_status(splitter, status);
            splitter->rest++;
        } else if (quote != '\'' && byte == '\\' && splitter->rest[1]) {
            put(splitter, *++splitter->rest);
        } else {
            put(splitter, byte);
        }
    }
    put(splitter, 0);
    return quote == 0;
}

const char *words_split(struct words *words, const char *line, int status)
{
    struct splitter splitter = {.words = words, .rest = line};
    words->count = 0;
    for (;;) {
        while (*splitter.rest == ' ')
            splitter.rest++;
        if (!*splitter.rest)
            break;
        if (words->count == WORDS_MAX)
            return "the line has too many words";
        words->word[words->count++] = words->text + splitter.used;
        if (!read_word(&splitter, status))
            return "a quotation is not closed";
        if (splitter.full)
            return "the line is too long";
    }
    words->word[words->count] = NULL;
    return NULL;
}
