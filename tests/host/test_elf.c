// sources: kernel/elf.c
/*
 * The checking ELF parser: what it accepts, and every rule broken one at a time in a program
 * that is otherwise good.
 */
#include <cocos/elf_check.h>

#include <elf.h>
#include <stdio.h>

#include <cocos/abi.h>
#include <cocos/errors.h>

#include "tests/host/check.h"

#define TEXT_BYTES_IN_FILE 0x400u
#define DATA_BYTES_IN_FILE 0x100u
#define DATA_OFFSET 0x400u
#define FILE_BYTES (DATA_OFFSET + DATA_BYTES_IN_FILE)
#define LOADS 24

enum { TEXT, DATA, STACK, HEADERS };

/* A static-PIE: text with the headers at 0, data and zeroes from 0x1400, no executable stack. */
struct program {
    Elf64_Ehdr header;
    Elf64_Phdr table[HEADERS];
    uint8_t rest[FILE_BYTES - sizeof(Elf64_Ehdr) - HEADERS * sizeof(Elf64_Phdr)];
};
_Static_assert(sizeof(struct program) == FILE_BYTES, "the file is as laid out");

static struct program good(void)
{
    struct program program = {
        .header =
            {
                .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                            EV_CURRENT},
                .e_type = ET_DYN,
                .e_machine = EM_X86_64,
                .e_version = EV_CURRENT,
                .e_entry = 0x200,
                .e_phoff = sizeof(Elf64_Ehdr),
                .e_ehsize = sizeof(Elf64_Ehdr),
                .e_phentsize = sizeof(Elf64_Phdr),
                .e_phnum = HEADERS,
            },
        .table =
            {
                [TEXT] = {PT_LOAD, PF_R | PF_X, 0, 0, 0, TEXT_BYTES_IN_FILE, TEXT_BYTES_IN_FILE,
                          0x1000},
                [DATA] = {PT_LOAD, PF_R | PF_W, DATA_OFFSET, 0x1400, 0x1400, DATA_BYTES_IN_FILE,
                          0x2000, 0x1000},
                [STACK] = {PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16},
            },
    };
    return program;
}

/* The same at fixed addresses. */
static struct program good_fixed(void)
{
    struct program program = good();
    program.header.e_type = ET_EXEC;
    program.header.e_entry += PROGRAM_BASE;
    program.table[TEXT].p_vaddr += PROGRAM_BASE;
    program.table[DATA].p_vaddr += PROGRAM_BASE;
    return program;
}

static int check_bytes(const void *bytes, size_t size, struct elf_image *image)
{
    void *copy = exact_copy(bytes, size);
    int error = elf_check(copy, size, PROGRAM_BASE, image);
    free(copy);
    return error;
}

/* The error must be this one, and the image untouched. */
static void assert_refused(const void *bytes, size_t size, int expected)
{
    struct elf_image image;
    struct elf_image before;
    memset(&before, 0x5a, sizeof(before));
    image = before;
    assert_int_equal(check_bytes(bytes, size, &image), expected);
    assert_memory_equal(&image, &before, sizeof(image));
}

static void assert_program_refused(struct program program, int expected)
{
    assert_refused(&program, sizeof(program), expected);
}

static struct elf_image assert_accepted(struct program program)
{
    struct elf_image image;
    assert_int_equal(check_bytes(&program, sizeof(program), &image), OK);
    return image;
}

/* Sets one number of the good program, then expects one error. */
#define REFUSED_WITH(field, value, expected)                                                       \
    do {                                                                                           \
        struct program program = good();                                                           \
        program.field = (value);                                                                   \
        assert_program_refused(program, expected);                                                 \
    } while (0)

#define FIXED_REFUSED_WITH(field, value, expected)                                                 \
    do {                                                                                           \
        struct program program = good_fixed();                                                     \
        program.field = (value);                                                                   \
        assert_program_refused(program, expected);                                                 \
    } while (0)

