/* Pipes (cocos/protocol/files.h, FILES_PIPE): bytes on their way, and who waits at either end. */
#ifndef TMPFS_PIPE_H
#define TMPFS_PIPE_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/sys.h>

struct pipe;

/* A pipe of the program `creator`, or NULL: there is no memory. */
struct pipe *pipe_make(uint32_t creator);

/* Who waits is answered with an error. */
void pipe_free(struct pipe *pipe);

/* The program `caller` has opened it, or closed it, for FILES_*_ACCESS. */
void pipe_opened(struct pipe *pipe, uint32_t caller, uint32_t access);
void pipe_closed(struct pipe *pipe, uint32_t caller, uint32_t access);

/* How many bytes it holds. E_BUSY: it is not empty. */
int64_t pipe_resize(struct pipe *pipe, uint64_t bytes);

uint64_t pipe_bytes(const struct pipe *pipe);

/* Takes a request to read (to_read) or write `bytes` bytes of the caller's run at `run`, whom it
 * answers then or later: the reply slot is the pipe's. E_FULL: too many wait; it is not. */
int64_t pipe_take(struct pipe *pipe, bool to_read, uint32_t reply_slot, uint64_t run,
                  uint64_t bytes);

#endif
