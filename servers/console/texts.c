/* Keeps the texts that are not whole yet, at most one per program. */
#include "texts.h"

#include <string.h>

#include <cocos/protocol/text.h>

#define TEXTS 8u

struct text {
    bool open;
    uint64_t badge;
    uint32_t count;
    char bytes[TEXT_TOTAL_BYTES];
};

static struct text texts[TEXTS];
static uint32_t open_count;

static void close_text(struct text *text, text_printer print)
{
    print(text->bytes, text->count);
    text->open = false;
    text->count = 0;
    open_count--;
}

static struct text *find(uint64_t badge)
{
    for (uint32_t i = 0; i < TEXTS; i++)
        if (texts[i].open && texts[i].badge == badge)
            return &texts[i];
    return NULL;
}

static struct text *open_text(uint64_t badge, text_printer print)
{
    if (open_count == TEXTS)
        close_text(&texts[0], print);
    uint32_t i = 0;
    while (texts[i].open)
        i++;
    texts[i].open = true;
    texts[i].badge = badge;
    open_count++;
    return &texts[i];
}

void texts_take(uint64_t badge, const char *bytes, uint32_t count, bool more, text_printer print)
{
    struct text *text = find(badge);
    if (!text && !more) {
        print(bytes, count);
        return;
    }
    if (!text)
        text = open_text(badge, print);
    if (text->count + count > sizeof text->bytes) {
        print(text->bytes, text->count);
        text->count = 0;
    }
    memcpy(text->bytes + text->count, bytes, count);
    text->count += count;
    if (!more)
        close_text(text, print);
}

bool texts_open(void)
{
    return open_count > 0;
}

void texts_flush(text_printer print)
{
    for (uint32_t i = 0; i < TEXTS; i++)
        if (texts[i].open)
            close_text(&texts[i], print);
}
