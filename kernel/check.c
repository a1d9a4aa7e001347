/*
 * Executable invariants: see check.h. Every mapping is counted into the scratch counters, one
 * per block and frame, by walking every domain's tables; then every record is compared with what
 * was found. The scratch lies in the records themselves: mappings are counted down to zero and up
 * again, so the check needs no memory of its own.
 */
#include "kernel/check.h"

#include <stddef.h>

#include "kernel/check_threads.h"
#include "kernel/domain.h"
#include "kernel/frame.h"
#include "kernel/frame_ptr.h"
#include "kernel/loan.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/x86/arch.h"

#define ENTRIES 512u

static uint64_t sign_extended(uint64_t address)
{
    return (uint64_t)((int64_t)(address << 16) >> 16);
}

static const char *visit_leaf(uint64_t entry, uint64_t at, unsigned level, int64_t step)
{
    uint64_t frame = entry & PTE_ADDRESS;
    struct frame *record = frame_at(frame);
    if (record == NULL || (level == 2 && frame_is_split(frame))) {
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

/* The next entry of a table, from `i` on, that is the domain's own; ENTRIES: none is. Most are not,
 * so they are passed four at a time. */
static __attribute__((noinline)) uint64_t next_user(const uint64_t *entries, uint64_t i)
{
    while (i < ENTRIES) {
        const uint64_t *four = &entries[i];
        if (i % 4 == 0 && !((four[0] | four[1] | four[2] | four[3]) & PTE_USER)) {
            i += 4;
        } else if (!leaf_is_user(*four)) {
            i++;
        } else {
            break;
        }
    }
    return i;
}

/* Walks the domain's own tables below `table`, counting leaves by `step`. */
static const char *walk(uint64_t table, uint64_t base, unsigned level, int64_t step,
                        uint64_t *tables, const struct frame *idle)
{
    const uint64_t *entries = frame_ptr(table);
    unsigned used = 0;
    ++*tables;
    for (uint64_t i = next_user(entries, 0); i < ENTRIES; i = next_user(entries, i + 1)) {
        uint64_t entry = entries[i];
        uint64_t at = sign_extended(base + (i << (FRAME_SHIFT + 9 * (level - 1))));
        used++;
        const char *problem = level == 1 || (entry & PTE_LARGE)
                                  ? visit_leaf(entry, at, level, step)
                                  : walk(entry & PTE_ADDRESS, at, level - 1, step, tables, idle);
        if (problem != NULL) {
            return problem;
        }
    }
    const struct frame *record = frame_ram_record(table);
    if (record == NULL || record->type != FRAME_TABLE || record->cache != level) {
        return "a page table's frame is not recorded as a table of its level";
    }
    if (used == 0 && level != 4 && record != idle) {
        return "an empty page table was not taken away";
    }
    return record->mappings == used ? NULL : "a page table's count of user entries is wrong";
}

/* Every frame on the ring through `head` is the domain's, and of the kind that is on that ring:
 * `only`, or what has no ring of its own. Returns how many 4 KiB frames, or -1. */
static int64_t count_ring(const struct frame *head, uint64_t head_frame, uint32_t owner,
                          enum frame_type only)
{
    int64_t frames = 1;
    uint32_t head_number = frame_number(head_frame), previous = head_number;
    for (uint32_t number = head->next; number != head_number;) {
        const struct frame *record = frame_at_number(number);
        if (record == NULL || record->owner != owner || record->prev != previous ||
            (only == FRAME_DOMAIN ? record->type == FRAME_TABLE || record->type == FRAME_DEVICE
                                  : record->type != only)) {
            return -1;
        }
        frames += frame_is_split(frame_address(number)) ? 1 : FRAMES_PER_BLOCK;
        previous = number;
        number = record->next;
    }
    return head->prev == previous && head->owner == owner ? frames : -1;
}

static const char *check_domain(struct domain *domain, int64_t step)
{
    uint64_t tables = 0;
    const char *problem = walk(domain->root, 0, 4, step, &tables, domain->idle);
    if (problem != NULL) {
        return problem;
    }
    uint32_t owner = domain_number(domain);
    int64_t owned = count_ring(domain->record, frame_of(domain), owner, FRAME_DOMAIN);
    int64_t own_tables = count_ring(domain->root_record, domain->root, owner, FRAME_TABLE);
    int64_t devices =
        count_ring(domain->slots_record, frame_of(domain->slots), owner, FRAME_DEVICE);
    if (owned < 0 || own_tables < 0 || devices < 0) {
        return "a frame on a domain's ring is not the domain's";
    }
    if ((uint64_t)own_tables != tables) {
        return "a domain's page table hangs nowhere";
    }
    if (!space_remembers_well(domain)) {
        return "a domain remembers a page table that is not there";
    }
    return owned + own_tables + devices == domain->frames ? NULL
                                                          : "a domain's account of frames is wrong";
}

/* A domain that is being ended: its tables hang loose, each for itself. */
static const char *check_dying(const struct domain *domain, int64_t step)
{
    uint32_t root = frame_number(domain->root);
    for (uint32_t number = domain->root_record->next; number != root;) {
        uint64_t table = frame_address(number);
        const struct frame *record = frame_at(table);
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

/*
 * Most of the time goes by over what is not looked for, so these loops are short and by themselves.
 * The next block of the table that is split; the next one with anything to be checked, device
 * memory beyond the table included; the next record of a block that is a domain's
 * (FRAMES_PER_BLOCK: none).
 */
static __attribute__((noinline)) uint64_t next_split(uint64_t index)
{
    const struct block *block = &frame_blocks[index], *end = &frame_blocks[frame_block_count];
    while (block < end && block->whole.type != FRAME_SPLIT) {
        block++;
    }
    return (uint64_t)(block - frame_blocks);
}

static __attribute__((noinline)) uint64_t next_in_use(uint64_t index)
{
    const struct block *block = &frame_blocks[index], *end = &frame_blocks[frame_block_count];
    while (block < end && block->whole.type == FRAME_ABSENT && block->whole.mappings == 0) {
        block++;
    }
    return block < end ? (uint64_t)(block - frame_blocks)
                       : frame_next_block(index > frame_block_count ? index : frame_block_count);
}

static __attribute__((noinline)) uint64_t next_domain(const struct frame *records, uint64_t i)
{
    while (i < FRAMES_PER_BLOCK && records[i].type != FRAME_DOMAIN) {
        i++;
    }
    return i;
}

/* Calls for every domain there is; adds up how many frames they may own. */
static const char *for_domains(int64_t step, uint64_t *limits)
{
    *limits = 0;
    for (uint64_t index = next_split(0); index < frame_block_count; index = next_split(index + 1)) {
        const struct frame *records = frame_records_of(frame_block(index));
        for (uint64_t i = next_domain(records, 0); i < FRAMES_PER_BLOCK;
             i = next_domain(records, i + 1)) {
            struct domain *domain = frame_ptr((index << BLOCK_SHIFT) + (i << FRAME_SHIFT));
            *limits += domain->frame_limit;
            const char *problem =
                domain->dying ? check_dying(domain, step) : check_domain(domain, step);
            if (problem != NULL) {
                return problem;
            }
        }
    }
    return NULL;
}

static inline const char *check_record(const struct frame *record)
{
    if (record->type == FRAME_FREE) {
        return record->owner == 0 && record->mappings == 0
                   ? NULL
                   : "a free frame has an owner or a mapping";
    }
    if (record->type == FRAME_DIRTY && record->mappings != 0) {
        return "memory that is not cleared is mapped";
    }
    if (record->type >= FRAME_RAM && record->owner == 0) {
        return "a frame in use has no owner";
    }
    if (record->type != FRAME_TABLE && record->mappings != 0) {
        return "a frame's count of mappings is not what the page tables say";
    }
    return NULL;
}

static inline bool is_object(const struct frame *record)
{
    return record->type >= FRAME_DOMAIN && record->type <= FRAME_ENDPOINT;
}

/* What threads, endpoints, and domains in their slots, have to do with each other. */
static const char *check_object(const struct frame *record, uint64_t frame)
{
    switch (record->type) {
    case FRAME_DOMAIN:
        return check_slots(frame_ptr(frame));
    case FRAME_ENDPOINT:
        return check_endpoint(frame_ptr(frame));
    case FRAME_THREAD:
        return loan_is_whole(frame_ptr(frame))
                   ? check_thread(frame_ptr(frame))
                   : "a thread has lent frames to a domain that does not owe it an answer";
    default:
        return NULL;
    }
}

static const char *check_split(const struct block *block, uint64_t base)
{
    const struct frame *records = frame_records_of(block);
    unsigned free = 0;
    for (uint64_t i = 0; i < FRAMES_PER_BLOCK; i++) {
        const char *problem = check_record(&records[i]);
        if (problem != NULL) {
            return problem;
        }
        if (is_object(&records[i])) {
            problem = check_object(&records[i], base + (i << FRAME_SHIFT));
            if (problem != NULL) {
                return problem;
            }
        }
        free += records[i].type == FRAME_FREE;
    }
    return free == block->free_count ? NULL : "a split block's count of free frames is wrong";
}

/* With all mappings counted down to zero: records, objects, and what is free. */
static const char *check_records(uint64_t *free)
{
    *free = 0;
    const char *scheduler = check_scheduler();
    if (scheduler != NULL) {
        return scheduler;
    }
    for (uint64_t index = next_in_use(0); index != NO_BLOCK; index = next_in_use(index + 1)) {
        const struct block *block = frame_block(index);
        bool split = block->whole.type == FRAME_SPLIT;
        const char *problem =
            split ? check_split(block, index << BLOCK_SHIFT) : check_record(&block->whole);
        if (problem != NULL) {
            return problem;
        }
        *free += split ? block->free_count : block->whole.type == FRAME_FREE ? FRAMES_PER_BLOCK : 0;
    }
    return check_counted();
}

const char *check_invariants(void)
{
    uint64_t free = 0;
    uint64_t limits;
    const char *problem = for_domains(-1, &limits);
    if (problem == NULL) {
        problem = check_records(&free);
    }
    const char *again = problem == NULL ? for_domains(+1, &limits) : NULL;
    if (problem == NULL && limits != UINT32_MAX) {
        problem = "the domains' limits of frames do not add up";
    }
    if (problem == NULL && free != frame_counts.free) {
        problem = "the count of free frames is wrong";
    }
    problem = problem != NULL ? problem : again;
    problem = problem != NULL ? problem : frame_check_lists();
    return problem != NULL ? problem : frame_check_devices();
}

#ifdef COCOS_CHECKING

static void panic_if(const char *problem)
{
    if (problem != NULL) {
        panic("invariant broken: %s", problem);
    }
}

void check_after_call(void)
{
    panic_if(check_invariants());
}

static __attribute__((noinline)) uint64_t next_object(const struct frame *records, uint64_t i)
{
    while (i < FRAMES_PER_BLOCK && !is_object(&records[i])) {
        i++;
    }
    return i;
}

static const char *check_objects(void)
{
    const char *problem = check_scheduler();
    for (uint64_t index = next_split(0); index < frame_block_count && problem == NULL;
         index = next_split(index + 1)) {
        const struct frame *records = frame_records_of(frame_block(index));
        for (uint64_t i = next_object(records, 0); i < FRAMES_PER_BLOCK && problem == NULL;
             i = next_object(records, i + 1)) {
            problem = check_object(&records[i], (index << BLOCK_SHIFT) + (i << FRAME_SHIFT));
        }
    }
    return problem != NULL ? problem : check_counted();
}

void check_after_message(void)
{
    const struct sched *sched = arch_sched();
    panic_if(check_objects());
    /* Of several CPUs, one may not have heard yet of what is more urgent. */
    if (arch_cpu_count == 1 &&
        (sched->rests || sched->ready.used >> arch_current()->priority > 1)) {
        panic("a message leaves a more urgent thread waiting");
    }
}

#endif
