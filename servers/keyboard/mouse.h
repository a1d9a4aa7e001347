/*
 * Puts together the packets of a PS/2 mouse, of three bytes, or four where it has a wheel (IBM PS/2
 * Technical Reference, "Mouse"; Microsoft's IntelliMouse). Pure; tested on the host. Any bytes may
 * come: one that cannot begin a packet is passed over.
 */
#ifndef KEYBOARD_MOUSE_H
#define KEYBOARD_MOUSE_H

#include <stdbool.h>
#include <stdint.h>

/* All zero is the start. */
struct mouse {
    bool there, has_wheel;
    uint8_t count; /* bytes of the packet so far */
    uint8_t packet[4];
    /* Since pointer_taken, as cocos/protocol/pointer.h has it. */
    int64_t right, down, wheel;
    uint8_t buttons;
    bool changed;
};

/* Takes a byte. */
void mouse_take(struct mouse *mouse, uint8_t byte);

/* What has moved was told to somebody. */
void mouse_told(struct mouse *mouse);

#endif
