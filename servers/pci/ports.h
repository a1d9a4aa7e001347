/* Configuration space through its two ports (PCI 3.0, 3.2.2.3.2). */
#ifndef PCI_PORTS_H
#define PCI_PORTS_H

#include "function.h"

/* Must be called first. 0 or a negative error. */
int64_t ports_open(void);

struct config ports_config(uint32_t bus, uint32_t device, uint32_t function);

#endif
