// sources: boot/multiboot.c boot/ranges.c tests/host/host_memory.c
/*
 * The Multiboot2 information structure: what a boot loader really gives is understood, and every
 * damage is one sentence, without a read outside the structure.
 */
#include "boot/boot_info.h"

#include "boot/multiboot2.h"
#include "tests/host/check.h"

/* A structure as it grows, tag by tag. */
struct builder {
    _Alignas(8) uint8_t bytes[8192];
    uint32_t size;
    uint32_t tag; /* where the last tag starts */
};

static void put(struct builder *builder, const void *bytes, size_t size)
{
    assert_true(builder->size + size <= sizeof(builder->bytes));
    memcpy(builder->bytes + builder->size, bytes, size);
    builder->size += (uint32_t)size;
}

static void put_u32(struct builder *builder, uint32_t value)
{
    put(builder, &value, sizeof(value));
}

static void put_u64(struct builder *builder, uint64_t value)
{
    put(builder, &value, sizeof(value));
}

static void set_u32(struct builder *builder, uint32_t offset, uint32_t value)
{
    memcpy(builder->bytes + offset, &value, sizeof(value));
}

static void begin(struct builder *builder)
{
    memset(builder, 0, sizeof(*builder));
    builder->size = MULTIBOOT2_FIXED_BYTES;
}

static void begin_tag(struct builder *builder, uint32_t type)
{
    builder->size = (builder->size + 7) & ~7u;
    builder->tag = builder->size;
    put_u32(builder, type);
    put_u32(builder, 0);
}

static void end_tag(struct builder *builder)
{
    set_u32(builder, builder->tag + TAG_SIZE_OFFSET, builder->size - builder->tag);
}

static void end(struct builder *builder)
{
    begin_tag(builder, TAG_END);
    end_tag(builder);
    set_u32(builder, 0, builder->size);
}

static void add_text(struct builder *builder, uint32_t type, const char *text)
{
    begin_tag(builder, type);
    put(builder, text, strlen(text) + 1);
    end_tag(builder);
}

static void add_module(struct builder *builder, uint32_t start, uint32_t stop, const char *text)
{
    begin_tag(builder, TAG_MODULE);
    put_u32(builder, start);
    put_u32(builder, stop);
    put(builder, text, strlen(text) + 1);
    end_tag(builder);
}

struct entry {
    uint64_t start, length;
    uint32_t type;
};

static void add_map(struct builder *builder, const struct entry *entries, size_t count)
{
    begin_tag(builder, TAG_MEMORY_MAP);
    put_u32(builder, ENTRY_BYTES_MIN);
    put_u32(builder, 0);
    for (size_t i = 0; i < count; i++) {
        put_u64(builder, entries[i].start);
        put_u64(builder, entries[i].length);
        put_u32(builder, entries[i].type);
        put_u32(builder, 0);
    }
    end_tag(builder);
}

static void add_screen(struct builder *builder, uint64_t address, uint32_t pitch, uint32_t width,
                       uint32_t height, uint8_t bits, uint8_t kind)
{
    static const uint8_t colours[SCREEN_COLOURS_BYTES] = {16, 8, 8, 8, 0, 8};
    uint8_t rest[4] = {bits, kind};
    begin_tag(builder, TAG_FRAMEBUFFER);
    put_u64(builder, address);
    put_u32(builder, pitch);
    put_u32(builder, width);
    put_u32(builder, height);
    put(builder, rest, sizeof(rest));
    put(builder, colours, kind == SCREEN_KIND_RGB ? sizeof(colours) : 0);
    end_tag(builder);
}

/* What GRUB gives on QEMU's pc with 128 MiB, by BIOS. */
static const struct entry qemu_map[] = {
    {0, 0x9fc00, 1},          {0x9fc00, 0x400, 2},     {0xf0000, 0x10000, 2},
    {0x100000, 0x7ee0000, 1}, {0x7fe0000, 0x20000, 2}, {0xfffc0000, 0x40000, 2},
};
#define QEMU_ENTRIES (sizeof(qemu_map) / sizeof(qemu_map[0]))

