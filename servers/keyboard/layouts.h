/* The layouts that are linked in (tools/keymap), by name. */
#ifndef KEYBOARD_LAYOUTS_H
#define KEYBOARD_LAYOUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "scancode.h"

/* The layout with that index, or NULL. */
const struct keymap *layouts_at(uint64_t index);

/* Lets *state type by the layout `name`. False: there is none of that name. */
bool layouts_use(struct scancodes *state, const char *name);

#endif
