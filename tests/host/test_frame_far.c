// sources: kernel/frame.c kernel/frame_find.c kernel/frame_far.c kernel/frame_free.c kernel/frame_boot.c kernel/boot_memory.c tests/host/machine.c tests/host/host_memory.c
/*
 * Records of device memory: numbers of frames beyond the table, windows, blocks in pieces, and long
 * random sequences of claiming and releasing compared with a plain list of what should be claimed.
 */
#include <stdbool.h>

#include "kernel/boot_memory.h"
#include "kernel/frame.h"
#include "kernel/frame_far.h"
#include "kernel/frame_ptr.h"

#include "tests/host/check.h"
#include "tests/host/machine.h"

#define KERNEL_IMAGE_END 0x140000
#define TOP (64 * MIB)
#define OWNER 1000
#define FAR (1000 * GIB_BYTES)
#define NEAR (TOP - 4 * MIB) /* no RAM, but in the table */

static struct boot_info info;

static int start(void **state)
{
    (void)state;
    machine_memory(TOP);
    machine_plain(&info, NEAR);
    boot_memory_init(&info, KERNEL_IMAGE_END);
    frame_init(&info, TOP);
    return 0;
}

static void assert_whole(void)
{
    const char *problem = frame_check_devices();
    problem = problem != NULL ? problem : frame_check_lists();
    if (problem) {
        fail_msg("%s", problem);
    }
}

static enum frame_type type_of(uint64_t address)
{
    const struct frame *record = frame_at(address);
    return record != NULL ? record->type : FRAME_ABSENT;
}

/* ---- What kernel/device.c does, without accounts ---- */

static uint64_t take_records(unsigned count)
{
    uint32_t search = 0;
    struct run run;
    int64_t found = frame_find(ZONE_ANY, 3, &search);
    assert_true(found > 0 && count <= 7);
    frame_take((uint64_t)found, 3, &run);
    for (unsigned i = 0; i < 8; i++) {
        struct run frame;
        frame_run((uint64_t)found + i * FRAME_BYTES, ORDER_FRAME, &frame);
        if (i < count) {
            own_take(frame.first, OWNER, 0);
            own_make_object(frame.first, FRAME_DEVICE_RECORDS, 0, 0);
        } else {
            frame_put(&frame);
        }
    }
    return (uint64_t)found;
}

static void claim(uint64_t address, uint32_t order)
{
    struct missing_records missing;
    struct run run;
    assert_int_equal(frame_device_missing(address, order, &missing), OK);
    unsigned count = frame_device_frames(&missing);
    if (count != 0) {
        frame_device_make(address, &missing, take_records(count));
    }
    assert_int_equal(frame_run(address, order, &run), OK);
    for (uint32_t i = 0; i < run.count; i++) {
        own_take_device(run_record(&run, i), CACHE_UNCACHED, OWNER);
    }
    frame_device_claimed(&run);
}

static void release(uint64_t address, uint32_t order)
{
    struct records_area areas[2];
    struct run run;
    assert_int_equal(frame_run(address, order, &run), OK);
    for (uint32_t i = 0; i < run.count; i++) {
        assert_int_equal(run_record(&run, i)->type, FRAME_DEVICE);
        own_free(run_record(&run, i));
    }
    unsigned count = frame_device_released(&run, areas);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < areas[i].count; j++) {
            frame_run(areas[i].first + j * FRAME_BYTES, ORDER_FRAME, &run);
            assert_int_equal(run.first->type, FRAME_DEVICE_RECORDS);
            own_free(run.first);
            frame_put(&run);
        }
    }
}

/* ---- Tests ---- */

static void numbers_of_frames(void **state)
{
    (void)state;
    for (uint64_t address = 0; address < TOP; address += FRAME_BYTES) {
        assert_int_equal(frame_number(address), address / FRAME_BYTES);
        assert_int_equal(frame_address(frame_number(address)), address);
        assert_ptr_equal(frame_at_number(frame_number(address)), frame_at(address));
    }
    assert_null(frame_at_number(TOP / FRAME_BYTES));
    assert_null(frame_at_number(FAR_NUMBERS - 1));
    assert_null(frame_at_number(FAR_NUMBERS));
    assert_null(frame_at_number(UINT32_MAX));
    assert_int_equal(frame_address(UINT32_MAX), 0);
    assert_int_equal(frame_number(FAR), 0);

    /* Three windows; the middle one goes, so that a later one takes its number. */
    for (uint64_t i = 0; i < 3; i++) {
        claim(FAR + i * GIB_BYTES, ORDER_BLOCK);
    }
    uint32_t middle = frame_number(FAR + GIB_BYTES);
    release(FAR + GIB_BYTES, ORDER_BLOCK);
    assert_null(frame_at_number(middle));
    claim(FAR - GIB_BYTES, 0);
    assert_int_equal(frame_number(FAR - GIB_BYTES), middle);
    assert_int_equal(frame_number(FAR + GIB_BYTES), 0);
    for (uint64_t base = FAR - GIB_BYTES; base <= FAR + 2 * GIB_BYTES; base += GIB_BYTES) {
        for (uint64_t i = 0; i < GIB_BYTES && base != FAR + GIB_BYTES; i += 5 * FRAME_BYTES) {
            uint32_t number = frame_number(base + i);
            assert_true(number >= FAR_NUMBERS);
            assert_int_equal(number, frame_number(base) + i / FRAME_BYTES);
            assert_int_equal(frame_address(number), base + i);
            assert_ptr_equal(frame_at_number(number), frame_at(base + i));
        }
    }
    /* What looks like a number of a window as an address is not one. */
    assert_null(frame_at(FRAME_TABLE_LIMIT));
    assert_whole();
    release(FAR - GIB_BYTES, 0);
    release(FAR, ORDER_BLOCK);
    release(FAR + 2 * GIB_BYTES, ORDER_BLOCK);
    assert_int_equal(frame_next_block(TOP / BLOCK_BYTES), NO_BLOCK);
}

