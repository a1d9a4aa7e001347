// sources: kernel/frame.c kernel/frame_find.c kernel/frame_far.c kernel/frame_free.c kernel/frame_boot.c kernel/boot_memory.c tests/host/machine.c tests/host/host_memory.c
/*
 * The frame table: what boot makes of a memory map, every answer of frame_find, and long random
 * sequences of taking and freeing compared with a plain array of what should be free.
 */
#include "kernel/boot_memory.h"
#include "kernel/frame.h"
#include "kernel/frame_ptr.h"

#include "tests/host/check.h"
#include "tests/host/machine.h"

#define KERNEL_IMAGE_END 0x140000
#define TOP (64 * MIB)
#define FRAMES (TOP / FRAME_BYTES)

static struct boot_info info;

static void assert_lists(void)
{
    const char *problem = frame_check_lists();
    if (problem) {
        fail_msg("%s", problem);
    }
}

/* As kernel_main does it, on a machine of 64 MiB. */
static void start(void)
{
    boot_memory_init(&info, KERNEL_IMAGE_END);
    uint64_t count;
    boot_memory_tables(2, &count);
    frame_init(&info, TOP);
    frame_reserve(0, FRAME_BYTES, FRAME_KERNEL, 0);
    frame_reserve(CPU_START_PAGE, CPU_START_PAGE + FRAME_BYTES, FRAME_KERNEL, 0);
    frame_reserve(KERNEL_START, KERNEL_IMAGE_END, FRAME_KERNEL, 0);
}

static int start_plain(void **state)
{
    (void)state;
    machine_memory(TOP);
    machine_plain(&info, TOP);
    start();
    return 0;
}

static enum frame_type type_of(uint64_t address)
{
    return frame_at(address)->type;
}

/* Every free frame counted one by one. */
static uint64_t count_free(void)
{
    uint64_t count = 0;
    for (uint64_t address = 0; address < TOP; address += FRAME_BYTES) {
        count += type_of(address) == FRAME_FREE;
    }
    return count;
}

static void boot_knows_the_memory(void **state)
{
    (void)state;
    assert_lists();
    assert_int_equal(type_of(0), FRAME_KERNEL);
    assert_int_equal(type_of(0x1000), FRAME_KERNEL); /* tables of the identity map */
    assert_int_equal(type_of(0x2000), FRAME_KERNEL);
    assert_int_equal(type_of(0x3000), FRAME_FREE);
    assert_int_equal(type_of(CPU_START_PAGE), FRAME_KERNEL);
    assert_int_equal(type_of(0x9e000), FRAME_FREE);
    assert_int_equal(type_of(0x9f000), FRAME_RESERVED); /* free in part only */
    assert_int_equal(type_of(0xb8000), FRAME_ABSENT);
    assert_int_equal(type_of(0xf0000), FRAME_RESERVED);
    assert_int_equal(type_of(KERNEL_START), FRAME_KERNEL);
    assert_int_equal(type_of(KERNEL_IMAGE_END), FRAME_FREE);
    assert_int_equal(type_of(TOP - FRAME_BYTES), FRAME_FREE);
    assert_null(frame_at(TOP));
    assert_true(frame_counts.free == count_free());
    assert_true(frame_counts.usable == frame_counts.free);
    assert_int_equal(frame_counts.records, 0);
}

static void boot_keeps_modules(void **state)
{
    (void)state;
    machine_memory(TOP);
    machine_plain(&info, TOP);
    machine_module(&info, 0x140000, 0x1001);
    machine_module(&info, 8 * MIB, 3 * MIB + 1);
    start();
    uint64_t usable = frame_counts.usable;
    frame_reserve(0x140000, 0x141001, FRAME_RAM, 7);
    frame_reserve(8 * MIB, 11 * MIB + 1, FRAME_RAM, 7);
    assert_lists();
    assert_int_equal(type_of(0x141000), FRAME_RAM);
    assert_int_equal(type_of(0x142000), FRAME_FREE);
    assert_int_equal(type_of(8 * MIB), FRAME_RAM);
    assert_int_equal(type_of(11 * MIB), FRAME_RAM);
    assert_int_equal(type_of(11 * MIB + FRAME_BYTES), FRAME_FREE);
    assert_true(frame_at(9 * MIB)->tag == 7);
    assert_true(frame_counts.usable == usable);
    assert_true(frame_counts.free == usable - 2 - 769);
    assert_true(frame_counts.free == count_free());
}

