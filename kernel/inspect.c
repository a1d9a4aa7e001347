/*
 * Looking at the machine without changing it: records of frames, entries of page tables, slots, and
 * who runs. For whoever holds the machine with RIGHT_INSPECT; contracts in cocos/sys.h. Nothing
 * here writes but to the caller's registers. Each call looks at a bounded number of records or
 * entries; from the end of a run the caller asks on, so that a large machine is described in few
 * calls.
 */
#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/frame.h"
#include "kernel/frame_ptr.h"
#include "kernel/reply.h"
#include "kernel/sched.h"
#include "kernel/space.h"
#include "kernel/syscall.h"

#define ENTRIES 512u
#define ROOT_LEVEL 4u
#define RECORDS_PER_CALL 512u

/* Set by the processor at any time: no difference between entries. */
#define PTE_SEEN (3ull << 5)

static int64_t check_right(uint64_t machine)
{
    struct slot *slot;
    return cap_find(caller_domain(), machine, CAP_MACHINE, RIGHT_INSPECT, &slot);
}

/* ---- Records ---- */

/* Memory one record speaks for, or a run of free blocks. */
struct piece {
    const struct frame *record;
    uint64_t start, end;
    uint32_t order;
};

/* The head of the free run that block `at` lies in has the run's order as its cache. */
static void find_free_run(uint64_t at, struct piece *piece)
{
    for (uint32_t order = ORDER_MAX; order > ORDER_BLOCK; order--) {
        uint64_t start = at & ~((FRAME_BYTES << order) - 1);
        const struct frame *head = &frame_block(start >> BLOCK_SHIFT)->whole;
        if (head->type == FRAME_FREE && head->cache >= order) {
            *piece = (struct piece){head, start, start + (FRAME_BYTES << order), order};
            return;
        }
    }
}

/* Nothing, up to the next block that has a record: device memory above RAM, where some is claimed.
 * False: there is none. */
static bool find_gap(uint64_t at, struct piece *piece)
{
    static const struct frame absent = {.type = FRAME_ABSENT};
    uint64_t next = frame_next_block(at >> BLOCK_SHIFT);
    *piece = (struct piece){&absent, at, next << BLOCK_SHIFT, ORDER_BLOCK};
    return next != NO_BLOCK;
}

static bool piece_at(uint64_t at, struct piece *piece)
{
    const struct block *block = frame_block(at >> BLOCK_SHIFT);
    if (block == NULL) {
        return find_gap(at, piece);
    }
    bool split = block->whole.type == FRAME_SPLIT;
    piece->order = split ? ORDER_FRAME : ORDER_BLOCK;
    piece->start = at & ~((FRAME_BYTES << piece->order) - 1);
    piece->end = piece->start + (FRAME_BYTES << piece->order);
    piece->record = split ? frame_record(piece->start, ORDER_FRAME) : &block->whole;
    if (!split && piece->record->type == FRAME_FREE) {
        find_free_run(piece->start, piece);
    }
    return true;
}

/* What users see as its tag. The generations of kernel objects are not shown: they would tell
 * how many objects others make. */
static uint64_t shown_tag(const struct piece *piece)
{
    switch (piece->record->type) {
    case FRAME_DOMAIN:
        return ((const struct domain *)frame_ptr(piece->start))->name;
    case FRAME_FREE:
    case FRAME_SLOTS:
    case FRAME_THREAD:
    case FRAME_ENDPOINT:
        return 0;
    default:
        return piece->record->tag;
    }
}

static uint64_t shown_cache(const struct frame *record)
{
    return record->type == FRAME_FREE ? 0 : record->cache;
}

/* Every domain is a run of its own, so that none is passed over. */
static bool says_the_same(const struct piece *a, const struct piece *b)
{
    uint8_t type = a->record->type;
    return b->record->type == type && type != FRAME_DOMAIN &&
           (b->order == a->order || type == FRAME_FREE) && b->record->owner == a->record->owner &&
           b->record->mappings == a->record->mappings &&
           shown_cache(b->record) == shown_cache(a->record) && shown_tag(b) == shown_tag(a);
}

static uint64_t end_of_run(const struct piece *first)
{
    uint64_t end = first->end;
    struct piece next;
    for (unsigned records = 1;
         records < RECORDS_PER_CALL && piece_at(end, &next) && says_the_same(first, &next);
         records++) {
        end = next.end;
    }
    return end;
}

int64_t sys_frame_query(uint64_t machine, uint64_t address)
{
    int64_t error = check_right(machine);
    if (error != OK) {
        return error;
    }
    if (address & (FRAME_BYTES - 1)) {
        return E_ALIGNMENT;
    }
    struct piece piece;
    if (!piece_at(address, &piece)) {
        return E_NO_FRAME;
    }
    const struct frame *record = piece.record;
    struct registers *r = &caller_thread()->registers;
    r->rdi = record->owner != 0 ? frame_address(record->owner) : 0;
    r->rsi = shown_tag(&piece);
    r->rdx = end_of_run(&piece);
    return (int64_t)(record->type | shown_cache(record) << 8 | (uint64_t)piece.order << 16 |
                     (uint64_t)record->mappings << 32);
}

