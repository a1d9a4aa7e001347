/* Sizes as people read them. */
#include "shell.h"

#include <stdio.h>

void size_text(char text[SIZE_TEXT_BYTES], uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    uint32_t unit = 0;
    uint64_t size = bytes; /* in 1024ths of the unit */
    bool exact = true;
    for (; unit < 4 && size >= 1u << 20; size /= 1024, unit++)
        exact = exact && size % 1024 == 0;
    uint64_t whole = size / 1024, tenths = size % 1024 * 10 / 1024;
    if ((exact && size % 1024 == 0) || whole >= 1000)
        snprintf(text, SIZE_TEXT_BYTES, "%llu %s", (unsigned long long)whole, units[unit]);
    else
        snprintf(text, SIZE_TEXT_BYTES, "%llu.%llu %s", (unsigned long long)whole,
                 (unsigned long long)tenths, units[unit]);
}
