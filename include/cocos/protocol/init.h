/*
 * What every program may ask of init, through the endpoint in SLOT_PARENT. The badge tells init
 * who asks. Answers hold 0 or an error (cocos/errors.h) in word 0 unless said otherwise.
 *
 * Everyone may call init at any time, because init calls no one. For the same reason, calls
 * between other servers go one way only: all call the console, and that the serial server alone.
 */
#ifndef COCOS_PROTOCOL_INIT_H
#define COCOS_PROTOCOL_INIT_H

#include <cocos/abi.h>
#include <cocos/protocol/files.h>
#include <cocos/protocol/text.h>

enum init_request {
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
     * E_RIGHTS: init itself is not killed. The answer to the end of a driver comes when its devices
     * are silent (INIT_DRIVER_ENDED), and is that of INIT_WAIT. */
    INIT_KILL = 7,
    /* Name of module number word 1: words 1-2; E_NAME past the last. */
    INIT_MODULE = 9,
    /* The domain of program word 1: word 1 = the frame of its object, by which the frame table
     * and sys_page_query name it. E_NAME: no such program, or it has ended. */
    INIT_DOMAIN = 10,
    /* Ends the instance, if there is one, of the manifest's server with the name in words 1-2, and
     * starts the next, also where too many failures have kept it down. E_NAME: the manifest has no
     * such server; as INIT_START. */
    INIT_RESTART = 11,
    /* Whether the manifest lets program word 1 claim the PCI device in word 2: vendor | device <<
     * 16 | class << 32 (base class << 8 | subclass). E_RIGHTS: it does not. E_NAME: no such
     * program, or it has ended. Of use to whoever hands out devices, and no secret. */
    INIT_MAY_CLAIM = 12,
    /* For INIT_START: the answer brings frames on loan (which the caller must have agreed to,
     * DOMAIN_ACCEPT): one for struct init_start, and behind it room for a file of word 1 bytes.
     * Word 1 = their address, word 2 = how many, 2^(word 2). Where they could not be brought, ask
     * again. The caller has one such run at a time, until it ends. E_TOO_LONG: over
     * INIT_FILE_BYTES_MAX. E_NO_MEMORY. */
    INIT_PREPARE = 14,
    /* Starts what is said there; the frames are no longer the caller's. Word 0 = the
     * program's number (> 0), or E_ARGUMENT: nothing was prepared, or it does not hold together.
     * E_NAME: there is no such module. E_EXISTS: it is a server of the manifest, and runs; or the
     * file has such a name. E_TOO_LONG, E_ELF_*, E_NO_MEMORY, E_FULL. */
    INIT_START = 15,
    /* The endpoint that comes along (RIGHT_SIGNAL) gets signal bit word 2 once program word 1 has
     * ended or begun to serve. E_NAME: no such program. E_ARGUMENT: nothing came along, or no such
     * bit. E_FULL: too many wait. */
    INIT_WATCH = 16,
    /* For the PCI server, which is signalled PCI_DRIVER_ENDED: the devices of program word 1, a
     * driver that has been stopped, are silent now, and its domain may end; 0: none yet. Word 1 =
     * the next such driver, 0: none; word 2 = its domain, as INIT_DOMAIN. E_RIGHTS: the caller is
     * not the one that hands devices on. */
    INIT_DRIVER_ENDED = 17,
    /* A run (its address | its order, to ORDER_BLOCK) that was the caller's to use is so no more,
     * and its owner has ended: so it is init's, which gives it back. It bears the tag
     * INHERITED_TAG: E_NOT_OWNER, else. E_BUSY: somebody uses it still. */
    INIT_DISCARD = 18,
    /* As INIT_FIND, but with RIGHT_SIGNAL alone, and at once, whether it serves already or not:
     * so two servers can find each other, one to call and one to signal. E_NAME: the manifest has
     * no such server, or none runs. E_RIGHTS also: the caller is no server of the manifest. */
    INIT_FIND_TO_SIGNAL = 19,
    /* Starts the manifest's server with the name in words 1-2, unless it runs. E_NAME, E_RIGHTS: as
     * INIT_FIND; E_ELF_*, E_NO_MEMORY, E_FULL. */
    INIT_WANT = 20,
    /* A page fault of the caller's first thread at an instruction from word 1 to before word 2 does
     * not end the caller: it continues at word 3, with all other registers as they were. Once more:
     * there instead. */
    INIT_GUARD = 21,
};

enum program_state { PROGRAM_RUNS = 1, PROGRAM_SERVES, PROGRAM_ENDED, PROGRAM_FAULTED };

/* The tag of memory that a program shares with a server: claimed so, it is given back when both
 * have let go of it, whoever ends first. */
#define INHERITED_TAG TAG8('s', 'h', 'a', 'r', 'e', 'd', 0, 0)

/* Names of programs and services have at most 15 characters and a terminating zero. */
#define SERVICE_NAME_BYTES 16

#define INIT_FILE_BYTES_MAX (32ull << 20)
#define INIT_PATH_BYTES 512u

/* How a program is to start. Texts end with a zero; what is not used is zero. */
struct init_start {
    uint64_t file_bytes; /* of the ELF file that begins in the next frame; 0: it is a module */
    char name[SERVICE_NAME_BYTES];
    uint32_t argument_count; /* a module gets those it came with, where there are fewer than two */
    uint32_t argument_bytes; /* of arguments[]: each ends with a zero */
    char arguments[PROCESS_ARGUMENT_BYTES];
    struct process_mount mounts[PROCESS_MOUNTS];
    char directory[INIT_PATH_BYTES]; /* the current one, whole; empty: / */
    struct {
        uint64_t offset;
        uint32_t access; /* STREAM_* */
        uint32_t spare;
        char path[INIT_PATH_BYTES]; /* whole; empty: the console */
    } streams[PROCESS_STREAMS];
};
_Static_assert(sizeof(struct init_start) <= FRAME_BYTES, "it is one frame");

/* Init's own number; it is listed as any program. The first it starts has the next. */
#define INIT_NUMBER 1

/* How programs are badged at init's endpoint: faults of program N have INIT_BADGE_FAULT + N. */
#define INIT_BADGE_FAULT (1ull << 32)

#endif
