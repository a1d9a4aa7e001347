#include "tests/host/fake_kernel.h"

#include <stdlib.h>
#include <string.h>

#include "tests/host/check.h"

#define FRAMES_MAX 1024
#define MAPPINGS_MAX 512
#define TABLES_MAX 64
#define DOMAINS 4

enum use { FREE, MEMORY, OBJECT, TABLE };

struct frame {
    uint8_t *memory;
    enum use use;
    int owner;
    uint32_t mappings, rights;
};

struct mapping {
    int domain; /* -1: free */
    uint64_t at, frame;
    uint32_t rights;
};

struct slot {
    enum capability_type type;
    uint32_t rights;
    uint64_t badge;
    int domain; /* CAP_DOMAIN: which */
};

/* Domain 0 makes the calls. */
struct domain {
    bool lives;
    uint32_t stock, table_count;
    uint64_t tables[TABLES_MAX]; /* 2 MiB stretches that have one */
    struct slot slots[SLOTS_PER_DOMAIN];
};

static struct frame frames[FRAMES_MAX];
static struct mapping mappings[MAPPINGS_MAX];
static struct domain domains[DOMAINS];
static uint8_t *memory;
static uint64_t limit, calls, refuse_at, started_rip, started_rsp;
static int64_t refusal;
static bool refused;

void fake_reset(uint64_t count)
{
    assert_true(count <= FRAMES_MAX);
    free(memory);
    memory = aligned_alloc(FRAME_BYTES, FRAMES_MAX * FRAME_BYTES);
    assert_non_null(memory);
    memset(frames, 0, sizeof frames);
    memset(domains, 0, sizeof domains);
    for (int i = 0; i < MAPPINGS_MAX; i++)
        mappings[i].domain = -1;
    for (int i = 0; i < FRAMES_MAX; i++)
        frames[i].memory = memory + i * FRAME_BYTES;
    domains[0].lives = true;
    domains[0].slots[SLOT_SELF] = (struct slot){CAP_DOMAIN, RIGHT_ALL, 0, 0};
    domains[0].slots[FAKE_ENDPOINT] = (struct slot){CAP_ENDPOINT, RIGHT_ALL, 0, 0};
    for (uint32_t i = SLOT_INIT_INTERRUPTS; i <= SLOT_INIT_MACHINE; i++)
        domains[0].slots[i] = (struct slot){CAP_PORTS, RIGHT_ALL, 0, 0};
    limit = count;
    calls = refuse_at = started_rip = 0;
    refused = false;
}

void fake_refuse_after(uint64_t after, int64_t error)
{
    refuse_at = calls + after + 1;
    refusal = error;
    refused = false;
}

uint64_t fake_calls(void)
{
    return calls;
}

bool fake_refused(void)
{
    return refused;
}

/* To be asked at the start of every call that can fail. */
static bool refuse(void)
{
    refused = refused || ++calls == refuse_at;
    return calls == refuse_at;
}

static struct domain *domain_in(uint32_t slot, int *number)
{
    assert_in_range(slot, 1, SLOTS_PER_DOMAIN - 1);
    assert_int_equal(domains[0].slots[slot].type, CAP_DOMAIN);
    *number = domains[0].slots[slot].domain;
    assert_true(domains[*number].lives);
    return &domains[*number];
}

static struct frame *frame_of(uint64_t name)
{
    uint64_t index = (name - (uint64_t)memory) / FRAME_BYTES;
    assert_true(name % FRAME_BYTES == 0 && index < FRAMES_MAX);
    return &frames[index];
}

/* The record of a frame the caller may use: owned by it. */
static struct frame *owned(uint64_t name)
{
    struct frame *frame = frame_of(name);
    assert_int_equal(frame->owner, 0);
    assert_int_equal(frame->use, MEMORY);
    return frame;
}

uint64_t fake_frames(void)
{
    uint64_t count = 0;
    for (int i = 0; i < FRAMES_MAX; i++)
        count += frames[i].use != FREE;
    return count;
}

uint64_t fake_mappings(void)
{
    uint64_t count = 0;
    for (int i = 0; i < MAPPINGS_MAX; i++)
        count += mappings[i].domain >= 0;
    return count;
}

uint64_t fake_slots(void)
{
    uint64_t count = 0;
    for (int i = 0; i < SLOTS_PER_DOMAIN; i++)
        count += domains[0].slots[i].type != CAP_EMPTY;
    return count;
}

static struct mapping *mapping_at(int domain, uint64_t at)
{
    for (int i = 0; i < MAPPINGS_MAX; i++)
        if (mappings[i].domain == domain && mappings[i].at == at)
            return &mappings[i];
    return NULL;
}

