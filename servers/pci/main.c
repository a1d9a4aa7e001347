/*
 * The PCI server: finds the devices of the machine and gives each to one driver, with its memory
 * and its interrupts (cocos/protocol/pci.h, doc/drivers.md).
 *
 * Slots it is given: "ports0" (0xcf8 to 0xcff), "ports1" (all ports it hands on), "interrupts0"
 * (all lines it hands on), "devices0" (all memory it hands on); its line in the manifest says that
 * it delegates them.
 */
#include <stdio.h>

#include <cocos/protocol/pci.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "devices.h"
#include "requests.h"
#include "space.h"

static int refuse(const char *what, int64_t error)
{
    fprintf(stderr, "pci: %s: %s\n", what, error_text(error));
    return 1;
}

int main(void)
{
    uint32_t endpoint, reply_slot = slot_take();
    int64_t got = space_open();
    if (got < 0)
        return refuse("the ports of configuration space", got);
    devices_find();
    got = service_register(PCI_SERVICE, &endpoint);
    if (got < 0)
        return refuse("serving", got);
    requests_drivers_ended(); /* while an earlier instance was gone */
    for (;;) {
        struct message message = {0};
        got = sys_wait(endpoint, reply_slot, DEADLINE_NEVER, &message);
        if (got < 0)
            return refuse("waiting", got);
        if (got != RECEIVED_CALL) {
            requests_drivers_ended();
            continue;
        }
        requests_serve(&message);
        /* A caller that has ended leaves its capability behind. */
        if (sys_reply(reply_slot, &message) < 0)
            sys_slot_drop(reply_slot);
        requests_sent();
    }
}
