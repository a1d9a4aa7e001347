/*
 * Calls that are answered later: who waits for a program to end or serve, and who looks for a
 * service that is not there yet. Each keeps the slot of its reply capability. And who is signalled
 * then, instead of answered.
 */
#ifndef INIT_WAITING_H
#define INIT_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/protocol/init.h>

/* With everything else init keeps in slots, these must leave some of its 128 free. */
#define WAITING_MAX 24

/* Program `caller` waits, in `reply_slot`, for program `number`. False: too many wait. */
bool waiting_for_program(uint32_t caller, uint32_t reply_slot, uint32_t number);

/* Program `caller` waits for service `name`, to be put in its slot `slot`. */
bool waiting_for_service(uint32_t caller, uint32_t reply_slot, const char *name, uint32_t slot);

/* The endpoint in `endpoint`, which is kept for that, gets `bits` when program `number` has ended
 * or serves; program `caller` wants it so. */
bool waiting_to_signal(uint32_t caller, uint32_t endpoint, uint64_t bits, uint32_t number);

/* Whether anyone waits for this program. */
bool waiting_on(uint32_t number);

/* Drops what `caller` waits for: it has ended. */
void waiting_forget(uint32_t caller);

/* Answers everyone whose time has come. To be called after whatever may have changed that. */
void waiting_review(void);

#endif
