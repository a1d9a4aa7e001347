#include "ata.h"

enum { WORD_ABILITIES = 49, WORD_SECTORS = 60, WORD_COMMANDS = 83, WORD_SECTORS_48 = 100 };
enum { ABILITY_DMA = 1 << 8, COMMANDS_48 = 1 << 10 };

bool ata_read_identity(const uint16_t words[ATA_IDENTITY_WORDS], struct ata *ata)
{
    bool large = words[WORD_COMMANDS] & COMMANDS_48;
    const uint16_t *sectors = &words[large ? WORD_SECTORS_48 : WORD_SECTORS];
    *ata = (struct ata){sectors[0] | (uint64_t)sectors[1] << 16, large};
    if (large)
        ata->sectors |= (uint64_t)sectors[2] << 32; /* of the 48 bits that commands have */
    return words[WORD_ABILITIES] & ABILITY_DMA;
}

uint8_t ata_command(const struct ata *ata, uint32_t operation)
{
    enum { READ_DMA = 0xc8, WRITE_DMA = 0xca, FLUSH_CACHE = 0xe7 };
    enum { READ_DMA_EXT = 0x25, WRITE_DMA_EXT = 0x35, FLUSH_CACHE_EXT = 0xea };
    if (operation == BLOCK_FLUSH)
        return ata->large ? FLUSH_CACHE_EXT : FLUSH_CACHE;
    if (operation == BLOCK_READ)
        return ata->large ? READ_DMA_EXT : READ_DMA;
    return ata->large ? WRITE_DMA_EXT : WRITE_DMA;
}
