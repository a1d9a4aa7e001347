// sources: servers/pci/function.c libc/pci_capabilities.c
/* What a device's configuration space says: good ones are understood, and of bad ones a sentence
 * says what is wrong; none is believed, and none is read beyond its end or for ever.
 */
#include "servers/pci/function.h"

#include <linux/pci_regs.h>

#include <cocos/pci.h>
#include <cocos/protocol/pci.h>

#include "tests/host/check.h"

/* A configuration space whose BARs keep only the bits of their masks. */
static uint32_t words[PCI_CONFIG_WORDS];
static uint32_t masks[PCI_BARS];
static bool forgetful;    /* bits outside the masks are there until they are written to */
static unsigned while_on; /* writes to BARs while the device answers at its addresses */

static uint32_t read_word(const struct config *config, uint32_t offset)
{
    (void)config;
    assert_true(offset < PCI_CONFIG_BYTES && offset % 4 == 0);
    return words[offset / 4];
}

static void write_word(const struct config *config, uint32_t offset, uint32_t value)
{
    (void)config;
    assert_true(offset < PCI_CONFIG_BYTES && offset % 4 == 0);
    uint32_t bar = (offset - PCI_BASE_ADDRESS_0) / 4;
    if (offset == PCI_COMMAND) {
        words[1] = (words[1] & 0xffff0000) | (value & 0xffff);
    } else if (bar < PCI_BARS) {
        while_on += (words[1] & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY)) != 0;
        uint32_t kept = forgetful ? 0 : words[offset / 4] & ~masks[bar];
        words[offset / 4] = kept | (value & masks[bar]);
    }
}

static const struct config config = {read_word, write_word, 0};
static struct function function;

static void set_bar(unsigned bar, uint32_t value, uint32_t mask)
{
    words[PCI_BASE_ADDRESS_0 / 4 + bar] = value;
    masks[bar] = mask;
}

/* An Ethernet card with memory, wide memory, ports, MSI and MSI-X. */
static void make_good(void)
{
    memset(words, 0, sizeof words);
    memset(masks, 0, sizeof masks);
    while_on = 0;
    forgetful = false;
    words[0] = 0x10d38086;
    words[1] = PCI_STATUS_CAP_LIST << 16 | PCI_COMMAND_MEMORY | PCI_COMMAND_IO;
    words[2] = 0x02000001;
    words[PCI_INTERRUPT_LINE / 4] = 0x010b;
    set_bar(0, 0xfeb40000, 0xfffe0000);
    set_bar(1, 0x0000000c, 0x00000000);
    set_bar(2, 0x00000002, 0xfffffffe);
    set_bar(3, 0x0000c081, 0x0000ffe0);
    words[PCI_CAPABILITY_LIST / 4] = 0x40;
    words[0x40 / 4] = PCI_CAP_ID_MSI | 0x60 << 8 | PCI_MSI_FLAGS_64BIT << 16;
    words[0x60 / 4] = PCI_CAP_ID_MSIX | 4 << 16;
    words[0x64 / 4] = 0x1000;
}

static const char *verdict(void)
{
    return function_read(&config, &function);
}

static void expect_problem(const char *part)
{
    const char *problem = verdict();
    assert_non_null(problem);
    assert_non_null(strstr(problem, part));
}

static void test_good(void **state)
{
    (void)state;
    make_good();
    uint32_t before[PCI_CONFIG_WORDS];
    memcpy(before, words, sizeof words);
    assert_null(verdict());
    assert_memory_equal(before, words, sizeof words);
    assert_int_equal(while_on, 0);
    assert_int_equal(function.vendor, 0x8086);
    assert_int_equal(function.device, 0x10d3);
    assert_int_equal(function.class, 0x020000);
    assert_int_equal(function.line, 11);
    assert_int_equal(function.messages, 0x40);
    assert_int_equal(function.table, 0x60);
    assert_int_equal(function.message_table.entries, 5);
    assert_int_equal(function.message_table.offset, 0x1000);
    assert_int_equal(function.bars[0].address, 0xfeb40000);
    assert_int_equal(function.bars[0].bytes, 0x20000);
    assert_int_equal(function.bars[1].flags, PCI_BAR_WIDE | PCI_BAR_PREFETCH);
    assert_true(function.bars[1].address == 0x200000000);
    assert_true(function.bars[1].bytes == 0x200000000);
    assert_int_equal(function.bars[2].bytes, 0);
    assert_int_equal(function.bars[3].flags, PCI_BAR_PORTS);
    assert_int_equal(function.bars[3].address, 0xc080);
    assert_int_equal(function.bars[3].bytes, 32);
}

static void test_bridge(void **state)
{
    (void)state;
    make_good();
    words[3] = PCI_HEADER_TYPE_BRIDGE << 16;
    set_bar(2, 0x00020100, 0); /* bus numbers stand there */
    set_bar(1, 0, 0);
    words[1] &= 0xffff;
    assert_null(verdict());
    assert_true(function.is_bridge);
    assert_int_equal(function.bus_behind, 1);
    words[3] = 5 << 16;
    expect_problem("header");
}

