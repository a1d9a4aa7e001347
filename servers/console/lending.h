/*
 * To whom the screen is lent (CONSOLE_LEND in cocos/protocol/console.h), and that it comes back,
 * whatever becomes of the borrower.
 */
#ifndef CONSOLE_LENDING_H
#define CONSOLE_LENDING_H

#include <stdbool.h>
#include <stdint.h>

/* How often one looks whether the borrower is still there. */
#define LENDING_LOOKS_NS 100000000ull

/* Lends the screen to the domain in slot `domain`, for the program of this badge. The slot is this
 * part's once that has worked. Errors are CONSOLE_LEND's. */
int64_t lending_begin(uint64_t badge, uint32_t domain);

/* The program of this badge gives the screen back. E_NOT_GRANTED. */
int64_t lending_end(uint64_t badge);

/* Whether it is lent. */
bool lending(void);

/* Takes the screen back from a borrower that has ended. True: it did so just now. */
bool lending_review(void);

#endif