static void begin_good(struct builder *builder)
{
    begin(builder);
    add_text(builder, TAG_COMMAND_LINE, "start=console,shell");
    add_module(builder, 0x200000, 0x20a123, "init");
    add_module(builder, 0x20b000, 0x20c000, "console --quiet");
    add_map(builder, qemu_map, QEMU_ENTRIES);
}

static const char *parse_bytes(const void *bytes, size_t size, struct boot_info *info)
{
    void *copy = exact_copy(bytes, size);
    const char *problem = multiboot_parse(copy, size, info);
    free(copy);
    return problem;
}

static const char *parse(struct builder *builder, struct boot_info *info)
{
    end(builder);
    return parse_bytes(builder->bytes, builder->size, info);
}

/* Ends the structure, which must be good. */
static struct boot_info accepted(struct builder *builder)
{
    struct boot_info info;
    const char *problem = parse(builder, &info);
    if (problem) {
        fail_msg("refused: %s", problem);
    }
    return info;
}

static void assert_problem(const char *problem, const char *expected)
{
    assert_non_null(problem);
    assert_string_equal(problem, expected);
}

/* Ends the structure, which must be refused with that sentence. */
static void assert_refused(struct builder *builder, const char *sentence)
{
    struct boot_info info;
    assert_problem(parse(builder, &info), sentence);
}

#define IMPOSSIBLE_SIZE "the boot loader's information is damaged: it has an impossible size"
#define IMPOSSIBLE_TAG "the boot loader's information is damaged: a tag has an impossible size"
#define NO_END "the boot loader's information is damaged: it has no end tag"
#define IMPOSSIBLE_ENTRY "the boot loader's memory map has entries of an impossible size"

static void understands_qemu(void **state)
{
    (void)state;
    struct builder builder;
    begin_good(&builder);
    add_screen(&builder, 0xfd000000, 4096, 1024, 768, 32, SCREEN_KIND_RGB);
    struct boot_info info = accepted(&builder);
    assert_string_equal(info.command_line, "start=console,shell");
    assert_int_equal(info.module_count, 2);
    assert_true(info.modules[0].address == 0x200000 && info.modules[0].bytes == 0xa123);
    assert_string_equal(info.modules[0].text, "init");
    assert_string_equal(info.modules[1].text, "console --quiet");
    assert_int_equal(info.memory_count, QEMU_ENTRIES);
    assert_true(info.memory[3].start == 0x100000 && info.memory[3].end == 0x7fe0000);
    assert_int_equal(info.memory[3].type, MEMORY_FREE);
    assert_true(info.loader_end - info.loader_start == builder.size);
    assert_int_equal(info.screen.kind, SCREEN_PIXELS);
    assert_true(info.screen.address == 0xfd000000 && info.screen.pitch == 4096);
    assert_true(info.screen.width == 1024 && info.screen.height == 768);
    assert_true(info.screen.red_shift == 16 && info.screen.green_shift == 8);
    assert_int_equal(info.screen.blue_shift, 0);
}

static void refuses_sizes(void **state)
{
    (void)state;
    struct builder builder;
    struct boot_info info;
    static const uint32_t sizes[] = {0, 1, 7, 8, 15, 0xffffffff, 0x80000000};
    begin_good(&builder);
    end(&builder);
    uint32_t size = builder.size;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        set_u32(&builder, 0, sizes[i]);
        assert_problem(parse_bytes(builder.bytes, size, &info), IMPOSSIBLE_SIZE);
    }
    set_u32(&builder, 0, size + 1);
    assert_problem(parse_bytes(builder.bytes, size, &info), IMPOSSIBLE_SIZE);
}

/* Cut short by the caller's bound, or by its own size. */
static void refuses_truncated(void **state)
{
    (void)state;
    struct builder builder;
    struct boot_info info;
    begin_good(&builder);
    add_screen(&builder, 0xfd000000, 4096, 1024, 768, 32, SCREEN_KIND_RGB);
    end(&builder);
    uint32_t size = builder.size;
    for (uint32_t cut = 0; cut < size; cut++) {
        set_u32(&builder, 0, size);
        assert_problem(parse_bytes(builder.bytes, cut, &info), IMPOSSIBLE_SIZE);
        set_u32(&builder, 0, cut);
        assert_non_null(parse_bytes(builder.bytes, cut, &info));
    }
}

