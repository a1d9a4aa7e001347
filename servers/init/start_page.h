/*
 * What a program finds in its process page of how it was started: arguments, mounts, the current
 * directory, and what its first descriptors are. Pure; tested on the host.
 */
#ifndef INIT_START_PAGE_H
#define INIT_START_PAGE_H

#include <stdbool.h>

#include <cocos/protocol/init.h>

/* Whether a description, which anybody may have written, holds together: its texts end. */
bool start_page_good(const struct init_start *start);

/*
 * Fills in what `start` says, or NULL: nothing; the arguments are then the words of `command`, as
 * they are where `start` has fewer than two and `command` more. OK, or E_TOO_LONG: they do not fit.
 */
int start_page_fill(struct process_page *page, const char *command, const struct init_start *start);

#endif
