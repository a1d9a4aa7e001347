/*
 * Takes a stream of bytes apart into printable characters (UTF-8), control characters and the
 * escape sequences of ECMA-48 ("ANSI"). It knows nothing of screens, keeps its whole state in
 * struct ansi, and takes any bytes whatsoever; so it is tested on the host.
 */
#ifndef CONSOLE_ANSI_H
#define CONSOLE_ANSI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSI_PARAMETERS 16
#define ANSI_PARAMETER_MAX 9999

/* What stands for bytes that are no UTF-8. */
#define ANSI_REPLACEMENT 0xfffdu

enum ansi_kind {
    ANSI_NOTHING,   /* the bytes ended before anything was complete */
    ANSI_CHARACTER, /* code = Unicode code point, 0x20 and above */
    ANSI_CONTROL,   /* code = control character, below 0x20 */
    ANSI_ESCAPE,    /* ESC and one character: code = that character */
    ANSI_SEQUENCE,  /* ESC [ ... letter: code = the letter, with parameters */
};

struct ansi_event {
    enum ansi_kind kind;
    uint32_t code;
    char marker;                          /* '?' and the like after ESC [, else 0 */
    uint32_t count;                       /* parameters given, 1 at least */
    uint16_t parameters[ANSI_PARAMETERS]; /* 0 where left out */
};

/* All zero is the start. */
struct ansi {
    uint8_t state;
    uint8_t more;               /* UTF-8 bytes still to come */
    uint8_t low, high;          /* and the range the next one must be in */
    uint32_t code;              /* the character so far */
    struct ansi_event sequence; /* so far */
};

/*
 * Reads up to `count` bytes, until one event is complete, and fills *event. Returns how many
 * bytes were used: 0 is possible with an event (a character broken off by what follows it), and
 * with count 0. With ANSI_NOTHING all bytes were used.
 */
size_t ansi_next(struct ansi *ansi, const char *bytes, size_t count, struct ansi_event *event);

/* Whether this can have come of any bytes, so that ansi_next may go on with it. */
bool ansi_is_sound(const struct ansi *ansi);

#endif