/* ---- Page tables ---- */

/* OK and the root of the page tables of the domain whose object is at `address`, or of the
 * kernel's (0); E_ARGUMENT, E_DEAD. */
static int64_t find_root(uint64_t address, uint64_t *root)
{
    if (address == 0) {
        *root = space_kernel_root();
        return OK;
    }
    const struct frame *record = address & (FRAME_BYTES - 1) ? NULL : frame_ram_record(address);
    if (record == NULL || record->type != FRAME_DOMAIN) {
        return E_ARGUMENT;
    }
    const struct domain *domain = frame_ptr(address);
    if (domain->dying) {
        return E_DEAD; /* its tables hang loose */
    }
    *root = domain->root;
    return OK;
}

static unsigned index_at(uint64_t at, unsigned level)
{
    return (unsigned)(at >> (FRAME_SHIFT + 9 * (level - 1))) & (ENTRIES - 1);
}

static bool is_table(uint64_t entry, unsigned level)
{
    return (entry & PTE_PRESENT) && level > 1 && !(entry & PTE_LARGE);
}

/* How many entries of the table, from `index` on, say the same: leaves of consecutive addresses,
 * or nothing for the same reason. The two halves are never one run. */
static uint64_t same_entries(const uint64_t *entries, unsigned index, unsigned level)
{
    uint64_t first = entries[index];
    uint64_t step = first & PTE_PRESENT ? FRAME_BYTES << 9 * (level - 1) : 0;
    unsigned end = level == ROOT_LEVEL && index < ENTRIES / 2 ? ENTRIES / 2 : ENTRIES;
    unsigned count = 1;
    while (!is_table(first, level) && index + count < end &&
           ((entries[index + count] ^ (first + count * step)) & ~PTE_SEEN) == 0) {
        count++;
    }
    return count;
}

int64_t sys_page_query(uint64_t machine, uint64_t domain, uint64_t at, uint64_t level)
{
    int64_t error = check_right(machine);
    if (error != OK) {
        return error;
    }
    if (level == 0 || level > ROOT_LEVEL || (at >= LOWER_HALF_END && at < UPPER_HALF_START)) {
        return E_ARGUMENT;
    }
    uint64_t table = 0;
    error = find_root(domain, &table);
    if (error != OK) {
        return error;
    }
    for (unsigned here = ROOT_LEVEL; here > level; here--) {
        uint64_t entry = ((const uint64_t *)frame_ptr(table))[index_at(at, here)];
        if (!is_table(entry, here)) {
            return E_NOT_MAPPED;
        }
        table = entry & PTE_ADDRESS;
    }
    const uint64_t *entries = frame_ptr(table);
    unsigned index = index_at(at, (unsigned)level);
    struct registers *r = &caller_thread()->registers;
    r->rdi = entries[index];
    r->rsi = table;
    r->rdx = same_entries(entries, index, (unsigned)level);
    return (int64_t)level;
}

/* ---- Slots, and who runs ---- */

int64_t sys_slot_inspect(uint64_t machine, uint64_t address, uint64_t number)
{
    int64_t error = check_right(machine);
    if (error != OK) {
        return error;
    }
    const struct frame *record = address & (FRAME_BYTES - 1) ? NULL : frame_ram_record(address);
    if (record == NULL || record->type != FRAME_DOMAIN) {
        return E_ARGUMENT;
    }
    const struct domain *domain = frame_ptr(address);
    if (domain->dying) {
        return E_DEAD;
    }
    if (number >= SLOTS_PER_DOMAIN) {
        return E_SLOT;
    }
    struct slot *slot = &domain->slots[number];
    reply_write(slot);
    if (slot->type == CAP_EMPTY || cap_alive(slot) != OK) {
        return CAP_EMPTY;
    }
    /* The generations of objects are not told. */
    struct registers *r = &caller_thread()->registers;
    r->rdi = slot->object;
    r->rsi = slot_is_range(slot->type) ? slot->generation : 1;
    r->rdx = slot->badge;
    return (int64_t)(slot->type | (uint64_t)slot->rights << 8);
}

/* The caller runs on its own CPU; there, what ran before it is of interest. */
int64_t sys_cpu_query(uint64_t machine, uint64_t cpu)
{
    int64_t error = check_right(machine);
    if (error != OK) {
        return error;
    }
    if (cpu >= arch_cpu_count) {
        return E_ARGUMENT;
    }
    const struct sched *sched = arch_sched_of((unsigned)cpu);
    uint64_t found = sched->found;
    if (cpu != arch_cpu_number()) {
        found = sched->rests ? 0 : frame_of(arch_current_of((unsigned)cpu));
    }
    caller_thread()->registers.rdi = found;
    return OK;
}