static void test_bars(void **state)
{
    (void)state;
    static const struct {
        uint32_t value, mask;
        const char *problem;
    } cases[] = {
        {0xfeb50000, 0, "power of two"},          {0xfeb40000, 0xfffd0000, "power of two"},
        {0x7eb40000, 0x7ffe0000, "power of two"}, {0xfeb44000, 0xfffe0000, "power of two"},
        {0xfeb40006, 0xfffe0000, "type"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make_good();
        set_bar(0, cases[i].value, cases[i].mask);
        expect_problem(cases[i].problem);
    }
    make_good();
    forgetful = true;
    set_bar(0, 0xfeb44000, 0xfffe0000);
    expect_problem("aligned");
    make_good();
    set_bar(5, 0xfeb00004, 0xfffff000);
    expect_problem("half of one");
}

static void test_places(void **state)
{
    (void)state;
    struct memory_range memory[] = {{0, 0x20000000, MEMORY_FREE, 0},
                                    {0xfeb40000, 0xfeb60000, MEMORY_RESERVED, 0}};
    make_good();
    assert_null(verdict());
    assert_null(function_misplaced(&function, memory, 2));
    memory[1].type = MEMORY_FREE;
    assert_non_null(function_misplaced(&function, memory, 2));
    memory[1].start = 0xfeb60000;
    memory[1].end = 0xfeb61000;
    assert_null(function_misplaced(&function, memory, 2));

    set_bar(2, 0x00008000, 0xfffffffe);
    assert_null(verdict());
    assert_non_null(function_misplaced(&function, memory, 0));
    set_bar(2, 0xfffffffe, 0xfffffffe);
    assert_null(verdict());
    assert_non_null(function_misplaced(&function, memory, 0));
    set_bar(2, 0x00007ffe, 0xfffffffe);
    assert_null(verdict());
    assert_null(function_misplaced(&function, memory, 0));

    struct function other = {.bars[3] = {0xfeb5f000, 0x100, 0}};
    assert_true(functions_overlap(&function, &other));
    other.bars[3].address = 0xfeb60000;
    assert_false(functions_overlap(&function, &other));
    other.bars[3] = (struct bar){0xfeb3ff80, 0x80, 0};
    assert_false(functions_overlap(&function, &other));
    other.bars[3] = (struct bar){0xc080, 0x20, PCI_BAR_PORTS};
    assert_false(functions_overlap(&function, &other));
}

static void test_capabilities(void **state)
{
    (void)state;
    make_good();
    words[0x60 / 4] |= 0x40 << 8; /* a loop */
    expect_problem("list of capabilities");
    make_good();
    words[0x40 / 4] |= 0x40 << 8;
    words[0x40 / 4] &= 0xffff40ff; /* to itself */
    expect_problem("list of capabilities");
    make_good();
    words[PCI_CAPABILITY_LIST / 4] = 0x3c; /* into the header */
    expect_problem("list of capabilities");
    make_good();
    words[PCI_CAPABILITY_LIST / 4] = 0xf8;
    words[0xf8 / 4] = PCI_CAP_ID_MSIX;
    expect_problem("beyond");
    make_good();
    words[PCI_CAPABILITY_LIST / 4] = 0xf4;
    words[0xf4 / 4] = PCI_CAP_ID_MSI;
    expect_problem("beyond");
    make_good();
    words[0x64 / 4] = 0x1ffc0; /* the fifth entry lies behind the BAR */
    expect_problem("table of messages");
    words[0x64 / 4] = 3;
    expect_problem("table of messages");
    words[0x64 / 4] = 6;
    expect_problem("table of messages");
    make_good();
    words[1] &= 0xffff; /* no list, whatever the pointer says */
    words[PCI_CAPABILITY_LIST / 4] = 0x3c;
    assert_null(verdict());
    assert_int_equal(function.table, 0);
}

/* Many of one kind, each found once. */
static void test_same_capabilities(void **state)
{
    (void)state;
    make_good();
    for (uint32_t at = 0x40; at < 0xc0; at += 16)
        words[at / 4] = PCI_CAP_ID_VNDR | (at + 16 < 0xc0 ? at + 16 : 0) << 8;
    unsigned found = 0;
    for (uint32_t at = 0; (at = pci_capability(words, PCI_CAP_ID_VNDR, at)) != 0; found++)
        assert_int_equal(at, 0x40 + 16 * found);
    assert_int_equal(found, 8);
}

/* Random words, some of them likely: always an end, and what is said to be good is. */
static void test_anything(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (unsigned round = 0; round < 200000; round++) {
        make_good();
        for (unsigned i = 0; i < 1 + round % 12; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            unsigned at = random >> 33 & 63;
            words[at] =
                round & 1 ? (uint32_t)(random >> 20) : words[at] ^ 1u << (random >> 58 & 31);
            masks[at % PCI_BARS] ^= round & 2 ? 1u << (random >> 50 & 31) : 0;
        }
        if (verdict())
            continue;
        for (unsigned i = 0; i < PCI_BARS; i++) {
            const struct bar *bar = &function.bars[i];
            assert_true((bar->bytes & (bar->bytes - 1)) == 0);
            assert_true(bar->bytes == 0 || bar->address % bar->bytes == 0);
        }
        if (function.table) {
            const struct message_table *table = &function.message_table;
            assert_true(table->bar < PCI_BARS);
            assert_true(table->offset + 16ull * table->entries <= function.bars[table->bar].bytes);
        }
        for (uint32_t at = 0; (at = pci_capability(words, PCI_CAP_ID_VNDR, at)) != 0;) {}
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),         cmocka_unit_test(test_bridge),
        cmocka_unit_test(test_bars),         cmocka_unit_test(test_places),
        cmocka_unit_test(test_capabilities), cmocka_unit_test(test_same_capabilities),
        cmocka_unit_test(test_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