static void accepts_static_pie(void **state)
{
    (void)state;
    struct elf_image image = assert_accepted(good());
    assert_true(image.base == PROGRAM_BASE);
    assert_true(image.entry == PROGRAM_BASE + 0x200);
    assert_true(image.start == PROGRAM_BASE);
    assert_true(image.end == PROGRAM_BASE + 0x4000);
    assert_int_equal(image.segment_count, 2);
    assert_int_equal(image.segments[0].rights, MAP_READ | MAP_EXECUTE);
    assert_int_equal(image.segments[1].rights, MAP_READ | MAP_WRITE);
    assert_true(image.segments[1].address == PROGRAM_BASE + 0x1400);
    assert_true(image.segments[1].memory_bytes == 0x2000);
    assert_true(image.segments[1].file_offset == DATA_OFFSET);
    assert_true(image.segments[1].file_bytes == DATA_BYTES_IN_FILE);
}

static void accepts_fixed_addresses(void **state)
{
    (void)state;
    struct elf_image image = assert_accepted(good_fixed());
    assert_true(image.base == 0);
    assert_true(image.entry == PROGRAM_BASE + 0x200);
    assert_true(image.start == PROGRAM_BASE && image.end == PROGRAM_BASE + 0x4000);
}

static void accepts_unaligned_file(void **state)
{
    (void)state;
    struct program program = good();
    struct elf_image image;
    uint8_t *copy = malloc(sizeof(program) + 1);
    assert_non_null(copy);
    memcpy(copy + 1, &program, sizeof(program));
    assert_int_equal(elf_check(copy + 1, sizeof(program), PROGRAM_BASE, &image), OK);
    free(copy);
}

static void sorts_segments(void **state)
{
    (void)state;
    struct program program = good();
    Elf64_Phdr text = program.table[TEXT];
    program.table[TEXT] = program.table[DATA];
    program.table[DATA] = text;
    struct elf_image image = assert_accepted(program);
    assert_true(image.segments[0].address == PROGRAM_BASE);
    assert_true(image.segments[1].address == PROGRAM_BASE + 0x1400);
}

static void ignores_empty_segments(void **state)
{
    (void)state;
    struct program program = good();
    program.table[STACK] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X};
    assert_int_equal(assert_accepted(program).segment_count, 2);
}

static void accepts_last_page_below_the_top(void **state)
{
    (void)state;
    struct program program = good_fixed();
    program.table[DATA].p_vaddr = PROGRAM_END - 0x1000 + 0x400;
    program.table[DATA].p_memsz = 0xc00;
    program.header.e_entry += PROGRAM_END - 0x2000 - PROGRAM_BASE;
    program.table[TEXT].p_vaddr = PROGRAM_END - 0x2000;
    assert_true(assert_accepted(program).end == PROGRAM_END);
}

static void refuses_load_base(void **state)
{
    (void)state;
    static const uint64_t bases[] = {
        0, 0x400000, UPPER_HALF_START - 0x1000, PROGRAM_BASE + 1, PROGRAM_END, ~0xfffull,
    };
    struct program program = good();
    struct elf_image image;
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        assert_int_equal(elf_check(&program, sizeof(program), bases[i], &image), E_ARGUMENT);
    }
}

/* Whatever a file of this kind is cut down to, it is called truncated. */
static void refuses_truncated(void **state)
{
    (void)state;
    struct program program = good();
    for (size_t size = 0; size < sizeof(program); size++) {
        assert_refused(&program, size, E_ELF_TRUNCATED);
    }
    REFUSED_WITH(header.e_phoff, UINT64_MAX, E_ELF_TRUNCATED);
    REFUSED_WITH(header.e_phoff, UINT64_MAX - 64, E_ELF_TRUNCATED);
    REFUSED_WITH(header.e_phoff, FILE_BYTES, E_ELF_TRUNCATED);
    REFUSED_WITH(table[DATA].p_offset, UINT64_MAX - 0xbff, E_ELF_TRUNCATED);
    REFUSED_WITH(table[DATA].p_offset, 0x1400, E_ELF_TRUNCATED);
    REFUSED_WITH(table[DATA].p_filesz, DATA_BYTES_IN_FILE + 1, E_ELF_TRUNCATED);
}

