/* What ATA disks have in common, whatever they hang on (ATA/ATAPI-6). */
#ifndef BLOCK_ATA_H
#define BLOCK_ATA_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/protocol/block.h>

enum { ATA_ERROR = 0x01, ATA_DATA = 0x08, ATA_FAULT = 0x20, ATA_BUSY = 0x80 }; /* its status */
enum { ATA_IDENTIFY = 0xec };

/* What 28 bits of address go with: so many sectors in one command. */
#define ATA_SECTORS_28 256u

#define ATA_IDENTITY_WORDS 256

struct ata {
    uint64_t sectors;
    bool large; /* it knows addresses of 48 bits */
};

/* What IDENTIFY has told (8.15). False: it has no DMA. */
bool ata_read_identity(const uint16_t words[ATA_IDENTITY_WORDS], struct ata *ata);

/* The command for an operation of the protocol. */
uint8_t ata_command(const struct ata *ata, uint32_t operation);

#endif
