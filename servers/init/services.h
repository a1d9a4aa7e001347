/* Who serves under which name. The endpoints are init's, so they end when init says so. */
#ifndef INIT_SERVICES_H
#define INIT_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "programs.h"

#define SERVICES_MAX 24

/* Lets `program` serve under `name`, through a capability in its slot `slot`. OK, E_EXISTS,
 * E_NAME (empty), E_FULL, E_OCCUPIED, E_SLOT, E_NO_MEMORY. */
int services_add(struct program *program, const char *name, uint32_t slot);

/* Puts a capability to call `name` into slot `slot` of `program`. OK, E_OCCUPIED, E_SLOT, E_NAME,
 * E_RIGHTS (the manifest does not
 * name it), or E_AGAIN: there is none, but one is expected. */
int services_connect(const struct program *program, const char *name, uint32_t slot);

/* Puts a capability to signal `name` into slot `slot` of `program`, also before it serves; both are
 * servers of the manifest. OK, E_OCCUPIED, E_SLOT, E_NAME, E_RIGHTS, E_FULL, E_NO_MEMORY. */
int services_connect_signal(const struct program *program, const char *name, uint32_t slot);

/* Whether program `number` serves `name`. */
bool services_has(uint32_t number, const char *name);

/* Signals whoever serves `name`, if anybody does. */
void services_signal(const char *name, uint64_t bits);

/* A program has ended: its endpoints stay, and nobody takes what is called there. Its callers whom
 * it has not answered get E_GONE. */
void services_leave(uint32_t number);

/* Ends the endpoints that programs of this name have left: callers get E_GONE. */
void services_close(const char *program);

#endif
