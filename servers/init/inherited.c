#include "inherited.h"

#include <cocos/abi.h>
#include <cocos/frames.h>

#include "grants.h"
#include "programs.h"

/* What is not init's is refused by all of this. */
void inherited_devices(const struct server *server)
{
    const struct screen *screen = &((const struct system_page *)SYSTEM_PAGE)->screen;
    uint64_t start, end;
    for (uint32_t i = 0; i < server->grant_count; i++) {
        if (!grants_devices(&server->grants[i], screen, &start, &end))
            continue;
        programs_revoke(start, end);
        frames_release(start, end);
    }
}
