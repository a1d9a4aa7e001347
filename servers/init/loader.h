/*
 * Makes a running domain out of an ELF file in memory. Everything the program starts with is
 * there before its thread runs; when anything fails, everything is given back.
 */
#ifndef INIT_LOADER_H
#define INIT_LOADER_H

#include <stdint.h>

#include <cocos/abi.h>

#include <cocos/protocol/init.h>

#include "manifest.h"

/* How many frames a program may own, where the manifest does not say. */
#define LOADER_FRAME_LIMIT 65536

struct load {
    const void *file;
    uint64_t file_bytes;
    const char *name;               /* at most 15 characters */
    const char *command;            /* words: argv */
    const struct init_start *start; /* how else it is to start, checked; NULL: as all do */
    const struct server *server;    /* what the manifest says of it; NULL: nothing */
    uint32_t number;                /* badge of its calls to init */
    uint32_t endpoint;              /* init's slot for calls and faults */
    const struct system_page *system;
    uint64_t state; /* memory of init's that it is lent, 2^state_order frames; 0: none */
    uint32_t state_order;
    uint32_t console;    /* where it prints to */
    uint64_t stack_view; /* where init is to see its stack, STACK_BYTES from there on */
};

struct loaded {
    uint32_t domain;       /* slot, taken here; all rights */
    uint32_t thread;       /* the same, of its first thread */
    uint64_t domain_frame; /* its object */
    uint64_t image_base, image_end;
};

/*
 * Loads and starts it. 0 and *loaded, or: E_ELF_*; E_TOO_LONG (arguments); E_FULL (slots);
 * E_NO_MEMORY, E_LIMIT and other errors of the calls it makes.
 */
int loader_load(const struct load *load, struct loaded *loaded);

/* Ends init's view of a stack; to be called before the domain ends, which then ends its memory. */
void loader_end_view(uint64_t stack_view);

#endif
