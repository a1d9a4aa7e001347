// sources: servers/init/manifest.c
/* The manifest's language: what a line may say, and which word of a wrong one is named, with why.
 */
#include "servers/init/manifest.h"

#include <stdio.h>

#include "tests/host/check.h"

static struct server server;
static struct manifest_mistake mistake;

/* Reads a line from memory that ends where it does. */
static int line(const char *text)
{
    size_t length = strlen(text);
    char *copy = malloc(length + 1);
    memcpy(copy, text, length);
    char *exact = realloc(copy, length ? length : 1);
    int found = manifest_line(exact, length, &server, &mistake);
    free(exact);
    return found;
}

static void test_nothing(void **state)
{
    (void)state;
    assert_int_equal(line(""), 0);
    assert_int_equal(line("   \t "), 0);
    assert_int_equal(line("# console ports=1"), 0);
    assert_int_equal(line("  #"), 0);
}

static void expect_grant(uint32_t index, const char *name, uint32_t from, uint64_t first,
                         uint64_t count)
{
    assert_true(index < server.grant_count);
    assert_string_equal(server.grants[index].slot_name, name);
    assert_int_equal(server.grants[index].from, from);
    assert_int_equal(server.grants[index].first, first);
    assert_int_equal(server.grants[index].count, count);
}

static void test_whole_line(void **state)
{
    (void)state;
    assert_int_equal(
        line("disk file=block ports=0x1f0-0x1f7,1014 interrupts=14-15 devices=0xa0000-0xbffff "
             "calls=pci,console frames=512 background restart=fault -- one  two "),
        1);
    assert_string_equal(server.name, "disk");
    assert_string_equal(server.file, "block");
    assert_string_equal(server.arguments, "one  two");
    assert_int_equal(server.grant_count, 4);
    expect_grant(0, "ports0", SLOT_INIT_PORTS, 0x1f0, 8);
    expect_grant(1, "ports1", SLOT_INIT_PORTS, 0x3f6, 1);
    expect_grant(2, "interrupts0", SLOT_INIT_INTERRUPTS, 14, 2);
    expect_grant(3, "devices0", SLOT_INIT_DEVICES, 0xa0000, 0x20000);
    assert_int_equal(server.call_count, 2);
    assert_string_equal(server.calls[1], "console");
    assert_false(server.calls_all);
    assert_int_equal(server.frames, 512);
    assert_true(server.background);
    assert_int_equal(server.restart, RESTART_ON_FAULT);
}

