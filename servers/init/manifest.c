/* The one table of grants. A text file will take its place. */
#include "manifest.h"

#include <string.h>

#include <cocos/errors.h>
#include <cocos/sys.h>

struct grant {
    const char *program;
    const char *slot_name; /* in the process page */
    uint32_t from;         /* init's capability */
    uint32_t rights;
    uint32_t first, count; /* the part of a range; device memory with count 0: the screen's */
};

static const struct grant grants[] = {
    {"console", "ports0", SLOT_INIT_PORTS, RIGHT_USE, 0x3f8, 8}, /* serial line COM1 */
    {"console", "ports1", SLOT_INIT_PORTS, RIGHT_USE, 0x3d4,
     2}, /* VGA CRT controller: the cursor */
    {"console", "interrupts", SLOT_INIT_INTERRUPTS, RIGHT_USE, 4, 1},
    {"console", "devices", SLOT_INIT_DEVICES, RIGHT_USE, 0, 0},
    {"keyboard", "ports0", SLOT_INIT_PORTS, RIGHT_USE, 0x60, 1}, /* 8042: data */
    {"keyboard", "ports1", SLOT_INIT_PORTS, RIGHT_USE, 0x64, 1}, /* 8042: command and status */
    {"keyboard", "interrupts", SLOT_INIT_INTERRUPTS, RIGHT_USE, 1, 1},
    /* vm and check. To look only, and for itself only: without RIGHT_USE it cannot print in the
     * kernel's name, without RIGHT_COPY not pass the right on. */
    {"shell", "machine", SLOT_INIT_MACHINE, RIGHT_INSPECT, 0, 0},
};

static const char *const background[] = {"keyboard"};

/* The range argument of sys_slot_copy. False: there is nothing to give. */
static bool find_range(const struct grant *grant, const struct screen *screen, uint64_t *range)
{
    *range = grant->first | (uint64_t)grant->count << 32;
    if (grant->count || grant->from != SLOT_INIT_DEVICES)
        return true;
    uint64_t bytes = (uint64_t)screen->pitch * screen->height;
    if (screen->kind == SCREEN_NONE || bytes == 0)
        return false;
    uint64_t first = screen->address / FRAME_BYTES;
    uint64_t end = (screen->address + bytes + FRAME_BYTES - 1) / FRAME_BYTES;
    *range = first | (end - first) << 32;
    if (end > UINT32_MAX) {
        first /= FRAMES_PER_BLOCK;
        end = (end + FRAMES_PER_BLOCK - 1) / FRAMES_PER_BLOCK;
        *range = RANGE_OF_BLOCKS | first | (end - first) << 32;
    }
    return true;
}

int manifest_grant(const char *name, uint32_t domain, const struct screen *screen,
                   struct process_page *page)
{
    for (uint32_t i = 0; i < sizeof grants / sizeof grants[0]; i++) {
        const struct grant *grant = &grants[i];
        uint64_t range;
        if (strcmp(grant->program, name) != 0 || !find_range(grant, screen, &range))
            continue;
        struct named_slot *named = &page->slots[page->slot_count];
        named->slot = SLOT_FIRST_NAMED + page->slot_count;
        strcpy(named->name, grant->slot_name);
        int64_t error = sys_slot_copy(domain, named->slot, grant->from, grant->rights, range);
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
