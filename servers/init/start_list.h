/*
 * The programs started at boot, in order: `start=console,shell` on the kernel's command line.
 * The next is started when the one before serves, has ended, or everything has gone quiet, so
 * that what it prints at its start does not run into what the next prints.
 */
#ifndef INIT_START_LIST_H
#define INIT_START_LIST_H

#include <stdbool.h>

/* Takes the list from init's arguments; the last start= counts. */
void start_list_open(int argc, char **argv);

/* Starts what is due. True: a program's start is still being watched, so call again after every
 * message, and start_list_quiet when there is none. */
bool start_list_step(void);

/* No message came while the other threads ran; one came. */
void start_list_quiet(void);
void start_list_busy(void);

/* Whether a program of this name has yet to be started. */
bool start_list_holds(const char *name);

#endif
