/*
 * What all file servers (cocos/protocol/files.h) have in common: fids, whose each is, and the run
 * that comes with a request.
 */
#ifndef COCOS_FILE_SERVER_H
#define COCOS_FILE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/sys.h>

#define FIDS_MAX 256u
#define FIDS_PER_CALLER 64u

struct fid {
    uint32_t caller; /* program number; 0: free */
    uint32_t count;  /* of those that had this place before */
};

/* One caller's open file, by a number below FIDS_MAX under which the server keeps what it knows. A
 * fid is this number, how often it was used, and who serves: no other fid is ever the same. */
struct fids {
    uint32_t instance;               /* number of the serving program */
    void (*closed)(uint32_t number); /* called for each that ends; NULL: nobody wants to know */
    struct fid fids[FIDS_MAX];
};

/* Takes a place for `caller`; *fid is what it is told. Returns the number, or E_FULL: it has too
 * many, or all are taken, also when those of programs that have ended are closed. */
int64_t fids_take(struct fids *fids, uint32_t caller, uint64_t *fid);

/* The number of a fid of the caller's, or E_FID. */
int64_t fids_find(const struct fids *fids, uint32_t caller, uint64_t fid);

/* Gives the place back, without a call of `closed`: what had it was never opened. */
void fids_drop(struct fids *fids, uint32_t number);

/* Closes the fids of programs that have ended, as init says. How many. */
uint32_t fids_end_dead(struct fids *fids);

/* What a server does with requests. The answer's words but for word 0, which is returned. */
struct file_server {
    struct fids fids;
    /* FILES_OPEN, FILES_CREATE, FILES_REMOVE, FILES_RENAME. */
    int64_t (*serve_path)(const struct message *asked, struct message *answer);
    /* The others, but for FILES_CLOSE, which is done here. */
    int64_t (*serve_fid)(uint32_t number, const struct message *asked, struct message *answer);
};

/* What one of these two says; of FILES_CLOSE; or E_FID, E_REQUEST. */
int64_t file_server_serve(struct file_server *server, const struct message *asked,
                          struct message *answer);

/* What came with a request, or none: a run of at least `bytes` bytes, to be read, or also written.
 * Where it is missing the server takes a frame for a page table, for the next try: E_AGAIN. A run
 * that may not be written, or is too short, is E_ARGUMENT. */
int64_t file_server_run(const struct message *message, uint64_t bytes, uint32_t rights);

/* The first `bytes` bytes of such a run, which has passed file_server_run: copied out, or in. The
 * caller may have it gone by now: E_GONE, which nobody waits for. */
int64_t file_server_take(const struct message *message, void *to, uint64_t bytes);
int64_t file_server_put(const struct message *message, const void *from, uint64_t bytes);

#endif
