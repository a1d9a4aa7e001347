/* Reads the frame table, run by run (sys_frame_query), and adds up whose how much is. */
#include "memmap.h"

#include <string.h>

/* The system page belongs to nobody, and so do the kernel's own memory and its records. */
static uint32_t party_of_nobody(uint8_t type)
{
    switch (type) {
    case FRAME_FREE:
        return PARTY_FREE;
    case FRAME_ABSENT:
        return PARTY_ABSENT;
    case FRAME_RESERVED:
        return PARTY_RESERVED;
    default:
        return PARTY_KERNEL;
    }
}

/* The domain's record has its name for a tag. */
static void read_name(struct party *party, uint32_t machine)
{
    struct frame_info info;
    memset(party->name, 0, sizeof party->name);
    if (sys_frame_query(machine, party->domain, &info) == OK && info.type == FRAME_DOMAIN)
        memcpy(party->name, &info.tag, sizeof info.tag);
    else
        party->name[0] = '?';
}

/* Its place, the place of one that is gone, or a new one. The last place is for all the rest. */
static uint32_t party_of(struct memory *memory, uint32_t machine, uint64_t owner)
{
    uint32_t gone = 0, at = PARTY_PROGRAMS;
    for (; at < memory->party_count && memory->parties[at].domain != owner; at++)
        if (!gone && memory->parties[at].domain == 0)
            gone = at;
    if (at < memory->party_count)
        return at;
    at = gone ? gone : at < PARTIES_MAX ? at : PARTIES_MAX - 1;
    if (at == memory->party_count)
        memory->party_count++;
    memory->parties[at].domain = owner;
    read_name(&memory->parties[at], machine);
    return at;
}

/* Lengthens the last stretch, or begins another. */
static void add(struct memory *memory, uint64_t start, uint64_t end, uint32_t party)
{
    struct stretch *last = &memory->stretches[memory->stretch_count - 1];
    if (memory->stretch_count > 0 &&
        (last->party == party || memory->stretch_count == STRETCHES_MAX))
        last->end = end;
    else
        memory->stretches[memory->stretch_count++] = (struct stretch){start, end, party};
    memory->parties[party].frames += (end - start) / FRAME_BYTES;
}

/* Programs that own nothing any more have ended. */
static void forget_ended(struct memory *memory)
{
    for (uint32_t i = PARTY_PROGRAMS; i < memory->party_count; i++)
        if (memory->parties[i].frames == 0)
            memory->parties[i].domain = 0;
}

int64_t memory_read(struct memory *memory, uint32_t machine)
{
    static const char *const names[] = {"absent", "reserved", "free", "kernel"};
    struct frame_info info;
    int64_t error;
    if (memory->party_count == 0)
        memory->party_count = PARTY_PROGRAMS;
    for (uint32_t i = 0; i < PARTY_PROGRAMS; i++)
        strcpy(memory->parties[i].name, names[i]);
    for (uint32_t i = 0; i < memory->party_count; i++)
        memory->parties[i].frames = 0;
    memory->stretch_count = 0;
    for (uint64_t at = 0; (error = sys_frame_query(machine, at, &info)) == OK; at = info.end)
        add(memory, at, info.end,
            info.owner ? party_of(memory, machine, info.owner) : party_of_nobody(info.type));
    forget_ended(memory);
    memory->total = (uint64_t)sys_machine_query(SLOT_NONE, MACHINE_FRAMES_TOTAL);
    memory->available = (uint64_t)sys_machine_query(SLOT_NONE, MACHINE_FRAMES_FREE);
    return error == E_NO_FRAME ? OK : error;
}

const struct stretch *memory_find(const struct memory *memory, uint64_t address)
{
    uint32_t low = 0, high = memory->stretch_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (memory->stretches[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < memory->stretch_count ? &memory->stretches[low] : NULL;
}
