/*
 * The ends of drivers. A device goes on using memory when its driver has ended: the driver's own,
 * and what clients let it use. As long as the driver's domain is there, all of that stays whose it
 * is. So a program that may claim PCI devices (pci= in the manifest) ends in two steps: it is
 * stopped, and the PCI server silences its devices; then its domain ends, and the next instance may
 * start. Where there is no PCI server, there is nothing to wait for, and nobody to do it.
 */
#ifndef INIT_DRIVERS_H
#define INIT_DRIVERS_H

#include "programs.h"

/* The program has just been stopped: takes over its domain until its devices are silent, and calls
 * programs_over then. False: it drives none. */
bool drivers_keep(struct program *program, bool by_wish);

/* Whether program `number` has been stopped, and its domain is still there. */
bool drivers_ending(uint32_t number);

/* The PCI server says that the devices of program `silenced` are silent (0: nothing yet). Returns
 * the next whose are to be, 0: none; *domain: its object. */
uint32_t drivers_next(uint32_t silenced, uint64_t *domain);

/* Ends those that nobody silences, or not in time. Returns when to look again. */
uint64_t drivers_step(void);

#endif
