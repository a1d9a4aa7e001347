/*
 * The file servers' protocol, on the model of 9P2000.L: a path is walked once, and what it led to
 * is a *fid* from then on. One header for all of them: bootfs (the boot loader's modules), hostfs
 * (a folder of the machine that runs the emulator). Which server a path belongs to, the client
 * knows (cocos/files.h): its table of mounts is its own, and servers see only paths below their
 * roots.
 *
 * Answers hold 0 or an error (cocos/errors.h) in word 0. Paths and data travel in the run of frames
 * that comes with the call (cocos/message.h), from its first byte on; it is lent for the call only.
 * E_AGAIN: the server got no run that is long enough, perhaps because it lacked a page table, which
 * it has now: ask again, but not for ever.
 *
 * Paths begin with / and have neither empty names nor "." nor ".." nor zeroes: E_PATH. Names have
 * at most FILES_NAME_BYTES bytes, paths less than FILES_PATH_BYTES: E_TOO_LONG. Symbolic links are
 * not followed: E_LINK.
 *
 * Fids belong to the caller, by its badge; nobody else's are any good to it. They end with
 * FILES_CLOSE, with the caller, and with the server: E_FID, and never another file's, for fids of
 * two instances differ.
 *
 * When a server ends, calls that it had taken fail with E_GONE, and may or may not have been done.
 * The next instance knows no fid. So a client keeps the path and its offset, and opens again what
 * it needs (libc/files.c does). What may be asked again:
 * - OPEN, READ, WRITE, STAT, LIST, SYNC, RESIZE, CLOSE: whatever came of it the first time, asking
 *   again leads to the same. (That is why writes say where: a client that appends asks for the size
 *   first.)
 * - CREATE, REMOVE, RENAME: what was done the first time fails when it is asked again: with
 * E_EXISTS, E_NO_FILE, E_NO_FILE. A client whose first request ended with E_GONE takes these for
 * success. Somebody else who did the same in between cannot be told from oneself.
 */
#ifndef COCOS_PROTOCOL_FILES_H
#define COCOS_PROTOCOL_FILES_H

#include <stdint.h>

enum files_request {
    /* Walks the path of word 1 bytes; word 2 = FILES_*, what for: without FILES_READ_ACCESS and
     * FILES_WRITE_ACCESS only to look at it. Word 1 = the fid, words 2-5 as FILES_STAT. E_NO_FILE,
     * E_NOT_DIRECTORY (a name on the way, or FILES_DIRECTORY), E_IS_DIRECTORY (writing),
     * E_NOT_ALLOWED, E_READ_ONLY, E_FULL (too many are open). */
    FILES_OPEN = 1,
    /* Word 2 = from which byte on, word 3 = how many; they come in the run. Word 1 = how many came,
     * fewer only at the file's end or where the server does not do more at once; 0: the end.
     * E_NOT_OPEN: not opened for that. E_IS_DIRECTORY. */
    FILES_READ = 2,
    /* The same for what is in the run: word 1 = how many bytes were written, more than 0.
     * E_NO_SPACE, E_FILE_SIZE: the file would be too large. */
    FILES_WRITE = 3,
    /* Word 2 = bytes, word 3 = when it was last written (nanoseconds since 1970), word 4 = a number
     * that no other file of the server has, word 5 = FILES_TYPE_* | permissions (as Linux has them)
     * | how many names it has << 32. */
    FILES_STAT = 4,
    /* The names in a directory that is open for reading: word 2 = 0, or `next` of the last entry
     * that was read; word 3 = bytes of the run to fill. Word 1 = how many bytes of struct
     * files_entry came; 0: no more. "." and ".." are not among them. E_NOT_DIRECTORY, E_NOT_OPEN.
     * E_TOO_LONG: not even one fits. */
    FILES_LIST = 5,
    /* Word 1 = bytes of the path; word 2 = permissions, | FILES_DIRECTORY for a directory, or |
     * FILES_PIPE for a pipe, of which only tmpfs has any. It is not opened. E_EXISTS, and as
     * FILES_OPEN. */
    FILES_CREATE = 6,
    /* Word 1 = bytes of the path; word 2 = 0, or FILES_DIRECTORY for a directory, which must be
     * empty: E_NOT_EMPTY. E_NOT_DIRECTORY, E_IS_DIRECTORY: it is the other kind. */
    FILES_REMOVE = 7,
    /* Word 1 = bytes of the path, word 2 = bytes of the new one, which stands behind it. A file
     * that has that is replaced. */
    FILES_RENAME = 8,
    /* What was written is where it outlives the machine. */
    FILES_SYNC = 9,
    FILES_CLOSE = 10,
    /* Word 2 = bytes: cuts the file off there, or fills it with zeroes. E_NOT_OPEN, E_NO_SPACE. */
    FILES_RESIZE = 11,
};
/* From FILES_READ on, but for CREATE, REMOVE and RENAME, word 1 is the fid. */

#define FILES_PATH_BYTES 2048u /* with its terminating zero, which does not travel */
#define FILES_NAME_BYTES 255u

/* A run may be of so many frames. */
#define FILES_RUN_FRAMES_MAX 512u

#define FILES_READ_ACCESS 1u
#define FILES_WRITE_ACCESS 2u
#define FILES_TRUNCATE 4u /* it has no bytes from now on; with FILES_WRITE_ACCESS only */
#define FILES_DIRECTORY 0x10000u

/*
 * A pipe: what is written comes out once, in order, wherever a read or write says it is to be. A
 * read waits until there is something, a write until there is room. Its two ends are held by
 * whoever created it, by having it open: with no end to write to, reads find the end of the file
 * once all is read; with none to read from, writes fail with E_NO_READER. Anyone else opens and
 * closes it without that. FILES_RESIZE, while it is empty, sets how many bytes it holds.
 */
#define FILES_PIPE 0x20000u

/* Linux's, as in 9P2000.L. */
#define FILES_TYPE_MASK 0170000u
#define FILES_TYPE_FILE 0100000u
#define FILES_TYPE_DIRECTORY 0040000u
#define FILES_TYPE_PIPE 0010000u
#define FILES_TYPE_LINK 0120000u
#define FILES_PERMISSIONS 07777u

struct files_entry {
    uint64_t id;    /* as FILES_STAT has it */
    uint64_t next;  /* for the next FILES_LIST */
    uint16_t bytes; /* of all of this: to the next entry; a multiple of 8 */
    uint8_t type;   /* FILES_TYPE_* >> 12 */
    uint8_t name_bytes;
    char name[]; /* name_bytes of them, and a zero */
};

#endif
