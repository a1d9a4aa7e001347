/* The devices of the machine, found once at the start, and who drives each. */
#ifndef PCI_DEVICES_H
#define PCI_DEVICES_H

#include "function.h"

#define DEVICES_MAX 64
#define LINES_PER_DEVICE 8

struct device {
    struct config config;
    struct function function;
    bool in_use;     /* by whoever had its memory when this server started: not read yet */
    uint32_t holder; /* number of the program that has claimed it, 0: none */
    /* Message lines of its interrupts beyond the first, 0: none yet. They stay the device's: the
     * endpoint of a server outlives it, and with it what is bound there. */
    uint32_t lines[LINES_PER_DEVICE];
    uint64_t memory; /* of PCI_MEMORY, 0: none yet */
    uint32_t memory_order;
};

/* Finds them; prints a sentence for each that is left out. */
void devices_find(void);

/* NULL past the last. */
struct device *devices_at(uint64_t number);
uint32_t devices_count(void);

/* Reads a device that was in use, if it is so no more. True: it has been read. */
bool device_ready(struct device *device);

/* The domain (its object) that has memory of the device, 0: none has. */
uint64_t device_owner(const struct device *device);

/* No bus mastering, no messages (PCI 3.0, 6.2.2, 6.8). Its memory stays switched on. */
void device_silence(const struct device *device);

/* Sets and clears bits of its command register. */
void device_command(const struct device *device, uint32_t set, uint32_t clear);

/* Makes it send messages: as its table says, or this one. False: it has only a pin. */
bool device_begin_messages(const struct device *device, uint64_t message);

#endif
