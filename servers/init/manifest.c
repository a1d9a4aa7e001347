/* The one table of grants. A text file will take its place. */
#include "manifest.h"

#include <string.h>

#include <cocos/errors.h>
#include <cocos/sys.h>

struct grant {
    const char *program;
    const char *slot_name; /* in the process page */
    uint32_t from;         /* init's capability */
    uint32_t first, count; /* the part of it; count 0: the screen's frames */
};

static const struct grant grants[] = {
    {"console", "ports0", SLOT_INIT_PORTS, 0x3f8, 8}, /* serial line COM1 */
    {"console", "ports1", SLOT_INIT_PORTS, 0x3d4, 2}, /* VGA CRT controller: the cursor */
    {"console", "interrupts", SLOT_INIT_INTERRUPTS, 4, 1},
    {"console", "devices", SLOT_INIT_DEVICES, 0, 0},
    {"keyboard", "ports0", SLOT_INIT_PORTS, 0x60, 1}, /* 8042: data */
    {"keyboard", "ports1", SLOT_INIT_PORTS, 0x64, 1}, /* 8042: command and status */
    {"keyboard", "interrupts", SLOT_INIT_INTERRUPTS, 1, 1},
};

static const char *const background[] = {"keyboard"};

/* The range argument of sys_slot_copy; 0: there is nothing to give. */
static uint64_t range_of(const struct grant *grant, const struct screen *screen)
{
    if (grant->count)
        return grant->first | (uint64_t)grant->count << 32;
    uint64_t bytes = (uint64_t)screen->pitch * screen->height;
    if (screen->kind == SCREEN_NONE || bytes == 0)
        return 0;
    /* A framebuffer is device memory of its own, owned by whole blocks; VGA text is one frame. */
    uint64_t unit = screen->kind == SCREEN_PIXELS ? BLOCK_BYTES : FRAME_BYTES;
    uint64_t start = screen->address & ~(unit - 1);
    uint64_t end = (screen->address + bytes + unit - 1) & ~(unit - 1);
    return start / FRAME_BYTES | (end - start) / FRAME_BYTES << 32;
}

int manifest_grant(const char *name, uint32_t domain, const struct screen *screen,
                   struct process_page *page)
{
    for (uint32_t i = 0; i < sizeof grants / sizeof grants[0]; i++) {
        const struct grant *grant = &grants[i];
        uint64_t range = range_of(grant, screen);
        if (strcmp(grant->program, name) != 0 || range == 0)
            continue;
        struct named_slot *named = &page->slots[page->slot_count];
        named->slot = SLOT_FIRST_NAMED + page->slot_count;
        strcpy(named->name, grant->slot_name);
        int64_t error = sys_slot_copy(domain, named->slot, grant->from, RIGHT_USE, range);
        if (error < 0)
            return (int)error;
        page->slot_count++;
    }
    return OK;
}

bool manifest_in_background(const char *name)
{
    for (uint32_t i = 0; i < sizeof background / sizeof background[0]; i++)
        if (strcmp(background[i], name) == 0)
            return true;
    return false;
}
