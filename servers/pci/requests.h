/* What programs ask of the PCI server (cocos/protocol/pci.h). */
#ifndef PCI_REQUESTS_H
#define PCI_REQUESTS_H

#include <cocos/sys.h>

/* Turns a call into its answer. */
void requests_serve(struct message *message);

/* To be called when the answer was sent: what it brought along is done with. */
void requests_sent(void);

/* Silences the devices of drivers that have ended, as init says which. */
void requests_drivers_ended(void);

#endif
