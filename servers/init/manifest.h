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
#define MANIFEST_PCI 8
#define RANGE_ALL UINT64_MAX
#define POWER_PORTS 3 /* PM1a, PM1b, reset: those that the machine has */
#define MANIFEST_ARGUMENT_BYTES 128
#define MANIFEST_STATE_MAX 512

enum restart { RESTART_NEVER, RESTART_ON_FAULT, RESTART_ALWAYS };

/* A part of one of init's capabilities. */
struct grant {
    char slot_name[12]; /* in the process page */
    uint32_t from;      /* init's slot */
    uint32_t rights;
    uint64_t first, count; /* of a range; count 0: no range. Of ports: count 0: of power, 0 to
                              POWER_PORTS - 1. Of devices: bytes; count 0: the screen;
                              RANGE_ALL: all there is */
};

/* PCI devices that a server may claim: by vendor and device, or all of a class. */
struct pci_match {
    bool by_class;
    uint16_t vendor, device;
    uint16_t class; /* base class << 8 | subclass (PCI 3.0, appendix D) */
};

struct server {
    char name[SERVICE_NAME_BYTES];
    char file[SERVICE_NAME_BYTES]; /* the module that it is */
    char arguments[MANIFEST_ARGUMENT_BYTES];
    struct grant grants[MANIFEST_GRANTS];
    uint32_t grant_count;
    char calls[MANIFEST_CALLS][SERVICE_NAME_BYTES]; /* the services it may find */
    uint32_t call_count;
    bool calls_all; /* any */
    struct pci_match pci[MANIFEST_PCI];
    uint32_t pci_count;
    bool background;   /* the start list goes on at once behind it */
    bool on_demand;    /* started when somebody first looks for it */
    bool delegates;    /* may hand on what it is granted */
    bool modules;      /* is shown the boot image's modules */
    uint32_t console;  /* where it prints to */
    uint32_t priority; /* of its thread, and the most it may choose; 0: as usual */
    uint64_t frames;   /* how many it may own */
    uint64_t state;    /* frames of memory that its next instance finds as it left them */
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

/* Whether the server's line names such a PCI device. */
bool manifest_names_pci(const struct server *server, uint16_t vendor, uint16_t device,
                        uint16_t class);

#endif
