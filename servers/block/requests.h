/* The calls of the protocol (cocos/protocol/block.h). */
#ifndef BLOCK_REQUESTS_H
#define BLOCK_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/sys.h>

/* Before any: makes what clients are given to share memory with this server. */
int64_t requests_open(void);

/*
 * Serves a call; *message becomes the answer. False: it is answered later, and keeps `reply_slot`.
 * A capability that came is in message->receive_slot; if it is kept, *kept_slot is set.
 */
bool requests_serve(struct message *message, uint32_t reply_slot, bool *kept_slot);

#endif