static void test_defaults(void **state)
{
    (void)state;
    assert_int_equal(line("hello\r"), 1);
    assert_string_equal(server.name, "hello");
    assert_string_equal(server.file, "hello");
    assert_string_equal(server.arguments, "");
    assert_int_equal(server.grant_count, 0);
    assert_int_equal(server.call_count, 0);
    assert_false(server.calls_all || server.background);
    assert_int_equal(server.restart, RESTART_NEVER);
    assert_int_equal(line("a devices=all"), 1);
    expect_grant(0, "devices0", SLOT_INIT_DEVICES, 0, RANGE_ALL);
    assert_int_equal(line("a devices=screen machine=inspect calls=* # devices=0"), 1);
    expect_grant(0, "devices0", SLOT_INIT_DEVICES, 0, 0);
    expect_grant(1, "machine", SLOT_INIT_MACHINE, 0, 0);
    assert_int_equal(server.grants[1].rights, RIGHT_INSPECT);
    assert_true(server.calls_all);
    assert_int_equal(line("a console=4 machine=power ports=0x64"), 1);
    assert_int_equal(server.console, 3);
    expect_grant(0, "power0", SLOT_INIT_PORTS, 0, 0);
    expect_grant(2, "power2", SLOT_INIT_PORTS, 2, 0);
    expect_grant(3, "ports0", SLOT_INIT_PORTS, 0x64, 1);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *line, *word, *reason;
    } cases[] = {
        {"sixteen-letters-", "sixteen-letters-", "names of servers have"},
        {"a ports", "ports", "nothing stands behind"},
        {"a ports=", "ports=", "nothing stands behind"},
        {"a ports=0x3f8-", "0x3f8-", "ports are"},
        {"a ports=0x3f8,,1", "", "ports are"},
        {"a ports=8-7", "8-7", "ports are"},
        {"a ports=0-0x10000", "0-0x10000", "ports are"},
        {"a ports=1-2-3", "1-2-3", "ports are"},
        {"a ports=0x", "0x", "ports are"},
        {"a ports=12a", "12a", "ports are"},
        {"a ports=99999999999999999999999", "99999999999999999999999", "ports are"},
        {"a ports=1,2,3,4,5,6,7,8,9", "9", "eight ranges"},
        {"a interrupts=-1", "-1", "interrupts are"},
        {"a devices=0-0x800000000000", "0-0x800000000000", "devices are"},
        {"a ports=1,2,3,4,5,6,7,8 devices=screen", "screen", "eight ranges"},
        {"a machine=all", "all", "\"inspect\""},
        {"a ports=1,2,3,4,5,6 machine=power", "power", "eight ranges"},
        {"a priority=32", "32", "priorities are"},
        {"a console=0", "0", "consoles are"},
        {"a console=5", "5", "consoles are"},
        {"a calls=b,", "", "names of services"},
        {"a calls=1,2,3,4,5,6,7,8,9", "9", "calls eight others"},
        {"a frames=many", "many", "frames are a number"},
        {"a state=513", "513", "512 at most"},
        {"a restart=sometimes", "sometimes", "never, fault or always"},
        {"a file=", "file=", "nothing stands behind"},
        {"a file=a-name-of-sixteen", "a-name-of-sixteen", "names of modules"},
        {"a colour=red", "colour=red", "no such word"},
        {"a pci=1af4", "1af4", "PCI devices are"},
        {"a pci=1af4:", "1af4:", "PCI devices are"},
        {"a pci=1af4:1042,", "", "PCI devices are"},
        {"a pci=1af4:10420", "1af4:10420", "PCI devices are"},
        {"a pci=1af4:104g", "1af4:104g", "PCI devices are"},
        {"a pci=0x1a:1042", "0x1a:1042", "PCI devices are"},
        {"a pci=class:1", "class:1", "PCI devices are"},
        {"a pci=class:0100:0", "class:0100:0", "PCI devices are"},
        {"a pci=1:1", "1:1", "PCI devices are"},
        {"a delegates=1", "delegates=1", "no such word"},
        {"a Ports=1", "Ports=1", "no such word"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(line(cases[i].line), -1);
        assert_string_equal(mistake.word, cases[i].word);
        assert_non_null(strstr(mistake.reason, cases[i].reason));
    }
    char arguments[256];
    snprintf(arguments, sizeof arguments, "a -- %0127d", 1);
    assert_int_equal(line(arguments), 1);
    snprintf(arguments, sizeof arguments, "a -- %0128d", 1);
    assert_int_equal(line(arguments), -1);
    assert_int_equal(strlen(mistake.word), sizeof mistake.word - 1);
}

static void test_pci(void **state)
{
    (void)state;
    assert_int_equal(line("a delegates pci=1AF4:1042,class:0c03 on-demand pci=8086:10d3"), 1);
    assert_true(server.on_demand && server.delegates);
    assert_int_equal(server.pci_count, 3);
    assert_true(manifest_names_pci(&server, 0x1af4, 0x1042, 0x0100));
    assert_true(manifest_names_pci(&server, 0x8086, 0x10d3, 0));
    assert_true(manifest_names_pci(&server, 0x1234, 0x5678, 0x0c03));
    assert_false(manifest_names_pci(&server, 0x1af4, 0x10d3, 0x0100));
    assert_false(manifest_names_pci(&server, 0, 0, 0x0c04));
    assert_int_equal(line("a"), 1);
    assert_false(server.on_demand || server.delegates);
    assert_false(manifest_names_pci(&server, 0, 0, 0));
    assert_int_equal(line("a pci=1111:1111,1111:1111,1111:1111,1111:1111,1111:1111,1111:1111,"
                          "1111:1111,1111:1111,2222:2222"),
                     -1);
    assert_string_equal(mistake.word, "2222:2222");
}

/* Whatever a line says, nothing behind it is read, and nothing beyond a server is written. */
static void test_any_text(void **state)
{
    (void)state;
    static const char *const pieces[] = {" ",      "=",       ",",    "-",  "--",   "#",
                                         "ports",  "calls",   "a",    "0x", "9",    "devices",
                                         "screen", "restart", "file", "\t", "\xff", "\x01",
                                         "pci",    "class:",  "ffff", ":"};
    uint64_t random = 42;
    for (unsigned round = 0; round < 20000; round++) {
        char text[200];
        size_t length = 0;
        for (unsigned i = 0; i < round % 24; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            const char *piece = pieces[(random >> 33) % (sizeof pieces / sizeof pieces[0])];
            memcpy(text + length, piece, strlen(piece));
            length += strlen(piece);
        }
        text[length] = 0;
        if (line(text) < 0)
            assert_non_null(mistake.reason);
        assert_true(server.grant_count <= MANIFEST_GRANTS && server.call_count <= MANIFEST_CALLS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),  cmocka_unit_test(test_whole_line),
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_pci),      cmocka_unit_test(test_any_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
