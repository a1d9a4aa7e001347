// sources: servers/serial/queues.c
/* The serial server's queues: bytes come out as they went in, once, whatever is repeated. */
#include "servers/serial/queues.h"

#include <cocos/protocol/text.h>

#include "tests/host/check.h"

static struct queues *queues;

static int start(void **state)
{
    (void)state;
    queues = calloc(1, sizeof *queues);
    queues_open(queues);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(queues);
    return 0;
}

static const char *sent(void)
{
    static char text[256];
    size_t count = 0;
    for (uint8_t byte; queues_next(queues, &byte) && count < sizeof text - 1;) {
        queues_sent(queues, byte);
        text[count++] = (char)byte;
    }
    text[count] = 0;
    return text;
}

static void test_new_lines(void **state)
{
    (void)state;
    queues_write(queues, 0, "a\nb\r\nc\n\n\r\r\n", 11);
    assert_string_equal(sent(), "a\r\nb\r\nc\r\n\r\n\r\r\n");
    queues_write(queues, 0, "\r", 1);
    assert_string_equal(sent(), "\r");
    queues_write(queues, 0, "\n", 1);
    assert_string_equal(sent(), "\n");
}

static void test_repeated_writes(void **state)
{
    (void)state;
    assert_int_equal(queues_write(queues, 1, "abc", 3), 3);
    assert_int_equal(queues_write(queues, 1, "abcdef", 6), 3);
    assert_int_equal(queues_write(queues, 2, "def", 3), 3);
    assert_string_equal(sent(), "abcdef");
    while (queues_has_room(queues, 0, TEXT_BYTES))
        queues_write(queues, 3, "0123456789012345678901234567890123456789", TEXT_BYTES),
            queues_write(queues, 4, "", 0);
    assert_true(queues_has_room(queues, 4, TEXT_BYTES));
    assert_false(queues_has_room(queues, 5, TEXT_BYTES));
}

static void test_repeated_reads(void **state)
{
    (void)state;
    char bytes[TEXT_BYTES];
    assert_int_equal(queues_read(queues, 1, bytes), 0);
    queues_received(queues, 'a');
    assert_int_equal(queues_read(queues, 1, bytes), 1);
    queues_received(queues, 'b');
    assert_int_equal(queues_read(queues, 1, bytes), 1);
    assert_int_equal(bytes[0], 'a');
    assert_int_equal(queues_read(queues, 2, bytes), 1);
    assert_int_equal(bytes[0], 'b');
    assert_int_equal(queues_read(queues, 3, bytes), 0);
}

/* A paste of 64 KiB with a reader that comes now and then, asks twice for all, and finds it as it
 * was typed; what has no room waits outside. */
static void test_paste(void **state)
{
    (void)state;
    uint64_t seed = 3;
    uint32_t put = 0, got = 0, number = 1;
    while (got < 65536) {
        for (uint64_t i = next_random(&seed) % 5000;
             i > 0 && put < 65536 && queues_receives(queues); i--)
            queues_received(queues, (uint8_t)(put * 7 + (put >> 8))), put++;
        for (uint64_t i = next_random(&seed) % 50; i > 0; i--) {
            char bytes[TEXT_BYTES], again[TEXT_BYTES];
            uint32_t count = queues_read(queues, number, bytes);
            if (count == 0)
                break;
            assert_int_equal(queues_read(queues, number, again), count);
            assert_memory_equal(bytes, again, count);
            for (uint32_t k = 0; k < count; k++, got++)
                assert_int_equal((uint8_t)bytes[k], (uint8_t)(got * 7 + (got >> 8)));
            number = text_number_after(number);
        }
    }
    assert_int_equal(put, got);
}

static void test_spoiled_memory(void **state)
{
    (void)state;
    queues->sent = 5;
    queues_open(queues);
    assert_int_equal(queues->sent, 0);
    queues->received = UINT64_MAX;
    queues_open(queues);
    assert_false(queues_readable(queues));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_new_lines, start, end),
        cmocka_unit_test_setup_teardown(test_repeated_writes, start, end),
        cmocka_unit_test_setup_teardown(test_repeated_reads, start, end),
        cmocka_unit_test_setup_teardown(test_paste, start, end),
        cmocka_unit_test_setup_teardown(test_spoiled_memory, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
