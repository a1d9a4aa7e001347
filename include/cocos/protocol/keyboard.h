/*
 * The keyboard server's protocol; what is typed goes to the console by itself. Answers hold 0 or an
 * error (cocos/errors.h) in word 0. Found under the name "keyboard".
 */
#ifndef COCOS_PROTOCOL_KEYBOARD_H
#define COCOS_PROTOCOL_KEYBOARD_H

enum keyboard_request {
    /* Types by the layout with the name in words 1-2 (zero-padded) from now on. E_NAME. */
    KEYBOARD_USE_LAYOUT = 1,
    /* Layout number word 1: words 1-2 = its name, word 3 = 1 if it is in use. E_NAME past the
     * last. */
    KEYBOARD_LAYOUT = 2,
};

/* Names of layouts have at most 15 characters and a terminating zero. */
#define KEYBOARD_LAYOUT_BYTES 16

#endif
