/*
 * For drivers of PCI devices: the PCI server (cocos/protocol/pci.h) as functions, and what
 * configuration space says of capabilities. All return 0 or what is said, or a negative error:
 * those of the request, of calls, and of the system calls.
 */
#ifndef COCOS_PCI_H
#define COCOS_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/protocol/pci.h>
#include <cocos/sys.h>

/* ---- Configuration space, all 64 words of it as PCI_READ tells them; it may hold anything ---- */

#define PCI_CONFIG_WORDS 64

/* Whether its list of capabilities ends, inside it. */
bool pci_capabilities_good(const uint32_t config[PCI_CONFIG_WORDS]);

/* Offset of the first capability `id` behind the one at `after` (0: from the start), or 0. */
uint32_t pci_capability(const uint32_t config[PCI_CONFIG_WORDS], uint8_t id, uint32_t after);

/* ---- A device that one drives ---- */

struct pci_device {
    uint32_t server; /* slot: to call the PCI server */
    uint32_t number;
    uint32_t vendor, device, class;
};

/* Finds and claims the `index`-th (from 0) device that has a class (base class << 8 | subclass) and
 * that the manifest lets this program claim. E_NAME: there is none. */
int64_t pci_claim(struct pci_device *device, uint16_t class, uint32_t index);

/* It is free again, and silent; of pci_memory the caller has let go before (sys_frame_revoke). */
int64_t pci_release(const struct pci_device *device);

/* All of its configuration space. */
int64_t pci_config(const struct pci_device *device, uint32_t config[PCI_CONFIG_WORDS]);

/* Claims the memory of a BAR, uncached: *start and *bytes. */
int64_t pci_map(const struct pci_device *device, uint32_t bar, uint64_t *start, uint64_t *bytes);

/* Enables the ports of a BAR (sys_ports_enable): *first. */
int64_t pci_ports(const struct pci_device *device, uint32_t bar, uint64_t *first);

int64_t pci_master(const struct pci_device *device, bool on);

/* Memory for what the device writes to by itself; returns its address. 2^order frames, not cleared
 * since an earlier driver had them. */
int64_t pci_memory(const struct pci_device *device, uint32_t order);

/* An interrupt of a device that is bound. */
struct pci_interrupt {
    uint32_t slot, line;
};

/*
 * Binds interrupt `number` of the device to `bit` of `endpoint`; messages begin. `table` is where
 * the BAR with a table of messages begins, if it was mapped already (else 0, and it is mapped);
 * only numbers 0 of devices without a table work.
 */
int64_t pci_interrupt(const struct pci_device *device, uint32_t number, uint32_t endpoint,
                      uint32_t bit, uint64_t table, struct pci_interrupt *interrupt);

#endif
