/* Turning the machine off, and starting it again. */
#ifndef INIT_POWER_H
#define INIT_POWER_H

/* Returns only when it did not work: E_UNSUPPORTED, or why the ports could not be used. */
int power_off(void);

/* The same, of starting it again. */
int power_reset(void);

#endif