uint64_t fake_mapped(uint32_t slot, uint64_t at, uint32_t *rights)
{
    int domain;
    domain_in(slot, &domain);
    struct mapping *mapping = mapping_at(domain, at);
    *rights = mapping ? mapping->rights : 0;
    return mapping ? mapping->frame : 0;
}

enum capability_type fake_slot(uint32_t domain, uint32_t slot, uint32_t *rights, uint64_t *badge)
{
    int number;
    const struct slot *held = &domain_in(domain, &number)->slots[slot];
    *rights = held->rights;
    *badge = held->badge;
    return held->type;
}

bool fake_started(uint64_t *rip, uint64_t *rsp)
{
    *rip = started_rip;
    *rsp = started_rsp;
    return started_rip;
}

int64_t sys_frame_claim(uint64_t where, uint32_t order, uint32_t rights, uint64_t tag)
{
    assert_int_equal(where, ZONE_ANY);
    assert_int_equal(order, ORDER_FRAME);
    assert_true(tag);
    if (refuse())
        return refusal;
    /* The first accessible frame needs a page table of the lower half. */
    if (rights && domains[0].table_count == 0) {
        if (domains[0].stock == 0)
            return E_NO_TABLES;
        domains[0].stock--;
        domains[0].tables[domains[0].table_count++] = 0;
    }
    for (uint64_t i = 0; i < limit; i++) {
        if (frames[i].use == FREE) {
            frames[i] = (struct frame){frames[i].memory, MEMORY, 0, 0, rights};
            memset(frames[i].memory, 0, FRAME_BYTES);
            return (int64_t)frames[i].memory;
        }
    }
    return E_NO_MEMORY;
}

int64_t sys_frame_release(uint64_t address, uint32_t order)
{
    assert_int_equal(order, ORDER_FRAME);
    struct frame *frame = owned(address);
    assert_int_equal(frame->mappings, 0);
    frame->use = FREE;
    return OK;
}

int64_t sys_frame_give(uint64_t address, uint32_t order, uint32_t domain, uint32_t rights)
{
    int to;
    assert_int_equal(order, ORDER_FRAME);
    domain_in(domain, &to);
    struct frame *frame = owned(address);
    if (refuse())
        return refusal;
    frame->owner = to;
    frame->rights = rights;
    return OK;
}

/* What is lent stays the caller's, and ends with the domain. */
int64_t sys_frame_grant(uint64_t address, uint32_t order, uint32_t domain, uint32_t rights)
{
    int to;
    assert_int_equal(order, ORDER_FRAME);
    assert_true(rights && rights < 8);
    domain_in(domain, &to);
    owned(address);
    return refuse() ? refusal : OK;
}

int64_t sys_frame_revoke(uint64_t address, uint32_t order, uint32_t domain)
{
    int from;
    assert_int_equal(order, ORDER_FRAME);
    domain_in(domain, &from);
    owned(address);
    return refuse() ? refusal : OK;
}

static bool has_table(const struct domain *domain, uint64_t at)
{
    for (uint32_t i = 0; i < domain->table_count; i++)
        if (domain->tables[i] == at >> BLOCK_SHIFT)
            return true;
    return false;
}

int64_t sys_page_map(uint32_t domain, uint64_t at, uint64_t name, uint32_t rights_order)
{
    int number;
    struct domain *target = domain_in(domain, &number);
    assert_true(at >= UPPER_HALF_START && at < UPPER_HALF_END && at % FRAME_BYTES == 0);
    assert_true(rights_order && rights_order < 8);
    assert_true((rights_order & (MAP_WRITE | MAP_EXECUTE)) != (MAP_WRITE | MAP_EXECUTE));
    if (refuse())
        return refusal;
    assert_null(mapping_at(number, at));
    if (!has_table(target, at)) {
        if (target->stock == 0)
            return E_NO_TABLES;
        assert_in_range(target->table_count, 0, TABLES_MAX - 1);
        target->stock--;
        target->tables[target->table_count++] = at >> BLOCK_SHIFT;
    }
    struct mapping *mapping = mapping_at(-1, 0);
    for (int i = 0; !mapping && i < MAPPINGS_MAX; i++)
        if (mappings[i].domain < 0)
            mapping = &mappings[i];
    assert_non_null(mapping);
    if (at != SYSTEM_PAGE)
        owned(name)->mappings++;
    *mapping = (struct mapping){number, at, name, rights_order};
    return OK;
}

int64_t sys_page_unmap(uint32_t domain, uint64_t at, uint32_t order)
{
    int number;
    domain_in(domain, &number);
    assert_int_equal(order, ORDER_FRAME);
    struct mapping *mapping = mapping_at(number, at);
    if (!mapping)
        return E_NOT_MAPPED;
    frame_of(mapping->frame)->mappings--;
    mapping->domain = -1;
    return OK;
}