static void refuses_tag_sizes(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 7, 0xffffffff, 0xfffffff8, 4096};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct builder builder;
        begin_good(&builder);
        set_u32(&builder, builder.tag + TAG_SIZE_OFFSET, sizes[i]);
        assert_refused(&builder, IMPOSSIBLE_TAG);
    }
}

static void refuses_missing_end(void **state)
{
    (void)state;
    struct builder builder;
    struct boot_info info;
    begin_good(&builder);
    builder.size = (builder.size + 7) & ~7u;
    set_u32(&builder, 0, builder.size);
    assert_problem(parse_bytes(builder.bytes, builder.size, &info), NO_END);
}

static void refuses_missing_map(void **state)
{
    (void)state;
    struct builder builder;
    begin(&builder);
    add_module(&builder, 0x200000, 0x20a123, "init");
    assert_refused(&builder, "the boot loader gave no memory map");
}

static void refuses_second_map(void **state)
{
    (void)state;
    struct builder builder;
    begin_good(&builder);
    add_map(&builder, qemu_map, QEMU_ENTRIES);
    assert_refused(&builder, "the boot loader gave two memory maps");
}

static void refuses_empty_map(void **state)
{
    (void)state;
    static const struct entry empty[] = {{0x1000, 0, 1}, {0x2000, 0, 2}};
    struct builder builder;
    begin(&builder);
    add_map(&builder, 0, 0);
    assert_refused(&builder, "the boot loader's memory map is empty");
    begin(&builder);
    add_map(&builder, empty, 2);
    assert_refused(&builder, "the boot loader's memory map is empty");
}

static void refuses_entry_sizes(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, 7, 8, 16, 23, 25, 28, 0xffffffff};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct builder builder;
        begin_good(&builder);
        set_u32(&builder, builder.tag + MAP_ENTRY_SIZE_OFFSET, sizes[i]);
        assert_refused(&builder, IMPOSSIBLE_ENTRY);
    }
    struct builder builder;
    begin_good(&builder);
    set_u32(&builder, builder.tag + MAP_ENTRY_SIZE_OFFSET, 0xfffffff8);
    assert_refused(&builder, "the boot loader's memory map ends inside an entry");
    begin(&builder);
    begin_tag(&builder, TAG_MEMORY_MAP);
    put_u32(&builder, ENTRY_BYTES_MIN);
    end_tag(&builder);
    assert_refused(&builder, "the boot loader's memory map is too short");
}

static void accepts_longer_entries(void **state)
{
    (void)state;
    struct builder builder;
    begin(&builder);
    begin_tag(&builder, TAG_MEMORY_MAP);
    put_u32(&builder, 32);
    put_u32(&builder, 1);
    for (uint64_t i = 0; i < 2; i++) {
        put_u64(&builder, i * 0x100000);
        put_u64(&builder, 0x80000);
        put_u64(&builder, MEMORY_FREE);
        put_u64(&builder, UINT64_MAX); /* what a later version might add */
    }
    end_tag(&builder);
    struct boot_info info = accepted(&builder);
    assert_int_equal(info.memory_count, 2);
    assert_true(info.memory[1].start == 0x100000 && info.memory[1].end == 0x180000);
}

static void refuses_wrapping_range(void **state)
{
    (void)state;
    static const struct entry wrapping = {UINT64_MAX - 0xfff, 0x2000, 2};
    struct builder builder;
    begin(&builder);
    add_map(&builder, &wrapping, 1);
    assert_refused(&builder, "a range of the boot loader's memory map runs past the last address");
}

static void limits_modules(void **state)
{
    (void)state;
    struct builder builder;
    begin(&builder);
    add_map(&builder, qemu_map, QEMU_ENTRIES);
    for (uint32_t i = 0; i < PROCESS_MODULES; i++) {
        add_module(&builder, 0x200000 + i * 0x1000, 0x200000 + i * 0x1000 + 0x1000, "x");
    }
    struct builder more = builder;
    assert_int_equal(accepted(&builder).module_count, PROCESS_MODULES);
    add_module(&more, 0x400000, 0x401000, "one more");
    assert_refused(&more, "the boot loader brought more than 38 modules");
}

