/* Builds a Linux program's first stack. Runs before relocation: no tables of pointers here. */
#include "libc/start_stack.h"

#include <elf.h>

#define PAIRS 10
#define ARGUMENTS_MAX PROCESS_ARGUMENT_BYTES /* each has its terminating zero */

_Static_assert(START_RANDOM_BYTES + PROCESS_ARGUMENT_BYTES +
                       (ARGUMENTS_MAX + 3 + 2 * PAIRS) * sizeof(uint64_t) + 32 <=
                   START_STACK_BYTES,
               "START_STACK_BYTES holds the worst case");

/* How many whole strings there are, and how many bytes they take. */
static uint32_t measure(const struct process_page *page, uint32_t *bytes)
{
    uint32_t count = 0;
    *bytes = 0;
    for (uint32_t i = 0; i < PROCESS_ARGUMENT_BYTES && count < page->argument_count; i++) {
        if (page->arguments[i] == 0) {
            count++;
            *bytes = i + 1;
        }
    }
    return count;
}

static uint64_t *put_pair(uint64_t *at, uint64_t type, uint64_t value)
{
    at[0] = type;
    at[1] = value;
    return at + 2;
}

uint64_t cocos_start_stack(const struct process_page *page, const struct start_facts *facts,
                           uint64_t top)
{
    uint32_t bytes;
    uint32_t count = measure(page, &bytes);
    uint64_t random = top - START_RANDOM_BYTES;
    uint64_t strings = random - bytes;
    uint64_t words = 1 + count + 1 + 1 + 2 * PAIRS;
    uint64_t bottom = (strings - words * sizeof(uint64_t)) & ~15ull;

    for (uint32_t i = 0; i < START_RANDOM_BYTES; i++)
        ((uint8_t *)random)[i] = facts->random[i];

    uint64_t *at = (uint64_t *)bottom;
    *at++ = count;
    uint64_t string = strings;
    for (uint32_t i = 0; i < bytes; i++) {
        char *to = (char *)strings + i;
        *to = page->arguments[i];
        if (*to == 0) {
            *at++ = string;
            string = strings + i + 1;
        }
    }
    *at++ = 0; /* end of argv */
    *at++ = 0; /* no environment */

    at = put_pair(at, AT_PHDR, facts->headers);
    at = put_pair(at, AT_PHNUM, facts->header_count);
    at = put_pair(at, AT_PHENT, facts->header_bytes);
    at = put_pair(at, AT_PAGESZ, FRAME_BYTES);
    at = put_pair(at, AT_BASE, 0);
    at = put_pair(at, AT_ENTRY, facts->entry);
    at = put_pair(at, AT_SECURE, 0);
    at = put_pair(at, AT_RANDOM, random);
    at = put_pair(at, AT_EXECFN, count ? strings : 0);
    put_pair(at, AT_NULL, 0);
    return bottom;
}
