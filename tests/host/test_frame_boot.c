// sources: kernel/frame.c kernel/frame_find.c kernel/frame_far.c kernel/frame_free.c kernel/frame_boot.c kernel/boot_memory.c tests/host/machine.c tests/host/host_memory.c
/*
 * The frame table after boot on random machines of several GiB, compared frame by frame with what
 * the memory map, the modules and the kernel's own tables say.
 */
#include "kernel/boot_memory.h"
#include "kernel/frame.h"
#include "kernel/frame_ptr.h"

#include "tests/host/check.h"
#include "tests/host/machine.h"

#define KERNEL_IMAGE_END 0x140000
#define LOW_BYTES (40 * MIB) /* free on every machine, and there to be written to */
#define MACHINES 60
#define MODULE_TAG 7

static struct boot_info info;
static struct boot_area taken[BOOT_AREAS];
static unsigned taken_count;

/* Up to `most` bytes: whole GiBs, whole blocks, whole frames or anything. */
static uint64_t random_bytes(uint64_t *random, uint64_t most)
{
    static const uint64_t units[] = {GIB_BYTES, BLOCK_BYTES, FRAME_BYTES, 1};
    uint64_t unit = units[next_random(random) % 4];
    return next_random(random) % (most / unit + 1) * unit;
}

/* A machine of free and reserved ranges with holes between some; returns the end of all. */
static uint64_t make_machine(uint64_t *random)
{
    machine_memory(64 * MIB);
    machine_plain(&info, LOW_BYTES + random_bytes(random, 3 * GIB_BYTES));
    uint64_t at = info.memory[info.memory_count - 1].end;
    bool free = true;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t hole = next_random(random) % 2 * random_bytes(random, 2 * GIB_BYTES);
        uint64_t bytes = 1 + random_bytes(random, 2 * GIB_BYTES);
        free = hole != 0 && next_random(random) % 2 ? free : !free; /* as ranges_flatten joins */
        machine_range(&info, at + hole, at + hole + bytes, free ? MEMORY_FREE : MEMORY_RESERVED);
        at += hole + bytes;
    }
    machine_module(&info, KERNEL_IMAGE_END + next_random(random) % 16 * FRAME_BYTES,
                   next_random(random) % 0x4000);
    machine_module(&info, 2 * MIB + next_random(random) % 1024 * FRAME_BYTES,
                   next_random(random) % (6 * MIB));
    return at;
}

static void start(uint64_t top, uint64_t table_frames)
{
    boot_memory_init(&info, KERNEL_IMAGE_END);
    while (table_frames != 0) {
        uint64_t count;
        boot_memory_tables(table_frames, &count);
        table_frames -= count;
    }
    taken_count = boot_memory_taken(taken);
    frame_init(&info, top);
    frame_reserve(0, FRAME_BYTES, FRAME_KERNEL, 0);
    frame_reserve(KERNEL_START, KERNEL_IMAGE_END, FRAME_KERNEL, 0);
    for (unsigned i = 0; i < info.module_count; i++) {
        const struct boot_module *module = &info.modules[i];
        frame_reserve(module->address, module->address + module->bytes, FRAME_RAM, MODULE_TAG);
    }
}

static bool overlap(uint64_t address, uint64_t start, uint64_t end)
{
    return start < address + FRAME_BYTES && address < end;
}

/* What the memory map says of a frame. */
static enum frame_type type_by_map(uint64_t address)
{
    enum frame_type type = FRAME_ABSENT;
    for (unsigned i = 0; i < info.memory_count; i++) {
        const struct memory_range *range = &info.memory[i];
        if (range->type != MEMORY_FREE && overlap(address, range->start, range->end)) {
            return FRAME_RESERVED;
        }
        if (range->start <= address && address + FRAME_BYTES <= range->end) {
            type = FRAME_FREE;
        }
    }
    return type;
}