static void checks_modules(void **state)
{
    (void)state;
    struct builder builder;
    begin_good(&builder);
    add_module(&builder, 0x300000, 0x2fffff, "backwards");
    assert_refused(&builder, "a module ends before it starts");
    begin_good(&builder);
    add_module(&builder, 0x300001, 0x301000, "crooked");
    assert_refused(&builder, "a module does not start on a 4 KiB boundary");
    begin_good(&builder);
    add_module(&builder, 0x20a000, 0x20b000, "over init");
    assert_refused(&builder, "two modules lie over each other");
    begin_good(&builder);
    begin_tag(&builder, TAG_MODULE);
    put_u32(&builder, 0x300000);
    end_tag(&builder);
    assert_refused(&builder, "the boot loader's description of a module is too short");
    begin_good(&builder);
    add_module(&builder, 0x9f000, 0xa1000, "half in the hole");
    assert_refused(&builder, "a module lies outside free memory");
    begin_good(&builder);
    add_module(&builder, 0x7fdf000, 0x7fe1000, "half reserved");
    assert_refused(&builder, "a module lies outside free memory");
    begin_good(&builder);
    add_module(&builder, 0x80000000, 0x80001000, "nowhere");
    assert_refused(&builder, "a module lies outside free memory");
    begin_good(&builder);
    add_module(&builder, 0x7fdf000, 0x7fe0000, "at the end");
    assert_int_equal(accepted(&builder).module_count, 3);
    begin_good(&builder);
    add_module(&builder, 0x300000, 0x300000, "empty");
    assert_int_equal(accepted(&builder).modules[2].bytes, 0);
}

static void limits_texts(void **state)
{
    (void)state;
    char text[BOOT_COMMAND_LINE_BYTES + 1];
    struct builder builder;
    memset(text, 'x', sizeof(text));
    text[BOOT_COMMAND_LINE_BYTES] = 0;
    begin_good(&builder);
    add_text(&builder, TAG_COMMAND_LINE, text);
    assert_refused(&builder, "the kernel's command line is longer than 255 characters");
    begin_good(&builder);
    add_text(&builder, TAG_COMMAND_LINE, text + 1);
    assert_string_equal(accepted(&builder).command_line, text + 1);
    begin_good(&builder);
    add_module(&builder, 0, 0, text + sizeof(text) - 1 - MODULE_TEXT_BYTES);
    assert_refused(&builder, "a module's name and arguments are longer than 39 characters");
    begin_good(&builder);
    add_module(&builder, 0, 0, text + sizeof(text) - MODULE_TEXT_BYTES);
    assert_int_equal(strlen(accepted(&builder).modules[2].text), MODULE_TEXT_BYTES - 1);
}

static void ends_texts_with_their_tag(void **state)
{
    (void)state;
    struct builder builder;
    begin_good(&builder);
    begin_tag(&builder, TAG_COMMAND_LINE);
    put(&builder, "12345678", 8);
    end_tag(&builder);
    assert_string_equal(accepted(&builder).command_line, "12345678");
}

/* ---- Screens ---- */

static struct screen screen_of(uint64_t address, uint32_t pitch, uint32_t width, uint32_t height,
                               uint8_t bits, uint8_t kind)
{
    struct builder builder;
    begin_good(&builder);
    add_screen(&builder, address, pitch, width, height, bits, kind);
    return accepted(&builder).screen;
}

static void accepts_screens(void **state)
{
    (void)state;
    struct screen text = screen_of(0xb8000, 160, 80, 25, 16, SCREEN_KIND_EGA_TEXT);
    assert_int_equal(text.kind, SCREEN_TEXT);
    assert_true(text.address == 0xb8000 && text.width == 80 && text.height == 25);
    struct screen pixels = screen_of(0x80000000, 2400, 800, 600, 24, SCREEN_KIND_RGB);
    assert_int_equal(pixels.kind, SCREEN_PIXELS);
    assert_int_equal(pixels.bits_per_pixel, 24);
    assert_int_equal(screen_of(1ull << 38, 4096, 1024, 768, 32, SCREEN_KIND_RGB).kind,
                     SCREEN_PIXELS);
}

