/*
 * Turns the scancodes of a PC keyboard (set 1) into the bytes a terminal would send: characters
 * in UTF-8, control characters, and ANSI sequences for arrows and the like. Pure; tested on the
 * host. Alt and AltGr are ignored.
 */
#ifndef KEYBOARD_SCANCODE_H
#define KEYBOARD_SCANCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYMAP_KEYS 128

/* What a key types, alone and with shift: Unicode, 0 = nothing. */
struct keymap_key {
    uint16_t plain, shifted;
};

/* All zero but the keymap is the start. */
struct scancodes {
    const struct keymap_key *keymap; /* KEYMAP_KEYS keys by scancode */
    bool extended;                   /* 0xe0 came */
    uint8_t skip;                    /* codes of the Pause key still to come */
    bool left_shift, right_shift, left_control, right_control;
    bool caps_lock, caps_down, num_lock, num_down;
};

/* The longest text one key gives. */
#define SCANCODE_TEXT_BYTES 8

/* Takes one scancode; returns how many bytes of text[SCANCODE_TEXT_BYTES] it has filled. */
size_t scancode_take(struct scancodes *state, uint8_t code, char *text);

#endif
