#include "books.h"

#include <stdbool.h>
#include <string.h>

static struct kept_books *memory;

const struct books *books(void)
{
    return kept_now(&memory->kept, memory->copies, sizeof memory->copies[0]);
}

struct books *books_change(void)
{
    return kept_change(&memory->kept, memory->copies, sizeof memory->copies[0]);
}

void books_done(void)
{
    kept_done(&memory->kept);
}

/* Whatever may have happened to it: no count leads outside. */
static bool is_sound(const struct books *now)
{
    bool sound = now->shown < CONSOLES;
    for (uint32_t i = 0; i < CONSOLES; i++)
        sound = sound && now->consoles[i].typed - now->consoles[i].taken <= TYPED_MAX;
    for (uint32_t i = 0; i < SENDERS; i++) {
        const struct sender *sender = &now->senders[i];
        sound = sound && sender->count <= TEXT_TOTAL_BYTES && sender->console < CONSOLES &&
                sender->answered <= TEXT_BYTES;
    }
    return sound && now->sent <= now->consoles[0].printed;
}

void books_open(struct kept_books *from)
{
    memory = from;
    if (is_sound(books()))
        return;
    *books_change() = (struct books){0};
    books_done();
}

void books_print(struct books *next, uint32_t console, const char *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        memory->printed[console][next->consoles[console].printed++ % PRINTED_BYTES] = bytes[i];
}

void books_type(struct books *next, uint32_t console, const char *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        memory->typed[console][next->consoles[console].typed++ % TYPED_BYTES] = (uint8_t)bytes[i];
}

uint32_t books_typing_room(uint32_t console)
{
    return TYPED_MAX - (books()->consoles[console].typed - books()->consoles[console].taken);
}

uint32_t books_printed(uint32_t console, uint64_t from, const char **bytes)
{
    uint64_t there = books()->consoles[console].printed - from;
    uint64_t to_end = PRINTED_BYTES - from % PRINTED_BYTES;
    *bytes = &memory->printed[console][from % PRINTED_BYTES];
    return (uint32_t)(there < to_end ? there : to_end);
}

void books_typed(uint32_t console, uint32_t from, char *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = (char)memory->typed[console][(from + i) % TYPED_BYTES];
}

char *books_text(uint32_t sender)
{
    return memory->texts[sender];
}
