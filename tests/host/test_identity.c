// sources: kernel/identity.c kernel/x86/fill.c kernel/boot_memory.c tests/host/machine.c tests/host/host_memory.c
/*
 * The identity map: what it costs on machines of all sizes, against the formula of the design,
 * where its tables lie, and what every entry of it says.
 */
#include "kernel/identity.h"

#include "kernel/boot_memory.h"
#include "kernel/frame_ptr.h"
#include "kernel/x86/arch.h"
#include "tests/host/check.h"
#include "tests/host/machine.h"

#define ABSENT ((uint64_t)PTE_AVL_ABSENT << PTE_AVL_SHIFT)
#define GUARD ((uint64_t)PTE_AVL_GUARD << PTE_AVL_SHIFT)
#define ENTRIES 512
#define TEXT_END 0x110000
#define RODATA_END 0x118000
#define KERNEL_IMAGE_END 0x130000
#define TABLES_MAX 2048

static const uint64_t guards[] = {0x120000, 0x125000};
static const struct identity_kernel kernel = {
    KERNEL_START, TEXT_END, RODATA_END, KERNEL_IMAGE_END, guards, 2,
};
static struct boot_info info;
static struct identity_size size;
static uint64_t root;

/* The addresses of the tables, in the order they were taken. */
static uint64_t tables[TABLES_MAX];
static unsigned table_count;

static uint64_t take(uint64_t most, uint64_t *count)
{
    uint64_t first = boot_memory_tables(most, count);
    assert_true(*count >= 1 && *count <= most && table_count + *count <= TABLES_MAX);
    for (uint64_t i = 0; i < *count; i++) {
        tables[table_count++] = first + i * FRAME_BYTES;
    }
    return first;
}

static void build_with(const struct identity_device *devices, unsigned count)
{
    table_count = 0;
    boot_memory_init(&info, KERNEL_IMAGE_END);
    root = identity_build(&info, &kernel, devices, count, take, &size);
}

static void build(void)
{
    build_with(NULL, 0);
}

static uint64_t entry(uint64_t table, uint64_t index)
{
    return ((const uint64_t *)frame_ptr(table))[index];
}

/* The entry that decides about an address, and its level: 1 (4 KiB) to 4. */
static uint64_t walk(uint64_t address, int *level)
{
    uint64_t table = root;
    for (*level = 4;; --*level) {
        uint64_t found = entry(table, address >> (12 + 9 * (*level - 1)) & (ENTRIES - 1));
        if (!(found & PTE_PRESENT) || (found & PTE_LARGE) || *level == 1) {
            return found;
        }
        table = found & PTE_ADDRESS;
    }
}

static void assert_leaf(uint64_t address, int expected_level, uint64_t bits)
{
    int level;
    uint64_t found = walk(address, &level);
    uint64_t start = address & ~((1ull << (12 + 9 * (expected_level - 1))) - 1);
    assert_int_equal(level, expected_level);
    assert_true(found == (start | bits));
}

/* Nothing there: the entry that says so stands at that level, base 0, not present. */
static void assert_absent(uint64_t address, int expected_level)
{
    int level;
    assert_true(walk(address, &level) == ABSENT);
    assert_int_equal(level, expected_level);
}

#define RAM_2M (PTE_PRESENT | PTE_WRITE | PTE_NX | PTE_LARGE)

/* Every leaf of the lower half maps itself, none is writable and executable or the user's. */
static uint64_t count_leaves(uint64_t table, int level, uint64_t start)
{
    uint64_t leaves = 0;
    for (uint64_t i = 0; i < ENTRIES; i++) {
        uint64_t found = entry(table, i);
        uint64_t address = start + (i << (12 + 9 * (level - 1)));
        if (!(found & PTE_PRESENT)) {
            assert_true(found == ABSENT || (found == GUARD && level == 1));
        } else if (level > 1 && !(found & PTE_LARGE)) {
            assert_true((found & ~PTE_ADDRESS) == (PTE_PRESENT | PTE_WRITE));
            leaves += count_leaves(found & PTE_ADDRESS, level - 1, address);
        } else {
            assert_true((found & PTE_ADDRESS) == address);
            assert_true(!(found & PTE_WRITE) || (found & PTE_NX));
            assert_false(found & PTE_USER);
            assert_true(level == 1 || !(found & PTE_GLOBAL));
            leaves++;
        }
    }
    return leaves;
}

/* ---- Sizes ---- */

