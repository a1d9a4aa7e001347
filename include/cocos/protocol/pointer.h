/*
 * What pointing devices say. Served by whoever drives the mouse, under the name "keyboard": a PS/2
 * mouse shares its controller. Answers hold 0 or an error (cocos/errors.h) in word 0.
 */
#ifndef COCOS_PROTOCOL_POINTER_H
#define COCOS_PROTOCOL_POINTER_H

/* Numbers apart from the keyboard protocol's. */
enum pointer_request {
    /* Answered when something has moved or changed since the last answer to anyone, with the sum of
     * it: word 1 = steps to the right, word 2 = steps down, word 3 = steps of the wheel towards the
     * user, all signed; word 4 = the buttons that are down now, POINTER_*. What moved before the
     * first request is in none. E_FULL: somebody else waits. E_DEVICE: there is no mouse. */
    POINTER_READ = 32,
};

#define POINTER_LEFT 1u
#define POINTER_RIGHT 2u
#define POINTER_MIDDLE 4u

#endif
