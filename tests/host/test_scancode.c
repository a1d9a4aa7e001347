// sources: servers/keyboard/scancode.c
/* The keyboard's scancodes (set 1) become the bytes a terminal sends. */
#include "servers/keyboard/scancode.h"

#include "tests/host/check.h"

static const struct keymap_key keymap[KEYMAP_KEYS] = {
    [0x02] = {'1', '!'}, [0x1a] = {'[', '{'}, [0x1e] = {'a', 'A'},   [0x2e] = {'c', 'C'},
    [0x35] = {'/', '?'}, [0x39] = {' ', ' '}, [0x28] = {0xe4, 0xc4}, [0x29] = {0x20ac, 0},
};

static struct scancodes keyboard;

static int start(void **state)
{
    (void)state;
    keyboard = (struct scancodes){.keymap = keymap};
    return 0;
}

/* What the codes (ended by 0, which no key has) type. */
static const char *typed(const uint8_t *codes)
{
    static char text[128];
    size_t count = 0;
    for (; *codes; codes++) {
        char *key = malloc(SCANCODE_TEXT_BYTES);
        assert_non_null(key);
        size_t bytes = scancode_take(&keyboard, *codes, key);
        assert_true(bytes <= SCANCODE_TEXT_BYTES);
        memcpy(text + count, key, bytes);
        count += bytes;
        free(key);
    }
    text[count] = 0;
    return text;
}

#define TYPED(...) typed((const uint8_t[]){__VA_ARGS__, 0})

static void test_characters(void **state)
{
    (void)state;
    assert_string_equal(TYPED(0x1e, 0x9e, 0x02, 0x82, 0x39), "a1 ");
    assert_string_equal(TYPED(0x1e, 0x1e, 0x1e), "aaa");
    assert_string_equal(TYPED(0x1c, 0x0e, 0x0f, 0x01), "\r\x7f\t\x1b");
    assert_string_equal(TYPED(0x28, 0x29), "\xc3\xa4\xe2\x82\xac");
    assert_string_equal(TYPED(0x7f, 0x59), "");
}

static void test_shift_and_caps(void **state)
{
    (void)state;
    assert_string_equal(TYPED(0x2a, 0x1e, 0x02, 0xaa, 0x1e), "A!a");
    assert_string_equal(TYPED(0x36, 0x1e, 0xb6, 0x1e), "Aa");
    assert_string_equal(TYPED(0x2a, 0x36, 0xaa, 0x1e, 0xb6), "A");
    /* Caps lock is for letters, and shift undoes it. */
    assert_string_equal(TYPED(0x3a, 0x3a, 0xba, 0x1e, 0x02, 0x2a, 0x1e, 0x02, 0xaa), "A1a!");
    assert_string_equal(TYPED(0x3a, 0xba, 0x1e), "a");
}

static void test_control(void **state)
{
    (void)state;
    assert_string_equal(TYPED(0x1d, 0x2e, 0x9d, 0x2e), "\x03"
                                                       "c");
    assert_string_equal(TYPED(0xe0, 0x1d, 0x1e, 0x1a, 0x02, 0xe0, 0x9d, 0x02), "\x01\x1b"
                                                                               "1");
    char zero[SCANCODE_TEXT_BYTES] = "x";
    TYPED(0x1d);
    assert_int_equal(scancode_take(&keyboard, 0x39, zero), 1);
    assert_int_equal(zero[0], 0);
}

static void test_arrows_and_their_like(void **state)
{
    (void)state;
    assert_string_equal(TYPED(0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0x4b), "\x1b[A\x1b[D");
    assert_string_equal(TYPED(0xe0, 0x50, 0xe0, 0x4d), "\x1b[B\x1b[C");
    assert_string_equal(TYPED(0xe0, 0x47, 0xe0, 0x4f, 0xe0, 0x53), "\x1b[H\x1b[F\x1b[3~");
    assert_string_equal(TYPED(0xe0, 0x49, 0xe0, 0x51, 0xe0, 0x52), "\x1b[5~\x1b[6~\x1b[2~");
    /* With num lock the keyboard sends a shift of its own around them. */
    assert_string_equal(TYPED(0xe0, 0x2a, 0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0xaa, 0x1e), "\x1b[Aa");
}

static void test_keypad(void **state)
{
    (void)state;
    assert_string_equal(TYPED(0x48, 0x4a, 0x4e, 0x37, 0xe0, 0x35, 0xe0, 0x1c), "\x1b[A-+*/\r");
    assert_string_equal(TYPED(0x45, 0xc5, 0x47, 0x4c, 0x52, 0x53, 0xe0, 0x48), "750.\x1b[A");
    assert_string_equal(TYPED(0x45, 0xc5, 0x4c), "");
}

static void test_what_types_nothing(void **state)
{
    (void)state;
    /* Pause, Alt, AltGr, F1, the Windows keys, print screen. */
    assert_string_equal(TYPED(0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5, 0x1e), "a");
    assert_string_equal(TYPED(0x38, 0xe0, 0x38, 0x1e, 0xe0, 0xb8, 0xb8), "a");
    assert_string_equal(TYPED(0x3b, 0xe0, 0x5b, 0xe0, 0x5c, 0xe0, 0x37, 0xe0, 0x1e), "");
    /* What the keyboard says of itself: acknowledged, passed its test. */
    assert_string_equal(TYPED(0xfa, 0xaa), "");
}

static void test_any_codes(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 100000; i++) {
        char *key = malloc(SCANCODE_TEXT_BYTES);
        assert_non_null(key);
        assert_true(scancode_take(&keyboard, (uint8_t)next_random(&seed), key) <=
                    SCANCODE_TEXT_BYTES);
        free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_characters, start),
        cmocka_unit_test_setup(test_shift_and_caps, start),
        cmocka_unit_test_setup(test_control, start),
        cmocka_unit_test_setup(test_arrows_and_their_like, start),
        cmocka_unit_test_setup(test_keypad, start),
        cmocka_unit_test_setup(test_what_types_nothing, start),
        cmocka_unit_test_setup(test_any_codes, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
