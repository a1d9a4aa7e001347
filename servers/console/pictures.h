/*
 * Pictures of the terminals in memory that outlives the console: each is replaced as a whole, in a
 * place of its own, so that there is always one of each terminal and the position in its text that
 * it belongs to. What was printed since is in the books. And, behind them, the lines that have
 * scrolled away.
 */
#ifndef CONSOLE_PICTURES_H
#define CONSOLE_PICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "terminal.h"

/* Divides `bytes` of memory for terminals of that size. Where it is too little, there are no
 * pictures. */
void pictures_open(void *memory, size_t bytes, uint32_t columns, uint32_t lines);

/* The memory for lines that have scrolled away; none where there is too little. */
struct history pictures_history(uint32_t console);

/* Takes a picture, which stands for all text before `position`. */
void pictures_take(uint32_t console, const struct terminal *terminal, uint64_t position);

/* The terminal as in its last picture, and *position. False: there is none. */
bool pictures_restore(uint32_t console, struct terminal *terminal, uint64_t *position);

#endif