static void ignores_unusable_screens(void **state)
{
    (void)state;
    static const struct {
        uint64_t address;
        uint32_t pitch, width, height;
        uint8_t bits, kind;
    } screens[] = {
        {0xfd000000, 1024, 1024, 768, 8, 0},                       /* palette */
        {0xfd000000, 2048, 1024, 768, 16, SCREEN_KIND_RGB},        /* 16 bits */
        {0xfd000000, 4095, 1024, 768, 32, SCREEN_KIND_RGB},        /* lines over each other */
        {0xfd000000, 4096, 0, 768, 32, SCREEN_KIND_RGB},           /* no columns */
        {0xfd000000, 4096, 1024, 0, 32, SCREEN_KIND_RGB},          /* no lines */
        {0, 4096, 1024, 768, 32, SCREEN_KIND_RGB},                 /* nowhere */
        {UINT64_MAX - 4096, 4096, 1024, 768, 32, SCREEN_KIND_RGB}, /* wraps */
        {LOWER_HALF_END - 4096, 4096, 1024, 768, 32, SCREEN_KIND_RGB},
        {0xfd000000, UINT32_MAX, UINT32_MAX, UINT32_MAX, 32, SCREEN_KIND_RGB},
        {0xb8000, 158, 80, 25, 16, SCREEN_KIND_EGA_TEXT},  /* lines over each other */
        {0xb8000, 160, 80, 250, 16, SCREEN_KIND_EGA_TEXT}, /* past the window */
        {0xb8000, 160, 80, UINT32_MAX, 16, SCREEN_KIND_EGA_TEXT},
        {0x100000, 160, 80, 25, 16, SCREEN_KIND_EGA_TEXT}, /* in the kernel */
        {0xb8000, 160, 80, 25, 16, 3},                     /* unknown kind */
    };
    for (size_t i = 0; i < sizeof(screens) / sizeof(screens[0]); i++) {
        struct screen screen = screen_of(screens[i].address, screens[i].pitch, screens[i].width,
                                         screens[i].height, screens[i].bits, screens[i].kind);
        assert_int_equal(screen.kind, SCREEN_NONE);
        assert_true(screen.address == 0);
    }
}

static void ignores_unusable_colours(void **state)
{
    (void)state;
    static const struct {
        uint8_t offset, value;
    } damages[] = {{0, 25}, {1, 5}, {2, 255}, {3, 0}, {4, 30}, {5, 9}};
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        struct builder builder;
        begin_good(&builder);
        add_screen(&builder, 0xfd000000, 4096, 1024, 768, 32, SCREEN_KIND_RGB);
        builder.bytes[builder.tag + SCREEN_COLOURS_OFFSET + damages[i].offset] = damages[i].value;
        assert_int_equal(accepted(&builder).screen.kind, SCREEN_NONE);
    }
    struct builder builder;
    begin_good(&builder);
    add_screen(&builder, 0xfd000000, 4096, 1024, 768, 32, SCREEN_KIND_RGB);
    builder.size--;
    end_tag(&builder);
    assert_int_equal(accepted(&builder).screen.kind, SCREEN_NONE);
}

static void assumes_text_on_bios_only(void **state)
{
    (void)state;
    static const uint32_t efi_tags[] = {
        TAG_EFI32_SYSTEM_TABLE, TAG_EFI64_SYSTEM_TABLE, TAG_EFI_MEMORY_MAP,
        TAG_EFI_BOOT_SERVICES,  TAG_EFI32_IMAGE,        TAG_EFI64_IMAGE,
    };
    struct builder builder;
    begin_good(&builder);
    struct screen screen = accepted(&builder).screen;
    assert_int_equal(screen.kind, SCREEN_TEXT);
    assert_true(screen.address == 0xb8000 && screen.pitch == 160);
    assert_true(screen.width == 80 && screen.height == 25);
    for (size_t i = 0; i < sizeof(efi_tags) / sizeof(efi_tags[0]); i++) {
        begin_good(&builder);
        add_text(&builder, efi_tags[i], "");
        assert_int_equal(accepted(&builder).screen.kind, SCREEN_NONE);
    }
}

