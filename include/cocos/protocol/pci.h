/*
 * The PCI server's protocol: which devices there are, and one driver for each. Found under the name
 * "pci". The badge tells it who asks; what a program may claim, its line in init's manifest says
 * (pci=VENDOR:DEVICE). Answers hold 0 or an error (cocos/errors.h) in word 0. Devices are numbered
 * from 0 on, as found; word 1 of each request is the device. Numbers stay while the machine runs.
 *
 * From PCI_CLAIM on: E_NAME, no such device; and but for PCI_CLAIM itself: E_NOT_OWNER, the caller
 * has not claimed it. Slots for capabilities are named by the receiving (cocos/message.h).
 */
#ifndef COCOS_PROTOCOL_PCI_H
#define COCOS_PROTOCOL_PCI_H

#include <stdint.h>

enum pci_request {
    /* Word 1 = vendor | device << 16 | class << 32 (base class << 16 | subclass << 8 | interface);
     * word 2 = bus << 8 | device << 3 | function; word 3 = the program that has claimed it, 0:
     * none. E_NAME: past the last. */
    PCI_DEVICE = 1,
    /* Base address register word 2 (0 to 5): word 1 = where it begins, word 2 = bytes, word 3 =
     * PCI_BAR_*. E_ARGUMENT: there is none of this number, or no address is assigned. E_NAME. */
    PCI_BAR = 2,
    /* The device is the caller's until it says PCI_RELEASE or ends. It is silent then: no bus
     * mastering, no messages. E_NOT_FREE: another program has it, or
     * its memory. E_RIGHTS: the caller's line in
     * the manifest does not name it, or it is a bridge. */
    PCI_CLAIM = 3,
    PCI_RELEASE = 4, /* E_BUSY: of PCI_MEMORY it has not let go (sys_frame_revoke) */
    /* Configuration space, 256 bytes in words of 32 bits at offset word 2: word 1 = what is there;
     * or word 3 is written, from 0x40 on, but not what says where messages go. E_ARGUMENT. */
    PCI_READ = 5,
    PCI_WRITE = 6,
    /* Word 2 = 1: the device may use memory by itself (DMA); 0: not. */
    PCI_MASTER = 7,
    /* The answer brings a capability (CAP_DEVICE, CAP_PORTS) for the memory or the ports of base
     * address register word 2. E_ARGUMENT: there is none, or its ports are below 0x1000. */
    PCI_RANGE = 8,
    /* The answer brings a capability (CAP_INTERRUPT) for the line of the device's interrupt word 2,
     * the same line each time: word 1 = the line, word 2 = PCI_BY_*; and where it is
     * PCI_BY_TABLE: word 3 = the BAR that the table is in, word 4 = its offset there, word 5 = its
     * entries. E_ARGUMENT: no such interrupt. E_FULL: no line is left. E_UNSUPPORTED: the device
     * has none, or the firmware has not said which. */
    PCI_INTERRUPT = 9,
    /* Interrupts by message begin: word 2 is what sys_interrupt_message said (PCI_BY_MESSAGE; in a
     * table the driver has written it itself). E_UNSUPPORTED: it has only a pin. */
    PCI_MESSAGES = 10,
    /* The answer brings 2^(word 2) frames on loan, of order 0 to PCI_MEMORY_ORDER: memory that the
     * device may go on writing to when its driver has ended, for it stays the server's, and the
     * next driver gets the same. Word 1 = its address. What it holds is what it held. E_ARGUMENT;
     * E_ORDER: it has another size already. */
    PCI_MEMORY = 11,
};

#define PCI_MEMORY_ORDER 4

/* The server's name; and the signal by which init says that a driver has ended (INIT_DRIVER_ENDED
 * in cocos/protocol/init.h). */
#define PCI_SERVICE "pci"
#define PCI_DRIVER_ENDED 1ull

#define PCI_BAR_PORTS 1u
#define PCI_BAR_WIDE 2u
#define PCI_BAR_PREFETCH 4u

/* How a device interrupts: by a pin, by a message (MSI), by messages in a table (MSI-X). */
enum { PCI_BY_PIN, PCI_BY_MESSAGE, PCI_BY_TABLE };

#endif
