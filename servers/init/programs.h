/*
 * The programs init knows: one record each, kept after the end until its place is needed.
 * Numbers rise and are never used twice.
 */
#ifndef INIT_PROGRAMS_H
#define INIT_PROGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/protocol/init.h>
#include <cocos/sys.h>

#include "manifest.h"

#define PROGRAMS_MAX 40

/* Memory of init's for a file that a program hands over (INIT_PREPARE). */
struct handed_file {
    uint64_t address; /* 0: none */
    uint32_t order;
};

struct program {
    uint32_t number; /* 0: the record is free */
    enum program_state state;
    int32_t status;        /* once ended */
    uint32_t domain;       /* slot; SLOT_NONE once ended */
    uint32_t thread;       /* slot of its first thread; SLOT_NONE once ended */
    uint64_t domain_frame; /* its object */
    const void *file;      /* what it was loaded from */
    uint64_t file_bytes;
    uint64_t image_base, image_end;
    char name[SERVICE_NAME_BYTES];               /* padded with zeroes */
    uint64_t guard_start, guard_end, guard_next; /* INIT_GUARD; all 0: none */
    uint32_t console;                            /* that it prints to, as who has started it */
    struct handed_file kept; /* what it was loaded from, where that is no module */
    struct handed_file next; /* what it is to start */
};

/* Enters init itself, and where calls and faults of programs are to arrive. */
void programs_open(uint32_t endpoint);

/* Starts "NAME ARGUMENTS", which prints to `console`. Returns its number, or E_NAME, E_TOO_LONG,
 * E_FULL, and whatever loader_load says; E_EXISTS: it is a server of the manifest, and an instance
 * lives. */
int programs_run(const char *command, uint32_t console);

/* Lends `caller` memory for INIT_START: what `answer` brings. */
int programs_prepare(struct program *caller, uint64_t file_bytes, struct message *answer);

/* Starts what the caller has prepared. */
int programs_start_prepared(struct program *caller);

/* The same for a server of the manifest, as that says. */
int programs_start(const struct server *server);

/* The record of a number, ended or not, or NULL; the record with the lowest number from `number`
 * on, or NULL. */
struct program *programs_get(uint64_t number);
struct program *programs_from(uint64_t number);

/* Where init sees its stack, up to where that ends. */
uint64_t program_stack_view(const struct program *program);

/* The program whose domain's object is that frame, or NULL. */
const struct program *programs_with_domain(uint64_t frame);

/* Takes access to memory of init's from all programs. */
void programs_revoke(uint64_t start, uint64_t end);

/* Whether it has a domain. */
bool program_lives(const struct program *program);

/* Whether a program of this name, other than number `except`, runs and does not serve yet. */
bool programs_starting(const char *name, uint32_t except);

/* Whether one of this name lives, or is still being ended. */
bool programs_living(const char *name);

/* Ends it: its domain, its waiting calls, and its services, but for a server that is going to be
 * started again: those wait for the next instance. */
void program_end(struct program *program, enum program_state state, int32_t status);

/* The same because someone wishes so. */
void program_kill(struct program *program);

/* Its domain is gone: what becomes of its services, and of files it was handed. */
void programs_over(struct program *program, bool by_wish);

#endif
