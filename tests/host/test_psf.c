// sources: servers/console/psf.c servers/console/ansi.c
/* Console fonts: both formats are read, and damaged ones refused or read without a step outside. */
#include "servers/console/psf.h"

#include "tests/host/check.h"

static struct psf font;

/* PSF 1: 256 glyphs, two rows each; glyph n is {n, ~n}. The table: glyph 1 shows 'A' and U+2500,
 * glyph 2 the replacement, and a combination that is passed over. */
static size_t make_psf1(uint8_t *file)
{
    size_t used = 0;
    const uint8_t head[] = {0x36, 0x04, 2, 2};
    const uint8_t table[] = {0xff, 0xff, 'A',  0,    0x00, 0x25, 0xfe, 0xff, 'B',
                             0,    0x01, 0x03, 0xff, 0xff, 0xfd, 0xff, 0xff, 0xff};
    memcpy(file, head, sizeof head);
    used += sizeof head;
    for (int i = 0; i < 256; i++) {
        file[used++] = (uint8_t)i;
        file[used++] = (uint8_t)~i;
    }
    memcpy(file + used, table, sizeof table);
    return used + sizeof table;
}

/* PSF 2: three glyphs of 12 x 2; glyph n is {n, 0, n, 0}. */
static size_t make_psf2(uint8_t *file)
{
    const uint32_t head[] = {0x864ab572, 0, 32, 1, 3, 4, 2, 12};
    const uint8_t rest[] = {0,   0,    0,    0,    1,    0,   1,    0,    2,    0,   2,   0,
                            '?', 0xff, 0xc3, 0xa9, 0xfe, 'e', 0xcc, 0x81, 0xff, 'A', 0xff};
    memcpy(file, head, sizeof head);
    memcpy(file + sizeof head, rest, sizeof rest);
    return sizeof head + sizeof rest;
}

static void test_psf1(void **state)
{
    (void)state;
    uint8_t file[1024];
    size_t bytes = make_psf1(file);
    uint8_t *copy = exact_copy(file, bytes);
    assert_null(psf_open(&font, copy, bytes));
    assert_int_equal(font.width, 8);
    assert_int_equal(font.height, 2);
    assert_int_equal(psf_glyph(&font, 'A')[0], 1);
    assert_int_equal(psf_glyph(&font, 0x2500)[1], 0xfe);
    assert_int_equal(psf_glyph(&font, 'B')[0], 2); /* only in a combination: replaced */
    assert_int_equal(psf_glyph(&font, 0xffff)[0], 2);
    free(copy);
}

static void test_psf2(void **state)
{
    (void)state;
    uint8_t file[1024];
    size_t bytes = make_psf2(file);
    uint8_t *copy = exact_copy(file, bytes);
    assert_null(psf_open(&font, copy, bytes));
    assert_int_equal(font.width, 12);
    assert_int_equal(font.row_bytes, 2);
    assert_int_equal(psf_glyph(&font, 0xe9)[0], 1);
    assert_int_equal(psf_glyph(&font, 'A')[0], 2);
    assert_int_equal(psf_glyph(&font, 'e')[0], 0); /* '?' stands for it */
    free(copy);
}

static void test_without_a_table(void **state)
{
    (void)state;
    uint8_t file[1024];
    make_psf1(file);
    file[2] = 0;
    assert_null(psf_open(&font, file, 4 + 512));
    assert_int_equal(psf_glyph(&font, 'A')[0], 'A');
    assert_int_equal(psf_glyph(&font, 0x2500)[0], '?');
}

static void test_refusals(void **state)
{
    (void)state;
    uint8_t file[1024];
    size_t bytes = make_psf2(file);
    assert_non_null(psf_open(&font, file, 0));
    assert_non_null(psf_open(&font, (const uint8_t *)"no font at all", 14));
    assert_non_null(psf_open(&font, file, 43)); /* inside the glyphs */
    const struct {
        size_t word;
        uint32_t value;
    } damages[] = {{2, 31}, {2, 0xffffffff}, {4, 0}, {4, 0x10000}, {4, 0xffffffff}, {5, 5}, {6, 0},
                   {6, 3},  {6, 65},         {7, 0}, {7, 17},      {7, 0xffffffff}};
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        make_psf2(file);
        memcpy(file + damages[i].word * 4, &damages[i].value, 4);
        assert_non_null(psf_open(&font, file, bytes));
    }
}

/* Damaged anywhere, and cut off anywhere: refused, or every character has a bitmap inside the file.
 */
static void damage(const uint8_t *file, size_t bytes)
{
    uint64_t seed = 3;
    for (int round = 0; round < 4000; round++) {
        size_t kept = next_random(&seed) % (bytes + 1);
        uint8_t *copy = exact_copy(file, kept);
        for (int i = 0; i < 3 && kept > 0; i++)
            copy[next_random(&seed) % kept] = (uint8_t)next_random(&seed);
        if (!psf_open(&font, copy, kept)) {
            for (uint32_t code = 0; code < 0x10000; code += 0x61) {
                const uint8_t *glyph = psf_glyph(&font, (uint16_t)code);
                assert_true(glyph >= copy && glyph + font.glyph_bytes <= copy + kept);
            }
        }
        free(copy);
    }
}

static void test_damage(void **state)
{
    (void)state;
    uint8_t file[1024];
    damage(file, make_psf1(file));
    damage(file, make_psf2(file));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_psf1),
        cmocka_unit_test(test_psf2),
        cmocka_unit_test(test_without_a_table),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
