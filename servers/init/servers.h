/*
 * The servers of the manifest, and their supervision: which instance of each runs, what becomes of
 * it when that ends, and when the next is started.
 */
#ifndef INIT_SERVERS_H
#define INIT_SERVERS_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/abi.h>

#include "manifest.h"
#include "programs.h"

/* Reads the manifest; says each mistake in init's log, and goes on behind it. */
void servers_open(void);

/* The server of that name, or NULL; the index-th one, or NULL. */
const struct server *servers_find(const char *name);
const struct server *servers_at(uint32_t index);

/* Whether program `name` may find `service`: every program may, but servers only what their line
 * names. */
bool servers_may_call(const char *name, const char *service);

/*
 * Memory of init's that each instance of `server` is lent: its address, or 0 where its line asks
 * for none, or *error says why there is none. *order: how many frames, as a power of two.
 */
uint64_t servers_state(const struct server *server, uint32_t *order, int64_t *error);

/* Starts the server of this name where its line says that it is started on demand, and `for_whom`
 * may call it; once, not again after it ended well or stays down. */
void servers_wanted(const char *name, const char *for_whom);

/* Program `number` is the instance of `server` now; it was started by someone's wish (else: again,
 * by the supervisor). */
void servers_started(const struct server *server, uint32_t number, bool by_wish);

/*
 * `program` has ended; `by_wish`: it was killed. True: it is a server that will be started again,
 * so its endpoints are to be kept.
 */
bool servers_ended(const struct program *program, bool by_wish);

/* Starts what is due. Returns when to call again at the latest (a deadline). */
uint64_t servers_step(void);

/* Ends the server's instance if there is one, and starts the next. OK; E_NAME: the manifest has no
 * such server; what programs_run says. */
int servers_restart(const char *name);

/* Whether a new instance is going to be started, or one is starting. */
bool servers_expected(const char *name);

/* How often it was started again. */
uint32_t servers_restarts(const char *name);

#endif
