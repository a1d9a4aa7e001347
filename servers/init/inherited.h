/* What servers leave to init when they end. */
#ifndef INIT_INHERITED_H
#define INIT_INHERITED_H

#include "manifest.h"

/*
 * The server's domain is gone: device memory of its own that it had lent is taken from whoever has
 * it, and is free for the next instance. A borrower that goes on using it faults.
 */
void inherited_devices(const struct server *server);

#endif
