/*
 * The 8042 controller of keyboard and mouse (IBM PS/2 Technical Reference, "Keyboard and Auxiliary
 * Device Controller").
 */
#ifndef KEYBOARD_CONTROLLER_H
#define KEYBOARD_CONTROLLER_H

#include <stdbool.h>
#include <stdint.h>

/* Enables the ports "ports0" (0x60) and "ports1" (0x64). A negative error when they are not given;
 * E_DEVICE: the machine has no controller. */
int64_t controller_open(void);

/* Sets up keyboard and mouse from anew; what they have sent is dropped. False: the controller does
 * not answer. *configuration is what controller_resume wants; *mouse and *wheel, whether there is
 * one. */
bool controller_start(uint8_t *configuration, bool *mouse, bool *wheel);

/* Goes on after that was done: nothing is dropped. */
bool controller_resume(uint8_t configuration);

/* Takes a byte, if there is one, and says from whom. */
bool controller_take(uint8_t *byte, bool *from_mouse);

#endif