/* The formula: 1 PML4 + 1 PDPT per 512 GiB + 1 PD per GiB that holds anything + 1 PT. */
static uint64_t formula(uint64_t gib)
{
    return 1 + (gib + 511) / 512 + gib + 1;
}

static void assert_machine(uint64_t gib, uint64_t expected, uint64_t above_2_mib)
{
    machine_memory(64 * MIB);
    machine_plain(&info, gib * GIB_BYTES);
    build();
    assert_int_equal(size.tables, expected);
    assert_int_equal(size.tables, formula(gib));
    assert_int_equal(size.tables, table_count);
    assert_int_equal(size.device_tables, 0);
    assert_true(size.top == gib * GIB_BYTES);
    uint64_t high = 0;
    for (unsigned i = 0; i < table_count; i++) {
        high += tables[i] >= BLOCK_BYTES;
        assert_true(tables[i] >= BLOCK_BYTES ||
                    (tables[i] >= PAGING_ZONE_START && tables[i] < PAGING_ZONE_END));
    }
    assert_int_equal(high, above_2_mib);
    assert_int_equal(count_leaves(root, 4, 0), 512 - 3 + gib * 512 - 1);
}

static void machine_of_1_gib(void **state)
{
    (void)state;
    assert_machine(1, 4, 0);
}

static void machine_of_8_gib(void **state)
{
    (void)state;
    assert_machine(8, 11, 0);
}

static void machine_of_123_gib(void **state)
{
    (void)state;
    assert_machine(123, 126, 0);
}

/* The largest that the paging zone holds: page 0 cannot hold a table, so 127, not 128. */
static void machine_of_124_gib(void **state)
{
    (void)state;
    assert_machine(124, 127, 0);
}

static void machine_of_125_gib(void **state)
{
    (void)state;
    assert_machine(125, 128, 1);
}

static void machine_of_1_tib(void **state)
{
    (void)state;
    assert_machine(1024, 1028, 1028 - 127);
}

/* The hole for devices below 4 GiB costs nothing, and what is beyond it counts by the GiB. */
static void hole_below_4_gib(void **state)
{
    (void)state;
    machine_memory(64 * MIB);
    machine_plain(&info, 3 * GIB_BYTES);
    machine_range(&info, 0xfd00000000, 0x10000000000, MEMORY_RESERVED);
    info.memory[info.memory_count - 1] =
        (struct memory_range){4 * GIB_BYTES, 9 * GIB_BYTES, MEMORY_FREE, 0};
    build();
    assert_int_equal(size.tables, 1 + 1 + 8 + 1);
    assert_absent(3 * GIB_BYTES, 3);
    assert_absent(4 * GIB_BYTES - 1, 3);
    assert_leaf(3 * GIB_BYTES - 1, 2, RAM_2M);
    assert_leaf(4 * GIB_BYTES, 2, RAM_2M);
    assert_absent(9 * GIB_BYTES, 3);
    assert_absent(512 * GIB_BYTES, 4);
    assert_true(size.top == 9 * GIB_BYTES);
}

/* ---- Entries ---- */

static void first_2_mib(void **state)
{
    (void)state;
    machine_memory(64 * MIB);
    machine_plain(&info, 64 * MIB);
    build();
    int level;
    assert_true(walk(0, &level) == GUARD);
    assert_int_equal(level, 1);
    assert_leaf(0x1000, 1, PTE_PRESENT | PTE_WRITE | PTE_NX);
    assert_leaf(0xb8000, 1, PTE_PRESENT | PTE_WRITE | PTE_NX | PTE_PCD | PTE_PWT);
    assert_leaf(KERNEL_START, 1, PTE_PRESENT | PTE_GLOBAL);
    assert_leaf(TEXT_END - 1, 1, PTE_PRESENT | PTE_GLOBAL);
    assert_leaf(TEXT_END, 1, PTE_PRESENT | PTE_NX | PTE_GLOBAL);
    assert_leaf(RODATA_END, 1, PTE_PRESENT | PTE_WRITE | PTE_NX | PTE_GLOBAL);
    assert_leaf(KERNEL_IMAGE_END, 1, PTE_PRESENT | PTE_WRITE | PTE_NX);
    assert_leaf(0x1ff000, 1, PTE_PRESENT | PTE_WRITE | PTE_NX);
    for (int i = 0; i < 2; i++) {
        assert_true(walk(guards[i], &level) == GUARD);
    }
    assert_leaf(BLOCK_BYTES, 2, RAM_2M);
    assert_leaf(64 * MIB - 1, 2, RAM_2M);
    assert_absent(64 * MIB, 2);
    assert_absent(GIB_BYTES, 3);
    assert_absent(UPPER_HALF_START, 4);
}

