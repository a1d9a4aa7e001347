// sources: servers/init/loader.c servers/init/grants.c servers/init/words.c servers/init/start_page.c servers/init/modules.c tests/host/libcocos.c
/*
 * Init's loader on a stand-in for the kernel: what a program finds when it starts, and that
 * nothing is left behind when any one of the calls to the kernel is refused.
 */
#include "servers/init/loader.h"

#include <elf.h>

#include <cocos/errors.h>
#include <cocos/protocol/init.h>

#include "servers/init/manifest.h"
#include "servers/init/words.h"
#include "tests/host/check.h"
#include "tests/host/fake_kernel.h"

#define FRAMES 200
#define NUMBER 5u
#define STACK_VIEW 0xffffa00000000000
#define DATA_ADDRESS 0x1400u
#define DATA_OFFSET 0x400u
#define DATA_BYTES 0xd00u /* into a second page */
#define DATA_MEMORY 0x3000u
#define FILE_BYTES (DATA_OFFSET + DATA_BYTES)

struct program {
    Elf64_Ehdr header;
    Elf64_Phdr table[2];
    uint8_t rest[FILE_BYTES - sizeof(Elf64_Ehdr) - 2 * sizeof(Elf64_Phdr)];
};
_Static_assert(sizeof(struct program) == FILE_BYTES, "the file is as laid out");

static struct program program = {
    .header =
        {
            .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
            .e_type = ET_DYN,
            .e_machine = EM_X86_64,
            .e_version = EV_CURRENT,
            .e_entry = 0x200,
            .e_phoff = sizeof(Elf64_Ehdr),
            .e_ehsize = sizeof(Elf64_Ehdr),
            .e_phentsize = sizeof(Elf64_Phdr),
            .e_phnum = 2,
        },
    .table =
        {
            {PT_LOAD, PF_R | PF_X, 0, 0, 0, DATA_OFFSET, DATA_OFFSET, 0x1000},
            {PT_LOAD, PF_R | PF_W, DATA_OFFSET, DATA_ADDRESS, DATA_ADDRESS, DATA_BYTES, DATA_MEMORY,
             0x1000},
        },
};

static struct system_page system_page = {
    .frame = 0x77000,
    .screen = {.address = 0xb8000, .pitch = 160, .width = 80, .height = 25, .kind = SCREEN_TEXT},
};

static struct load load;

/* What a console gets. */
static const struct server console = {
    .name = "console",
    .grants = {{"ports0", SLOT_INIT_PORTS, RIGHT_USE, 0x3f8, 8},
               {"ports1", SLOT_INIT_PORTS, RIGHT_USE, 0x3d4, 2},
               {"interrupts0", SLOT_INIT_INTERRUPTS, RIGHT_USE, 4, 1},
               {"devices0", SLOT_INIT_DEVICES, RIGHT_USE, 0, 0}},
    .grant_count = 4,
    .frames = UINT64_MAX,
};

static int begin(void **state)
{
    (void)state;
    fake_reset(FRAMES);
    for (uint32_t i = 0; i < sizeof program.rest; i++)
        program.rest[i] = (uint8_t)(i * 7 + 1);
    load = (struct load){
        .file = &program,
        .file_bytes = sizeof program,
        .name = "test",
        .command = "test  one two",
        .number = NUMBER,
        .endpoint = FAKE_ENDPOINT,
        .system = &system_page,
        .stack_view = STACK_VIEW,
    };
    return 0;
}

static uint8_t *page_at(uint32_t domain, uint64_t at, uint32_t wanted_rights)
{
    uint32_t rights;
    uint64_t frame = fake_mapped(domain, at, &rights);
    assert_true(frame != 0);
    assert_int_equal(rights, wanted_rights);
    return (uint8_t *)frame;
}

static struct loaded load_it(void)
{
    struct loaded loaded;
    assert_int_equal(loader_load(&load, &loaded), OK);
    return loaded;
}

