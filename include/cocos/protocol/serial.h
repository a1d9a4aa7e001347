/*
 * The serial line's protocol: bytes out and bytes in, as they are; texts are
 * cocos/protocol/text.h's, and count: a number that is the same as that of the last such request is
 * the same request. Answers hold 0 or an error (cocos/errors.h) in word 0 unless said otherwise.
 * Found under the name "serial", by the console: whoever else reads, takes its input.
 *
 * The server never calls the console. It sets SERIAL_INPUT in the console's endpoint when there is
 * input after a SERIAL_READ that found none, and at its own start, when it is to be found again if
 * there was none before.
 */
#ifndef COCOS_PROTOCOL_SERIAL_H
#define COCOS_PROTOCOL_SERIAL_H

#include <cocos/protocol/text.h>

enum serial_request {
    /* Sends a text, \n as \r\n unless there is a \r before it. Answered when there is room for it,
     * which a line that does not move never makes: word 1 = how many bytes of it were taken, or had
     * been taken when it came first. E_TOO_LONG: length over TEXT_BYTES. E_FULL: somebody else
     * waits for that. */
    SERIAL_WRITE = 1,
    /* Takes what was received: word 0 = number of bytes, 0 to TEXT_BYTES, in words 1-5. */
    SERIAL_READ = 2,
    /* Answered when all that was written has left the machine. E_FULL: as SERIAL_WRITE. */
    SERIAL_FINISH = 3,
};

/* The bit in the console's endpoint. */
#define SERIAL_INPUT 1ull

#endif