/* ---- ACPI root pointer ---- */

static void add_root(struct builder *builder, uint32_t type, uint8_t fill, size_t bytes)
{
    uint8_t rsdp[64];
    memset(rsdp, fill, sizeof(rsdp));
    begin_tag(builder, type);
    put(builder, rsdp, bytes);
    end_tag(builder);
}

static void keeps_the_newer_root_pointer(void **state)
{
    (void)state;
    struct builder builder;
    begin_good(&builder);
    add_root(&builder, TAG_ACPI_OLD, 1, 20);
    struct boot_info info = accepted(&builder);
    assert_int_equal(info.rsdp[19], 1);
    assert_int_equal(info.rsdp[20], 0);
    begin_good(&builder);
    add_root(&builder, TAG_ACPI_NEW, 2, 64);
    add_root(&builder, TAG_ACPI_OLD, 1, 20);
    assert_int_equal(accepted(&builder).rsdp[35], 2);
    begin_good(&builder);
    add_root(&builder, TAG_ACPI_OLD, 1, 20);
    add_root(&builder, TAG_ACPI_NEW, 2, 36);
    info = accepted(&builder);
    assert_int_equal(info.rsdp[0], 2);
    assert_int_equal(info.rsdp[35], 2);
    begin_good(&builder);
    add_root(&builder, TAG_ACPI_NEW, 2, 19);
    assert_int_equal(accepted(&builder).rsdp[0], 0);
}

/* ---- Damage of every kind ---- */

static void assert_sane(const struct boot_info *info)
{
    for (uint32_t i = 0; i < info->memory_count; i++) {
        assert_true(info->memory[i].start < info->memory[i].end);
        assert_true(i == 0 || info->memory[i - 1].end <= info->memory[i].start);
        assert_in_range(info->memory[i].type, MEMORY_FREE, MEMORY_BAD);
    }
    for (uint32_t i = 0; i < info->module_count; i++) {
        assert_true(info->modules[i].address % FRAME_BYTES == 0);
        assert_non_null(memchr(info->modules[i].text, 0, MODULE_TEXT_BYTES));
    }
    assert_non_null(memchr(info->command_line, 0, BOOT_COMMAND_LINE_BYTES));
}

static void survives_damage(void **state)
{
    (void)state;
    struct builder builder;
    struct boot_info info;
    begin_good(&builder);
    add_screen(&builder, 0xfd000000, 4096, 1024, 768, 32, SCREEN_KIND_RGB);
    add_root(&builder, TAG_ACPI_NEW, 2, 36);
    end(&builder);
    uint8_t *copy = exact_copy(builder.bytes, builder.size);
    for (uint32_t i = 0; i < builder.size; i++) {
        uint8_t kept = copy[i];
        for (int value = 0; value < 256; value++) {
            copy[i] = (uint8_t)value;
            if (!multiboot_parse(copy, builder.size, &info)) {
                assert_sane(&info);
            }
        }
        copy[i] = kept;
    }
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(understands_qemu),
        cmocka_unit_test(refuses_sizes),
        cmocka_unit_test(refuses_truncated),
        cmocka_unit_test(refuses_tag_sizes),
        cmocka_unit_test(refuses_missing_end),
        cmocka_unit_test(refuses_missing_map),
        cmocka_unit_test(refuses_second_map),
        cmocka_unit_test(refuses_empty_map),
        cmocka_unit_test(refuses_entry_sizes),
        cmocka_unit_test(accepts_longer_entries),
        cmocka_unit_test(refuses_wrapping_range),
        cmocka_unit_test(limits_modules),
        cmocka_unit_test(checks_modules),
        cmocka_unit_test(limits_texts),
        cmocka_unit_test(ends_texts_with_their_tag),
        cmocka_unit_test(accepts_screens),
        cmocka_unit_test(ignores_unusable_screens),
        cmocka_unit_test(ignores_unusable_colours),
        cmocka_unit_test(assumes_text_on_bios_only),
        cmocka_unit_test(keeps_the_newer_root_pointer),
        cmocka_unit_test(survives_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
