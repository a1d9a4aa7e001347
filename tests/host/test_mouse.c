// sources: servers/keyboard/mouse.c
/* The packets of a PS/2 mouse become movements and buttons; garbage becomes nothing worse. */
#include "servers/keyboard/mouse.h"

#include "tests/host/check.h"

static struct mouse mouse;

static int start(void **state)
{
    (void)state;
    mouse = (struct mouse){.there = true};
    return 0;
}

static void take(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mouse_take(&mouse, bytes[i]);
}

#define TAKE(...) take((const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__})

static void assert_moved(int64_t right, int64_t down, int64_t wheel, uint8_t buttons)
{
    assert_int_equal(mouse.right, right);
    assert_int_equal(mouse.down, down);
    assert_int_equal(mouse.wheel, wheel);
    assert_int_equal(mouse.buttons, buttons);
}

static void test_movements(void **state)
{
    (void)state;
    TAKE(0x08, 5);
    assert_false(mouse.changed);
    TAKE(3);
    assert_true(mouse.changed);
    assert_moved(5, -3, 0, 0);
    TAKE(0x39, 0xfe, 0xff);
    assert_moved(3, -2, 0, 1);
    mouse_told(&mouse);
    assert_moved(0, 0, 0, 1);
    assert_false(mouse.changed);
    TAKE(0x09, 0, 0);
    assert_false(mouse.changed);
    TAKE(0x0e, 0, 0);
    assert_true(mouse.changed);
    assert_moved(0, 0, 0, 6);
}

static void test_wheel(void **state)
{
    (void)state;
    mouse.has_wheel = true;
    TAKE(0x08, 0, 0, 0x01, 0x08, 1, 0, 0x0f, 0x08, 0, 0, 0x3e);
    assert_moved(1, 0, -2, 0);
}

static void test_garbage(void **state)
{
    (void)state;
    /* What cannot begin a packet; movements that do not fit. */
    TAKE(0, 0xf0, 0x41, 0x08, 1, 1);
    assert_moved(1, -1, 0, 0);
    TAKE(0xc9, 0xff, 0xff);
    assert_moved(1, -1, 0, 1);
    mouse.there = false;
    TAKE(0x08, 1, 1);
    assert_moved(1, -1, 0, 1);
}

static void test_any_bytes(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (int i = 0; i < 100000; i++) {
        mouse.has_wheel = i & 1024;
        mouse_take(&mouse, (uint8_t)next_random(&seed));
        assert_true(mouse.count < 4 && mouse.buttons < 8);
        mouse_told(&mouse);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_movements, start),
        cmocka_unit_test_setup(test_wheel, start),
        cmocka_unit_test_setup(test_garbage, start),
        cmocka_unit_test_setup(test_any_bytes, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
