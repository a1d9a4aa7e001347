/*
 * The console server's protocol: bytes out to serial line and screen, bytes in from serial line
 * and keyboard. Answers hold 0 or an error (cocos/errors.h) in word 0 unless said otherwise.
 * Found under the name "console".
 *
 * There are CONSOLES consoles, each with text and input of its own; the screen shows one of them.
 * The channel of a request (cocos/protocol/text.h) is the number of the caller's, from 0 on, which
 * its process page names; console_channel() puts it in. The first is the serial line's, too.
 * E_ARGUMENT, for all: there is no such console. Messages are numbered: one repeated because the
 * server ended does nothing twice.
 */
#ifndef COCOS_PROTOCOL_CONSOLE_H
#define COCOS_PROTOCOL_CONSOLE_H

#include <cocos/protocol/text.h>

enum console_request {
    /* Prints a text (cocos/protocol/text.h): UTF-8 and the usual ANSI colour and cursor
     * sequences (doc/console.md); \n is a new line. E_TOO_LONG: length over TEXT_BYTES. */
    CONSOLE_WRITE = 1,
    /* Takes input as typed. Answered when there is some: word 0 = number of bytes, 1 to
     * TEXT_BYTES, in words 1-5. E_FULL: too many readers wait already. */
    CONSOLE_READ = 2,
    /* A keyboard driver delivers bytes, as a text, to the console that is shown. Its numbers go on
     * where its last instance has left them. E_FULL: there is no room for all of them. */
    CONSOLE_INPUT = 3,
    /* Size of the screen: word 1 = columns, word 2 = lines (0 without a screen); word 3 = the
     * column the cursor stands in, counted from 0: not 0 where the last line is unfinished. */
    CONSOLE_SIZE = 4,
    /* Lends the caller the linear framebuffer (system_page.screen). Comes with a capability for the
     * caller's domain, RIGHT_GRANT, which must accept so many frames (DOMAIN_ACCEPT). Once answered
     * the caller may write to it at its address, and the console does not draw. It goes on
     * with its text, and draws that when it has the screen again: with CONSOLE_RETURN, or soon
     * after the caller has ended. If the console ends, the caller's access does, too.
     * E_UNSUPPORTED: there is no linear framebuffer. E_BUSY: it is lent already. E_ARGUMENT: no
     * capability came. E_NOT_ACCEPTED, E_MAPPED. E_NO_TABLES: the caller gives itself a frame for
     * one (sys_page_fund), and asks again. */
    CONSOLE_LEND = 5,
    /* The caller gives it back: its access ends. E_NOT_GRANTED: it is not lent to the caller. */
    CONSOLE_RETURN = 6,
    /* Ctrl-C at the caller's console sets signal bit word 1 of the endpoint that comes along
     * (RIGHT_SIGNAL), and is not typed, nor is what came before it and has not been read; until
     * this is asked again, by anyone, or the endpoint or the server has ended. Without an endpoint
     * Ctrl-C is typed. E_ARGUMENT: no such bit. E_FULL. */
    CONSOLE_INTERRUPT = 7,
    /* Shows console word 1 from now on, and starts a shell on it: the server of the manifest that
     * is called shell2, shell3 or shell4. E_ARGUMENT, E_NO_MEMORY. */
    CONSOLE_SHOW = 8,
    /* Shows what has scrolled away: word 1 screens further up, or down where it is negative. */
    CONSOLE_SCROLL = 9,
    /* Answered when what was printed before has left the serial line. */
    CONSOLE_FINISH = 10,
};

#define CONSOLES 4u

#endif