/* Memory at the very addresses that numbers of windows would be. */
static void window_at_the_limit(void **state)
{
    (void)state;
    claim(FRAME_TABLE_LIMIT + 3 * GIB_BYTES, 4);
    assert_int_equal(frame_number(FRAME_TABLE_LIMIT + 3 * GIB_BYTES), FAR_NUMBERS);
    assert_int_equal(frame_address(FAR_NUMBERS), FRAME_TABLE_LIMIT + 3 * GIB_BYTES);
    assert_int_equal(type_of(FRAME_TABLE_LIMIT + 3 * GIB_BYTES), FRAME_DEVICE);
    assert_null(frame_at(FRAME_TABLE_LIMIT));
    claim(LOWER_HALF_END - BLOCK_BYTES, ORDER_BLOCK);
    assert_int_equal(type_of(LOWER_HALF_END - 1), FRAME_DEVICE);
    release(LOWER_HALF_END - BLOCK_BYTES, ORDER_BLOCK);
    release(FRAME_TABLE_LIMIT + 3 * GIB_BYTES, 4);
    assert_whole();
}

static void what_is_missing(void **state)
{
    (void)state;
    struct missing_records missing;
    assert_int_equal(frame_device_missing(NEAR, ORDER_BLOCK, &missing), OK);
    assert_int_equal(frame_device_frames(&missing), 0);
    assert_int_equal(frame_device_missing(NEAR, 8, &missing), OK);
    assert_int_equal(frame_device_frames(&missing), 3);
    assert_int_equal(frame_device_missing(0xb8000, 0, &missing), OK); /* boot has split it */
    assert_int_equal(frame_device_frames(&missing), 0);
    assert_int_equal(frame_device_missing(FAR, ORDER_MAX, &missing), OK);
    assert_int_equal(frame_device_frames(&missing), 4);
    assert_int_equal(frame_device_missing(FAR, 0, &missing), OK);
    assert_int_equal(frame_device_frames(&missing), 7);
    /* The GiB that the table ends in, and addresses that are no names. */
    assert_int_equal(frame_device_missing(TOP, 0, &missing), E_NO_FRAME);
    assert_int_equal(frame_device_missing(LOWER_HALF_END, 0, &missing), E_NO_FRAME);
    assert_int_equal(frame_device_missing(UINT64_MAX - FRAME_BYTES + 1, 0, &missing), E_NO_FRAME);
    claim(GIB_BYTES, 0);
    release(GIB_BYTES, 0);
    for (uint64_t i = 0; i < FAR_WINDOWS; i++) {
        claim(FAR + i * GIB_BYTES, ORDER_BLOCK);
    }
    assert_int_equal(frame_device_missing(FAR + FAR_WINDOWS * GIB_BYTES, 0, &missing), E_LIMIT);
    for (uint64_t i = 0; i < FAR_WINDOWS; i++) {
        assert_int_equal(frame_next_block(TOP / BLOCK_BYTES), (FAR + i * GIB_BYTES) / BLOCK_BYTES);
        release(FAR + i * GIB_BYTES, ORDER_BLOCK);
    }
    assert_whole();
}

