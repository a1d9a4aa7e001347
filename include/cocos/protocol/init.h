/*
 * What every program may ask of init, through the endpoint in SLOT_PARENT. The badge tells init
 * who asks. Answers hold 0 or an error (cocos/errors.h) in word 0 unless said otherwise.
 *
 * Everyone may call init at any time, because init calls no one. For the same reason, calls
 * between other servers go one way only: all call the console, and that the serial server alone.
 */
#ifndef COCOS_PROTOCOL_INIT_H
#define COCOS_PROTOCOL_INIT_H

#include <cocos/protocol/text.h>

enum init_request {
    /* Starts a program given as a module: a text "NAME ARGUMENTS", split at spaces; without
     * arguments, it gets those the module came with. Answer to the last piece: word 0 = its
     * number (> 0), or E_NAME, E_TOO_LONG, E_ELF_*, E_NO_MEMORY, E_FULL, E_EXISTS: it is a
     * server of the manifest, and runs. Pieces before the last
     * are answered with 0. */
    INIT_RUN = 1,
    /* Waits until program word 1 ends or begins to serve: word 1 = enum program_state,
     * word 2 = exit status. E_NAME: no such program. E_FULL: too many wait. */
    INIT_WAIT = 2,
    /* The caller ends with status word 1. Never answered. */
    INIT_EXIT = 3,
    /* The caller serves under the name in words 1-2 (zero-padded): init makes an endpoint and
     * puts a capability with RIGHT_RECEIVE and RIGHT_SIGNAL in the caller's slot word 3.
     * E_EXISTS, E_NAME (empty), E_OCCUPIED, E_FULL. */
    INIT_SERVE = 4,
    /* Finds a server by the name in words 1-2: puts a capability with RIGHT_SEND in the
     * caller's slot word 3, badged with the caller's number. While a program of that name runs,
     * or is about to be started, the answer waits until it serves. E_NAME (also for what the
     * caller itself serves), E_RIGHTS (the caller is a server whose line in the manifest does not
     * name it), E_OCCUPIED, E_FULL: too many wait. The capability outlives the server's end where
     * the server is started again: calls wait, but those it had taken get E_GONE. */
    INIT_FIND = 5,
    /* Program number word 1 or the next above: word 1 = its number (0: no more), word 2 = state,
     * and in its upper half how often init has started a server of that name again, word 3 = exit
     * status, words 4-5 = its name. */
    INIT_LIST = 6,
    /* Ends program word 1. A server that the manifest says so of is started again. E_NAME.
     * E_RIGHTS: init itself is not killed. */
    INIT_KILL = 7,
    /* Name of module number word 1: words 1-2; E_NAME past the last. */
    INIT_MODULE = 9,
    /* The domain of program word 1: word 1 = the frame of its object, by which the frame table
     * and sys_page_query name it. E_NAME: no such program, or it has ended. */
    INIT_DOMAIN = 10,
    /* Ends the instance, if there is one, of the manifest's server with the name in words 1-2, and
     * starts the next, also where too many failures have kept it down. E_NAME: the manifest has no
     * such server; as INIT_RUN. */
    INIT_RESTART = 11,
    /* Whether the manifest lets program word 1 claim the PCI device in word 2: vendor | device <<
     * 16 | class << 32 (base class << 8 | subclass). E_RIGHTS: it does not. E_NAME: no such
     * program, or it has ended. Of use to whoever hands out devices, and no secret. */
    INIT_MAY_CLAIM = 12,
    /* As INIT_FIND, but with RIGHT_SIGNAL alone, and at once, whether it serves already or not:
     * so two servers can find each other, one to call and one to signal. E_NAME: the manifest has
     * no such server, or none runs. E_RIGHTS also: the caller is no server of the manifest. */
    INIT_FIND_TO_SIGNAL = 14,
};

enum program_state { PROGRAM_RUNS = 1, PROGRAM_SERVES, PROGRAM_ENDED, PROGRAM_FAULTED };

/* Names of programs and services have at most 15 characters and a terminating zero. */
#define SERVICE_NAME_BYTES 16

/* Init's own number; it is listed as any program. The first it starts has the next. */
#define INIT_NUMBER 1

/* How programs are badged at init's endpoint: faults of program N have INIT_BADGE_FAULT + N. */
#define INIT_BADGE_FAULT (1ull << 32)

#endif
