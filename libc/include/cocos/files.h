/*
 * Files, for native programs and for the library OS, whose open, read and the like these are. Paths
 * are resolved here, by the process's own table of mounts; what the servers are asked says
 * cocos/protocol/files.h.
 *
 * A server that ends and is started again is not noticed: files are opened again by their paths,
 * and what had no answer is asked once more. E_FID: there is another file by that path now, or
 * none.
 *
 * All return 0, or what is said, or a negative error: those of the protocol, E_NO_FILES, and
 * E_NO_MEMORY or E_LIMIT where there are no frames to send things in. For one thread at a time.
 */
#ifndef COCOS_FILES_H
#define COCOS_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/protocol/files.h>

struct file; /* an open one; lies in a frame of its own */

struct file_status {
    uint64_t bytes;
    uint64_t written_ns; /* since 1970 */
    uint64_t id;
    uint32_t mode; /* FILES_TYPE_* | permissions */
    uint32_t names;
};

/* ---- Where things are ---- */

/* The table of mounts, PROCESS_MOUNTS entries: as whoever started the program had it, or / for
 * bootfs and /host for hostfs. It may be changed; programs started from here get it so. */
struct process_mount *files_mounts(void);

/* The current directory, a whole path; changing it: E_NOT_DIRECTORY, and as file_open. */
const char *files_directory(void);
int64_t files_change_directory(const char *path);

/* The whole path of `path`, as seen from `directory` (NULL: the current one). */
int64_t files_whole(const char *directory, const char *path, char whole[FILES_PATH_BYTES]);

/* ---- Names; paths from the current directory on ---- */

int64_t files_status(const char *path, struct file_status *status);

/* `mode` is permissions, | FILES_DIRECTORY for a directory, | FILES_PIPE for a pipe. */
int64_t files_create(const char *path, uint32_t mode);

/* `kind` is 0 or FILES_DIRECTORY. */
int64_t files_remove(const char *path, uint32_t kind);

/* E_OTHER_SYSTEM: to another server's part. */
int64_t files_rename(const char *path, const char *new_path);

/* ---- Open files ---- */

/* `access` is what FILES_OPEN takes. */
int64_t file_open(const char *path, uint32_t access, struct file **opened);

/* Cannot fail. */
void file_close(struct file *file);

/* Its whole path, as it was opened. */
const char *file_path(const struct file *file);

int64_t file_status(struct file *file, struct file_status *status);

/* How many bytes were read (fewer only at the file's end), or written: all, or an error if not even
 * one was. */
int64_t file_read(struct file *file, uint64_t offset, void *to, uint64_t bytes);
int64_t file_write(struct file *file, uint64_t offset, const void *from, uint64_t bytes);

/* The same straight to and from a run of frames that the program owns, `order` up to 9, aligned;
 * `bytes` at most its size. Nothing is copied here. May do fewer. */
int64_t file_read_run(struct file *file, uint64_t offset, uint64_t run, uint32_t order,
                      uint64_t bytes);
int64_t file_write_run(struct file *file, uint64_t offset, uint64_t run, uint32_t order,
                       uint64_t bytes);

int64_t file_resize(struct file *file, uint64_t bytes);
int64_t file_sync(struct file *file);

/*
 * The next name in a directory: its entry, which is good until the next call of any function here,
 * or NULL: there are no more, or *error says why. *place is 0 for the first one, and is changed.
 * Mounts directly below the directory are among the names.
 */
const struct files_entry *file_next(struct file *file, uint64_t *place, int64_t *error);

#endif