int64_t sys_page_fund(uint32_t domain, uint64_t name)
{
    int number;
    struct domain *target = domain_in(domain, &number);
    struct frame *frame = owned(name);
    assert_int_equal(frame->mappings + frame->rights, 0);
    if (refuse())
        return refusal;
    frame->use = TABLE;
    frame->owner = number;
    target->stock++;
    return OK;
}

int64_t sys_domain_create(uint32_t slot, uint64_t a, uint64_t b, uint64_t c)
{
    int number = 1;
    while (domains[number].lives)
        number++;
    assert_in_range(number, 1, DOMAINS - 1);
    assert_int_equal(domains[0].slots[slot].type, CAP_EMPTY);
    struct frame *parts[3] = {owned(a), owned(b), owned(c)};
    if (refuse())
        return refusal;
    for (int i = 0; i < 3; i++) {
        parts[i]->use = OBJECT;
        parts[i]->owner = number;
    }
    domains[number] = (struct domain){.lives = true};
    domains[0].slots[slot] = (struct slot){CAP_DOMAIN, RIGHT_ALL, 0, number};
    return OK;
}

int64_t sys_domain_set(uint32_t domain, uint32_t property, uint64_t value)
{
    int number;
    domain_in(domain, &number);
    if (property == DOMAIN_FAULT_ENDPOINT)
        assert_int_equal(domains[0].slots[value].type, CAP_ENDPOINT);
    return refuse() ? refusal : OK;
}

int64_t sys_domain_destroy(uint32_t domain)
{
    int number;
    domain_in(domain, &number)->lives = false;
    for (int i = 0; i < MAPPINGS_MAX; i++)
        if (mappings[i].domain == number)
            mappings[i].domain = -1;
    for (int i = 0; i < FRAMES_MAX; i++)
        if (frames[i].owner == number)
            frames[i] = (struct frame){.memory = frames[i].memory};
    return OK;
}

int64_t sys_thread_create(uint32_t slot, uint64_t name, uint32_t domain)
{
    int number;
    domain_in(domain, &number);
    assert_int_equal(domains[0].slots[slot].type, CAP_EMPTY);
    struct frame *frame = owned(name);
    if (refuse())
        return refusal;
    frame->use = OBJECT;
    frame->owner = number;
    domains[0].slots[slot] = (struct slot){CAP_THREAD, RIGHT_ALL, 0, number};
    return OK;
}

int64_t sys_thread_set(uint32_t thread, uint32_t property, uint64_t value)
{
    (void)property, (void)value;
    assert_int_equal(domains[0].slots[thread].type, CAP_THREAD);
    return refuse() ? refusal : OK;
}

int64_t sys_thread_start(uint32_t thread, uint64_t rip, uint64_t rsp, uint64_t argument)
{
    assert_int_equal(domains[0].slots[thread].type, CAP_THREAD);
    assert_int_equal(argument, 0);
    if (refuse())
        return refusal;
    started_rip = rip;
    started_rsp = rsp;
    return OK;
}

int64_t sys_slot_copy(uint32_t domain, uint32_t to, uint32_t from, uint32_t rights, uint64_t badge)
{
    int number;
    struct domain *target = domain_in(domain, &number);
    assert_in_range(from, 1, SLOTS_PER_DOMAIN - 1);
    struct slot copy = domains[0].slots[from];
    assert_int_not_equal(copy.type, CAP_EMPTY);
    assert_true(copy.rights & RIGHT_COPY);
    if (refuse())
        return refusal;
    assert_int_equal(target->slots[to].type, CAP_EMPTY);
    copy.rights &= rights;
    copy.badge = badge;
    target->slots[to] = copy;
    return OK;
}

int64_t sys_slot_drop(uint32_t slot)
{
    assert_in_range(slot, 1, SLOTS_PER_DOMAIN - 1);
    int64_t result = domains[0].slots[slot].type == CAP_EMPTY ? E_SLOT : OK;
    domains[0].slots[slot] = (struct slot){0};
    return result;
}

int64_t sys_slot_query(uint32_t domain, uint32_t slot)
{
    int number;
    const struct slot *held = &domain_in(domain, &number)->slots[slot];
    return held->type | held->rights << 8;
}

int64_t sys_machine_query(uint32_t machine, uint32_t what)
{
    (void)machine;
    assert_int_equal(what, MACHINE_FRAMES_FREE);
    return (int64_t)(limit - fake_frames());
}

int64_t sys_frame_claim_device(uint32_t range, uint64_t address, uint32_t order, uint32_t rights,
                               uint32_t cache)
{
    (void)range, (void)address, (void)order, (void)rights, (void)cache;
    return E_UNSUPPORTED;
}
