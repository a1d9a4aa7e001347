/* How the library talks to file servers: what libc/files.c and libc/file.c share. */
#ifndef LIBC_FILES_H
#define LIBC_FILES_H

#include <cocos/files.h>
#include <cocos/sys.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* Frames that go along with requests; claimed when they are first needed. */
struct files_run {
    uint64_t address; /* 0: none */
    uint32_t order;
    uint32_t rights; /* that the server gets */
};

/* At least one frame, for paths and lists; or up to 64 KiB, for data: however much there is to be
 * had. */
HIDDEN int64_t files_small_run(uint32_t rights, struct files_run *run);
HIDDEN int64_t files_large_run(uint32_t rights, struct files_run *run);

/*
 * Asks the server `service`; the answer replaces the message, and its word 0 is returned. A server
 * that ends meanwhile is asked again: *lost says that the first answer was lost so (NULL: it does
 * not matter).
 */
HIDDEN int64_t files_ask(const char *service, struct files_run run, struct message *message,
                         bool *lost);

/* What words 2 to 5 of an answer say. */
HIDDEN void files_status_of(const struct message *answer, struct file_status *status);

#endif
