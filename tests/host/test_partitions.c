// sources: servers/block/partitions.c
/* Partition tables: good ones are read as they are meant; of bad ones a sentence says what is
 * wrong; and whatever a disk says, what is found lies on the disk, in order of no overlap, and no
 * chain is followed for ever. Breaks when a check of a table is missing: then a client of a
 * partition could write beyond it, or a disk could hang the server.
 */
#include "servers/block/partitions.h"

#include <stdio.h>

#include "tests/host/check.h"

#define SECTORS 4096u
#define READ_MAX 64u
#define ROUNDS 15000

static uint8_t sectors[SECTORS][512];
static struct partition list[PARTITIONS_MAX];
static uint32_t reads, complaints, first_unreadable;
static char said[2048];

static const uint8_t *read(void *context, uint64_t sector, uint32_t count)
{
    static uint8_t *copy;
    (void)context;
    assert_true(count > 0 && count <= READ_MAX && sector + count <= SECTORS);
    assert_true(++reads < 400);
    free(copy);
    copy = exact_copy(sectors[sector], (size_t)count * 512);
    return sector + count > first_unreadable ? NULL : copy;
}

static void complain(void *context, uint32_t number, const char *why)
{
    (void)context;
    assert_true(++complaints < 400);
    size_t used = strlen(said);
    snprintf(said + used, sizeof said - used, "%u: %s\n", number, why);
}

static struct partition_disk disk = {SECTORS, 1, read, READ_MAX, complain, NULL};

static int setup(void **state)
{
    (void)state;
    memset(sectors, 0, sizeof sectors);
    disk.sectors = SECTORS;
    disk.granule = 1;
    first_unreadable = SECTORS;
    return 0;
}

/* What was found lies on the disk, and nowhere twice. */
static uint32_t find(void)
{
    reads = complaints = 0;
    said[0] = 0;
    uint32_t count = partitions_read(&disk, list);
    assert_true(count <= PARTITIONS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(list[i].first > 0 && list[i].sectors > 0 && list[i].number > 0);
        assert_true(list[i].first < SECTORS && list[i].sectors <= SECTORS - list[i].first);
        for (uint32_t k = 0; k < i; k++)
            assert_true(list[i].first >= list[k].first + list[k].sectors ||
                        list[k].first >= list[i].first + list[i].sectors);
    }
    return count;
}

static void put32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void put64(uint8_t *at, uint64_t value)
{
    put32(at, (uint32_t)value);
    put32(at + 4, (uint32_t)(value >> 32));
}

static void put_entry(uint32_t sector, uint32_t index, uint8_t type, uint32_t first, uint32_t count)
{
    uint8_t *entry = &sectors[sector][446 + 16 * index];
    entry[4] = type;
    put32(entry + 8, first);
    put32(entry + 12, count);
    sectors[sector][510] = 0x55;
    sectors[sector][511] = 0xaa;
}

static void expect(uint32_t index, uint64_t first, uint64_t count, uint32_t number, uint32_t type)
{
    assert_int_equal(list[index].first, first);
    assert_int_equal(list[index].sectors, count);
    assert_int_equal(list[index].number, number);
    assert_int_equal(list[index].type, type);
}

static void expect_said(const char *part)
{
    if (!strstr(said, part))
        fail_msg("\"%s\" is not in: %s", part, said);
}

static void test_none(void **state)
{
    (void)state;
    assert_int_equal(find(), 0);
    assert_int_equal(complaints, 0);
    /* A file system without a table, whose first sector bears the signature. */
    put_entry(0, 0, 0x83, 1, 100);
    sectors[0][446] = 0x33;
    assert_int_equal(find(), 0);
    assert_int_equal(complaints, 0);
    first_unreadable = 0;
    assert_int_equal(find(), 0);
    expect_said("0: the first sector cannot be read");
}

static void test_mbr(void **state)
{
    (void)state;
    put_entry(0, 0, 0x83, 100, 200);
    put_entry(0, 1, 0x05, 1000, 1000);
    put_entry(0, 3, 0x07, 300, 1);
    put_entry(1000, 0, 0x82, 10, 90);
    put_entry(1000, 1, 0x05, 100, 200);
    put_entry(1100, 0, 0x83, 1, 199);
    assert_int_equal(find(), 4);
    expect(0, 100, 200, 1, 0x83);
    expect(1, 300, 1, 4, 0x07);
    expect(2, 1010, 90, 5, 0x82);
    expect(3, 1101, 199, 6, 0x83);
    assert_int_equal(complaints, 0);
}

