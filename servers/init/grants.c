#include "grants.h"

#include <stdbool.h>
#include <string.h>

#include <cocos/errors.h>
#include <cocos/sys.h>

/* The range argument of sys_slot_copy for device memory, in frames, or in blocks where the numbers
 * of frames do not fit. */
static uint64_t device_range(uint64_t address, uint64_t bytes)
{
    uint64_t first = address / FRAME_BYTES;
    uint64_t end = (address + bytes + FRAME_BYTES - 1) / FRAME_BYTES;
    if (end <= UINT32_MAX)
        return first | (end - first) << 32;
    first /= FRAMES_PER_BLOCK;
    end = (end + FRAMES_PER_BLOCK - 1) / FRAMES_PER_BLOCK;
    return RANGE_OF_BLOCKS | first | (end - first) << 32;
}

bool grants_devices(const struct grant *grant, const struct screen *screen, uint64_t *start,
                    uint64_t *end)
{
    *start = grant->first;
    *end = grant->first + grant->count;
    if (grant->count == 0) {
        *start = screen->address;
        *end = screen->kind == SCREEN_NONE ? *start
                                           : *start + (uint64_t)screen->pitch * screen->height;
    }
    return grant->from == SLOT_INIT_DEVICES && grant->count != RANGE_ALL && *start < *end;
}

/* The ports by which ACPI turns the machine off and on. False: there is none of this index. */
static bool find_power_port(const struct system_page *system, uint64_t index, uint64_t *range)
{
    const uint16_t ports[] = {system->power_port, system->power_port_b, system->reset_port};
    const uint64_t bytes[] = {2, 2, 1};
    *range = ports[index] | bytes[index] << 32;
    return ports[index] != 0;
}

/* False: there is nothing to give. */
static bool find_range(const struct grant *grant, const struct system_page *system, uint64_t *range)
{
    const struct screen *screen = &system->screen;
    *range = grant->first | grant->count << 32;
    if (grant->from == SLOT_INIT_PORTS && grant->count == 0)
        return find_power_port(system, grant->first, range);
    if (grant->from != SLOT_INIT_DEVICES)
        return true;
    uint64_t start, end;
    *range = 0;
    if (grant->count == RANGE_ALL)
        return true;
    if (!grants_devices(grant, screen, &start, &end))
        return false;
    *range = device_range(start, end - start);
    return true;
}

int grants_give(const struct server *server, uint32_t domain, const struct system_page *system,
                struct process_page *page)
{
    uint32_t more = server->delegates ? RIGHT_COPY : 0;
    for (uint32_t i = 0; i < server->grant_count; i++) {
        const struct grant *grant = &server->grants[i];
        uint64_t range;
        if (!find_range(grant, system, &range))
            continue;
        struct named_slot *named = &page->slots[page->slot_count];
        named->slot = SLOT_FIRST_NAMED + page->slot_count;
        strcpy(named->name, grant->slot_name);
        int64_t error =
            sys_slot_copy(domain, named->slot, grant->from, grant->rights | more, range);
        if (error < 0)
            return (int)error;
        page->slot_count++;
    }
    return OK;
}
