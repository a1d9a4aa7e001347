/* Init's protocol (cocos/protocol/init.h): one request at a time. */
#ifndef INIT_REQUESTS_H
#define INIT_REQUESTS_H

#include <cocos/sys.h>

#include "programs.h"

enum outcome {
    ANSWERED, /* *message is the answer */
    KEPT,     /* the reply slot is kept for a later answer */
    ENDED,    /* the caller is no more; whatever is in the reply slot is to be dropped */
};

/* Serves `program`'s request in *message; its reply capability is in `reply_slot`, and what it sent
 * along in *gift_slot, which is SLOT_NONE afterwards if that is kept. */
enum outcome requests_serve(struct program *program, struct message *message, uint32_t reply_slot,
                            uint32_t *gift_slot);

#endif
