/*
 * Paths, before any server sees them: made whole, and looked up in a table of mounts. Nothing here
 * asks anybody; `..` is what the text says, since there are no links. Pure; tested on the host.
 */
#ifndef COCOS_PATH_H
#define COCOS_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/protocol/files.h>

/*
 * Makes `path` whole, as seen from `directory` (whole itself) where it does not begin with /:
 * without empty names, "." and "..", and none ends with /. ".." at the root is the root. Returns
 * its length (at least 1) and fills `whole`, or E_NO_FILE: it is empty; E_TOO_LONG: a name or the
 * whole is; `whole` is then as it was.
 */
int64_t path_resolve(const char *directory, const char *path, char whole[FILES_PATH_BYTES]);

/* The same for `bytes` bytes without a terminating zero, which may hold anything: whether they are
 * a whole path: OK, E_PATH, E_TOO_LONG. For servers. */
int64_t path_check(const char *path, uint64_t bytes);

/*
 * The mount that a whole path lies in, the one with the longest path of several, or NULL. *rest is
 * the path at its server.
 */
const struct process_mount *path_mount(const struct process_mount mounts[PROCESS_MOUNTS],
                                       const char *whole, const char **rest);

/* The name of a mount directly below the whole path `directory`, or NULL. */
const char *path_mounted_below(const struct process_mount *mount, const char *directory);

#endif
