/*
 * Turns the scancodes of a PC keyboard (set 1) into the bytes a terminal would send: characters
 * in UTF-8, control characters, and ANSI sequences for arrows and the like. Pure; tested on the
 * host.
 */
#ifndef KEYBOARD_SCANCODE_H
#define KEYBOARD_SCANCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYMAP_KEYS 128

/* Bits of a level: what is held while a key is pressed. */
enum { LEVEL_SHIFT = 1, LEVEL_ALTGR = 2, LEVELS = 4 };

/* What a key types at each level: Unicode, 0 = nothing. A combining character stands for a dead
 * key: it types nothing, but changes what the next key types. */
struct keymap_key {
    uint16_t codes[LEVELS];
    uint8_t letters; /* Caps Lock acts as shift: bit 0 without, bit 1 with AltGr */
};

struct keymap {
    char name[8];
    struct keymap_key keys[KEYMAP_KEYS]; /* by scancode */
};

/* What a dead key makes of a character; of a space, the accent by itself. */
struct keymap_composition {
    uint16_t accent, base, result;
};

/* What a key asks of the console instead: with Alt, F1 to F4 show another; with Shift, Page Up and
 * Page Down what has scrolled away. */
enum scancode_command {
    COMMAND_NONE,
    COMMAND_UP,
    COMMAND_DOWN,
    COMMAND_SHOW, /* the first console; then come the others */
};

/* All zero but the first three is the start. */
struct scancodes {
    const struct keymap *keymap;
    const struct keymap_composition *compositions;
    uint32_t composition_count;
    bool extended;   /* 0xe0 came */
    uint8_t skip;    /* codes of the Pause key still to come */
    uint16_t accent; /* of a dead key that was pressed, 0: none */
    uint8_t command; /* of the last code, enum scancode_command; to be set to none */
    bool left_shift, right_shift, left_control, right_control, left_alt, altgr;
    bool caps_lock, caps_down, num_lock, num_down;
};

/* The longest text one key gives. */
#define SCANCODE_TEXT_BYTES 8

/* Takes one scancode; returns how many bytes of text[SCANCODE_TEXT_BYTES] it has filled. */
size_t scancode_take(struct scancodes *state, uint8_t code, char *text);

#endif
