/*
 * Which slots of the own table are free to take. The kernel knows what a slot holds; this adds
 * only which empty ones somebody has taken and not filled yet. For one thread at a time.
 */
#include <cocos/service.h>

static uint64_t taken[SLOTS_PER_DOMAIN / 64];

uint32_t slot_take(void)
{
    for (uint32_t slot = SLOT_FIRST_NAMED; slot < SLOTS_PER_DOMAIN; slot++) {
        uint64_t bit = 1ull << slot % 64;
        if (taken[slot / 64] & bit)
            continue;
        /* Slots that were full at the start count as taken too: they are asked about once. */
        taken[slot / 64] |= bit;
        if (sys_slot_query(SLOT_SELF, slot) == CAP_EMPTY)
            return slot;
    }
    return SLOT_NONE;
}

void slot_put(uint32_t slot)
{
    if (slot >= SLOT_FIRST_NAMED && slot < SLOTS_PER_DOMAIN)
        taken[slot / 64] &= ~(1ull << slot % 64);
}
