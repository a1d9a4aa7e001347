// sources: libc/linux/ranges.c
/* The list of ranges against a plain array of pages, over many random changes. */
#include "libc/linux/ranges.h"

#include "tests/host/check.h"

#define PAGE 4096ull
#define PAGES 64u
#define BASE (1ull << 40)
#define STEPS 200000

enum { UNUSED = 255 };

static struct range items[PAGES + RANGES_GROWTH];
static struct ranges ranges;
static uint8_t pages[PAGES];

static void begin(void)
{
    ranges = (struct ranges){items, 0, PAGES + RANGES_GROWTH, BASE, BASE + PAGES * PAGE};
    memset(pages, UNUSED, sizeof pages);
}

/* The list says of every page what the array says, in as few sorted ranges as possible. */
static void compare(void)
{
    uint32_t runs = 0;
    for (uint32_t i = 0; i < PAGES; i++) {
        const struct range *range = linux_ranges_from(&ranges, BASE + i * PAGE);
        if (pages[i] == UNUSED) {
            assert_true(!range || range->start > BASE + i * PAGE);
        } else {
            assert_non_null(range);
            assert_true(range->start <= BASE + i * PAGE);
            assert_int_equal(range->rights, pages[i]);
            runs += i == 0 || pages[i - 1] != pages[i];
        }
    }
    assert_int_equal(ranges.count, runs);
}

static uint64_t first_fit(uint32_t wanted)
{
    for (uint32_t i = 0, run = 0; i < PAGES; i++) {
        run = pages[i] == UNUSED ? run + 1 : 0;
        if (run == wanted)
            return BASE + (i + 1 - wanted) * PAGE;
    }
    return 0;
}

static void random_changes(void **state)
{
    (void)state;
    uint64_t seed = 1;
    begin();
    for (int step = 0; step < STEPS; step++) {
        uint64_t dice = next_random(&seed);
        uint32_t first = dice % PAGES, count = 1 + (dice >> 8) % (PAGES - first);
        if ((dice >> 16) % 4)
            count = 1 + count % 5 % (PAGES - first);
        uint8_t rights = (dice >> 32) % 3 ? (dice >> 40) % 3 : UNUSED;
        uint64_t start = BASE + first * PAGE, end = start + count * PAGE;
        bool all_free = true;
        for (uint32_t i = first; i < first + count; i++)
            all_free = all_free && pages[i] == UNUSED;
        assert_int_equal(linux_ranges_free(&ranges, start, end), all_free);
        memset(pages + first, rights, count);
        if (rights == UNUSED)
            linux_ranges_clear(&ranges, start, end);
        else
            linux_ranges_set(&ranges, start, end, rights);
        compare();
        assert_true(linux_ranges_find(&ranges, count * PAGE) == first_fit(count));
    }
}

static void edges(void **state)
{
    (void)state;
    begin();
    assert_true(linux_ranges_find(&ranges, PAGES * PAGE) == BASE);
    assert_true(linux_ranges_find(&ranges, (PAGES + 1) * PAGE) == 0);
    assert_true(linux_ranges_find(&ranges, ~0ull) == 0);
    assert_false(linux_ranges_free(&ranges, BASE - PAGE, BASE + PAGE));
    assert_false(linux_ranges_free(&ranges, BASE, BASE + (PAGES + 1) * PAGE));
    assert_false(linux_ranges_free(&ranges, BASE, BASE));
    linux_ranges_set(&ranges, BASE, BASE + PAGES * PAGE, 1);
    assert_true(linux_ranges_find(&ranges, PAGE) == 0);
    assert_null(linux_ranges_from(&ranges, BASE + PAGES * PAGE));
    linux_ranges_clear(&ranges, BASE, BASE + PAGES * PAGE);
    assert_int_equal(ranges.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_changes), cmocka_unit_test(edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
