/* Which names the word at the cursor may become: all of them, in order. Pure; tested on the host.
 */
#ifndef SHELL_COMPLETION_H
#define SHELL_COMPLETION_H

#include <stdbool.h>
#include <stdint.h>

#include "parse.h"

#define COMPLETION_BYTES 4096u /* of all names, with a terminating zero each */

struct completion {
    struct last_word word;
    uint32_t count, used;
    char names[COMPLETION_BYTES]; /* sorted, each once */
};

/* Begins anew, for the word at the end of the first `length` bytes of a line. */
void completion_begin(struct completion *completion, const char *line, uint32_t length);

/* Adds `name`, if the word can become that and there is room. One that ends with / is a directory:
 * there, the word can go on. */
void completion_add(struct completion *completion, const char *name);

/* The name behind `name`, which may be NULL: the first. NULL: there are no more. */
const char *completion_next(const struct completion *completion, const char *name);

/* How many bytes all names have in common: the first begins with them. */
uint32_t completion_common(const struct completion *completion);

/* The last part of a path: what is shown of it in a list. */
const char *completion_shown(const char *name);

#endif
