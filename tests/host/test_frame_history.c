// sources: kernel/frame.c kernel/frame_find.c kernel/frame_far.c kernel/frame_free.c kernel/frame_boot.c kernel/boot_memory.c tests/host/machine.c tests/host/host_memory.c
/*
 * A long random history of the frame table: runs of every order, 4 KiB to 1 GiB, taken by name and
 * by zone and given back, on a machine of 4 GiB in two parts, compared with a plain array of what
 * is taken. What is asked for is found exactly where it is there. Only the lower part is there to
 * be written to, so above 4 GiB nothing is taken in frames.
 */
#include "kernel/boot_memory.h"
#include "kernel/frame.h"
#include "kernel/frame_ptr.h"

#include "tests/host/check.h"
#include "tests/host/machine.h"

#define KERNEL_IMAGE_END 0x140000
#define LOW_TOP GIB_BYTES
#define HIGH_START (4 * GIB_BYTES)
#define TOP (7 * GIB_BYTES)
#define FRAMES (TOP / FRAME_BYTES)
#define STEPS 40000
#define PHASE 4000

struct held {
    uint64_t address;
    uint32_t order;
};

static struct boot_info info;
static struct held held[STEPS];
static size_t held_count;
static uint8_t taken[FRAMES];

static int start(void **state)
{
    (void)state;
    machine_memory(LOW_TOP);
    machine_plain(&info, LOW_TOP);
    machine_range(&info, HIGH_START, TOP, MEMORY_FREE);
    boot_memory_init(&info, KERNEL_IMAGE_END);
    uint64_t count;
    boot_memory_tables(2, &count);
    frame_init(&info, TOP);
    frame_reserve(0, FRAME_BYTES, FRAME_KERNEL, 0);
    frame_reserve(CPU_START_PAGE, CPU_START_PAGE + FRAME_BYTES, FRAME_KERNEL, 0);
    frame_reserve(KERNEL_START, KERNEL_IMAGE_END, FRAME_KERNEL, 0);
    return 0;
}

static int64_t find(uint64_t where, uint32_t order)
{
    uint32_t search = 0;
    int64_t found;
    do {
        found = frame_find(where, order, &search);
    } while (found == E_AGAIN);
    return found;
}

/* Is a block split for good, by boot? Its records lie elsewhere. */
static bool split_by_boot(uint64_t base)
{
    const struct block *block = frame_block(base >> BLOCK_SHIFT);
    return block->whole.type == FRAME_SPLIT && block->records >> 9 != base >> BLOCK_SHIFT;
}

/* Is the run free, as one could claim it? */
static bool is_free(uint64_t address, uint32_t order)
{
    uint64_t end = address + (FRAME_BYTES << order);
    for (uint64_t at = address; at < end;) {
        const struct frame *record = frame_at(at);
        bool records = record->type == FRAME_RECORDS && order >= ORDER_BLOCK;
        if ((record->type != FRAME_FREE && !records) ||
            (order >= ORDER_BLOCK && split_by_boot(at & ~(BLOCK_BYTES - 1)))) {
            return false;
        }
        at += frame_is_split(at) ? FRAME_BYTES : BLOCK_BYTES - at % BLOCK_BYTES;
    }
    return true;
}

static bool any_free(uint64_t zone, uint32_t order)
{
    uint64_t size = FRAME_BYTES << order;
    uint64_t end = zone == ZONE_ANY ? TOP : zone == ZONE_BELOW_4G ? LOW_TOP : MIB;
    for (uint64_t address = 0; address + size <= end; address += size) {
        if ((zone != ZONE_BELOW_1M || order < ORDER_BLOCK) && is_free(address, order)) {
            return true;
        }
    }
    return false;
}

