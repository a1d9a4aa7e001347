/*
 * One function of a device: what its configuration space says (PCI 3.0, chapter 6). Nothing there
 * is trusted: a device may say anything.
 */
#ifndef PCI_FUNCTION_H
#define PCI_FUNCTION_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/abi.h>

#define PCI_BARS 6
#define PCI_CONFIG_BYTES 256

/* Reads and writes words of 32 bits at offsets below PCI_CONFIG_BYTES, multiples of 4. */
struct config {
    uint32_t (*read)(const struct config *config, uint32_t offset);
    void (*write)(const struct config *config, uint32_t offset, uint32_t value);
    uint32_t address; /* bus << 8 | device << 3 | function */
};

struct bar {
    uint64_t address; /* 0: none is assigned */
    uint64_t bytes;   /* 0: there is no such register */
    uint32_t flags;   /* PCI_BAR_* */
};

/* The table of messages (PCI 3.0, 6.8.2). */
struct message_table {
    uint32_t bar, offset, entries;
};

struct function {
    uint16_t vendor, device;
    uint32_t class; /* base class << 16 | subclass << 8 | interface */
    bool is_bridge;
    uint8_t bus_behind; /* of a bridge */
    uint8_t line;       /* as the firmware wrote it, 0: no pin, or not said */
    uint8_t messages;   /* offsets of its capabilities, 0: none */
    uint8_t table;
    struct message_table message_table;
    struct bar bars[PCI_BARS];
};

/* Whether there is a function. */
bool function_exists(const struct config *config);

/* The addresses of its BARs of memory, as they stand there, in at[PCI_BARS]; returns how many. */
uint32_t function_addresses(const struct config *config, uint64_t *at);

/* Fills vendor, device, class and what concerns bridges. */
void function_name(const struct config *config, struct function *function);

/* Reads it, and finds how large its BARs are, for which it is switched off for a moment. NULL, or a
 * sentence that says why nobody can use it. vendor, device, class and what concerns bridges are
 * filled in any case. */
const char *function_read(const struct config *config, struct function *function);

/* NULL, or why its BARs cannot be handed out: they lie over RAM, or where no frame has a name. */
const char *function_misplaced(const struct function *function, const struct memory_range *memory,
                               uint32_t ranges);

/* Whether two have memory in one frame. */
bool functions_overlap(const struct function *one, const struct function *other);

#endif
