/*
 * What was typed and not yet read, and the callers who wait for it: they are answered in the
 * order they came. Reply capabilities of waiting callers are kept in slots of their own.
 */
#ifndef CONSOLE_INPUT_H
#define CONSOLE_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#define INPUT_BYTES 4096u
#define INPUT_READERS 8u

/* What was typed. Counts of bytes ever put and taken; both wrap round, and INPUT_BYTES divides
 * their range. */
struct typed {
    uint32_t put, taken;
    uint8_t ring[INPUT_BYTES];
};

/* Keeps what is typed in that memory from now on, and goes on with what is there: zeroes, or what
 * an earlier instance of this server has left. */
void input_keep(struct typed *memory);

/* How many more bytes input_put takes. */
uint32_t input_room(void);

/* Ctrl-C sets `bits` in the endpoint in `slot`, which is this queue's from then on; SLOT_NONE: it
 * is a byte as any other. Empties the slot that was named before. */
void input_interrupts(uint32_t slot, uint64_t bits);

/* Adds a byte; there must be room. */
void input_put(uint8_t byte);

/* Lets the caller in `reply_slot` wait for input; the slot is the queue's from then on. E_FULL:
 * too many wait already. */
int64_t input_wait(uint32_t reply_slot);

/* Answers those who wait, as far as there is input. Returns whether any was taken. */
bool input_answer(void);

#endif
