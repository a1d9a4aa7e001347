/*
 * The block server: disks, and the partitions on them, for any number of clients
 * (cocos/protocol/block.h, doc/block.md). It keeps nothing that has to outlive it: what a client
 * was not answered, the client asks the next instance for.
 *
 * Arguments: "ram=N": a disk of N KiB in the memory that outlives this program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/clock.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "disks.h"
#include "drives.h"
#include "requests.h"
#include "sessions.h"

/* How often it looks for programs that have ended and devices that are late. */
#define TICK 1000000000ull

static int refuse(const char *what, int64_t error)
{
    fprintf(stderr, "block: %s: %s\n", what, error_text(error));
    return 1;
}

static void find_disks(int argc, char **argv, uint32_t endpoint)
{
    uint64_t ram_kib = 0;
    for (int i = 1; i < argc; i++) {
        char *end = argv[i];
        if (strncmp(argv[i], "ram=", 4) == 0)
            ram_kib = strtoull(argv[i] + 4, &end, 10);
        if (*end != 0 || end == argv[i])
            fprintf(stderr, "block: the argument %s means nothing\n", argv[i]);
    }
    virtio_find(endpoint);
    ide_find(endpoint);
    ahci_find(endpoint);
    ram_find(ram_kib);
    disks_find();
}

/* Slots for what comes with the next message. */
struct slots {
    uint32_t reply, capability;
};

static void serve(struct message *message, struct slots *slots)
{
    bool kept = false;
    message->receive_slot = slots->capability;
    bool came = message->received_slot;
    bool answered = requests_serve(message, slots->reply, &kept);
    if (!answered)
        slots->reply = slot_take();
    else if (sys_reply(slots->reply, message) < 0)
        sys_slot_drop(slots->reply);
    if (kept)
        slots->capability = slot_take();
    else if (came)
        sys_slot_drop(slots->capability);
}

static int serve_all(uint32_t endpoint)
{
    struct slots slots = {slot_take(), slot_take()};
    uint64_t tick = clock_now() + TICK;
    for (;;) {
        struct message message = {
            .receive_slot = slots.capability,
            .receive_frames = FRAMES_PER_BLOCK,
        };
        sessions_tell();
        drives_kick();
        int64_t got =
            sys_wait(endpoint, slots.reply, sessions_any() ? tick : DEADLINE_NEVER, &message);
        if (got == RECEIVED_CALL)
            serve(&message, &slots);
        else if (got == RECEIVED_SIGNAL)
            drives_look(message.words[0]);
        else if (got != E_TIMEOUT)
            return refuse("waiting", got);
        if (clock_now() >= tick) {
            tick = clock_now() + TICK;
            drives_look(DRIVES_ALL);
            sessions_sweep();
        }
    }
}

int main(int argc, char **argv)
{
    uint32_t endpoint;
    int64_t got = service_register("block", &endpoint);
    if (got < 0)
        return refuse("serving", got);
    find_disks(argc, argv, endpoint);
    /* Behind it: drivers say by themselves how much memory they accept from the PCI server. */
    got = requests_open();
    if (got < 0)
        return refuse("taking memory of clients", got);
    return serve_all(endpoint);
}