static void boot_leaves_holes_alone(void **state)
{
    (void)state;
    machine_memory(TOP);
    machine_plain(&info, 16 * MIB);
    machine_range(&info, 20 * MIB + 0x800, 30 * MIB + 0x800, MEMORY_FREE);
    machine_range(&info, 30 * MIB + 0x800, 31 * MIB, MEMORY_ACPI);
    machine_range(&info, 62 * MIB, 64 * MIB, MEMORY_BAD);
    start();
    assert_lists();
    assert_int_equal(type_of(18 * MIB), FRAME_ABSENT);
    assert_int_equal(type_of(20 * MIB), FRAME_ABSENT); /* free in part only */
    assert_int_equal(type_of(20 * MIB + FRAME_BYTES), FRAME_FREE);
    assert_int_equal(type_of(30 * MIB - FRAME_BYTES), FRAME_FREE);
    assert_int_equal(type_of(30 * MIB), FRAME_RESERVED); /* half free, half ACPI */
    assert_int_equal(type_of(31 * MIB), FRAME_ABSENT);
    assert_int_equal(type_of(62 * MIB), FRAME_RESERVED);
    assert_true(frame_counts.free == count_free());
}

/* Finds as system calls do: again until all of the search is done. */
static int64_t find(uint64_t where, uint32_t order)
{
    uint32_t search = 0;
    int64_t found;
    do {
        found = frame_find(where, order, &search);
    } while (found == E_AGAIN);
    assert_int_equal(search, 0);
    return found;
}

static void take(uint64_t address, uint32_t order)
{
    struct run run;
    frame_take(address, order, &run);
    for (uint32_t i = 0; i < run.count; i++) {
        assert_int_equal(run_record(&run, i)->type, FRAME_FREE);
        own_take(run_record(&run, i), 1, 0);
    }
}

static void give_back(uint64_t address, uint32_t order)
{
    struct run run;
    assert_int_equal(frame_run(address, order, &run), OK);
    for (uint32_t i = 0; i < run.count; i++) {
        own_free(run_record(&run, i));
    }
    frame_put(&run);
}

static void find_answers_with_errors(void **state)
{
    (void)state;
    assert_int_equal(find(8 * MIB, ORDER_MAX + 1), E_ARGUMENT);
    assert_int_equal(find(8 * MIB, 64), E_ARGUMENT);
    assert_int_equal(find(8 * MIB, UINT32_MAX), E_ARGUMENT);
    assert_int_equal(find(0, ORDER_FRAME), E_ARGUMENT);
    assert_int_equal(find(4, ORDER_FRAME), E_ARGUMENT);
    assert_int_equal(find(FRAME_BYTES - 1, ORDER_FRAME), E_ARGUMENT);
    assert_int_equal(find(8 * MIB + 1, ORDER_FRAME), E_ALIGNMENT);
    assert_int_equal(find(VGA_TEXT_FRAME, ORDER_FRAME), E_NO_FRAME);
    assert_int_equal(find(0xf0000, ORDER_FRAME), E_NOT_FREE);
    assert_int_equal(find(KERNEL_START, ORDER_FRAME), E_NOT_FREE);
    assert_int_equal(find(0x9e000, 1), E_NOT_FREE); /* 0x9f000 is reserved */
    assert_int_equal(find(32 * MIB, 14), E_ALIGNMENT);
    for (uint32_t order = 1; order <= ORDER_MAX; order++) {
        uint64_t size = FRAME_BYTES << order;
        assert_int_equal(find(size + size / 2, order), E_ALIGNMENT);
        assert_int_equal(find(64 * GIB_BYTES, order), E_NO_FRAME);
        assert_int_equal(find(1ull << 63, order), E_NO_FRAME);
        assert_int_equal(find(0 - size, order), E_NO_FRAME);
        assert_int_equal(find(0, order), E_ARGUMENT);
    }
    assert_int_equal(find(ZONE_BELOW_1M, 8), E_NO_MEMORY);
    assert_int_equal(find(ZONE_BELOW_1M, ORDER_BLOCK), E_NO_MEMORY);
    assert_int_equal(find(ZONE_ANY, 14), E_NO_MEMORY); /* all 64 MiB */
}

