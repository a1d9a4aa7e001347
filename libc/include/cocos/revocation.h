/*
 * Asking a domain for memory, and being asked (cocos/protocol/revocation.h; doc/revocation.md). All
 * return 0 or what is said, or a negative error: those of the system calls.
 */
#ifndef COCOS_REVOCATION_H
#define COCOS_REVOCATION_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/protocol/revocation.h>
#include <cocos/sys.h>

/* The processor's time-stamp counter: deadlines are in its ticks. */
uint64_t revocation_ticks(void);

/* ---- For a manager: one of these for each domain it asks ---- */

struct revocation {
    /* Set by the manager, before it asks: */
    uint32_t domain;   /* slot: the domain, RIGHT_CONTROL */
    uint32_t endpoint; /* slot: the domain's endpoint, RIGHT_SIGNAL */
    uint32_t machine;  /* slot: CAP_MACHINE, RIGHT_INSPECT */
    uint64_t object;   /* the frame of the domain's object: what records name as owner */
    uint64_t frames;   /* wanted */
    uint64_t deadline; /* in ticks */
    /* Kept by the functions here: */
    uint64_t target; /* how much memory the domain may still own at the deadline */
    uint64_t taken;  /* frames, by force */
    uint64_t busy;   /* of these, still in use by others: the manager's own now */
    uint64_t list;   /* address of the list that was delivered, 0: none */
};

/* Begins: signals the domain. Of memory it owns more than `frames` less than now will be too much;
 * all it owns, if that is less than `frames`. */
int64_t revocation_request(struct revocation *revocation);

/* How many frames the domain has still to return; 0: it has complied. */
int64_t revocation_missing(const struct revocation *revocation);

/* Answers a message of the domain, if it is one about this: true, and `message` is the answer. */
bool revocation_answer(const struct revocation *revocation, struct message *message);

/*
 * Ends it, at the deadline or when the domain is done: takes what is missing by force, releases
 * what nobody else uses, delivers the list, signals REVOKE_TAKEN. Returns the number of frames
 * taken: 0 where the domain has complied; a whole block that was taken counts whole, so they may be
 * more than were missing. E_NO_MEMORY, E_LIMIT: there was no frame for the list, and nothing was
 * taken; or the domain could not be given the list, which is the manager's then.
 */
int64_t revocation_finish(struct revocation *revocation);

/* ---- For a domain; `manager` is a slot to call it through ---- */

/* Names up to DOMAIN_KEPT frames that are taken last (a frame of a block stands for all of it). */
int64_t revocation_keep(const uint64_t *frames, uint32_t count);

/* What is wanted still, and by when. */
int64_t revocation_ask(uint32_t manager, uint64_t *frames, uint64_t *deadline);

/* It returns no more than it has. Gives the number of frames that are missing still. */
int64_t revocation_done(uint32_t manager);

/* What was taken: *list is NULL where nothing was. Returns the number of frames. */
int64_t revocation_lost(uint32_t manager, const struct revocation_list **list);

#endif
