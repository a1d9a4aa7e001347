// sources: boot/ranges.c
/*
 * The firmware's memory map made into ranges: joins, splits and limits, and random maps compared
 * with a picture of the memory painted byte by byte.
 */
#include "boot/ranges.h"

#include "boot/multiboot2.h"
#include "tests/host/check.h"

struct entry {
    uint64_t start, length;
    uint32_t type, reserved;
};
_Static_assert(sizeof(struct entry) == ENTRY_BYTES_MIN,
               "an entry is laid out as Multiboot2 has it");

static const char *flatten(const struct entry *entries, uint32_t count, struct boot_info *info)
{
    void *copy = exact_copy(entries, count * sizeof(*entries));
    struct raw_map map = {copy, sizeof(*entries), count};
    const char *problem = ranges_flatten(&map, info);
    free(copy);
    return problem;
}

static void assert_range(const struct boot_info *info, uint32_t i, uint64_t start, uint64_t end,
                         uint32_t type)
{
    assert_true(i < info->memory_count);
    assert_true(info->memory[i].start == start);
    assert_true(info->memory[i].end == end);
    assert_int_equal(info->memory[i].type, type);
}

static void sorts(void **state)
{
    (void)state;
    static const struct entry entries[] = {{0x5000, 0x1000, 2, 0}, {0x1000, 0x1000, 1, 0}};
    struct boot_info info;
    assert_null(flatten(entries, 2, &info));
    assert_int_equal(info.memory_count, 2);
    assert_range(&info, 0, 0x1000, 0x2000, MEMORY_FREE);
    assert_range(&info, 1, 0x5000, 0x6000, MEMORY_RESERVED);
}

static void joins(void **state)
{
    (void)state;
    static const struct entry entries[] = {{0x2000, 0x1000, 1, 0},
                                           {0x1000, 0x1000, 1, 0},
                                           {0x2800, 0x2000, 1, 0},
                                           {0x4800, 0x10, 2, 0}};
    struct boot_info info;
    assert_null(flatten(entries, 4, &info));
    assert_int_equal(info.memory_count, 2);
    assert_range(&info, 0, 0x1000, 0x4800, MEMORY_FREE);
    assert_range(&info, 1, 0x4800, 0x4810, MEMORY_RESERVED);
}

static void splits(void **state)
{
    (void)state;
    static const struct entry entries[] = {{0, 0x10000, 1, 0}, {0x4000, 0x1000, 2, 0}};
    struct boot_info info;
    assert_null(flatten(entries, 2, &info));
    assert_int_equal(info.memory_count, 3);
    assert_range(&info, 0, 0, 0x4000, MEMORY_FREE);
    assert_range(&info, 1, 0x4000, 0x5000, MEMORY_RESERVED);
    assert_range(&info, 2, 0x5000, 0x10000, MEMORY_FREE);
}

/* Each type over the one before it, whatever the order in the list. */
static void prefers_the_stricter(void **state)
{
    (void)state;
    static const uint32_t rising[] = {MEMORY_FREE, MEMORY_ACPI, MEMORY_NVS, MEMORY_RESERVED,
                                      MEMORY_BAD};
    struct boot_info info;
    for (int i = 1; i < 5; i++) {
        struct entry entries[2] = {{0, 0x1000, rising[i], 0}, {0, 0x1000, rising[i - 1], 0}};
        assert_null(flatten(entries, 2, &info));
        assert_int_equal(info.memory_count, 1);
        assert_range(&info, 0, 0, 0x1000, rising[i]);
        entries[0].type = rising[i - 1];
        entries[1].type = rising[i];
        assert_null(flatten(entries, 2, &info));
        assert_range(&info, 0, 0, 0x1000, rising[i]);
    }
}

static void reserves_unknown_types(void **state)
{
    (void)state;
    static const uint32_t unknown[] = {0, 6, 7, 12, 0x80000000, 0xffffffff};
    struct boot_info info;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        struct entry entry = {0, 0x1000, unknown[i], 0};
        assert_null(flatten(&entry, 1, &info));
        assert_range(&info, 0, 0, 0x1000, MEMORY_RESERVED);
    }
}

static void limits_ranges(void **state)
{
    (void)state;
    struct entry entries[2 * MEMORY_RANGES + 1];
    struct boot_info info;
    for (uint32_t i = 0; i <= MEMORY_RANGES; i++) {
        entries[i] = (struct entry){i * 0x2000ull, 0x1000, 1, 0};
    }
    assert_null(flatten(entries, MEMORY_RANGES, &info));
    assert_int_equal(info.memory_count, MEMORY_RANGES);
    assert_string_equal(flatten(entries, MEMORY_RANGES + 1, &info),
                        "the boot loader's memory map has more than 64 different ranges");
    /* what fills the gaps comes last, and still all is one range */
    for (uint32_t i = 0; i < MEMORY_RANGES; i++) {
        entries[MEMORY_RANGES + 1 + i] = (struct entry){i * 0x2000ull + 0x1000, 0x1000, 1, 0};
    }
    assert_null(flatten(entries, 2 * MEMORY_RANGES + 1, &info));
    assert_int_equal(info.memory_count, 1);
}