static void refuses_magic(void **state)
{
    (void)state;
    for (int i = 0; i < SELFMAG; i++) {
        REFUSED_WITH(header.e_ident[i], 'x', E_ELF_MAGIC);
    }
    assert_refused("#!", 2, E_ELF_MAGIC);
    assert_refused("no ELF file, but longer than an ELF header is: 64 bytes, that is...", 67,
                   E_ELF_MAGIC);
}

static void refuses_class(void **state)
{
    (void)state;
    REFUSED_WITH(header.e_ident[EI_CLASS], ELFCLASS32, E_ELF_CLASS);
    REFUSED_WITH(header.e_ident[EI_DATA], ELFDATA2MSB, E_ELF_CLASS);
    REFUSED_WITH(header.e_ident[EI_VERSION], 0, E_ELF_CLASS);
    REFUSED_WITH(header.e_version, 2, E_ELF_CLASS);
}

static void refuses_machine(void **state)
{
    (void)state;
    REFUSED_WITH(header.e_machine, EM_386, E_ELF_MACHINE);
    REFUSED_WITH(header.e_machine, EM_AARCH64, E_ELF_MACHINE);
}

static void refuses_type(void **state)
{
    (void)state;
    REFUSED_WITH(header.e_type, ET_REL, E_ELF_TYPE);
    REFUSED_WITH(header.e_type, ET_CORE, E_ELF_TYPE);
    REFUSED_WITH(header.e_type, ET_NONE, E_ELF_TYPE);
}

static void refuses_interpreter(void **state)
{
    (void)state;
    REFUSED_WITH(table[STACK].p_type, PT_INTERP, E_ELF_INTERPRETER);
}

static void refuses_header_table(void **state)
{
    (void)state;
    REFUSED_WITH(header.e_phentsize, 0, E_ELF_HEADERS);
    REFUSED_WITH(header.e_phentsize, sizeof(Elf64_Phdr) + 1, E_ELF_HEADERS);
    REFUSED_WITH(header.e_phentsize, sizeof(Elf32_Phdr), E_ELF_HEADERS);
    REFUSED_WITH(header.e_phnum, PN_XNUM, E_ELF_HEADERS);
    REFUSED_WITH(header.e_phnum, 65, E_ELF_HEADERS);
    REFUSED_WITH(header.e_phnum, 64, E_ELF_TRUNCATED); /* as many as may be, but not there */
}

static void refuses_nothing_to_load(void **state)
{
    (void)state;
    REFUSED_WITH(header.e_phnum, 0, E_ELF_NO_SEGMENT);
    struct program program = good();
    program.table[TEXT].p_type = program.table[DATA].p_type = PT_NOTE;
    assert_program_refused(program, E_ELF_NO_SEGMENT);
}

/* `count` pages of text from PROGRAM_BASE on, all out of the one page at offset 0. */
static int check_many(uint16_t count, struct elf_image *image)
{
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr table[LOADS];
    } program = {.header = good_fixed().header};
    program.header.e_phnum = count;
    for (uint64_t i = 0; i < count; i++) {
        program.table[i] = (Elf64_Phdr){
            PT_LOAD, PF_R | PF_X, 0, PROGRAM_BASE + i * 0x1000, 0, 64, 0x1000, 0x1000,
        };
    }
    return check_bytes(&program, sizeof(program), image);
}

static void refuses_too_many_segments(void **state)
{
    (void)state;
    struct elf_image image;
    assert_int_equal(check_many(ELF_SEGMENTS, &image), OK);
    assert_int_equal(image.segment_count, ELF_SEGMENTS);
    assert_int_equal(check_many(ELF_SEGMENTS + 1, &image), E_ELF_MANY);
}

static void refuses_file_size(void **state)
{
    (void)state;
    REFUSED_WITH(table[DATA].p_memsz, DATA_BYTES_IN_FILE - 1, E_ELF_FILE_SIZE);
    REFUSED_WITH(table[DATA].p_memsz, 0, E_ELF_FILE_SIZE);
    REFUSED_WITH(table[DATA].p_filesz, UINT64_MAX, E_ELF_FILE_SIZE);
}