/* A run never reaches from the table, or from a window, into what has no records. */
static void runs_at_the_ends(void **state)
{
    (void)state;
    struct run run;
    assert_int_equal(frame_run(TOP - BLOCK_BYTES, ORDER_BLOCK, &run), OK);
    assert_int_equal(frame_run(0, ORDER_MAX, &run), E_NO_FRAME);
    assert_int_equal(frame_run(TOP, ORDER_FRAME, &run), E_NO_FRAME);
    claim(GIB_BYTES + GIB_BYTES - BLOCK_BYTES, ORDER_BLOCK);
    assert_int_equal(frame_run(GIB_BYTES, ORDER_MAX, &run), OK);
    assert_int_equal(run.count, 512);
    assert_int_equal(run_record(&run, 511)->type, FRAME_DEVICE);
    assert_int_equal(run_record(&run, 510)->type, FRAME_ABSENT);
    assert_int_equal(frame_run(2 * GIB_BYTES, ORDER_FRAME, &run), E_NO_FRAME);
    release(2 * GIB_BYTES - BLOCK_BYTES, ORDER_BLOCK);
}

/* What the firmware reserved is reserved again; a block of it is whole again. */
static void reserved_again(void **state)
{
    (void)state;
    for (uint64_t at = NEAR; at < TOP; at += BLOCK_BYTES) {
        frame_at(at)->type = FRAME_RESERVED;
    }
    uint64_t free = frame_counts.free;
    claim(NEAR + FRAME_BYTES, 0);
    claim(NEAR + BLOCK_BYTES, ORDER_BLOCK);
    assert_int_equal(type_of(NEAR), FRAME_RESERVED);
    assert_int_equal(type_of(NEAR + FRAME_BYTES), FRAME_DEVICE);
    assert_int_equal(frame_counts.free, free - 3);
    release(NEAR + FRAME_BYTES, 0);
    release(NEAR + BLOCK_BYTES, ORDER_BLOCK);
    assert_int_equal(type_of(NEAR), FRAME_RESERVED);
    assert_int_equal(type_of(NEAR + BLOCK_BYTES), FRAME_RESERVED);
    assert_false(frame_is_split(NEAR));
    assert_int_equal(frame_counts.free, free);
    assert_whole();
}

#define CLAIMS 24
#define STEPS 20000

struct claimed {
    uint64_t address; /* 0: none */
    uint32_t order;
};

static bool overlaps(const struct claimed *a, uint64_t address, uint32_t order)
{
    return a->address != 0 && address < a->address + (FRAME_BYTES << a->order) &&
           a->address < address + (FRAME_BYTES << order);
}

/* Can it be claimed: free, and, of an order of blocks, in no block that is claimed in pieces? */
static bool claimable(const struct claimed *claims, uint64_t address, uint32_t order)
{
    struct run run;
    for (unsigned i = 0; i < CLAIMS; i++) {
        if (overlaps(&claims[i], address, order)) {
            return false;
        }
    }
    int64_t error = frame_run(address, order, &run);
    return error != E_ORDER;
}

static uint64_t random_place(uint64_t *random, uint32_t order)
{
    static const uint64_t bases[] = {NEAR, FAR, FAR + 7 * GIB_BYTES};
    uint64_t base = bases[next_random(random) % 3];
    uint64_t bytes = base == NEAR ? TOP - NEAR : next_random(random) % 2 ? GIB_BYTES : BLOCK_BYTES;
    return base + (next_random(random) % bytes & ~((FRAME_BYTES << order) - 1));
}

static void random_claims(void **state)
{
    (void)state;
    struct claimed claims[CLAIMS] = {0};
    uint64_t random = 12345, free = frame_counts.free, made = 0;
    for (unsigned step = 0; step < STEPS; step++) {
        struct claimed *one = &claims[next_random(&random) % CLAIMS];
        if (one->address != 0) {
            release(one->address, one->order);
            one->address = 0;
        } else {
            uint32_t order = (uint32_t)(next_random(&random) % 12);
            uint64_t address = random_place(&random, order);
            bool fits = order <= ORDER_BLOCK || address >= TOP;
            if (fits && claimable(claims, address, order)) {
                claim(address, order);
                *one = (struct claimed){address, order};
                made++;
            }
        }
        for (unsigned i = 0; i < CLAIMS; i++) {
            uint64_t last = claims[i].address + (FRAME_BYTES << claims[i].order) - 1;
            if (claims[i].address != 0) {
                assert_int_equal(type_of(claims[i].address), FRAME_DEVICE);
                assert_int_equal(type_of(last), FRAME_DEVICE);
            }
        }
        if (step % 64 == 0) {
            assert_whole();
        }
    }
    assert_true(made > STEPS / 8);
    for (unsigned i = 0; i < CLAIMS; i++) {
        if (claims[i].address != 0) {
            release(claims[i].address, claims[i].order);
        }
    }
    assert_whole();
    assert_int_equal(frame_counts.free, free);
    assert_int_equal(frame_next_block(TOP / BLOCK_BYTES), NO_BLOCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(numbers_of_frames, start),
        cmocka_unit_test_setup(window_at_the_limit, start),
        cmocka_unit_test_setup(what_is_missing, start),
        cmocka_unit_test_setup(runs_at_the_ends, start),
        cmocka_unit_test_setup(reserved_again, start),
        cmocka_unit_test_setup(random_claims, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
