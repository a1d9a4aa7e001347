/* What a server gets beyond what every program has. */
#ifndef INIT_GRANTS_H
#define INIT_GRANTS_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/abi.h>

#include "manifest.h"

/*
 * Gives `domain`, which `server` is being loaded into, its capabilities, in slots from
 * SLOT_FIRST_NAMED on that are then listed in *page. Errors as sys_slot_copy.
 */
int grants_give(const struct server *server, uint32_t domain, const struct system_page *system,
                struct process_page *page);

/* Whether it is device memory of known bounds, [*start, *end). False: all there is, none, or
 * something else. */
bool grants_devices(const struct grant *grant, const struct screen *screen, uint64_t *start,
                    uint64_t *end);

#endif