/* Any order; by name three times in four. */
static void take_at_random(uint64_t *random)
{
    uint32_t order = (uint32_t)(next_random(random) % (ORDER_MAX + 1));
    uint64_t size = FRAME_BYTES << order;
    uint64_t where = 1 + next_random(random) % 3;
    if (next_random(random) % 4 != 0) {
        where = next_random(random) % ((order < ORDER_BLOCK ? LOW_TOP : TOP) / size) * size;
    } else if (order < ORDER_BLOCK && where == ZONE_ANY) {
        where = ZONE_BELOW_4G;
    }
    bool named = where >= FRAME_BYTES, there = named && is_free(where, order);
    int64_t found = find(where, order);
    if (found < 0) {
        assert_true(named ? !there
                          : where == 0 || next_random(random) % 64 || !any_free(where, order));
        assert_true(found == (named        ? E_NOT_FREE
                              : where == 0 ? E_ARGUMENT
                                           : E_NO_MEMORY) ||
                    (named && found == E_NO_FRAME));
        return;
    }
    uint64_t address = (uint64_t)found;
    assert_true(named ? there && address == where : address % size == 0);
    assert_true(where != ZONE_BELOW_4G || address < HIGH_START);
    struct run run;
    frame_take(address, order, &run);
    for (uint32_t i = 0; i < run.count; i++) {
        assert_int_equal(run_record(&run, i)->type, FRAME_FREE);
        own_take(run_record(&run, i), 1, 0);
    }
    for (uint64_t i = 0; i < 1ull << order; i++) {
        assert_int_equal(taken[address / FRAME_BYTES + i], 0);
    }
    memset(&taken[address / FRAME_BYTES], 1, 1ull << order);
    if (order <= ORDER_BLOCK && address < LOW_TOP) {
        /* What is taken may be written: the records of others must not lie in it. */
        memset(frame_ptr(address), (int)next_random(random), size);
    }
    held[held_count++] = (struct held){address, order};
}

/* All of a run, or, of those that have two halves, one half. */
static void free_at_random(uint64_t *random)
{
    if (held_count == 0) {
        return;
    }
    struct held *which = &held[next_random(random) % held_count], part = *which;
    if (part.order != 0 && part.order != ORDER_BLOCK && next_random(random) % 2) {
        part.order--;
        *which = part;
        part.address += FRAME_BYTES << part.order;
    } else {
        *which = held[--held_count];
    }
    struct run run;
    assert_int_equal(frame_run(part.address, part.order, &run), OK);
    for (uint32_t i = 0; i < run.count; i++) {
        own_free(run_record(&run, i));
    }
    frame_put(&run);
    memset(&taken[part.address / FRAME_BYTES], 0, 1ull << part.order);
}

static void assert_history(void)
{
    uint64_t owned = 0, free = 0;
    for (uint64_t number = 0; number < FRAMES; number++) {
        uint8_t type = frame_at_number((uint32_t)number)->type;
        owned += taken[number];
        free += type == FRAME_FREE;
        if ((type == FRAME_DIRTY) != taken[number]) {
            fail_msg("frame %#lx is of type %u", number, type);
        }
    }
    assert_true(frame_counts.free == free);
    assert_true(owned + free + frame_counts.records == frame_counts.usable);
    const char *problem = frame_check_lists();
    if (problem) {
        fail_msg("%s", problem);
    }
}

static void random_history(void **state)
{
    (void)state;
    uint64_t random = 0xc0c05;
    for (int step = 0; step < STEPS; step++) {
        /* from mostly taking to mostly freeing, and back */
        if (next_random(&random) % 100 < (step / PHASE % 2 ? 25 : 75)) {
            take_at_random(&random);
        } else {
            free_at_random(&random);
        }
        if (step % 500 == 0) {
            assert_history();
        }
    }
    while (held_count != 0) {
        free_at_random(&random);
    }
    assert_history();
    assert_true(frame_counts.free + frame_counts.records == frame_counts.usable);
    assert_true(frame_counts.records <= RECORD_FRAMES);
    for (uint64_t address = HIGH_START; address < TOP; address += GIB_BYTES) {
        assert_int_equal(find(address, ORDER_MAX), address); /* joined to the last */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(random_history, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