static enum frame_type type_expected(uint64_t address)
{
    if (address == 0 || overlap(address, KERNEL_START, KERNEL_IMAGE_END)) {
        return FRAME_KERNEL;
    }
    for (unsigned i = 0; i < taken_count; i++) {
        if (overlap(address, taken[i].start, taken[i].end)) {
            return FRAME_KERNEL;
        }
    }
    for (unsigned i = 0; i < info.module_count; i++) {
        const struct boot_module *module = &info.modules[i];
        if (overlap(address, module->address, module->address + module->bytes)) {
            return FRAME_RAM;
        }
    }
    return type_by_map(address);
}

/* The table itself, and the records of split blocks, are the kernel's. */
static void assert_kernels(const void *start, uint64_t bytes)
{
    for (uint64_t at = frame_of(start); at < frame_of(start) + bytes; at += FRAME_BYTES) {
        assert_true(at >= frame_table_top() || frame_at(at)->type == FRAME_KERNEL);
    }
}

/* `areas_end`: the last of what the kernel took, tables and records, some of them not needed. */
static void assert_frame(uint64_t machine, uint64_t address, uint64_t areas_end)
{
    const struct frame *record = frame_at(address);
    enum frame_type expected = type_expected(address);
    bool tables = expected == FRAME_FREE && record->type == FRAME_KERNEL &&
                  address >= BLOCK_BYTES && address < areas_end;
    if (record->type != expected && !tables) {
        fail_msg("machine %lu: 0x%lx is of type %u, not %u", machine, address, record->type,
                 expected);
    }
    assert_true(expected == FRAME_KERNEL || tables ||
                record->tag == (expected == FRAME_RAM ? MODULE_TAG : 0));
}

/* Of a whole block every 64th frame is asked for, and the last. */
static void assert_table(uint64_t machine)
{
    struct boot_area areas[BOOT_AREAS];
    uint64_t counts[FRAME_TYPE_COUNT] = {0}, areas_end = 0;
    for (unsigned i = boot_memory_taken(areas); i-- > 0;) {
        areas_end = areas[i].end > areas_end ? areas[i].end : areas_end;
    }
    for (uint64_t i = 0; i < frame_block_count; i++) {
        const struct block *block = frame_block(i);
        bool split = block->whole.type == FRAME_SPLIT;
        uint64_t step = split ? 1 : 64;
        for (uint64_t frame = 0; frame < FRAMES_PER_BLOCK; frame += step) {
            uint64_t address = (i << BLOCK_SHIFT) + (frame << FRAME_SHIFT);
            assert_frame(machine, address, areas_end);
            counts[frame_at(address)->type] += step;
        }
        assert_frame(machine, ((i + 1) << BLOCK_SHIFT) - FRAME_BYTES, areas_end);
        if (split && i != 0) {
            assert_kernels(frame_records_of(block), FRAMES_PER_BLOCK * sizeof(struct frame));
        }
    }
    assert_kernels(frame_blocks, frame_block_count * sizeof(struct block));
    assert_true(frame_counts.free == counts[FRAME_FREE]);
    assert_true(frame_counts.usable == counts[FRAME_FREE] + counts[FRAME_RAM]);
    assert_null(frame_check_lists());
}

static void random_machines(void **state)
{
    (void)state;
    uint64_t random = 17;
    for (uint64_t machine = 0; machine < MACHINES; machine++) {
        uint64_t end = make_machine(&random);
        /* As of device memory that lies higher, or of a map that lists more than there are. */
        uint64_t top = 64 * MIB + random_bytes(&random, end + GIB_BYTES);
        start(top, 1 + next_random(&random) % 1400);
        assert_table(machine);
    }
}

/* A large machine has one list entry per GiB. */
static void gibs_are_whole(void **state)
{
    (void)state;
    machine_memory(64 * MIB);
    machine_plain(&info, 8 * GIB_BYTES);
    start(8 * GIB_BYTES, 11);
    uint32_t search = 0;
    for (uint64_t at = GIB_BYTES; at < 8 * GIB_BYTES; at += GIB_BYTES) {
        assert_int_equal(frame_at(at)->cache, ORDER_MAX);
        assert_true(frame_find(at, ORDER_MAX, &search) == (int64_t)at);
    }
    assert_int_equal(frame_find(0x40000000 - BLOCK_BYTES, ORDER_BLOCK, &search), 0x3fe00000);
    assert_null(frame_check_lists());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_machines),
        cmocka_unit_test(gibs_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
