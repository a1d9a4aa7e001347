/* Numbers that look like chance, the same ones each time (Marsaglia, Xorshift RNGs, 2003). The
 * state is not 0. */
#ifndef TESTS_SYSTEM_RANDOM_H
#define TESTS_SYSTEM_RANDOM_H

#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
