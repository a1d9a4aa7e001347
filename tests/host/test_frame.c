// sources: kernel/frame.c kernel/frame_boot.c kernel/boot_memory.c tests/host/machine.c tests/host/host_memory.c
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
    boot_memory_table();
    boot_memory_table();
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

static void find_answers_with_errors(void **state)
{
    (void)state;
    assert_int_equal(frame_find(8 * MIB, 1), E_ARGUMENT);
    assert_int_equal(frame_find(8 * MIB, 64), E_ARGUMENT);
    assert_int_equal(frame_find(0, ORDER_FRAME), E_ARGUMENT);
    assert_int_equal(frame_find(4, ORDER_FRAME), E_ARGUMENT);
    assert_int_equal(frame_find(FRAME_BYTES - 1, ORDER_FRAME), E_ARGUMENT);
    assert_int_equal(frame_find(8 * MIB + 1, ORDER_FRAME), E_ALIGNMENT);
    assert_int_equal(frame_find(8 * MIB + FRAME_BYTES, ORDER_BLOCK), E_ALIGNMENT);
    assert_int_equal(frame_find(TOP, ORDER_FRAME), E_NO_FRAME);
    assert_int_equal(frame_find(1ull << 63, ORDER_BLOCK), E_NO_FRAME);
    assert_int_equal(frame_find(~0ull << FRAME_SHIFT, ORDER_FRAME), E_NO_FRAME);
    assert_int_equal(frame_find(VGA_TEXT_FRAME, ORDER_FRAME), E_NO_FRAME);
    assert_int_equal(frame_find(0xf0000, ORDER_FRAME), E_NOT_FREE);
    assert_int_equal(frame_find(KERNEL_START, ORDER_FRAME), E_NOT_FREE);
    assert_int_equal(frame_find(0, ORDER_BLOCK), E_ARGUMENT);
    assert_int_equal(frame_find(ZONE_BELOW_1M, ORDER_BLOCK), E_NO_MEMORY);
}

static void find_answers_with_addresses(void **state)
{
    (void)state;
    assert_int_equal(frame_find(8 * MIB, ORDER_FRAME), 8 * MIB);
    assert_int_equal(frame_find(8 * MIB, ORDER_BLOCK), 8 * MIB);
    int64_t low = frame_find(ZONE_BELOW_1M, ORDER_FRAME);
    assert_true(low > 0 && low < (int64_t)MIB);
    int64_t any = frame_find(ZONE_ANY, ORDER_FRAME);
    assert_true(any >= (int64_t)BLOCK_BYTES && any < (int64_t)TOP);
    int64_t block = frame_find(ZONE_BELOW_4G, ORDER_BLOCK);
    assert_true(block > 0 && block % (int64_t)BLOCK_BYTES == 0);
}

/* A frame of a whole block: its records lie elsewhere in it, and are not counted as free. */
static void taking_a_frame_splits_its_block(void **state)
{
    (void)state;
    static const uint64_t indices[] = {0, 1, 2, 3, 100, 509, 511};
    for (size_t i = 0; i < sizeof(indices) / sizeof(indices[0]); i++) {
        uint64_t free = frame_counts.free;
        uint64_t address = 8 * MIB + indices[i] * FRAME_BYTES;
        struct frame *record = frame_take(address, ORDER_FRAME, FRAME_RAM);
        assert_int_equal(record->type, FRAME_RAM);
        assert_ptr_equal(record, frame_at(address));
        assert_int_equal(frame_find(address, ORDER_FRAME), E_NOT_FREE);
        assert_int_equal(frame_find(8 * MIB, ORDER_BLOCK), E_NOT_FREE);
        assert_true(frame_counts.free == free - 1 - RECORD_FRAMES);
        assert_int_equal(frame_counts.records, RECORD_FRAMES);
        assert_lists();
        frame_free(address, ORDER_FRAME);
        assert_true(frame_counts.free == free); /* joined again */
        assert_int_equal(frame_counts.records, 0);
        assert_int_equal(frame_find(8 * MIB, ORDER_BLOCK), 8 * MIB);
        assert_lists();
    }
}

/* All that there is, by zone, then back: nothing is lost, and no frame is given twice. */
static void all_frames_can_be_taken_and_come_back(void **state)
{
    (void)state;
    static uint64_t taken[FRAMES];
    uint64_t usable = frame_counts.usable;
    uint64_t count = 0;
    for (int64_t found; (found = frame_find(ZONE_ANY, ORDER_FRAME)) >= 0; count++) {
        assert_int_equal(type_of((uint64_t)found), FRAME_FREE);
        frame_take((uint64_t)found, ORDER_FRAME, FRAME_RAM);
        taken[count] = (uint64_t)found;
    }
    assert_int_equal(frame_find(ZONE_ANY, ORDER_FRAME), E_NO_MEMORY);
    assert_int_equal(frame_find(ZONE_BELOW_4G, ORDER_FRAME), E_NO_MEMORY);
    assert_int_equal(frame_find(ZONE_BELOW_1M, ORDER_FRAME), E_NO_MEMORY);
    assert_int_equal(frame_find(ZONE_ANY, ORDER_BLOCK), E_NO_MEMORY);
    assert_int_equal(frame_counts.free, 0);
    assert_int_equal(count_free(), 0);
    assert_int_equal(count + frame_counts.records, usable);
    assert_lists();
    while (count-- > 0) {
        frame_free(taken[count], ORDER_FRAME);
    }
    assert_true(frame_counts.free == usable);
    assert_int_equal(frame_counts.records, 0);
    assert_lists();
}

