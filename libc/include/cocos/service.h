/*
 * Servers and programs: names, starting, waiting. Thin wrappers of init's protocol and the
 * process page; programs use these, init does not. All return 0 (or what is said) or a negative
 * error (cocos/errors.h).
 */
#ifndef COCOS_SERVICE_H
#define COCOS_SERVICE_H

#include <stdint.h>

#include <cocos/sys.h>

/* Serves under `name` (at most 15 characters): *endpoint is a slot to wait at. */
int service_register(const char *name, uint32_t *endpoint);

/* *endpoint is a slot to call `name` through. */
int service_find(const char *name, uint32_t *endpoint);

/*
 * Calls the server `name` through *endpoint, which is found first where it is SLOT_NONE. Word 0 of
 * the answer, which replaces the message, or why there was none. When the server has ended it is
 * found and called again: so the call is made twice if that one had taken it.
 */
int64_t service_call(const char *name, uint32_t *endpoint, struct message *message);

/* *endpoint is a slot to signal `name` through, which need not serve yet. E_NAME: no such server
 * runs, or is about to be started. */
int service_find_to_signal(const char *name, uint32_t *endpoint);

/* Has the manifest's server `name` started, unless it runs. */
int service_want(const char *name);

/* A slot the process page names ("ports", "interrupts", ...), or SLOT_NONE. */
uint32_t service_slot(const char *name);

/*
 * Memory that a server finds again, at the same address, in its next instance (state= in the
 * manifest): zeroes in the first, later as the instance before left it, whenever that ended. NULL:
 * it has less than `bytes`.
 */
void *service_state(uint64_t bytes);

/* Takes an empty slot of the own table, or SLOT_NONE; gives one back (emptied by the caller). */
uint32_t slot_take(void);
void slot_put(uint32_t slot);

/* Has init signal bit `bit` of `endpoint` (RIGHT_SIGNAL) when it has ended or serves. */
int program_watch(int number, uint32_t endpoint, uint32_t bit);

/* The number of the program that serves under `name`. E_NAME: none does. */
int program_serving(const char *name);

/* Ends it. */
int program_stop(int number);

/* Waits until it ends or serves; *state is enum program_state, *status its exit status. */
int program_wait(int number, int *state, int *status);

/* The name ("E_NAME") and the text of an error code; "unknown error" for others. */
const char *error_name(int64_t code);
const char *error_text(int64_t code);

/* Sends `bytes` bytes through `endpoint` in pieces of TEXT_BYTES as `request`; returns word 0 of
 * the last answer. Of a server that ends meanwhile, the next instance gets what is missing. */
int64_t text_send(uint32_t endpoint, uint32_t request, const char *text, uint64_t bytes);

/* Calls with a numbered message (cocos/protocol/text.h), again if the server ends meanwhile. Word 0
 * of the answer, which replaces the message, or why there was none. */
int64_t text_call(uint32_t endpoint, uint32_t number, struct message *message);

/* Asks for a text as `request`: up to TEXT_BYTES bytes to text[]. Returns how many, or a negative
 * error. No byte gets lost or comes twice where the server ends meanwhile. */
int64_t text_take(uint32_t endpoint, uint32_t request, char *text);

/* The same; E_TIMEOUT where nothing came by then. */
int64_t text_take_until(uint32_t endpoint, uint32_t request, uint64_t deadline, char *text);

/* A request of the console's protocol, of the caller's own console. */
uint32_t console_channel(uint32_t request);

#endif
