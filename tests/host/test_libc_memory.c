// sources: libc/linux/memory.c libc/linux/ranges.c tests/host/libcocos.c
/*
 * Linux's memory calls on a stand-in for the kernel: what is mapped is what the program was
 * told, through random calls and with any one call to the kernel refused; nothing is leaked.
 */
#define _GNU_SOURCE
#include "libc/linux/linux.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "libc/linux/books.h"
#include "tests/host/check.h"
#include "tests/host/fake_kernel.h"

#define FRAMES 150
#define AREA_PAGES 192u
#define STEPS 4000

/* ---- The books, in the host's memory ---- */

static struct range items[1024];
static struct ranges ranges;
static uint64_t names[AREA_PAGES];
static uint64_t covered;

struct ranges *linux_books_ranges(uint32_t changes)
{
    assert_true(ranges.capacity - ranges.count >= changes * RANGES_GROWTH);
    return &ranges;
}

bool linux_books_cover(uint64_t end)
{
    if (end > covered)
        covered = end;
    return true;
}

uint64_t linux_books_end(void)
{
    return covered;
}

uint64_t *linux_books_name(uint64_t address)
{
    assert_true(address < covered);
    return &names[(address - MAPPABLE_START) / FRAME_BYTES];
}

/* ---- */

static int begin(void **state)
{
    (void)state;
    fake_reset(FRAMES);
    ranges =
        (struct ranges){items, 0, 1024, MAPPABLE_START, MAPPABLE_START + AREA_PAGES * FRAME_BYTES};
    memset(names, 0, sizeof names);
    covered = MAPPABLE_START;
    return 0;
}

/* The invariant at the head of memory.c. */
static void check(void)
{
    uint64_t mapped = 0;
    for (uint32_t i = 0; i < AREA_PAGES; i++) {
        uint64_t at = MAPPABLE_START + i * FRAME_BYTES;
        const struct range *range = linux_ranges_from(&ranges, at);
        uint32_t rights, wanted = range && range->start <= at ? range->rights : 0;
        uint64_t frame = fake_mapped(SLOT_SELF, at, &rights);
        assert_int_equal(rights, wanted);
        assert_true((names[i] & NAME_MAPPED) == (frame ? NAME_MAPPED : 0));
        if (frame)
            assert_true((names[i] & ~NAME_MAPPED) == frame);
        if (!range || range->start > at)
            assert_true(names[i] == 0);
        mapped += frame != 0;
    }
    assert_int_equal(fake_mappings(), mapped);
}

static uint64_t frames_named(void)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < AREA_PAGES; i++)
        count += names[i] != 0;
    return count;
}

static int64_t map(uint64_t at, uint64_t bytes, uint64_t protection, uint64_t flags)
{
    return linux_mmap(
        (uint64_t[]){at, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, ~0ull, 0});
}

static int64_t unmap(uint64_t at, uint64_t bytes)
{
    return linux_munmap((uint64_t[]){at, bytes});
}

static int64_t protect(uint64_t at, uint64_t bytes, uint64_t protection)
{
    return linux_mprotect((uint64_t[]){at, bytes, protection});
}

static int64_t remap(uint64_t at, uint64_t bytes, uint64_t new_bytes, uint64_t flags)
{
    return linux_mremap((uint64_t[]){at, bytes, new_bytes, flags});
}

static void refused_arguments(void **state)
{
    (void)state;
    assert_int_equal(map(0, 0, PROT_READ, 0), -EINVAL);
    assert_int_equal(map(0, ~0ull, PROT_READ, 0), -ENOMEM);
    assert_int_equal(map(0, 1ull << 46, PROT_NONE, 0), -ENOMEM);
    assert_int_equal(map(0, FRAME_BYTES, PROT_WRITE | PROT_EXEC, 0), -EACCES);
    assert_int_equal(map(MAPPABLE_START + 1, 1, PROT_READ, MAP_FIXED), -EINVAL);
    assert_int_equal(map(0x400000, 1, PROT_READ, MAP_FIXED), -ENOMEM);
    assert_int_equal(linux_mmap((uint64_t[]){0, 1, PROT_READ, MAP_PRIVATE, 0, 0}), -ENODEV);
    assert_int_equal(unmap(0x400000, FRAME_BYTES), -EINVAL);
    assert_int_equal(unmap(MAPPABLE_START, 0), -EINVAL);
    assert_int_equal(protect(MAPPABLE_START, FRAME_BYTES, PROT_READ), -ENOMEM);
    assert_int_equal(remap(MAPPABLE_START, FRAME_BYTES, 2 * FRAME_BYTES, 0), -EFAULT);
    uint64_t at = (uint64_t)map(0, 1, PROT_READ, 0);
    assert_int_equal(map(at, 1, PROT_READ, MAP_FIXED_NOREPLACE), -EEXIST);
    assert_int_equal(linux_madvise((uint64_t[]){at, 1, 9999}), -EINVAL);
    assert_int_equal(unmap(at, 1), 0);
    assert_int_equal(fake_mappings(), 0);
    assert_int_equal(linux_brk((uint64_t[]){0}), 0);
}