/* ---- A long random history ---- */

/* What is held: order + 1 at the first frame of each piece, 0 elsewhere. */
static uint8_t held[FRAMES];

static void take_at_random(uint64_t *random)
{
    uint32_t order = next_random(random) % 4 == 0 ? ORDER_BLOCK : ORDER_FRAME;
    uint64_t where = next_random(random) % (2 * TOP / FRAME_BYTES) * FRAME_BYTES;
    if (where >= TOP) {
        where = 1 + next_random(random) % 3; /* a zone */
    } else if (order == ORDER_BLOCK) {
        where &= ~(BLOCK_BYTES - 1);
    }
    int64_t found = frame_find(where, order);
    if (found < 0) {
        assert_true(found == E_NOT_FREE || found == E_NO_FRAME || found == E_NO_MEMORY ||
                    (found == E_ARGUMENT && where == 0));
        return;
    }
    uint64_t first = (uint64_t)found / FRAME_BYTES;
    for (uint64_t i = 0; i < 1ull << order; i++) {
        assert_int_equal(held[first + i], 0);
    }
    frame_take((uint64_t)found, order, FRAME_RAM);
    /* What is taken may be written: the records of others must not lie in it. */
    memset(frame_ptr((uint64_t)found), (int)next_random(random), FRAME_BYTES << order);
    held[first] = (uint8_t)(order + 1);
}

static void free_at_random(uint64_t *random)
{
    uint64_t number = next_random(random) % FRAMES;
    for (uint64_t i = 0; i < FRAMES; i++, number = (number + 1) % FRAMES) {
        if (held[number]) {
            frame_free(number * FRAME_BYTES, held[number] - 1u);
            held[number] = 0;
            return;
        }
    }
}

static void assert_history(void)
{
    uint64_t owned = 0;
    for (uint64_t number = 0; number < FRAMES; number++) {
        if (held[number]) {
            owned += 1ull << (held[number] - 1);
            assert_int_equal(type_of(number * FRAME_BYTES), FRAME_RAM);
        }
    }
    assert_true(frame_counts.free == count_free());
    assert_true(owned + frame_counts.free + frame_counts.records == frame_counts.usable);
    assert_lists();
}

static void random_history(void **state)
{
    (void)state;
    uint64_t random = 0xc0c05;
    memset(held, 0, sizeof(held));
    for (int step = 0; step < 60000; step++) {
        /* from mostly taking to mostly freeing, and back */
        if (next_random(&random) % 100 < (step / 5000 % 2 ? 30 : 70)) {
            take_at_random(&random);
        } else {
            free_at_random(&random);
        }
        if (step % 250 == 0) {
            assert_history();
        }
    }
    for (uint64_t number = 0; number < FRAMES; number++) {
        if (held[number]) {
            frame_free(number * FRAME_BYTES, held[number] - 1u);
        }
    }
    assert_true(frame_counts.free == frame_counts.usable);
    assert_lists();
}

/* ---- Owners' lists ---- */

static void list_of_an_owner(void **state)
{
    (void)state;
    struct frame_list list = {0};
    uint64_t frames[] = {8 * MIB, 8 * MIB + 5 * FRAME_BYTES, 10 * MIB};
    frame_take(frames[0], ORDER_FRAME, FRAME_RAM);
    frame_take(frames[1], ORDER_FRAME, FRAME_RAM);
    frame_take(frames[2], ORDER_BLOCK, FRAME_RAM);
    for (int i = 0; i < 3; i++) {
        frame_list_add(&list, frames[i]);
    }
    assert_int_equal(list.first, frames[2] >> FRAME_SHIFT);
    frame_list_remove(&list, frames[1]);
    assert_int_equal(frame_at(frames[2])->next, frames[0] >> FRAME_SHIFT);
    assert_int_equal(frame_at(frames[0])->prev, frames[2] >> FRAME_SHIFT);
    frame_list_remove(&list, frames[2]);
    frame_list_remove(&list, frames[0]);
    assert_int_equal(list.first, 0);
    assert_int_equal(frame_at(frames[0])->next | frame_at(frames[0])->prev, 0);
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
        cmocka_unit_test_setup(all_frames_can_be_taken_and_come_back, start_plain),
        cmocka_unit_test_setup(random_history, start_plain),
        cmocka_unit_test_setup(list_of_an_owner, start_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
