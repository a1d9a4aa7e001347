/* What clients ask (cocos/protocol/files.h), done by asking the host (host.h). */
#ifndef HOSTFS_REQUESTS_H
#define HOSTFS_REQUESTS_H

#include <cocos/sys.h>

void requests_open(uint32_t instance);

/* OK and *answer, an error for the client; or E_DEVICE, E_TIMEOUT: the host can be asked no more.
 */
int64_t requests_serve(const struct message *asked, struct message *answer);

#endif
