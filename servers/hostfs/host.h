/*
 * The host's file server, asked by 9P2000.L: one function a request. What it answers is checked;
 * all return OK or what is said, the host's error (message.h), E_FILE_SERVER for nonsense, or what
 * channel_exchange says. The host's fids are numbers of ours.
 */
#ifndef HOSTFS_HOST_H
#define HOSTFS_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* Qids: what a file is, and its number. */
#define QID_DIRECTORY 0x80u
#define QID_LINK 0x02u

#define HOST_FID_ROOT 0u

/* linux/fcntl.h's on this processor, which 9P2000.L has for all. */
#define HOST_READ 0u
#define HOST_WRITE 1u
#define HOST_READ_WRITE 2u
#define HOST_TRUNCATE 01000u

struct host_status {
    uint32_t mode, names;
    uint64_t bytes, written_ns, id;
};

/* Agrees on a version, and makes HOST_FID_ROOT the root of what it shares. */
int64_t host_attach(void);

/* The most bytes of data that one read or write moves, once attached. */
uint32_t host_data_bytes(void);

/*
 * Makes `fid` what the first `bytes` bytes of `path` (path_check) lead to from the root. E_LINK: a
 * symbolic link is on the way, or at its end. On an error there is no such fid.
 */
int64_t host_walk(uint32_t fid, const char *path, uint64_t bytes);

/* Cannot fail: there is no such fid any more. */
void host_clunk(uint32_t fid);

int64_t host_open(uint32_t fid, uint32_t flags);
int64_t host_status(uint32_t fid, struct host_status *status);
int64_t host_resize(uint32_t fid, uint64_t bytes);
int64_t host_sync(uint32_t fid);

/* In the directory `fid`, which stays that: a new file, or directory. */
int64_t host_create(uint32_t fid, const char *name, uint32_t length, uint32_t mode);
int64_t host_make_directory(uint32_t fid, const char *name, uint32_t length, uint32_t mode);
int64_t host_remove(uint32_t fid, const char *name, uint32_t length, bool is_directory);
int64_t host_rename(uint32_t fid, const char *name, uint32_t length, uint32_t new_fid,
                    const char *new_name, uint32_t new_length);

/* At most host_data_bytes() bytes to and from frames at `data`: how many were moved. */
int64_t host_read(uint32_t fid, uint64_t offset, uint64_t data, uint32_t bytes);
int64_t host_write(uint32_t fid, uint64_t offset, uint64_t data, uint32_t bytes);

/* Reads a directory on from `place`: *entries is where they are, as the host writes them, until the
 * next request. How many bytes; 0: no more. */
int64_t host_list(uint32_t fid, uint64_t place, const uint8_t **entries);

#endif