static void memory_of_every_type(void **state)
{
    (void)state;
    machine_memory(64 * MIB);
    machine_plain(&info, 32 * MIB);
    machine_range(&info, 32 * MIB, 34 * MIB, MEMORY_ACPI);
    machine_range(&info, 34 * MIB, 36 * MIB, MEMORY_NVS);
    machine_range(&info, 36 * MIB, 38 * MIB, MEMORY_RESERVED);
    machine_range(&info, 38 * MIB, 40 * MIB, MEMORY_BAD);
    machine_range(&info, 40 * MIB + 0x3000, 40 * MIB + 0x4000, MEMORY_FREE);
    build();
    assert_leaf(32 * MIB, 2, RAM_2M);
    assert_leaf(34 * MIB, 2, RAM_2M);
    assert_absent(36 * MIB, 2);
    assert_absent(38 * MIB, 2);
    assert_leaf(40 * MIB, 2, RAM_2M); /* one frame of a block is enough */
    assert_true(size.top == 42 * MIB);
}

static void devices(void **state)
{
    (void)state;
    static const struct identity_device given[] = {
        {0xfec00000, 0xff000000, PTE_PCD | PTE_PWT},
        {0xe0000000, 0xe0400000, PTE_PWT},
        {32 * MIB, 34 * MIB, PTE_PWT}, /* RAM already: stays what it is */
    };
    machine_memory(64 * MIB);
    machine_plain(&info, 64 * MIB);
    build_with(given, 3);
    uint64_t device = RAM_2M | (uint64_t)PTE_AVL_DEVICE << PTE_AVL_SHIFT;
    assert_int_equal(size.tables, 4);
    assert_int_equal(size.device_tables, 1);
    assert_leaf(0xfee00000, 2, device | PTE_PCD | PTE_PWT);
    assert_leaf(0xe0200000, 2, device | PTE_PWT);
    assert_leaf(32 * MIB, 2, RAM_2M);
    assert_true(size.top == 64 * MIB);
    count_leaves(root, 4, 0);
}

/* ---- Where tables lie ---- */

static void tables_avoid_reserved_memory_and_modules(void **state)
{
    (void)state;
    machine_memory(64 * MIB);
    memset(&info, 0, sizeof(info));
    machine_range(&info, 0, 0x3000, MEMORY_FREE);
    machine_range(&info, 0x3000, 0x5000, MEMORY_RESERVED);
    machine_range(&info, 0x5000, 0x7800, MEMORY_FREE);
    machine_range(&info, 0x100000, 8 * GIB_BYTES, MEMORY_FREE);
    machine_module(&info, 0x1000, 0x1001);
    machine_module(&info, 0x200000, 0x5000);
    build();
    assert_int_equal(size.tables, 11);
    /* 0x1000 and 0x2000 hold a module, 0x3000 is reserved, half of 0x7000 is: two are left */
    assert_true(tables[0] == 0x5000 && tables[1] == 0x6000);
    for (unsigned i = 2; i < table_count; i++) {
        assert_true(tables[i] == 0x205000 + (i - 2) * FRAME_BYTES);
    }
    struct boot_area areas[BOOT_AREAS];
    assert_int_equal(boot_memory_taken(areas), 2);
    assert_true(areas[0].start == 0x5000 && areas[0].end == 0x7000);
    assert_true(areas[1].start == 0x205000 && areas[1].end == 0x20e000);
}

static void refuses_without_room(void **state)
{
    (void)state;
    machine_memory(64 * MIB);
    machine_plain(&info, 4 * MIB);
    boot_memory_init(&info, KERNEL_IMAGE_END);
    assert_true(boot_memory_area(2 * MIB) == 2 * MIB);
    expect_assert_failure(boot_memory_area(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine_of_1_gib),
        cmocka_unit_test(machine_of_8_gib),
        cmocka_unit_test(machine_of_123_gib),
        cmocka_unit_test(machine_of_124_gib),
        cmocka_unit_test(machine_of_125_gib),
        cmocka_unit_test(machine_of_1_tib),
        cmocka_unit_test(hole_below_4_gib),
        cmocka_unit_test(first_2_mib),
        cmocka_unit_test(memory_of_every_type),
        cmocka_unit_test(devices),
        cmocka_unit_test(tables_avoid_reserved_memory_and_modules),
        cmocka_unit_test(refuses_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
