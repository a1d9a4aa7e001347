#include "pictures.h"

#include <string.h>

#include <cocos/protocol/console.h>

#define PLACES (CONSOLES + 1u) /* one is always free */

struct picture {
    uint64_t position;
    struct terminal terminal;
    struct cell cells[];
};

/* At the start of the memory: a byte for each console, in one word so that it changes at once.
 * 0: no picture; else its place, from 1 on. */
static uint64_t *places;
static char *pictures, *histories;
static size_t picture_bytes, line_bytes;
static uint32_t history_lines;

void pictures_open(void *memory, size_t bytes, uint32_t columns, uint32_t lines)
{
    line_bytes = columns * sizeof(struct cell);
    picture_bytes = sizeof(struct picture) + lines * line_bytes;
    size_t taken = sizeof *places + PLACES * picture_bytes;
    places = NULL;
    history_lines = 0;
    if (taken > bytes)
        return;
    places = memory;
    pictures = (char *)(places + 1);
    histories = pictures + PLACES * picture_bytes;
    history_lines = (uint32_t)((bytes - taken) / CONSOLES / line_bytes);
}

struct history pictures_history(uint32_t console)
{
    if (history_lines == 0)
        return (struct history){0};
    return (struct history){(struct cell *)(histories + console * line_bytes * history_lines),
                            history_lines};
}

static struct picture *picture(uint32_t place)
{
    return (struct picture *)(pictures + place * picture_bytes);
}

/* Its place plus one, or 0. */
static uint32_t place_of(uint32_t console)
{
    uint32_t place = *places >> console * 8 & 0xff;
    return place <= PLACES ? place : 0;
}

static uint32_t free_place(void)
{
    for (uint32_t place = 0; place < PLACES; place++) {
        bool taken = false;
        for (uint32_t console = 0; console < CONSOLES; console++)
            taken = taken || place_of(console) == place + 1;
        if (!taken)
            return place;
    }
    return 0;
}

void pictures_take(uint32_t console, const struct terminal *terminal, uint64_t position)
{
    if (!places)
        return;
    uint32_t place = free_place();
    struct picture *to = picture(place);
    to->position = position;
    to->terminal = *terminal;
    memcpy(to->cells, terminal->cells, terminal->lines * line_bytes);
    uint64_t others = *places & ~(0xffull << console * 8);
    __atomic_store_n(places, others | (uint64_t)(place + 1) << console * 8, __ATOMIC_RELEASE);
}

bool pictures_restore(uint32_t console, struct terminal *terminal, uint64_t *position)
{
    uint32_t place = places ? place_of(console) : 0;
    if (place == 0 ||
        !terminal_resume(terminal, &picture(place - 1)->terminal, picture(place - 1)->cells))
        return false;
    *position = picture(place - 1)->position;
    return true;
}
