/*
 * Starting programs, with all that they inherit: arguments that may hold anything, the table of
 * mounts, the current directory, and files in place of the console.
 */
#ifndef COCOS_PROGRAM_H
#define COCOS_PROGRAM_H

#include <stdint.h>

#include <cocos/abi.h>

struct program_spawn {
    /* Of the file, where there is a / in it; else the name of a module or of a server of the
     * manifest. */
    const char *path;
    char *const *arguments; /* argv; NULL behind the last */
    struct {
        const char *path; /* NULL: the console */
        uint32_t access;  /* STREAM_* */
        uint64_t offset;  /* where in the file it begins */
    } streams[PROCESS_STREAMS];
};

/*
 * Starts it, and returns its number (program_wait in cocos/service.h). Errors: INIT_START's and
 * INIT_PREPARE's; of a file, file_open's and file_read's, and E_NOT_ALLOWED: it may not be
 * executed.
 */
int64_t program_spawn(const struct program_spawn *spawn);

#endif
