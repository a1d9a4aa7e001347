/* What the servers of the system are given beyond what every program has. */
#ifndef INIT_MANIFEST_H
#define INIT_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/abi.h>

/*
 * Gives `domain`, which program `name` is being loaded into, its capabilities, in slots from
 * SLOT_FIRST_NAMED on that are then listed in *page. Errors as sys_slot_copy.
 */
int manifest_grant(const char *name, uint32_t domain, const struct screen *screen,
                   struct process_page *page);

/* Whether the start list goes on at once after this program, because it serves nobody. */
bool manifest_in_background(const char *name);

#endif
