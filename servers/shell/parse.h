/*
 * Reads a line of the shell, a pipeline at a time:
 *
 *   line:      pipelines, with ; & && or || between them; ; or & may also stand last
 *   pipeline:  commands, with | between them
 *   command:   words, and files behind < > >>
 *
 * A word ends at a space or an operator, but not inside '...' and "..."; \ takes away the meaning
 * of the next character (not inside '...'). What stands for something else (not inside '...'): $?
 * the last status, $0 to $9 a script's name and arguments, $# how many. # where a word could begin
 * makes the rest a comment. Pure; tested on the host.
 */
#ifndef SHELL_PARSE_H
#define SHELL_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#define PARSE_COMMANDS 8u /* of a pipeline */
#define PARSE_WORDS 64u   /* of a pipeline */
#define PARSE_BYTES 2048u /* of all its words */

struct simple_command {
    uint32_t count;
    char **words;               /* the one past the last is NULL */
    const char *input, *output; /* NULL: not from, or to, a file */
    bool append;
};

/* What decides whether the next pipeline runs. */
enum follow { FOLLOW_END, FOLLOW_ALWAYS, FOLLOW_AND, FOLLOW_OR };

struct pipeline {
    uint32_t count; /* 0: there is nothing on the line */
    struct simple_command commands[PARSE_COMMANDS];
    bool background;
    enum follow follow;

    char *words[PARSE_WORDS + PARSE_COMMANDS];
    uint32_t word_count;
    char text[PARSE_BYTES];
    uint32_t used;
};

struct values {
    int status;
    uint32_t count;         /* of arguments, the name not counted */
    char *const *arguments; /* the name first; NULL: none, not even a name */
};

/* Reads the pipeline at *rest, and moves that behind it. NULL, or one sentence that says what is
 * wrong. After FOLLOW_END there is no other. */
const char *parse_next(struct pipeline *pipeline, const char **rest, const struct values *values);

/* NULL when all of a line can be read, or one sentence that says what is wrong with it. */
const char *parse_check(const char *line, const struct values *values);

/* The word at whose end the first `length` bytes of a line stop, as far as it is there. */
struct last_word {
    uint32_t start; /* where it begins in the line */
    bool first;     /* it is a command's first word */
    bool file;      /* it is a file behind < > >> */
    char text[512]; /* without its quotation; cut off where it is longer */
};
void parse_last_word(struct last_word *last, const char *line, uint32_t length);

/* Writes `word` as it can stand in a line, and a zero. False: `room` bytes do not hold it. */
bool parse_quote(char *to, uint32_t room, const char *word);

#endif
