/* What a server gets beyond what every program has. */
#ifndef INIT_GRANTS_H
#define INIT_GRANTS_H

#include <stdint.h>

#include <cocos/abi.h>

#include "manifest.h"

/*
 * Gives `domain`, which `server` is being loaded into, its capabilities, in slots from
 * SLOT_FIRST_NAMED on that are then listed in *page. Errors as sys_slot_copy.
 */
int grants_give(const struct server *server, uint32_t domain, const struct system_page *system,
                struct process_page *page);

#endif