/* What is written stays through a change of rights and a move; DONTNEED empties it. */
static void contents(void **state)
{
    (void)state;
    uint32_t rights;
    uint64_t at = (uint64_t)map(0, 2 * FRAME_BYTES, PROT_READ | PROT_WRITE, 0);
    uint64_t wall = (uint64_t)map(0, FRAME_BYTES, PROT_READ, 0);
    assert_true(wall == at + 2 * FRAME_BYTES);
    uint64_t frame = fake_mapped(SLOT_SELF, at, &rights);
    *(uint64_t *)frame = 42;
    assert_int_equal(protect(at, FRAME_BYTES, PROT_NONE), 0);
    assert_true(fake_mapped(SLOT_SELF, at, &rights) == 0);
    assert_int_equal(protect(at, FRAME_BYTES, PROT_READ | PROT_WRITE), 0);
    assert_true(fake_mapped(SLOT_SELF, at, &rights) == frame);
    assert_int_equal(remap(at, 2 * FRAME_BYTES, 4 * FRAME_BYTES, 0), -ENOMEM);
    uint64_t moved = (uint64_t)remap(at, 2 * FRAME_BYTES, 4 * FRAME_BYTES, MREMAP_MAYMOVE);
    assert_true(moved == wall + FRAME_BYTES);
    assert_true(fake_mapped(SLOT_SELF, moved, &rights) == frame);
    assert_int_equal(*(uint64_t *)frame, 42);
    assert_int_equal(linux_madvise((uint64_t[]){moved, FRAME_BYTES, MADV_DONTNEED}), 0);
    frame = fake_mapped(SLOT_SELF, moved, &rights);
    assert_int_equal(*(uint64_t *)frame, 0);
    assert_int_equal(rights, MAP_READ | MAP_WRITE);
    check();
}

/* One random call. */
static void step(uint64_t dice)
{
    static const uint64_t protections[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
                                           PROT_READ | PROT_EXEC};
    uint64_t at = MAPPABLE_START + dice % (AREA_PAGES - 20) * FRAME_BYTES;
    uint64_t bytes = 1 + (dice >> 12) % (12 * FRAME_BYTES);
    uint64_t protection = protections[(dice >> 32) % 4];
    switch ((dice >> 40) % 8) {
    case 0:
    case 1:
        map(0, bytes, protection, 0);
        break;
    case 2:
        map(at, bytes, protection, (dice >> 48) % 2 ? MAP_FIXED : MAP_FIXED_NOREPLACE);
        break;
    case 3:
        unmap(at, bytes);
        break;
    case 4:
        protect(at, bytes, protection);
        break;
    case 5:
        linux_madvise((uint64_t[]){at, bytes, MADV_DONTNEED});
        break;
    default:
        remap(at, bytes, 1 + (dice >> 20) % (20 * FRAME_BYTES),
              (dice >> 48) % 2 ? MREMAP_MAYMOVE : 0);
    }
}

static void random_calls(void **state)
{
    (void)state;
    uint64_t seed = 7, tables = 0;
    for (int i = 0; i < STEPS; i++) {
        uint64_t dice = next_random(&seed);
        if (dice >> 60 < 8)
            fake_refuse_after((dice >> 50) % 16, (dice >> 59) % 2 ? E_NO_MEMORY : E_LIMIT);
        step(dice);
        check();
        /* What else is in use is page tables; stock for one more may be left over. */
        uint64_t others = fake_frames() - frames_named();
        assert_true(others >= tables && others <= tables + 2);
        tables = others;
    }
    assert_true(tables <= 4);
    unmap(MAPPABLE_START, AREA_PAGES * FRAME_BYTES);
    assert_int_equal(fake_mappings(), 0);
    assert_int_equal(frames_named(), 0);
    assert_int_equal(fake_frames(), tables);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(refused_arguments, begin),
        cmocka_unit_test_setup(contents, begin),
        cmocka_unit_test_setup(random_calls, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
