// sources: servers/keyboard/scancode.c servers/keyboard/layouts.c
/* The keyboard's scancodes (set 1) become the bytes a terminal sends. */
#include "servers/keyboard/layouts.h"

#include "tests/host/check.h"

#define KEY(plain, shifted, letters)                                                               \
    {                                                                                              \
        {plain, shifted, plain, shifted}, letters                                                  \
    }

static const struct keymap keymap = {
    .keys = {[0x02] = KEY('1', '!', 0),
             [0x1a] = KEY('[', '{', 0),
             [0x1e] = KEY('a', 'A', 3),
             [0x2e] = KEY('c', 'C', 3),
             [0x35] = KEY('/', '?', 0),
             [0x39] = KEY(' ', ' ', 0),
             [0x28] = KEY(0xe4, 0xc4, 3),
             [0x29] = KEY(0x20ac, 0, 0)},
};

static struct scancodes keyboard;

static int start(void **state)
{
    (void)state;
    keyboard = (struct scancodes){.keymap = &keymap};
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

static void assert_command(const char *text, uint8_t command)
{
    assert_string_equal(text, "");
    assert_int_equal(keyboard.command, command);
    keyboard.command = COMMAND_NONE;
}

static void test_commands(void **state)
{
    (void)state;
    assert_command(TYPED(0x38, 0x3b), COMMAND_SHOW);
    assert_command(TYPED(0x3e), COMMAND_SHOW + 3);
    assert_command(TYPED(0xb8, 0xe0, 0x38, 0x3c), COMMAND_SHOW + 1);
    assert_string_equal(TYPED(0x3f, 0xe0, 0xb8), "\x1b[15~");
    /* Keyboards say around such a key that Shift is let go; it is not. */
    assert_command(TYPED(0x2a, 0xe0, 0xaa, 0xe0, 0x49), COMMAND_UP);
    assert_command(TYPED(0xe0, 0xc9, 0xe0, 0x2a, 0x51), COMMAND_DOWN);
    assert_string_equal(TYPED(0x45, 0xc5, 0x51, 0xaa, 0xe0, 0x51), "3\x1b[6~");
    assert_string_equal(TYPED(0x3b, 0x44, 0x57, 0x58), "\x1bOP\x1b[21~\x1b[23~\x1b[24~");
    assert_int_equal(keyboard.command, COMMAND_NONE);
}

static void test_what_types_nothing(void **state)
{
    (void)state;
    /* Pause, Alt, a key there is not, the Windows keys, print screen. */
    assert_string_equal(TYPED(0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5, 0x1e), "a");
    assert_string_equal(TYPED(0x38, 0x1e, 0xb8), "a");
    assert_string_equal(TYPED(0x54, 0xe0, 0x5b, 0xe0, 0x5c, 0xe0, 0x37, 0xe0, 0x1e), "");
    /* What the keyboard says of itself: acknowledged, passed its test. */
    assert_string_equal(TYPED(0xfa, 0xaa), "");
}

/* ---- The layouts as they come from the package ---- */

static void use(const char *layout)
{
    keyboard = (struct scancodes){0};
    assert_true(layouts_use(&keyboard, layout));
}

static void test_layouts(void **state)
{
    (void)state;
    static const char *const names[] = {"us", "se", "de", "fr"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_string_equal(layouts_at(i)->name, names[i]);
        use(names[i]);
        assert_string_equal(TYPED(0x39, 0x17, 0x2a, 0x17, 0xaa), " iI"); /* the same in all */
        assert_string_equal(TYPED(0x1c, 0xe0, 0x48), "\r\x1b[A");
    }
    assert_null(layouts_at(4));
    assert_false(layouts_use(&keyboard, "xx"));
    assert_string_equal(keyboard.keymap->name, "fr");
}

static void test_us(void **state)
{
    (void)state;
    use("us");
    assert_string_equal(TYPED(0x2c, 0x15, 0x1a, 0x27, 0x35), "zy[;/");
    assert_string_equal(TYPED(0x2a, 0x03, 0x28, 0x29, 0xaa), "@\"~");
    assert_string_equal(TYPED(0xe0, 0x38, 0x10, 0xe0, 0xb8), "q"); /* it has no third level */
}

static void test_de(void **state)
{
    (void)state;
    use("de");
    assert_string_equal(TYPED(0x2c, 0x15, 0x1a, 0x27, 0x28, 0x0c), "yzüöäß");
    assert_string_equal(TYPED(0x2a, 0x1a, 0x27, 0x28, 0x0c, 0x08, 0xaa), "ÜÖÄ?/");
    assert_string_equal(TYPED(0xe0, 0x38, 0x10, 0x12, 0x08, 0x0b, 0x56, 0xe0, 0xb8, 0x10),
                        "@€{}|q");
    assert_string_equal(TYPED(0x56, 0x35, 0x2a, 0x56, 0xaa), "<->");
    assert_string_equal(TYPED(0x1d, 0x15, 0x9d), "\x1a"); /* control and z */
    /* Caps Lock is for ü, and not for digits. */
    assert_string_equal(TYPED(0x3a, 0xba, 0x1a, 0x02, 0x2a, 0x1a, 0x02, 0xaa), "Ü1ü!");
}

static void test_fr(void **state)
{
    (void)state;
    use("fr");
    assert_string_equal(TYPED(0x10, 0x1e, 0x11, 0x2c, 0x27, 0x32), "aqzwm,");
    assert_string_equal(TYPED(0x02, 0x03, 0x08, 0x0a, 0x0b), "&éèçà");
    assert_string_equal(TYPED(0x2a, 0x02, 0x03, 0x0b, 0x32, 0xaa), "120?");
    assert_string_equal(TYPED(0xe0, 0x38, 0x0b, 0x04, 0xe0, 0xb8), "@#");
    /* Caps Lock does not reach the digits. */
    assert_string_equal(TYPED(0x3a, 0xba, 0x10, 0x03), "Aé");
}

static void test_se(void **state)
{
    (void)state;
    use("se");
    assert_string_equal(TYPED(0x1a, 0x28, 0x27), "åäö");
    assert_string_equal(TYPED(0x2a, 0x1a, 0x28, 0x27, 0xaa), "ÅÄÖ");
    assert_string_equal(TYPED(0xe0, 0x38, 0x03, 0x05, 0x08, 0x0c, 0xe0, 0xb8), "@${\\");
    assert_string_equal(TYPED(0x3a, 0xba, 0x1a), "Å");
}

static void test_dead_keys(void **state)
{
    (void)state;
    use("de");
    assert_string_equal(TYPED(0x0d), "");
    assert_string_equal(TYPED(0x12, 0x12), "ée");
    assert_string_equal(TYPED(0x0d, 0x2a, 0x12, 0xaa), "É");  /* shift between */
    assert_string_equal(TYPED(0x2a, 0x0d, 0xaa, 0x1e), "à");  /* grave */
    assert_string_equal(TYPED(0x29, 0x18), "ô");              /* circumflex */
    assert_string_equal(TYPED(0x0d, 0x39, 0x29, 0x39), "´^"); /* by themselves */
    assert_string_equal(TYPED(0x29, 0x29, 0x12), "^e");       /* twice */
    assert_string_equal(TYPED(0x0d, 0x10, 0x10), "´qq");      /* not to be composed */
    assert_string_equal(TYPED(0x0d, 0x29, 0x1e), "´â");       /* another accent */
    assert_string_equal(TYPED(0x0d, 0x0e, 0x12), "\x7f"
                                                 "e"); /* forgotten */
    use("fr");
    assert_string_equal(TYPED(0x1a, 0x12, 0x2a, 0x1a, 0xaa, 0x16), "êü");
    use("se");
    assert_string_equal(TYPED(0x1b, 0x16, 0x0d, 0x12), "üé");
}

static void test_any_codes(void **state)
{
    (void)state;
    uint64_t seed = 1;
    use("de");
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
        cmocka_unit_test_setup(test_commands, start),
        cmocka_unit_test_setup(test_what_types_nothing, start),
        cmocka_unit_test_setup(test_layouts, start),
        cmocka_unit_test_setup(test_us, start),
        cmocka_unit_test_setup(test_de, start),
        cmocka_unit_test_setup(test_fr, start),
        cmocka_unit_test_setup(test_se, start),
        cmocka_unit_test_setup(test_dead_keys, start),
        cmocka_unit_test_setup(test_any_codes, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
