/*
 * The power server's protocol. What was printed before has left the serial line when the machine
 * goes off, if that takes it. Answers hold an error (cocos/errors.h) in word 0: there is none where
 * it worked. Found under the name "power".
 */
#ifndef COCOS_PROTOCOL_POWER_H
#define COCOS_PROTOCOL_POWER_H

enum power_request {
    /* Turns the machine off. E_UNSUPPORTED: it has no ACPI power control, or did not do it. */
    POWER_OFF = 1,
    /* Starts the machine again. E_UNSUPPORTED: it did not do it. */
    POWER_RESET = 2,
};

#endif
