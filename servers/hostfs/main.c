/*
 * Hostfs: a folder of the machine that runs the emulator (cocos/protocol/files.h; tools/run
 * --share). The host is asked by 9P2000.L over virtio, one request after the other.
 *
 * Found by the PCI server; its line in the manifest names the device.
 */
#include <stdio.h>

#include <cocos/protocol/files.h>
#include <cocos/service.h>

#include "channel.h"
#include "host.h"
#include "requests.h"

static int refuse(const char *what, int64_t error)
{
    fprintf(stderr, "hostfs: %s: %s\n", what, error_text(error));
    return 1;
}

/* Takes requests, until the host cannot be asked any more: who asked then is told by this server's
 * end, and asks the next one. */
static int serve(uint32_t endpoint)
{
    uint32_t reply_slot = slot_take();
    struct message message = {.receive_frames = FILES_RUN_FRAMES_MAX};
    int64_t got = sys_wait(endpoint, reply_slot, DEADLINE_NEVER, &message);
    while (got == RECEIVED_CALL) {
        struct message answer = {.receive_frames = FILES_RUN_FRAMES_MAX};
        int64_t word0 = requests_serve(&message, &answer);
        if (word0 == E_DEVICE || word0 == E_TIMEOUT)
            return refuse("asking the host", word0);
        answer.words[0] = (uint64_t)word0;
        message = answer;
        got = sys_reply_wait(endpoint, reply_slot, DEADLINE_NEVER, &message);
    }
    return refuse("waiting", got);
}

int main(void)
{
    const struct process_page *page = (const void *)PROCESS_PAGE;
    const char *what;
    uint32_t endpoint;
    int64_t got = channel_open(&what);
    if (got == E_NAME) /* nothing is shared; that is no mistake */
        return 0;
    if (got < 0)
        return refuse(what, got);
    got = host_attach();
    if (got < 0)
        return refuse("the folder that is shared", got);
    requests_open(page->number);
    got = service_register("hostfs", &endpoint);
    if (got < 0)
        return refuse("serving", got);
    return serve(endpoint);
}