static void limits_entries(void **state)
{
    (void)state;
    static struct entry entries[RAW_MAP_ENTRIES_MAX + 1];
    struct boot_info info;
    for (uint32_t i = 0; i <= RAW_MAP_ENTRIES_MAX; i++) {
        entries[i] = (struct entry){i * 0x1000ull, 0x1000, 1, 0};
    }
    assert_null(flatten(entries, RAW_MAP_ENTRIES_MAX, &info));
    assert_range(&info, 0, 0, RAW_MAP_ENTRIES_MAX * 0x1000ull, MEMORY_FREE);
    assert_string_equal(flatten(entries, RAW_MAP_ENTRIES_MAX + 1, &info),
                        "the boot loader's memory map has more than 4096 entries");
}

static void reaches_the_last_address(void **state)
{
    (void)state;
    struct entry entry = {UINT64_MAX - 0xfff, 0xfff, 2, 0};
    struct boot_info info;
    assert_null(flatten(&entry, 1, &info));
    assert_range(&info, 0, UINT64_MAX - 0xfff, UINT64_MAX, MEMORY_RESERVED);
    entry.length++;
    assert_non_null(flatten(&entry, 1, &info));
}

static void reserves_what_has_no_frame_number(void **state)
{
    (void)state;
    static const struct entry entries[] = {
        {RANGES_USABLE_END - 0x1000, 0x3000, MEMORY_FREE, 0},
        {1ull << 52, 0x1000, MEMORY_BAD, 0},
    };
    struct boot_info info;
    assert_null(flatten(entries, 2, &info));
    assert_int_equal(info.memory_count, 3);
    assert_range(&info, 0, RANGES_USABLE_END - 0x1000, RANGES_USABLE_END, MEMORY_FREE);
    assert_range(&info, 1, RANGES_USABLE_END, RANGES_USABLE_END + 0x2000, MEMORY_RESERVED);
    assert_range(&info, 2, 1ull << 52, (1ull << 52) + 0x1000, MEMORY_RESERVED);
}

#define PICTURE_BYTES 256

static void paint(const struct entry *entries, int count, uint8_t *picture)
{
    static const uint8_t rank[] = {0, 1, 4, 2, 3, 5};
    memset(picture, 0, PICTURE_BYTES);
    for (int i = 0; i < count; i++) {
        for (uint64_t at = entries[i].start; at < entries[i].start + entries[i].length; at++) {
            if (rank[entries[i].type] > rank[picture[at]]) {
                picture[at] = (uint8_t)entries[i].type;
            }
        }
    }
}

static void agrees_with_a_picture(void **state)
{
    (void)state;
    uint64_t random = 0x5eed;
    for (int round = 0; round < 20000; round++) {
        struct entry entries[12];
        uint8_t painted[PICTURE_BYTES];
        uint8_t got[PICTURE_BYTES] = {0};
        int count = 1 + (int)(next_random(&random) % 12);
        for (int i = 0; i < count; i++) {
            uint64_t start = next_random(&random) % PICTURE_BYTES;
            uint64_t length = next_random(&random) % (PICTURE_BYTES - start + 1);
            entries[i] = (struct entry){start, length, 1 + (uint32_t)(next_random(&random) % 5), 0};
        }
        struct boot_info info;
        flatten(entries, count, &info);
        paint(entries, count, painted);
        for (uint32_t i = 0; i < info.memory_count; i++) {
            struct memory_range range = info.memory[i];
            assert_true(range.start < range.end && range.end <= PICTURE_BYTES);
            assert_true(
                i == 0 || info.memory[i - 1].end < range.start ||
                (info.memory[i - 1].end == range.start && info.memory[i - 1].type != range.type));
            memset(got + range.start, (int)range.type, range.end - range.start);
        }
        assert_memory_equal(got, painted, PICTURE_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts),
        cmocka_unit_test(joins),
        cmocka_unit_test(splits),
        cmocka_unit_test(prefers_the_stricter),
        cmocka_unit_test(reserves_unknown_types),
        cmocka_unit_test(limits_ranges),
        cmocka_unit_test(limits_entries),
        cmocka_unit_test(reaches_the_last_address),
        cmocka_unit_test(reserves_what_has_no_frame_number),
        cmocka_unit_test(agrees_with_a_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
