#include "senders.h"

#include <string.h>

/* In a change: prints its text as far as it came. */
static void print(struct books *next, uint32_t index)
{
    struct sender *sender = &next->senders[index];
    books_print(next, sender->console, books_text(index), sender->count);
    sender->count = 0;
}

static void print_now(uint32_t index)
{
    print(books_change(), index);
    books_done();
}

uint32_t senders_find(uint64_t badge)
{
    const struct books *now = books();
    uint32_t oldest = 0;
    for (uint32_t i = 0; i < SENDERS; i++) {
        if (now->senders[i].used && now->senders[i].badge == badge)
            return i;
        if (now->senders[i].used < now->senders[oldest].used)
            oldest = i;
    }
    if (now->senders[oldest].count > 0)
        print_now(oldest);
    struct books *next = books_change();
    next->senders[oldest] = (struct sender){.badge = badge, .used = ++next->uses};
    books_done();
    return oldest;
}

void senders_take(const struct piece *piece)
{
    uint32_t index = senders_find(piece->badge);
    const struct sender *now = &books()->senders[index];
    if (piece->number != 0 && piece->number == now->number)
        return;
    if (now->count + piece->count > TEXT_TOTAL_BYTES || now->console != piece->console)
        print_now(index);

    struct books *next = books_change();
    struct sender *sender = &next->senders[index];
    memcpy(books_text(index) + sender->count, piece->bytes, piece->count);
    sender->count += (uint16_t)piece->count;
    sender->console = (uint8_t)piece->console;
    sender->number = (uint16_t)piece->number;
    sender->used = ++next->uses;
    if (!piece->more)
        print(next, index);
    books_done();
}

static uint32_t open_text(void)
{
    uint32_t index = 0;
    while (index < SENDERS && books()->senders[index].count == 0)
        index++;
    return index;
}

bool senders_open(void)
{
    return open_text() < SENDERS;
}

uint32_t senders_flush(void)
{
    uint32_t index = open_text();
    if (index == SENDERS)
        return CONSOLES;
    print_now(index);
    return books()->senders[index].console;
}
