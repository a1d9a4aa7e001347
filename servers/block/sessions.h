/*
 * Sessions: a client's ring, the runs of its memory that requests may name, and what is under way.
 *
 * A run is mapped in this server's upper half for as long as the session has it. So the kernel
 * refuses to end its share, and its frames stay the client's (or, when that has ended, init's): a
 * device that was given their addresses writes into nobody else's memory.
 */
#ifndef BLOCK_SESSIONS_H
#define BLOCK_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/sys.h>

#include "disks.h"

struct session;

/* Opens one for a program: *number. OK or E_FULL. */
int64_t sessions_open(uint32_t program, const struct disk *disk, uint64_t *number);

/* The program's session of that number, or NULL. */
struct session *sessions_get(uint32_t program, uint64_t number);

/* A run that came with a call (message.received_run, 0: none did) as its ring, or as memory. */
int64_t session_set_ring(struct session *session, uint64_t run);
int64_t session_add_memory(struct session *session, uint64_t run);
int64_t session_forget(struct session *session, uint64_t address);

/* `slot` holds an endpoint to be signalled `bits`; the session has it from then on, if this is OK.
 */
int64_t session_notify(struct session *session, uint32_t slot, uint64_t bits);

/* Takes a frame for the server's page tables in the session's name. */
int64_t session_fund(struct session *session);

/* Takes what is new in the ring. OK or E_ARGUMENT. */
int64_t session_submit(struct session *session);

/* Whether somebody who waits is to be answered now; else whoever is in `reply_slot` is answered
 * later: OK, or E_EXISTS. */
bool session_is_settled(const struct session *session);
int64_t session_wait(struct session *session, uint32_t reply_slot);

/* Ends it; whoever is in `reply_slot` (SLOT_NONE: nobody) is answered when that is done. */
void session_close(struct session *session, uint32_t reply_slot);

/* Answers and signals whoever is to hear of what was done since. */
void sessions_tell(void);

/* Whether there is any; closes those of programs that have ended. */
bool sessions_any(void);
void sessions_sweep(void);

#endif
