/*
 * Disks, for programs: the block server's protocol (cocos/protocol/block.h) as functions. Memory is
 * named by its frames; the device reads and writes it itself.
 *
 * When the server ends, these find its next instance, share the memory with that, and ask again for
 * what was not answered; the program sees no error. So a request may be done twice: that changes
 * nothing, since the same is read or written once more before the request is answered, and requests
 * for the same sectors that are under way together have no order anyway.
 *
 * All return 0 or what is said, or a negative error: those of the protocol, of calls, and E_GONE
 * when there is no server any more, E_DEVICE when the disk is not what it was. For one thread at a
 * time.
 */
#ifndef COCOS_BLOCK_H
#define COCOS_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/protocol/block.h>

/* ---- Which disks there are ---- */

struct block_disk {
    char name[BLOCK_NAME_BYTES];
    uint64_t sectors, first; /* first: of the disk that it is a partition of */
    uint32_t flags, type;    /* BLOCK_*; what the partition table says */
};

/* Disk `number`, from 0 on; *server is a slot to call, found first where it is SLOT_NONE. E_NAME:
 * past the last. */
int64_t block_list(uint32_t *server, uint64_t number, struct block_disk *disk);

/* ---- A disk that one uses ---- */

enum block_state { BLOCK_IS_FREE, BLOCK_IS_UNDER_WAY, BLOCK_IS_ANSWERED };

struct block {
    struct block_disk disk;
    uint32_t reattached; /* how often the server had ended */
    /* Of libc/block.c alone. */
    uint32_t server;
    uint64_t session;
    bool attached;
    struct block_ring *ring;
    uint32_t submitted, taken;
    uint32_t notify_slot;
    uint64_t notify_bits;
    struct {
        uint64_t address; /* 0: the place is free */
        uint32_t order, rights;
    } memory[BLOCK_RUNS_MAX];
    uint32_t under_way;                       /* or answered, and not taken by the program */
    uint32_t kept;                            /* answers that an instance gave before it ended */
    uint8_t free_entries[BLOCK_RING_ENTRIES]; /* the last of so many are under way */
    struct {
        struct block_request request; /* with the program's id */
        int64_t error;
        enum block_state state;
    } entries[BLOCK_RING_ENTRIES];
};

/* Opens the disk of that name: disk0, disk0p1. E_NAME: there is none. */
int64_t block_open(struct block *block, const char *name);

/* Ends it; what is under way is done first. The memory is the program's alone again. */
int64_t block_close(struct block *block);

/* Claims a run for block_share: where every disk can use it, if there is room; with the page tables
 * it needs, and the tag (INHERITED_TAG) by which it is given back if this program ends while it is
 * shared. Returns its address. */
int64_t block_claim(uint32_t order);

/* Shares an owned run (2^order frames, to ORDER_BLOCK) with the server, for requests; MAP_READ, and
 * MAP_WRITE if it is to be read into. At most BLOCK_RUNS_MAX. Until block_unshare it cannot be
 * released. E_BUSY there: a request for it is under way. */
int64_t block_share(struct block *block, uint64_t address, uint32_t order, uint32_t rights);
int64_t block_unshare(struct block *block, uint64_t address);

/* Puts a request, which the server hears of with block_kick or block_wait. E_FULL: there are
 * BLOCK_RING_ENTRIES under way. */
int64_t block_submit(struct block *block, const struct block_request *request);
int64_t block_kick(struct block *block);

/* Takes an answer, if there is one, without a call. */
bool block_take(struct block *block, struct block_answer *answer);

/* Waits for one. E_NAME: nothing is under way. */
int64_t block_wait(struct block *block, struct block_answer *answer);

/*
 * The server signals `bits` of `endpoint`, a slot with RIGHT_SIGNAL and RIGHT_COPY, whenever there
 * are answers, so that a program can wait there for other things, too. That the server has ended is
 * then seen at the next block_kick: who waits there should do that now and then.
 */
int64_t block_notify(struct block *block, uint32_t endpoint, uint64_t bits);

/* One at a time, for programs that have nothing else under way; any number of sectors. */
int64_t block_read(struct block *block, uint64_t sector, uint64_t sectors, uint64_t address);
int64_t block_write(struct block *block, uint64_t sector, uint64_t sectors, uint64_t address);
int64_t block_flush(struct block *block);

#endif
