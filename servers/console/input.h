/*
 * What was typed and not yet read (books.h), and the callers who wait for it: each console's are
 * answered in the order they came. Reply capabilities of waiting callers are kept in slots of their
 * own.
 */
#ifndef CONSOLE_INPUT_H
#define CONSOLE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "books.h"

#define INPUT_READERS 8u

struct reader {
    uint64_t badge;
    uint32_t slot; /* its reply capability */
    uint32_t console, number;
};

/* Adds a keyboard's text; E_FULL: not all of it has room, and nothing is taken. */
int64_t input_type(uint32_t console, uint32_t number, const char *bytes, uint32_t count);

/* Lets a caller wait for input; its slot is the queue's from then on. SENDERS_ROOM bytes of room
 * are there for what that prints (senders.h), and for input_answer. E_FULL: too many wait
 * already. */
int64_t input_wait(const struct reader *reader);

/* Ctrl-C at a console sets `bits` in the endpoint in `slot`, which is this queue's from then on;
 * SLOT_NONE: it is a byte as any other. Empties the slot that was named before. */
void input_interrupts(uint32_t console, uint32_t slot, uint64_t bits);

/* In a change of the books: adds what was typed; there is room. */
void input_add(struct books *next, uint32_t console, const char *bytes, uint32_t count);

/* Answers one of those who wait, if there is input for one. Returns whether it did. */
bool input_answer(void);

#endif