static void image(void **state)
{
    (void)state;
    struct loaded loaded = load_it();
    const uint8_t *file = (const uint8_t *)&program;
    const uint8_t *text = page_at(loaded.domain, PROGRAM_BASE, MAP_READ | MAP_EXECUTE);
    assert_memory_equal(text, file, DATA_OFFSET);
    assert_int_equal(text[DATA_OFFSET], 0);

    uint32_t rights = MAP_READ | MAP_WRITE, first = 0x1000 - DATA_ADDRESS % 0x1000;
    const uint8_t *data = page_at(loaded.domain, PROGRAM_BASE + 0x1000, rights);
    assert_int_equal(data[0x3ff], 0);
    assert_memory_equal(data + 0x400, file + DATA_OFFSET, first);
    data = page_at(loaded.domain, PROGRAM_BASE + 0x2000, rights);
    assert_memory_equal(data, file + DATA_OFFSET + first, DATA_BYTES - first);
    assert_int_equal(data[DATA_BYTES - first], 0);
    page_at(loaded.domain, PROGRAM_BASE + 0x4000, rights);
    assert_true(fake_mapped(loaded.domain, PROGRAM_BASE + 0x5000, &rights) == 0);

    for (uint64_t at = STACK_TOP - STACK_BYTES; at < STACK_TOP; at += FRAME_BYTES)
        page_at(loaded.domain, at, MAP_READ | MAP_WRITE);
    /* Init sees the same frames until it lets go of them. */
    for (uint64_t at = 0; at < STACK_BYTES; at += FRAME_BYTES) {
        assert_ptr_equal(
            page_at(SLOT_SELF, STACK_VIEW + at, MAP_READ),
            page_at(loaded.domain, STACK_TOP - STACK_BYTES + at, MAP_READ | MAP_WRITE));
    }
    loader_end_view(STACK_VIEW);
    assert_true(fake_mapped(SLOT_SELF, STACK_VIEW, &rights) == 0);
    assert_true(fake_mapped(loaded.domain, STACK_TOP - STACK_BYTES - 1, &rights) == 0);
    assert_true(fake_mapped(loaded.domain, STACK_TOP, &rights) == 0);
    assert_true(fake_mapped(loaded.domain, SYSTEM_PAGE, &rights) == system_page.frame);

    uint64_t rip, rsp;
    assert_true(fake_started(&rip, &rsp));
    assert_true(rip == PROGRAM_BASE + 0x200 && rsp == STACK_TOP - sizeof(struct stack_end));
    assert_true(loaded.image_base == PROGRAM_BASE);
}

static void process_page(void **state)
{
    (void)state;
    struct loaded loaded = load_it();
    const struct process_page *page = (void *)page_at(loaded.domain, PROCESS_PAGE, MAP_READ);
    assert_string_equal(page->name, "test");
    assert_int_equal(page->number, NUMBER);
    assert_int_equal(page->argument_count, 3);
    assert_memory_equal(page->arguments, "test\0one\0two", 13);
    assert_int_equal(page->slot_count, 0);
    assert_int_equal(page->module_count, 0);
}

/* No program may pass on what it starts with. */
static void capabilities(void **state)
{
    (void)state;
    load.server = &console;
    struct loaded loaded = load_it();
    uint32_t rights;
    uint64_t badge;
    assert_int_equal(fake_slot(loaded.domain, SLOT_SELF, &rights, &badge), CAP_DOMAIN);
    assert_int_equal(rights, RIGHT_CONTROL | RIGHT_GRANT | RIGHT_COPY);
    assert_int_equal(fake_slot(loaded.domain, SLOT_PARENT, &rights, &badge), CAP_ENDPOINT);
    assert_int_equal(rights, RIGHT_SEND);
    assert_true(badge == NUMBER);

    const struct process_page *page = (void *)page_at(loaded.domain, PROCESS_PAGE, MAP_READ);
    assert_int_equal(page->slot_count, 4);
    assert_string_equal(page->slots[3].name, "devices0");
    fake_slot(loaded.domain, page->slots[0].slot, &rights, &badge);
    assert_int_equal(rights, RIGHT_USE);
    assert_true(badge == (0x3f8 | 8ull << 32));
    fake_slot(loaded.domain, page->slots[3].slot, &rights, &badge);
    assert_true(badge == (0xb8 | 1ull << 32));
}

