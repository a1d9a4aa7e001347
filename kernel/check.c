/*
 * Executable invariants: see check.h. Every mapping is counted into the scratch counters, one
 * per block and frame, by walking every domain's tables; then every record is compared with what
 * was found. The scratch lies in the records themselves: mappings are counted down to zero and up
 * again, so the check needs no memory of its own.
 */
#include "kernel/check.h"

#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/frame.h"
#include "kernel/frame_ptr.h"
#include "kernel/panic.h"
#include "kernel/x86/arch.h"

#define ENTRIES 512u

static uint64_t sign_extended(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16);
}

static const char *visit_leaf(uint64_t entry, uint64_t at, unsigned level, int64_t step)
{
    uint32_t order = level == 2 ? ORDER_BLOCK : ORDER_FRAME;
    uint64_t frame = entry & PTE_ADDRESS;
    struct frame *record = frame_record(frame, order);
    if (record == NULL) {
        return "a user leaf points to memory that has no record of its size";
    }
    if (at < LOWER_HALF_END && at != frame) {
        return "a lower-half leaf translates to another address than its own";
    }
    if ((entry & PTE_WRITE) && !(entry & PTE_NX)) {
        return "a page is writable and executable at once";
    }
    if (record->type != FRAME_RAM && record->type != FRAME_DEVICE &&
        (record->type != FRAME_SYSTEM || (entry & PTE_WRITE))) {
        return "a kernel frame is mapped for user mode";
    }
    record->mappings = (uint16_t)(record->mappings + step);
    return NULL;
}

/* Walks the domain's own tables below `table`, counting leaves by `step`. */
static const char *walk(uint64_t table, uint64_t base, unsigned level, int64_t step,
                        uint64_t *tables)
{
    const uint64_t *entries = frame_ptr(table);
    unsigned used = 0;
    ++*tables;
    for (uint64_t i = 0; i < ENTRIES; i++) {
        uint64_t entry = entries[i];
        uint64_t at = sign_extended(base + (i << (FRAME_SHIFT + 9 * (level - 1))));
        if (!(entry & PTE_PRESENT) || !(entry & PTE_USER)) {
            continue;
        }
        used++;
        const char *problem = level == 1 || (entry & PTE_LARGE)
                                  ? visit_leaf(entry, at, level, step)
                                  : walk(entry & PTE_ADDRESS, at, level - 1, step, tables);
        if (problem != NULL) {
            return problem;
        }
    }
    const struct frame *record = frame_record(table, ORDER_FRAME);
    if (record == NULL || record->type != FRAME_TABLE || record->cache != level) {
        return "a page table's frame is not recorded as a table of its level";
    }
    return record->mappings == used ? NULL : "a page table's count of user entries is wrong";
}

/* Every frame on the list is the domain's; returns how many 4 KiB frames, or -1. */
static int64_t count_list(struct frame_list list, uint32_t owner)
{
    int64_t frames = 0;
    uint32_t previous = 0;
    for (uint32_t number = list.first; number != 0;) {
        uint64_t address = (uint64_t)number << FRAME_SHIFT;
        const struct frame *record = frame_at(address);
        if (record == NULL || record->owner != owner || record->prev != previous) {
            return -1;
        }
        frames += frame_record(address, ORDER_FRAME) != NULL ? 1 : FRAMES_PER_BLOCK;
        previous = number;
        number = record->next;
    }
    return frames;
}

static const char *check_domain(struct domain *domain, int64_t step)
{
    uint64_t tables = 0;
    const char *problem = walk(domain->root, 0, 4, step, &tables);
    if (problem != NULL) {
        return problem;
    }
    int64_t owned = count_list(domain->owned, domain_number(domain));
    int64_t own_tables = count_list(domain->tables, domain_number(domain));
    if (owned < 0 || own_tables < 0) {
        return "a frame on a domain's list is not the domain's";
    }
    if ((uint64_t)own_tables != tables) {
        return "a domain's page table hangs nowhere";
    }
    return owned + own_tables == domain->frames ? NULL : "a domain's account of frames is wrong";
}

