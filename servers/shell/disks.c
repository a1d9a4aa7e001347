/* The command that lists disks and their partitions: the block server knows them. */
#include "shell.h"

#include <stdio.h>

#include <cocos/block.h>
#include <cocos/service.h>
#include <cocos/sys.h>

static void print_disk(const struct block_disk *disk)
{
    char size[SIZE_TEXT_BYTES], kind[24] = "";
    size_text(size, disk->sectors * BLOCK_SECTOR_BYTES);
    if (disk->flags & BLOCK_GPT)
        snprintf(kind, sizeof kind, "  GPT %08x", disk->type);
    else if (disk->flags & BLOCK_MBR)
        snprintf(kind, sizeof kind, "  MBR %02x", disk->type);
    console_printf("%-10s %9s  %10llu sectors", disk->name, size,
                   (unsigned long long)disk->sectors);
    if (kind[0])
        console_printf(" from %llu%s", (unsigned long long)disk->first, kind);
    console_printf("%s%s%s\n", disk->flags & BLOCK_LASTING ? "  in memory" : "",
                   disk->flags & BLOCK_READ_ONLY ? "  read-only" : "",
                   disk->flags & BLOCK_FAILED ? "  failed" : "");
}

int disks_command(uint32_t count, char **words)
{
    uint32_t server = SLOT_NONE;
    struct block_disk disk;
    int64_t got = OK;
    (void)words;
    if (count != 1)
        return command_usage("disks");
    console_flush();
    for (uint64_t number = 0; got == OK; number++) {
        got = block_list(&server, number, &disk);
        if (got == OK)
            print_disk(&disk);
        else if (got == E_NAME && number == 0 && server != SLOT_NONE)
            console_printf("There are no disks.\n");
    }
    bool found = server != SLOT_NONE;
    sys_slot_drop(server);
    slot_put(server);
    return got == E_NAME && found ? 0 : command_failed("disks", got);
}
