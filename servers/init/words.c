#include "words.h"

#include <string.h>

#include <cocos/errors.h>

int words_pack(const char *text, char *packed, uint32_t room, uint32_t *bytes)
{
    uint32_t used = 0;
    int count = 0;
    for (;;) {
        text += strspn(text, " ");
        size_t length = strcspn(text, " ");
        if (length == 0)
            break;
        if (length >= room - used)
            return E_TOO_LONG;
        memcpy(packed + used, text, length);
        packed[used + length] = 0;
        used += (uint32_t)length + 1;
        text += length;
        count++;
    }
    *bytes = used;
    return count;
}

int words_first(const char *text, char *name, uint32_t room)
{
    text += strspn(text, " ");
    size_t length = strcspn(text, " ");
    if (length == 0)
        return E_NAME;
    if (length >= room)
        return E_TOO_LONG;
    memset(name, 0, room);
    memcpy(name, text, length);
    return OK;
}

bool words_more(const char *text)
{
    text += strspn(text, " ");
    text += strcspn(text, " ");
    return text[strspn(text, " ")] != 0;
}
