/*
 * See own_machine.h. The invariants are written anew here, from DESIGN's words rather than from the
 * contracts, so that a mistake in those shows.
 */
#include "tests/host/own_machine.h"

#include <string.h>

struct frame records[RECORDS];
uint64_t leaves[LEAVES];
uint64_t at[LEAVES];
uint32_t owned[OWNERS], limit[OWNERS];

void machine_start(void)
{
    memset(records, 0, sizeof records);
    memset(owned, 0, sizeof owned);
    for (uint32_t r = 0; r < RECORDS; r++) {
        records[r].type = r < RECORDS - 1 ? FRAME_FREE : FRAME_ABSENT;
    }
    for (uint32_t domain = 1; domain <= DOMAINS; domain++) {
        limit[domain] = domain == 1 ? RECORDS : RECORDS - 1;
        for (uint32_t r = 0; r < RECORDS; r++) {
            at[lower_leaf(domain, r)] = address_of(r);
        }
        for (uint32_t i = 0; i < UPPER; i++) {
            at[upper_leaf(domain, i)] = UPPER_HALF_START + i * FRAME_BYTES;
        }
    }
    for (uint32_t l = 0; l < LEAVES; l++) {
        leaves[l] = refill_of(l);
    }
}

void machine_save(struct machine *machine)
{
    memcpy(machine->records, records, sizeof records);
    memcpy(machine->leaves, leaves, sizeof leaves);
    memcpy(machine->owned, owned, sizeof owned);
}

void machine_load(const struct machine *machine)
{
    memcpy(records, machine->records, sizeof records);
    memcpy(leaves, machine->leaves, sizeof leaves);
    memcpy(owned, machine->owned, sizeof owned);
}

bool machine_is(const struct machine *machine)
{
    return memcmp(machine->records, records, sizeof records) == 0 &&
           memcmp(machine->leaves, leaves, sizeof leaves) == 0 &&
           memcmp(machine->owned, owned, sizeof owned) == 0;
}

static const char *leaf_problem(uint32_t l)
{
    uint64_t entry = leaves[l];
    uint32_t r = record_of_leaf(entry);
    if (r >= RECORDS) {
        return "a leaf points nowhere";
    }
    if (l < LOWER_LEAVES && (entry & PTE_ADDRESS) != at[l]) {
        return "a lower-half leaf translates to another address than its own";
    }
    if (records[r].type != FRAME_RAM && records[r].type != FRAME_DEVICE &&
        (records[r].type != FRAME_SYSTEM || (entry & PTE_WRITE))) {
        return "a frame of the kernel, or one that is not cleared, is mapped";
    }
    if (!(entry & PTE_NX) && ((entry & PTE_WRITE) || l < LOWER_LEAVES)) {
        return "a page is writable and executable, or executable in the lower half";
    }
    uint64_t cache = entry & (PTE_PCD | PTE_PWT);
    if (cache != (records[r].cache == CACHE_WRITE_BACK ? 0
                  : records[r].cache == CACHE_UNCACHED ? 0x18
                                                       : 8)) {
        return "a leaf has another cache type than its memory";
    }
    return NULL;
}

const char *machine_problem(void)
{
    uint32_t pointing[RECORDS] = {0}, owning[OWNERS] = {0};
    for (uint32_t l = 0; l < LEAVES; l++) {
        if ((leaves[l] & 5) == 5) {
            const char *problem = leaf_problem(l);
            if (problem != NULL) {
                return problem;
            }
            pointing[record_of_leaf(leaves[l])]++;
        }
    }
    for (uint32_t r = 0; r < RECORDS; r++) {
        const struct frame *record = &records[r];
        bool nobodys = record->type == FRAME_FREE || record->type == FRAME_ABSENT ||
                       record->type == FRAME_RESERVED || record->type == FRAME_SYSTEM;
        if (nobodys != (record->owner == 0)) {
            return "a frame is free, but owned, or the other way round";
        }
        if (record->mappings != pointing[r]) {
            return "a count of mappings is wrong";
        }
        owning[record->owner]++;
    }
    for (uint32_t domain = 1; domain <= DOMAINS; domain++) {
        if (owned[domain] != owning[domain]) {
            return "an account is wrong";
        }
    }
    return NULL;
}
