/*
 * Init, the first program: starts the others, knows them by number and by name, and ends those that
 * fault. Everyone's calls and faults arrive at one endpoint, told apart by their badges.
 *
 * Init never calls another program: so whoever calls init cannot wait in a circle.
 */
#include <stdio.h>

#include <cocos/errors.h>
#include <cocos/frames.h>
#include <cocos/protocol/init.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "drivers.h"
#include "faults.h"
#include "log.h"
#include "programs.h"
#include "requests.h"
#include "servers.h"
#include "start_list.h"
#include "waiting.h"

/* The endpoint for calls and faults; SLOT_NONE when it cannot be made. */
static uint32_t open_endpoint(void)
{
    uint32_t slot = slot_take();
    int64_t frame = frame_take(0, tag_of("endpoint"));
    int64_t error = frame < 0 ? frame : sys_endpoint_create(slot, (uint64_t)frame);
    if (error == OK)
        return slot;
    log_print("init: cannot make an endpoint: %s\n", error_text(error));
    return SLOT_NONE;
}

/* Where a capability comes that a caller sends along; empty while one waits for messages.
 * SLOT_NONE: there is no slot for it. */
static uint32_t gift_slot;

/* Serves one call, whose reply capability is in `reply_slot`. */
static enum outcome serve(struct message *message, uint32_t reply_slot)
{
    uint64_t badge = message->badge;
    struct program *program = programs_get(badge & (INIT_BADGE_FAULT - 1));
    if (!program || !program_lives(program))
        return ENDED;
    if (badge < INIT_BADGE_FAULT)
        return requests_serve(program, message, reply_slot, &gift_slot);
    if (faults_guarded(program, message)) {
        *message = (struct message){.words = {FAULT_RESUME}};
        return ANSWERED;
    }
    faults_report(program, message);
    return ENDED;
}

/* Answers what is in `reply_slot` if `answered`, then takes the next message: 0 or above, or
 * E_TIMEOUT when nothing came by then. */
static int64_t next(uint32_t endpoint, uint32_t reply_slot, bool answered, uint64_t deadline,
                    struct message *message)
{
    if (gift_slot == SLOT_NONE)
        gift_slot = slot_take();
    message->receive_slot = gift_slot;
    if (answered && deadline == DEADLINE_NEVER)
        return sys_reply_wait(endpoint, reply_slot, deadline, message);
    if (answered)
        sys_reply(reply_slot, message);
    return sys_wait(endpoint, reply_slot, deadline, message);
}

static int64_t serve_all(uint32_t endpoint)
{
    struct message message = {0};
    uint32_t reply_slot = slot_take();
    bool answered = false;
    for (;;) {
        waiting_review();
        uint64_t look = drivers_step(), deadline = servers_step();
        deadline = look < deadline ? look : deadline;
        if (start_list_step())
            deadline = DEADLINE_NOW;
        int64_t got = next(endpoint, reply_slot, answered, deadline, &message);
        answered = false;
        if (got == E_TIMEOUT) {
            start_list_quiet();
            sys_yield();
        } else if (got < 0) {
            return got;
        } else if (got == RECEIVED_CALL) {
            start_list_busy();
            bool gift = message.received_slot;
            enum outcome outcome = serve(&message, reply_slot);
            if (gift && gift_slot != SLOT_NONE)
                sys_slot_drop(gift_slot);
            answered = outcome == ANSWERED;
            if (outcome == KEPT)
                reply_slot = slot_take();
            else if (outcome == ENDED)
                sys_slot_drop(reply_slot);
        }
        /* A signal says that the printer is done: waiting_review looks. */
    }
}

int main(int argc, char **argv)
{
    if (sys_slot_query(SLOT_SELF, SLOT_PARENT) != CAP_EMPTY) {
        puts("init: there is one already");
        return 1;
    }
    uint32_t endpoint = open_endpoint();
    int error = log_open(endpoint);
    if (error < 0)
        log_print("init: cannot print by the console: %s\n", error_text(error));
    programs_open(endpoint);
    servers_open();
    start_list_open(argc, argv);
    int64_t end = serve_all(endpoint);
    log_print("init: cannot take calls: %s\n", error_text(end));
    return 1;
}