static void test_mbr_refusals(void **state)
{
    (void)state;
    put_entry(0, 0, 0x83, 0, 200);
    put_entry(0, 1, 0x83, 4000, 97);
    put_entry(0, 2, 0x83, 3000, 500);
    put_entry(0, 3, 0x83, 3499, 10);
    assert_int_equal(find(), 1);
    expect_said("1: it lies over the table");
    expect_said("2: it reaches beyond the end of the disk");
    expect_said("4: it overlaps an earlier one");
    put_entry(0, 0, 0x83, 0xffffffff, 0xffffffff);
    assert_int_equal(find(), 1);
    put_entry(0, 0, 0x05, 0xffffffff, 0xffffffff);
    assert_int_equal(find(), 1);
    put_entry(0, 0, 0x05, 3600, 10);
    put_entry(0, 1, 0x0f, 3700, 10);
    assert_int_equal(find(), 1);
    expect_said("2: there is an extended partition already");
    expect_said("5: the chain of logical partitions leads to none");
}

static void test_chains(void **state)
{
    (void)state;
    put_entry(0, 0, 0x05, 1000, 1000);
    put_entry(1000, 0, 0x83, 1, 9);
    put_entry(1000, 1, 0x05, 0, 100); /* to itself */
    assert_int_equal(find(), 1);
    expect_said("6: the chain of logical partitions goes backwards");
    put_entry(1000, 1, 0x05, 10, 100);
    put_entry(1010, 1, 0x05, 0, 100); /* in a circle */
    assert_int_equal(find(), 1);
    expect_said("7: the chain of logical partitions goes backwards");
    put_entry(1010, 1, 0x05, 1000, 100);
    assert_int_equal(find(), 1);
    expect_said("7: its link lies outside the extended partition");
    put_entry(1010, 1, 0x05, 0xffffffff, 100);
    assert_int_equal(find(), 1);
    put_entry(1010, 0, 0x83, 1, 990); /* to 2001: behind the extended one */
    assert_int_equal(find(), 1);
    expect_said("6: it reaches beyond the end");
    for (uint32_t i = 0; i < 990; i++)
        put_entry(1000 + i, 1, 0x05, i + 1, 1);
    find();
    expect_said("0: there are too many logical partitions");
}

static uint32_t crc32(const uint8_t *bytes, size_t count)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static void gpt_entry(uint32_t index, uint64_t first, uint64_t last)
{
    uint8_t *entry = sectors[2] + 128 * index;
    put32(entry, 0x0fc63daf + index);
    put64(entry + 32, first);
    put64(entry + 40, last);
}

static void seal_at(uint32_t block, uint32_t table)
{
    uint8_t *header = sectors[block];
    memcpy(header, "EFI PART", 8);
    put32(header + 8, 0x00010000);
    put32(header + 12, 92);
    put64(header + 24, block);
    put64(header + 40, 34);
    put64(header + 48, SECTORS - 34);
    put64(header + 72, table);
    put32(header + 80, 128);
    put32(header + 84, 128);
    put32(header + 88, crc32(sectors[table], (size_t)128 * 128));
    put32(header + 16, 0);
    put32(header + 16, crc32(header, 92));
}

static void seal(void)
{
    put_entry(0, 0, 0xee, 1, SECTORS - 1);
    seal_at(1, 2);
    memcpy(sectors[SECTORS - 33], sectors[2], (size_t)32 * 512);
    seal_at(SECTORS - 1, SECTORS - 33);
}

static void test_gpt(void **state)
{
    (void)state;
    gpt_entry(0, 34, 99);
    gpt_entry(5, 100, SECTORS - 34);
    seal();
    assert_int_equal(find(), 2);
    expect(0, 34, 66, 1, 0x0fc63daf);
    expect(1, 100, SECTORS - 133, 6, 0x0fc63daf + 5);
    assert_true(list[0].is_gpt);
    assert_int_equal(complaints, 0);
    sectors[1][100] ^= 1; /* behind the header: not part of it */
    assert_int_equal(find(), 2);
    sectors[1][60] ^= 1;
    assert_int_equal(find(), 2);
    expect_said("0: its header is damaged");
    sectors[SECTORS - 1][60] ^= 1;
    assert_int_equal(find(), 0);
    expect_said("0: nor is its copy at the end of any use");
    seal();
    sectors[3][0] ^= 1;
    assert_int_equal(find(), 2);
    expect_said("0: its entries are damaged");
}