static void refuses_wrap(void **state)
{
    (void)state;
    REFUSED_WITH(table[DATA].p_vaddr, 0 - PROGRAM_BASE + 0x400, E_ELF_WRAP);
    REFUSED_WITH(table[DATA].p_vaddr, UINT64_MAX - 0xbff, E_ELF_WRAP);
    REFUSED_WITH(table[DATA].p_memsz, UINT64_MAX, E_ELF_WRAP);
    FIXED_REFUSED_WITH(table[DATA].p_memsz, 0 - PROGRAM_BASE - 0x1400 + 1, E_ELF_WRAP);
}

static void refuses_lower_half(void **state)
{
    (void)state;
    FIXED_REFUSED_WITH(table[DATA].p_vaddr, 0x400, E_ELF_HALF);
    FIXED_REFUSED_WITH(table[DATA].p_vaddr, 0x400400, E_ELF_HALF);
    FIXED_REFUSED_WITH(table[DATA].p_vaddr, LOWER_HALF_END - 0x1000 + 0x400, E_ELF_HALF);
    FIXED_REFUSED_WITH(table[DATA].p_vaddr, LOWER_HALF_END + 0x400, E_ELF_HALF);
    FIXED_REFUSED_WITH(table[DATA].p_vaddr, UPPER_HALF_START - 0x1000 + 0x400, E_ELF_HALF);
    REFUSED_WITH(header.e_type, ET_EXEC, E_ELF_HALF);
}

static void refuses_reserved_top(void **state)
{
    (void)state;
    FIXED_REFUSED_WITH(table[DATA].p_vaddr, PROCESS_PAGE + 0x400, E_ELF_RESERVED);
    FIXED_REFUSED_WITH(table[DATA].p_vaddr, SYSTEM_PAGE + 0x400, E_ELF_RESERVED);
    FIXED_REFUSED_WITH(table[DATA].p_vaddr, UPPER_HALF_END + 0x400, E_ELF_RESERVED);
    FIXED_REFUSED_WITH(table[DATA].p_memsz, 0 - PROGRAM_BASE - 0x1400, E_ELF_RESERVED);
    struct program program = good_fixed();
    program.table[DATA].p_vaddr = PROGRAM_END - 0x1000 + 0x400;
    program.table[DATA].p_memsz = 0xc01;
    assert_program_refused(program, E_ELF_RESERVED);
}

static void refuses_overlap(void **state)
{
    (void)state;
    /* on one page, although no byte is in both */
    REFUSED_WITH(table[DATA].p_vaddr, 0x400, E_ELF_OVERLAP);
    REFUSED_WITH(table[TEXT].p_memsz, 0x1001, E_ELF_OVERLAP);
    struct program program = good();
    program.table[STACK] = program.table[DATA];
    assert_program_refused(program, E_ELF_OVERLAP);
    program.table[STACK].p_vaddr += 0x2000; /* data ends on that page */
    assert_program_refused(program, E_ELF_OVERLAP);
}

static void refuses_rights(void **state)
{
    (void)state;
    REFUSED_WITH(table[TEXT].p_flags, PF_R | PF_W | PF_X, E_ELF_RIGHTS);
    REFUSED_WITH(table[TEXT].p_flags, PF_W | PF_X, E_ELF_RIGHTS);
    REFUSED_WITH(table[TEXT].p_flags, PF_X, E_ELF_RIGHTS);
    REFUSED_WITH(table[DATA].p_flags, PF_W, E_ELF_RIGHTS);
    REFUSED_WITH(table[DATA].p_flags, 0, E_ELF_RIGHTS);
    REFUSED_WITH(table[STACK].p_flags, PF_R | PF_W | PF_X, E_ELF_RIGHTS);
}

