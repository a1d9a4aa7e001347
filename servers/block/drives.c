#include "drives.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/errors.h>
#include <cocos/service.h>

static struct drive *drives[DRIVES_MAX];
static uint32_t drive_count;

uint32_t drives_next_bit(void)
{
    return drive_count;
}

bool drives_add(struct drive *drive)
{
    uint32_t number = 0;
    if (drive_count == DRIVES_MAX)
        return false;
    for (uint32_t i = 0; i < drive_count; i++)
        number += strcmp(drives[i]->driver->name, drive->driver->name) == 0;
    drive_init(drive, number);
    drives[drive_count++] = drive;
    return true;
}

struct drive *drives_at(uint32_t index)
{
    return index < drive_count ? drives[index] : NULL;
}

void drives_look(uint64_t bits)
{
    for (uint32_t i = 0; i < drive_count; i++)
        if (bits == DRIVES_ALL || bits >> drives[i]->bit & 1)
            drive_look(drives[i], bits != DRIVES_ALL);
}

void drives_kick(void)
{
    for (uint32_t i = 0; i < drive_count; i++)
        drive_kick(drives[i]);
}

void drives_complain(const char *driver, const char *what)
{
    fprintf(stderr, "block: %s: %s\n", driver, what);
}

void drives_end_of_search(int64_t error)
{
    if (error == E_NAME || error == E_RIGHTS)
        return;
    drives_complain("the PCI server does not say what there is", error_text(error));
    if (error == E_GONE || error == E_DEAD)
        exit(1);
}
