// sources: servers/init/names.c
/* Names for addresses: of this very program, and of spoiled copies of it. */
#include "servers/init/names.h"

#include "tests/host/check.h"

#include <elf.h>
#include <stdio.h>

struct file {
    uint8_t *start;
    uint64_t bytes;
};

static struct file read_self(void)
{
    struct file file = {malloc(1 << 24), 0};
    FILE *stream = fopen("/proc/self/exe", "rb");
    assert_non_null(stream);
    file.bytes = fread(file.start, 1, 1 << 24, stream);
    fclose(stream);
    return file;
}

static void test_a_name(void **state)
{
    (void)state;
    struct file file = read_self();
    char name[NAME_BYTES];
    uint64_t within, found = (uint64_t)names_find; /* linked at fixed addresses (host.mk) */
    assert_non_null(names_find(file.start, file.bytes, found, name, &within));
    assert_string_equal(name, "names_find");
    assert_int_equal(within, 0);
    assert_non_null(names_find(file.start, file.bytes, found + 9, name, &within));
    assert_string_equal(name, "names_find");
    assert_int_equal(within, 9);
    assert_null(names_find(file.start, file.bytes, UINT64_MAX, name, &within));
    free(file.start);
}

/* Cut off anywhere, and with any header field spoiled: a name or none, and nothing outside is read.
 */
static void test_spoiled(void **state)
{
    (void)state;
    struct file file = read_self();
    char name[NAME_BYTES];
    uint64_t within, random = 7;
    Elf64_Ehdr *header = (Elf64_Ehdr *)file.start;
    uint64_t sections = header->e_shoff, count = header->e_shnum;
    for (uint64_t cut = 0; cut < file.bytes; cut += file.bytes / 97) {
        uint8_t *exact = malloc(cut ? cut : 1);
        memcpy(exact, file.start, cut);
        names_find(exact, cut, 0x1234, name, &within);
        free(exact);
    }
    for (unsigned round = 0; round < 300; round++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t bytes = count * sizeof(Elf64_Shdr);
        uint8_t *place = round % 3 == 0 ? file.start + (random >> 33) % sizeof *header
                                        : file.start + sections + (random >> 33) % bytes;
        uint8_t old = *place;
        *place = (uint8_t)(random >> 20);
        names_find(file.start, file.bytes, 0x1234, name, &within);
        *place = old;
    }
    free(file.start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name),
        cmocka_unit_test(test_spoiled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
