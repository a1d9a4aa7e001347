/*
 * The manifest's language: a text, a server a line, that says what each gets beyond what every
 * program has, and what becomes of it when it ends (doc/servers.md).
 */
#ifndef INIT_MANIFEST_H
#define INIT_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/protocol/init.h>

#define MANIFEST_SERVERS 24
#define MANIFEST_GRANTS 8
#define MANIFEST_CALLS 8
#define MANIFEST_ARGUMENT_BYTES 128
#define MANIFEST_STATE_MAX 512

enum restart { RESTART_NEVER, RESTART_ON_FAULT, RESTART_ALWAYS };

/* A part of one of init's capabilities. */
struct grant {
    char slot_name[12]; /* in the process page */
    uint32_t from;      /* init's slot */
    uint32_t rights;
    uint64_t first,
        count; /* of a range; count 0: no range. Of devices: bytes; count 0: the screen */
};

struct server {
    char name[SERVICE_NAME_BYTES];
    char file[SERVICE_NAME_BYTES]; /* the module that it is */
    char arguments[MANIFEST_ARGUMENT_BYTES];
    struct grant grants[MANIFEST_GRANTS];
    uint32_t grant_count;
    char calls[MANIFEST_CALLS][SERVICE_NAME_BYTES]; /* the services it may find */
    uint32_t call_count;
    bool calls_all;  /* any */
    bool background; /* the start list goes on at once behind it */
    uint64_t frames; /* how many it may own */
    uint64_t state;  /* frames of memory that its next instance finds as it left them */
    enum restart restart;
};

/* Of a line that is no server: which one, and why not. */
struct manifest_mistake {
    uint32_t line; /* from 1 */
    char word[32]; /* the word in question, cut to fit; empty: the whole line */
    const char *reason;
};

/*
 * Reads one line, `bytes` long, without its end, into *server. 1: it is a server; 0: nothing is
 * there but a comment; -1: a mistake, *mistake says which (but for its line).
 */
int manifest_line(const char *text, uint64_t bytes, struct server *server,
                  struct manifest_mistake *mistake);

#endif
