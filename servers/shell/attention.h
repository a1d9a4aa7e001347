/*
 * What the shell listens to while a line runs: Ctrl-C, and the ends of programs. Both are signals
 * at one endpoint.
 */
#ifndef SHELL_ATTENTION_H
#define SHELL_ATTENTION_H

#include <stdbool.h>
#include <stdint.h>

/* Makes the endpoint. A negative error. */
int64_t attention_open(void);

/* Between these two, Ctrl-C is for what runs. The first forgets one that came before. */
void attention_begin(void);
void attention_end(void);

/* Whether Ctrl-C came since attention_begin. */
bool attention_interrupted(void);

/* Has init tell when program `number` has ended or serves: `index` is below 32. */
int attention_watch(int number, uint32_t index);

/* Waits until the deadline for a Ctrl-C or the end of a program. Returns which programs it was, a
 * bit each by their index. */
uint32_t attention_wait(uint64_t deadline);

#endif
