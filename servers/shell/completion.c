#include "completion.h"

#include <stddef.h>
#include <string.h>

void completion_begin(struct completion *completion, const char *line, uint32_t length)
{
    parse_last_word(&completion->word, line, length);
    completion->count = completion->used = 0;
}

const char *completion_next(const struct completion *completion, const char *name)
{
    const char *next = name ? name + strlen(name) + 1 : completion->names;
    return next < completion->names + completion->used ? next : NULL;
}

void completion_add(struct completion *completion, const char *name)
{
    const char *word = completion->word.text, *at = NULL;
    uint32_t bytes = (uint32_t)strlen(name) + 1;
    if (strncmp(name, word, strlen(word)) != 0 || bytes > COMPLETION_BYTES - completion->used)
        return;
    while ((at = completion_next(completion, at)) != NULL && strcmp(at, name) < 0)
        ;
    if (at && strcmp(at, name) == 0)
        return;
    uint32_t offset = at ? (uint32_t)(at - completion->names) : completion->used;
    char *place = completion->names + offset;
    memmove(place + bytes, place, completion->used - offset);
    memcpy(place, name, bytes);
    completion->used += bytes;
    completion->count++;
}

uint32_t completion_common(const struct completion *completion)
{
    const char *first = completion->names, *name = completion_next(completion, NULL);
    uint32_t common = name ? (uint32_t)strlen(first) : 0;
    for (; name; name = completion_next(completion, name)) {
        uint32_t same = 0;
        while (same < common && name[same] == first[same])
            same++;
        common = same;
    }
    /* No part of a character. */
    while (common > 0 && ((uint8_t)first[common] & 0xc0) == 0x80)
        common--;
    return common;
}

const char *completion_shown(const char *name)
{
    const char *shown = name;
    for (; *name; name++)
        if (name[0] == '/' && name[1])
            shown = name + 1;
    return shown;
}
