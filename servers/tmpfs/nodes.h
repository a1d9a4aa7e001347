/*
 * Files and directories in memory: a tree of nodes. A node that was removed stays as long as it is
 * open. Times are the caller's. Pure; tested on the host.
 */
#ifndef TMPFS_NODES_H
#define TMPFS_NODES_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/protocol/files.h>

#define NODES_MAX 1024u
#define NODE_ROOT 0u

struct pipe;

struct node {
    uint32_t type; /* FILES_TYPE_*; 0: the node is free */
    uint32_t permissions;
    uint32_t parent;
    uint32_t opens; /* how often it is open */
    bool removed;
    char *name;
    uint64_t id;
    uint64_t written_ns;
    uint64_t bytes, room;
    uint8_t *data;
    struct pipe *pipe;
};

void nodes_open(void);

/* All of these take a node by its number, and return OK or an error of the protocol. */
struct node *node_at(uint32_t number);

/* What a path of `bytes` bytes leads to. */
int64_t nodes_walk(const char *path, uint64_t bytes);

/* Makes a node of a type, which is not the root; returns its number. */
int64_t nodes_create(const char *path, uint64_t bytes, uint32_t type, uint32_t permissions);

/* `kind` is 0 or FILES_DIRECTORY. */
int64_t nodes_remove(const char *path, uint64_t bytes, uint32_t kind);
int64_t nodes_rename(const char *path, uint64_t bytes, const char *to, uint64_t to_bytes);

/* A node that was removed and is not open any more is freed. */
void nodes_close(uint32_t number);

/* How many bytes were read or written. */
int64_t nodes_read(uint32_t number, uint64_t offset, void *to, uint64_t bytes);
int64_t nodes_write(uint32_t number, uint64_t offset, const void *from, uint64_t bytes);
int64_t nodes_resize(uint32_t number, uint64_t bytes);

/* Up to `bytes` bytes of entries of a directory, behind `place` (0: from its start). How many. */
int64_t nodes_list(uint32_t number, uint64_t place, void *to, uint64_t bytes);

/* Words 2 to 5 of FILES_STAT. */
void nodes_status(uint32_t number, uint64_t words[6]);

#endif
