/*
 * The block server's protocol: disks and their partitions. Found under the name "block"; programs
 * use it by <cocos/block.h>, which also sees them through the server's end. doc/block.md has the
 * reasons. Sectors are of 512 bytes. Answers to calls hold 0 or an error (cocos/errors.h) in word
 * 0.
 *
 * A client attaches to a disk, which makes a session. Its frames stay its own: it shares them with
 * the server (sys_frame_grant, GRANT_SHARE), tells the server of each run by a call that the run
 * comes with (so the kernel vouches that it is the caller's), and the device then reads and writes
 * them itself. The server maps what it is told of, so that no share can end while a device may use
 * it: sys_frame_revoke and sys_frame_release say E_BUSY until BLOCK_FORGET or BLOCK_DETACH.
 *
 * Requests and answers are in one more frame of the client's, the ring. Many may be under way; they
 * are answered in any order, and those for the same sectors are done in any order.
 */
#ifndef COCOS_PROTOCOL_BLOCK_H
#define COCOS_PROTOCOL_BLOCK_H

#include <stdint.h>

#include <cocos/memory_map.h>

#define BLOCK_SECTOR_BYTES 512u

/* Names of disks have at most 15 characters and a terminating zero: disk0, disk0p1, ram0. */
#define BLOCK_NAME_BYTES 16

/* ---- Calls. But for the first two, word 1 is a session of the caller's: else E_NAME. ---- */

enum block_call {
    /* Disk number word 1, from 0 on: words 1-2 = its name, word 3 = sectors, word 4 = BLOCK_* |
     * type << 32, word 5 = where it begins on the disk that it is a partition of. The type is what
     * the partition table says: the byte of an MBR, the first four of a GUID. E_NAME: past the
     * last. */
    BLOCK_DISK = 1,
    /* Opens a session with the disk named in words 1-2: word 1 = the session, a number that no
     * other instance of the server gives; word 2 = the disk's number. E_NAME: no such disk. E_FULL:
     * the server, or the caller, has too many sessions. */
    BLOCK_ATTACH = 2,
    /* Ends it, when what is under way is done: then no frame is in use any more. */
    BLOCK_DETACH = 3,
    /* The run that comes along is the ring: one frame, MAP_READ | MAP_WRITE. E_EXISTS: it has one
     * already; as BLOCK_MEMORY. */
    BLOCK_RING = 4,
    /* The run that comes along is memory that requests may name: of order 0 to ORDER_BLOCK, with
     * MAP_WRITE if it is to be read into. E_ARGUMENT: none came. E_NOT_GRANTED (or that):
     * it is not shared with the server, with these rights. E_FULL: too many. E_NO_MEMORY. */
    BLOCK_MEMORY = 5,
    /* The run at address word 2 is not to be used any more, and the share ends. E_NAME: none begins
     * there. E_BUSY: a request for it is under way. */
    BLOCK_FORGET = 6,
    /* There is something new in the ring. E_ARGUMENT: the ring is broken (below). */
    BLOCK_SUBMIT = 7,
    /* The same; answered when there are answers that the client has not taken, or nothing is under
     * way. E_EXISTS: the session has one that waits already. */
    BLOCK_WAIT = 8,
    /* The capability that comes along (an endpoint, RIGHT_SIGNAL) is signalled bits word 2 whenever
     * answers have been put into the ring. E_ARGUMENT: none came, or no bits. E_EXISTS. */
    BLOCK_NOTIFY = 9,
    /* A grant to the server said E_NO_TABLES: it takes frames for some. E_FULL: no more. */
    BLOCK_TABLES = 10,
    /* The answer brings a capability for the server's domain, with RIGHT_GRANT. */
    BLOCK_DOMAIN = 11,
};

/* What a disk is. */
#define BLOCK_READ_ONLY 1u
#define BLOCK_FAILED 2u /* its device is not used any more: every request says E_DEVICE */
#define BLOCK_MBR 4u    /* a partition, by a table of this kind */
#define BLOCK_GPT 8u
#define BLOCK_LASTING 16u /* it remembers without a device: RAM */

/* ---- The ring ---- */

/* What may be asked of a disk. */
enum block_operation {
    BLOCK_READ = 1,
    BLOCK_WRITE = 2,
    BLOCK_FLUSH = 3, /* every write that was answered before is on the disk to stay */
};

#define BLOCK_RING_ENTRIES 64u
#define BLOCK_SECTORS_MAX 2048u /* in one request */
#define BLOCK_RUNS_MAX 16u      /* of a session */

struct block_request {
    uint64_t id; /* the client's, for its answer */
    uint32_t operation;
    uint32_t sectors; /* how many, 1 to BLOCK_SECTORS_MAX; BLOCK_FLUSH: not looked at, as below */
    uint64_t sector;  /* the first */
    uint64_t address; /* memory, in one of the runs; a multiple of BLOCK_SECTOR_BYTES */
};

/*
 * 0, or: E_REQUEST: no such operation. E_ARGUMENT: sectors beyond the disk's end, none, or too many
 * at once; or memory that is not aligned. E_ALIGNMENT: the disk wants more sectors at once, at a
 * multiple of that. E_NOT_GRANTED: memory that is in no run. E_RIGHTS: the disk is read-only, or
 * the memory is. E_UNSUPPORTED: the disk can use memory below 4 GiB only (IDE), and this is not.
 * E_DEVICE: the disk has failed. Nothing is known of what an E_DEVICE has written.
 */
struct block_answer {
    uint64_t id;
    int64_t error;
};

/*
 * All counts are of entries ever, modulo 2^32; entry n is at n % BLOCK_RING_ENTRIES. The client
 * writes what it has put and taken, the server the rest. The client never has more than
 * BLOCK_RING_ENTRIES requests that are not answered, or whose answers it has not taken. A ring
 * whose counts cannot be is broken: the session does nothing more but end.
 */
struct block_ring {
    _Alignas(64) uint32_t submitted; /* the client's: requests put */
    uint32_t taken;                  /* and answers taken */
    _Alignas(64) uint32_t answered;  /* the server's: answers put */
    _Alignas(64) struct block_request requests[BLOCK_RING_ENTRIES];
    struct block_answer answers[BLOCK_RING_ENTRIES];
};
_Static_assert(sizeof(struct block_ring) <= FRAME_BYTES, "the ring is one frame");

#endif