/* A domain that is being ended: its tables hang loose, each for itself. */
static const char *check_dying(const struct domain *domain, int64_t step)
{
    for (uint32_t number = domain->tables.first; number != 0;) {
        uint64_t table = (uint64_t)number << FRAME_SHIFT;
        const struct frame *record = frame_record(table, ORDER_FRAME);
        const uint64_t *entries = frame_ptr(table);
        for (uint64_t i = 0; i < ENTRIES && record->cache <= 2; i++) {
            uint64_t entry = entries[i];
            bool leaf = (entry & PTE_PRESENT) && (entry & PTE_USER) &&
                        (record->cache == 1 || (entry & PTE_LARGE));
            const char *problem =
                leaf ? visit_leaf(entry, UPPER_HALF_START, record->cache, step) : NULL;
            if (problem != NULL) {
                return problem;
            }
        }
        number = record->next;
    }
    return NULL;
}

/* Calls for every domain there is. */
static const char *for_domains(int64_t step)
{
    for (uint64_t index = 0; frame_block(index) != NULL; index++) {
        if (frame_block(index)->whole.type != FRAME_SPLIT) {
            continue;
        }
        for (uint64_t i = 0; i < FRAMES_PER_BLOCK; i++) {
            uint64_t address = (index << BLOCK_SHIFT) + (i << FRAME_SHIFT);
            struct domain *domain = frame_ptr(address);
            if (frame_record(address, ORDER_FRAME)->type != FRAME_DOMAIN) {
                continue;
            }
            const char *problem =
                domain->dying ? check_dying(domain, step) : check_domain(domain, step);
            if (problem != NULL) {
                return problem;
            }
        }
    }
    return NULL;
}

static const char *check_record(const struct frame *record)
{
    bool free = record->type == FRAME_FREE;
    if (free && (record->owner != 0 || record->mappings != 0)) {
        return "a free frame has an owner or a mapping";
    }
    if (record->type >= FRAME_RAM && record->owner == 0) {
        return "a frame in use has no owner";
    }
    if (record->type != FRAME_TABLE && record->mappings != 0) {
        return "a frame's count of mappings is not what the page tables say";
    }
    return NULL;
}

/* With all mappings counted down to zero: records, and what is free. */
static const char *check_records(uint64_t *free)
{
    *free = 0;
    for (uint64_t index = 0; frame_block(index) != NULL; index++) {
        const struct block *block = frame_block(index);
        bool split = block->whole.type == FRAME_SPLIT;
        const char *problem = split ? NULL : check_record(&block->whole);
        unsigned free_here = 0;
        for (uint64_t i = 0; i < FRAMES_PER_BLOCK && split && problem == NULL; i++) {
            const struct frame *record =
                frame_record((index << BLOCK_SHIFT) + (i << FRAME_SHIFT), ORDER_FRAME);
            problem = check_record(record);
            free_here += record->type == FRAME_FREE;
        }
        if (problem != NULL) {
            return problem;
        }
        if (split && free_here != block->free_count) {
            return "a split block's count of free frames is wrong";
        }
        *free += split ? free_here : block->whole.type == FRAME_FREE ? FRAMES_PER_BLOCK : 0;
    }
    return NULL;
}

const char *check_invariants(void)
{
    uint64_t free = 0;
    const char *problem = for_domains(-1);
    if (problem == NULL) {
        problem = check_records(&free);
    }
    const char *again = problem == NULL ? for_domains(+1) : NULL;
    if (problem == NULL && free != frame_counts.free) {
        problem = "the count of free frames is wrong";
    }
    return problem != NULL ? problem : again != NULL ? again : frame_check_lists();
}

#ifdef COCOS_CHECKING
void check_after_call(void)
{
    const char *problem = check_invariants();
    if (problem != NULL) {
        panic("invariant broken: %s", problem);
    }
}
#endif
