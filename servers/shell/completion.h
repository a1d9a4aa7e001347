/* Which names a word may become. Pure; tested on the host. */
#ifndef SHELL_COMPLETION_H
#define SHELL_COMPLETION_H

#include <stdbool.h>
#include <stdint.h>

#define COMPLETION_BYTES 32u /* of the longest name, with its terminating zero */

/* Name number `index` of those that can be meant: by a line's first word, or by a later one. NULL:
 * there are no more. Valid until the next call. */
typedef const char *completion_names(uint32_t index, bool first);

/* How many different names begin with the first `length` bytes of `word`: 0, 1, or 2 for more. The
 * longest beginning that they share is in `common`. */
uint32_t completion_find(completion_names *names, bool first, const char *word, uint32_t length,
                         char common[COMPLETION_BYTES]);

#endif
