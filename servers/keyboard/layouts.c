#include "layouts.h"

#include <string.h>

#include "keymaps.h"

#define KEYMAPS (sizeof keymaps / sizeof keymaps[0])

const struct keymap *layouts_at(uint64_t index)
{
    return index < KEYMAPS ? &keymaps[index] : NULL;
}

bool layouts_use(struct scancodes *state, const char *name)
{
    for (uint32_t i = 0; i < KEYMAPS; i++) {
        if (strcmp(keymaps[i].name, name) != 0)
            continue;
        state->keymap = &keymaps[i];
        state->compositions = keymap_compositions;
        state->composition_count = sizeof keymap_compositions / sizeof keymap_compositions[0];
        return true;
    }
    return false;
}