static void find_answers_with_addresses(void **state)
{
    (void)state;
    for (uint32_t order = 0; order <= 12; order++) {
        uint64_t size = FRAME_BYTES << order;
        assert_int_equal(find(32 * MIB, order), 32 * MIB);
        int64_t any = find(ZONE_ANY, order), below = find(ZONE_BELOW_4G, order);
        assert_true(any >= (int64_t)BLOCK_BYTES && any + (int64_t)size <= (int64_t)TOP);
        assert_true(any % (int64_t)size == 0 && below % (int64_t)size == 0 && below > 0);
        int64_t low = find(ZONE_BELOW_1M, order);
        assert_true(low == E_NO_MEMORY ? order > 5 : low > 0 && low < (int64_t)MIB);
    }
}

/* A frame of a whole block: its records lie elsewhere in it, and are not counted as free. */
static void taking_a_frame_splits_its_block(void **state)
{
    (void)state;
    static const uint64_t indices[] = {0, 1, 2, 3, 100, 256, 509, 511};
    for (size_t i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
        uint64_t free = frame_counts.free;
        uint64_t address = 8 * MIB + indices[i] * FRAME_BYTES;
        uint32_t order = indices[i] == 256 ? 8 : 0;
        take(address, order);
        assert_int_equal(find(address, ORDER_FRAME), E_NOT_FREE);
        assert_int_equal(find(8 * MIB, ORDER_BLOCK), E_NOT_FREE);
        assert_true(frame_counts.free == free - (1u << order) - RECORD_FRAMES);
        assert_int_equal(frame_counts.records, RECORD_FRAMES);
        assert_lists();
        give_back(address, order);
        assert_true(frame_counts.free == free); /* joined again */
        assert_int_equal(frame_counts.records, 0);
        assert_int_equal(find(8 * MIB, ORDER_BLOCK), 8 * MIB);
        assert_lists();
    }
}

/* The blocks that boot has split are full, and the next one is split for a frame. */
static uint64_t take_past_boot_blocks(void)
{
    while (frame_counts.records == 0) {
        take((uint64_t)find(ZONE_ANY, ORDER_FRAME), ORDER_FRAME);
    }
    uint64_t base = 0;
    for (uint64_t at = 0; at < TOP; at += BLOCK_BYTES) {
        struct frame *record = frame_at(at);
        base = record->type == FRAME_RECORDS ? at : base;
    }
    return base;
}

/* The only split block stays split when all of it is free, until it or another one is wanted. */
static void the_last_split_block_is_joined_when_wanted(void **state)
{
    (void)state;
    uint64_t usable = frame_counts.usable, base = take_past_boot_blocks();
    uint64_t frame = base + RECORD_FRAMES * FRAME_BYTES, other = base + 2 * BLOCK_BYTES;
    uint64_t held = usable - frame_counts.free - frame_counts.records - 1; /* without `frame` */
    for (unsigned way = 0; way < 4; way++) {
        if (way != 0) {
            take(frame, ORDER_FRAME);
        }
        give_back(frame, ORDER_FRAME);
        assert_int_equal(frame_counts.records, RECORD_FRAMES);
        assert_lists();
        if (way == 1) { /* this very block */
            assert_int_equal(find(base, ORDER_BLOCK), base);
        } else if (way == 2) { /* it becomes part of a larger run */
            assert_int_equal(find(base & ~(2 * BLOCK_BYTES - 1), ORDER_BLOCK + 1),
                             base & ~(2 * BLOCK_BYTES - 1));
        } else if (way == 3) { /* another block is split */
            take(other, ORDER_FRAME);
            assert_int_equal(frame_counts.records, RECORD_FRAMES);
            assert_int_equal(find(base, ORDER_BLOCK), base);
            give_back(other, ORDER_FRAME);
        }
        assert_true(way == 0 || way == 3 || frame_counts.records == 0);
        assert_true(usable == frame_counts.free + frame_counts.records + held);
        assert_lists();
    }
}