/* Memory of init's that it is lent: where, its process page says. */
static void state(void **state)
{
    (void)state;
    load.state = (uint64_t)sys_frame_claim(ZONE_ANY, ORDER_FRAME, 0, 1);
    struct loaded loaded = load_it();
    const struct process_page *page = (void *)page_at(loaded.domain, PROCESS_PAGE, MAP_READ);
    assert_true(page->state_address == load.state);
    assert_true(page->state_bytes == FRAME_BYTES);
}

static void nothing_left_behind(void **state)
{
    struct loaded loaded;
    load.server = &console;
    load_it();
    uint64_t calls = fake_calls();
    assert_true(calls > 100);
    for (uint64_t call = 0; call < calls; call++) {
        begin(state);
        load.server = &console;
        uint64_t slots = fake_slots();
        fake_refuse_after(call, E_NO_MEMORY);
        assert_int_equal(loader_load(&load, &loaded), E_NO_MEMORY);
        assert_true(fake_refused());
        assert_int_equal(fake_slots(), slots);
        assert_int_equal(fake_mappings(), 0);
        /* The page tables of init's own, in its lower half and for its view of stacks, may stay. */
        assert_in_range(fake_frames(), 0, 2);
    }
}

static void no_memory(void **state)
{
    for (uint64_t frames = 0; frames < 50; frames++) {
        struct loaded loaded;
        begin(state);
        fake_reset(frames);
        int error = loader_load(&load, &loaded);
        if (error == OK)
            return;
        assert_int_equal(error, E_NO_MEMORY);
        assert_in_range(fake_frames(), 0, 2);
    }
    fail_msg("it never fits");
}

static void refused(void **state)
{
    (void)state;
    struct loaded loaded;
    uint64_t calls = fake_calls();
    load.file_bytes = 10;
    assert_int_equal(loader_load(&load, &loaded), E_ELF_TRUNCATED);
    load.file = "this is no program";
    assert_int_equal(loader_load(&load, &loaded), E_ELF_MAGIC);
    static char long_command[PROCESS_ARGUMENT_BYTES + 2];
    memset(long_command, 'x', sizeof long_command - 1);
    load.command = long_command;
    assert_int_equal(loader_load(&load, &loaded), E_TOO_LONG);
    assert_int_equal(fake_calls(), calls);
}

static void words(void **state)
{
    (void)state;
    char packed[8], name[4];
    uint32_t bytes = 99;
    assert_int_equal(words_pack("", packed, sizeof packed, &bytes), 0);
    assert_int_equal(bytes, 0);
    assert_int_equal(words_pack("  a   bcd ", packed, sizeof packed, &bytes), 2);
    assert_int_equal(bytes, 6);
    assert_memory_equal(packed, "a\0bcd", 6);
    assert_int_equal(words_pack("abcdefg", packed, sizeof packed, &bytes), 1);
    assert_int_equal(words_pack("abcdefgh", packed, sizeof packed, &bytes), E_TOO_LONG);
    assert_int_equal(words_pack("a bc defg", packed, sizeof packed, &bytes), E_TOO_LONG);
    assert_int_equal(words_first(" abc d", name, sizeof name), OK);
    assert_string_equal(name, "abc");
    assert_int_equal(words_first("abcd", name, sizeof name), E_TOO_LONG);
    assert_int_equal(words_first("  ", name, sizeof name), E_NAME);
    assert_true(words_more("a b"));
    assert_false(words_more(" a  "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(image, begin),
        cmocka_unit_test_setup(process_page, begin),
        cmocka_unit_test_setup(capabilities, begin),
        cmocka_unit_test_setup(state, begin),
        cmocka_unit_test_setup(nothing_left_behind, begin),
        cmocka_unit_test_setup(no_memory, begin),
        cmocka_unit_test_setup(refused, begin),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
