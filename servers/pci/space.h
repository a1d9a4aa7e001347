/* Configuration space, wherever it is: in memory where the firmware says so, else behind ports. */
#ifndef PCI_SPACE_H
#define PCI_SPACE_H

#include "function.h"

/* Must be called first. 0 or a negative error. */
int64_t space_open(void);

struct config space_config(uint32_t bus, uint32_t device, uint32_t function);

#endif