/* All that there is, by zone, then back: nothing is lost, and no frame is given twice. */
static void all_frames_can_be_taken_and_come_back(void **state)
{
    (void)state;
    static uint64_t taken[FRAMES];
    for (uint32_t order = 0; order <= 8; order += 4) {
        uint64_t usable = frame_counts.usable, count = 0;
        for (int64_t found; (found = find(ZONE_ANY, order)) >= 0; count++) {
            take((uint64_t)found, order);
            taken[count] = (uint64_t)found;
        }
        assert_int_equal(find(ZONE_ANY, order), E_NO_MEMORY);
        assert_int_equal(find(ZONE_BELOW_4G, order), E_NO_MEMORY);
        assert_int_equal(find(ZONE_BELOW_1M, order), E_NO_MEMORY);
        assert_int_equal(find(ZONE_ANY, ORDER_BLOCK), E_NO_MEMORY);
        assert_true(order != 0 || frame_counts.free == 0);
        assert_true(frame_counts.free == count_free());
        assert_true((count << order) + frame_counts.records + frame_counts.free == usable);
        assert_lists();
        while (count-- > 0) {
            give_back(taken[count], order);
        }
        assert_true(frame_counts.free + frame_counts.records == usable);
        assert_true(frame_counts.records <= RECORD_FRAMES);
        assert_lists();
    }
}

/* A search for frames side by side looks at a bounded number of split blocks a step. */
static void search_is_bounded(void **state)
{
    (void)state;
    uint64_t first = 8 * MIB;
    for (uint64_t base = first; base < TOP; base += BLOCK_BYTES) {
        if (find(base, ORDER_BLOCK) == (int64_t)base) {
            take(base + 300 * FRAME_BYTES, ORDER_FRAME); /* and the records: in either half */
        }
    }
    for (int64_t found; (found = find(ZONE_ANY, 8)) >= 0;) {
        take((uint64_t)found, 8); /* of blocks that boot has split */
    }
    uint32_t search = 0;
    unsigned steps = 1;
    while (frame_find(ZONE_ANY, 8, &search) == E_AGAIN) {
        steps++;
    }
    assert_in_range(steps, 3, 8);
    assert_true(frame_find(ZONE_BELOW_4G, 8, &search) == E_AGAIN && search != 0);
    assert_true(frame_find(ZONE_ANY, 7, &search) > 0); /* another search goes on with it */
    assert_int_equal(search, 0);
    assert_lists();
}

/* ---- Owners' rings ---- */

static void ring_of_an_owner(void **state)
{
    (void)state;
    uint64_t frames[] = {8 * MIB, 8 * MIB + 5 * FRAME_BYTES, 8 * MIB + 6 * FRAME_BYTES, 10 * MIB};
    uint32_t number[4];
    for (int i = 0; i < 4; i++) {
        take(frames[i], i == 3 ? ORDER_BLOCK : ORDER_FRAME);
        number[i] = (uint32_t)(frames[i] >> FRAME_SHIFT);
    }
    struct frame *head = frame_at(frames[0]);
    ring_make(head, number[0]);
    assert_int_equal(head->next, number[0]);
    for (int i = 1; i < 4; i++) {
        ring_add(head, number[0], frame_at(frames[i]), number[i]);
    }
    assert_int_equal(head->next, number[3]);
    assert_int_equal(head->prev, number[1]);
    ring_remove(frame_at(frames[2]));
    assert_int_equal(frame_at(frames[3])->next, number[1]);
    assert_int_equal(frame_at(frames[1])->prev, number[3]);
    ring_remove(frame_at(frames[3]));
    ring_remove(frame_at(frames[1]));
    assert_int_equal(head->next, number[0]);
    assert_int_equal(head->prev, number[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(boot_knows_the_memory, start_plain),
        cmocka_unit_test(boot_keeps_modules),
        cmocka_unit_test(boot_leaves_holes_alone),
        cmocka_unit_test_setup(find_answers_with_errors, start_plain),
        cmocka_unit_test_setup(find_answers_with_addresses, start_plain),
        cmocka_unit_test_setup(taking_a_frame_splits_its_block, start_plain),
        cmocka_unit_test_setup(the_last_split_block_is_joined_when_wanted, start_plain),
        cmocka_unit_test_setup(all_frames_can_be_taken_and_come_back, start_plain),
        cmocka_unit_test_setup(search_is_bounded, start_plain),
        cmocka_unit_test_setup(ring_of_an_owner, start_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
