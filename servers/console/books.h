/*
 * What outlives an instance of the console (service_state): what was printed and what was typed,
 * how far each has gone, and from whom what was taken last. The counts change together or not at
 * all (cocos/kept.h); bytes are written where no count reaches yet, then the counts go on behind
 * them. So the next instance has each byte once, at whatever instruction the last one ended.
 *
 * Behind this, in the same memory, lie the screens (pictures.h).
 */
#ifndef CONSOLE_BOOKS_H
#define CONSOLE_BOOKS_H

#include <stdint.h>

#include <cocos/kept.h>
#include <cocos/protocol/console.h>

/* Text that is printed: kept until screens and serial line have it. Typed: half of the ring for
 * what nobody has read, half for answers that may have to be given again. */
#define PRINTED_BYTES 8192u
#define TYPED_BYTES 8192u
#define TYPED_MAX (TYPED_BYTES / 2)

/* Programs remembered; the one that was silent longest is forgotten. */
#define SENDERS 12u

/* A program that prints or reads. */
struct sender {
    uint64_t badge;
    uint32_t used;      /* the higher, the later; 0: nobody */
    uint32_t answer_at; /* count of typed bytes where its last answer began */
    uint16_t number, read_number;
    uint16_t count; /* bytes of its text, which is not whole */
    uint8_t console, answered;
};

struct books {
    struct {
        uint64_t printed;      /* bytes ever */
        uint32_t typed, taken; /* bytes ever; wrap round */
    } consoles[CONSOLES];
    uint64_t sent;                      /* of the first console's text to the serial line */
    uint16_t write_number, read_number; /* of the next requests to the serial server */
    uint16_t input_number;              /* of the last text of a keyboard's */
    uint16_t shown;                     /* the console that the screen shows */
    uint32_t uses;
    struct sender senders[SENDERS];
};

struct kept_books {
    struct kept kept;
    struct books copies[2];
    char texts[SENDERS][TEXT_TOTAL_BYTES];
    char printed[CONSOLES][PRINTED_BYTES];
    uint8_t typed[CONSOLES][TYPED_BYTES];
};

/* Goes on with that memory: zeroes, or what an earlier instance has left. */
void books_open(struct kept_books *memory);

/* As they are now; to be changed, until books_done. */
const struct books *books(void);
struct books *books_change(void);
void books_done(void);

/* In a change: adds to what was printed, for which there is room; to what was typed. */
void books_print(struct books *next, uint32_t console, const char *bytes, uint32_t count);
void books_type(struct books *next, uint32_t console, const char *bytes, uint32_t count);

/* How many more bytes books_type takes. */
uint32_t books_typing_room(uint32_t console);

/* Printed bytes from position `from` on: how many lie side by side, and where. */
uint32_t books_printed(uint32_t console, uint64_t from, const char **bytes);

/* `count` typed bytes from position `from` on. */
void books_typed(uint32_t console, uint32_t from, char *bytes, uint32_t count);

/* The text of a sender so far, TEXT_TOTAL_BYTES at most. */
char *books_text(uint32_t sender);

#endif
