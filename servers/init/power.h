/* Turning the machine off. */
#ifndef INIT_POWER_H
#define INIT_POWER_H

/* Returns only when it did not work: E_UNSUPPORTED, or why the ports could not be used. */
int power_off(void);

#endif