static void refuses_alignment(void **state)
{
    (void)state;
    REFUSED_WITH(table[DATA].p_vaddr, 0x1401, E_ELF_ALIGNMENT);
    REFUSED_WITH(table[DATA].p_align, 3, E_ELF_ALIGNMENT);
    REFUSED_WITH(table[DATA].p_align, 0x2000, E_ELF_ALIGNMENT);
    REFUSED_WITH(table[DATA].p_align, UINT64_MAX, E_ELF_ALIGNMENT);
    REFUSED_WITH(table[TEXT].p_align, 1ull << 40, E_ELF_ALIGNMENT); /* PROGRAM_BASE is not */
    struct program program = good();
    program.table[DATA].p_align = 0;
    assert_accepted(program);
    program.table[DATA].p_align = 1;
    assert_accepted(program);
    program.table[TEXT].p_align = 0x400000;
    assert_accepted(program);
}

static void refuses_entry(void **state)
{
    (void)state;
    REFUSED_WITH(header.e_entry, TEXT_BYTES_IN_FILE, E_ELF_ENTRY);
    REFUSED_WITH(header.e_entry, 0x1400, E_ELF_ENTRY);
    REFUSED_WITH(header.e_entry, 0 - PROGRAM_BASE, E_ELF_ENTRY);
    REFUSED_WITH(header.e_entry, UINT64_MAX, E_ELF_ENTRY);
    FIXED_REFUSED_WITH(header.e_entry, 0, E_ELF_ENTRY);
    FIXED_REFUSED_WITH(header.e_entry, PROGRAM_BASE - 1, E_ELF_ENTRY);
}

static void refuses_size(void **state)
{
    (void)state;
    struct program program = good();
    program.table[DATA].p_memsz = ELF_IMAGE_BYTES_MAX - 0x1400;
    assert_accepted(program);
    program.table[DATA].p_memsz++;
    assert_program_refused(program, E_ELF_SIZE);
    REFUSED_WITH(table[DATA].p_vaddr, ELF_IMAGE_BYTES_MAX + 0x400, E_ELF_SIZE);
}

/* Every byte of the headers set to every value: never more than an error. */
static void survives_damage(void **state)
{
    (void)state;
    struct program program = good();
    uint8_t *copy = exact_copy(&program, sizeof(program));
    struct elf_image image;
    for (size_t i = 0; i < offsetof(struct program, rest); i++) {
        uint8_t kept = copy[i];
        for (int value = 0; value < 256; value++) {
            copy[i] = (uint8_t)value;
            elf_check(copy, sizeof(program), PROGRAM_BASE, &image);
        }
        copy[i] = kept;
    }
    free(copy);
}

/* What the build made, where it has been built. */
static void accepts_built_server(void **state)
{
    (void)state;
    static uint8_t bytes[16 << 20];
    FILE *file = fopen("build/servers/init", "rb");
    if (!file) {
        skip();
    }
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    struct elf_image image;
    assert_int_equal(check_bytes(bytes, size, &image), OK);
    assert_true(image.segment_count >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_static_pie),
        cmocka_unit_test(accepts_fixed_addresses),
        cmocka_unit_test(accepts_unaligned_file),
        cmocka_unit_test(sorts_segments),
        cmocka_unit_test(ignores_empty_segments),
        cmocka_unit_test(accepts_last_page_below_the_top),
        cmocka_unit_test(refuses_load_base),
        cmocka_unit_test(refuses_truncated),
        cmocka_unit_test(refuses_magic),
        cmocka_unit_test(refuses_class),
        cmocka_unit_test(refuses_machine),
        cmocka_unit_test(refuses_type),
        cmocka_unit_test(refuses_interpreter),
        cmocka_unit_test(refuses_header_table),
        cmocka_unit_test(refuses_nothing_to_load),
        cmocka_unit_test(refuses_too_many_segments),
        cmocka_unit_test(refuses_file_size),
        cmocka_unit_test(refuses_wrap),
        cmocka_unit_test(refuses_lower_half),
        cmocka_unit_test(refuses_reserved_top),
        cmocka_unit_test(refuses_overlap),
        cmocka_unit_test(refuses_rights),
        cmocka_unit_test(refuses_alignment),
        cmocka_unit_test(refuses_entry),
        cmocka_unit_test(refuses_size),
        cmocka_unit_test(survives_damage),
        cmocka_unit_test(accepts_built_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