static void test_gpt_refusals(void **state)
{
    (void)state;
    gpt_entry(0, 33, 99);
    gpt_entry(1, 200, 199);
    gpt_entry(2, 200, SECTORS - 33);
    gpt_entry(3, 300, 400);
    gpt_entry(4, 400, 500);
    gpt_entry(5, ~0ull, ~0ull);
    gpt_entry(6, 34, ~0ull);
    seal();
    assert_int_equal(find(), 1);
    expect_said("1: it lies over the table");
    expect_said("2: it ends before it begins");
    expect_said("3: it reaches beyond the end of the disk");
    expect_said("5: it overlaps an earlier one");
    expect_said("7: it reaches beyond the end of the disk");
}

static void reseal(uint32_t offset, uint32_t value)
{
    seal();
    memset(sectors[SECTORS - 1], 0, 512);
    put32(sectors[1] + offset, value);
    put32(sectors[1] + 16, 0);
    put32(sectors[1] + 16, crc32(sectors[1], 92));
    assert_int_equal(find(), 0);
}

static void test_gpt_headers(void **state)
{
    (void)state;
    gpt_entry(0, 100, 200);
    reseal(8, 0x00020000);
    expect_said("of another version");
    reseal(24, 7);
    expect_said("meant for another place");
    reseal(48, SECTORS);
    expect_said("lies outside the disk");
    reseal(76, 1);
    expect_said("its entries lie outside the disk");
    reseal(80, 0);
    expect_said("it has no entries, or too many");
    reseal(80, 0xffffffff);
    expect_said("it has no entries, or too many");
    reseal(84, 129);
    expect_said("of a size that there is not");
    reseal(12, 4096);
    expect_said("of another version");
    seal();
    first_unreadable = 2;
    assert_int_equal(find(), 0);
    expect_said("0: its entries cannot be read");
}

/* Blocks of 4 KiB: tables count in those. */
static void test_large_blocks(void **state)
{
    (void)state;
    disk.granule = 8;
    put_entry(0, 0, 0x83, 100, 200);
    put_entry(0, 1, 0x83, 500, 13);
    assert_int_equal(find(), 1);
    expect(0, 800, 1600, 1, 0x83);
}

/* Good tables with some bytes changed, and sealed again or not. */
static void test_garbage(void **state)
{
    (void)state;
    uint64_t random = 0x9a7ab1e;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        memset(sectors[0], 0, sizeof sectors[0] * 40);
        disk.granule = next_random(&random) % 8 ? 1 : 8;
        disk.sectors = next_random(&random) % 8 ? SECTORS : next_random(&random) % SECTORS;
        bool is_gpt = next_random(&random) % 2;
        for (uint32_t i = 0; i < 4; i++) {
            uint32_t first = (uint32_t)(next_random(&random) % (i ? SECTORS : 40));
            uint32_t count = (uint32_t)(next_random(&random) % 2000);
            gpt_entry(i, first, first + count);
            put_entry((uint32_t)(next_random(&random) % 40), i, next_random(&random) % 2 ? 5 : 0x83,
                      first, count);
        }
        put_entry(0, 0, is_gpt ? 0xee : 5, 1 + (uint32_t)(next_random(&random) % 30), 4000);
        if (is_gpt)
            seal_at(1, 2);
        for (uint32_t i = (uint32_t)(next_random(&random) % 4); i > 0; i--)
            sectors[next_random(&random) % 34][next_random(&random) % 512] =
                (uint8_t)next_random(&random);
        put32(sectors[1] + 88, crc32(sectors[2], (size_t)128 * 128));
        put32(sectors[1] + 16, 0);
        put32(sectors[1] + 16, crc32(sectors[1], 92));
        find();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_none, setup),
        cmocka_unit_test_setup(test_mbr, setup),
        cmocka_unit_test_setup(test_mbr_refusals, setup),
        cmocka_unit_test_setup(test_chains, setup),
        cmocka_unit_test_setup(test_gpt, setup),
        cmocka_unit_test_setup(test_gpt_refusals, setup),
        cmocka_unit_test_setup(test_gpt_headers, setup),
        cmocka_unit_test_setup(test_large_blocks, setup),
        cmocka_unit_test_setup(test_garbage, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
