// sources: libc/start_stack.c
/* The stack a program starts on, read back as the C library reads it. */
#include "libc/start_stack.h"

#include <elf.h>
#include <stdbool.h>

#include "tests/host/check.h"

static const struct start_facts facts = {
    .headers = 0x1040,
    .header_count = 7,
    .header_bytes = 56,
    .entry = 0x2000,
    .random = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
};

static uint64_t *memory;

static const uint64_t *build(const struct process_page *page)
{
    free(memory);
    memory = aligned_alloc(16, START_STACK_BYTES);
    assert_non_null(memory);
    uint64_t at = cocos_start_stack(page, &facts, (uint64_t)memory + START_STACK_BYTES);
    assert_true(at >= (uint64_t)memory && at % 16 == 0);
    return (const uint64_t *)at;
}

static uint64_t value_of(const uint64_t *vector, uint64_t type)
{
    for (; vector[0] != AT_NULL; vector += 2)
        if (vector[0] == type)
            return vector[1];
    fail_msg("the vector has no entry %d", (int)type);
    return 0;
}

static void arguments(void **state)
{
    (void)state;
    static struct process_page page = {.argument_count = 3, .arguments = "hello\0\0a b"};
    const uint64_t *at = build(&page);
    assert_int_equal(at[0], 3);
    assert_string_equal((const char *)at[1], "hello");
    assert_string_equal((const char *)at[2], "");
    assert_string_equal((const char *)at[3], "a b");
    assert_int_equal(at[4], 0);
    assert_int_equal(at[5], 0);
    const uint64_t *vector = at + 6;
    assert_int_equal(value_of(vector, AT_PHDR), facts.headers);
    assert_int_equal(value_of(vector, AT_PHNUM), 7);
    assert_int_equal(value_of(vector, AT_PHENT), 56);
    assert_int_equal(value_of(vector, AT_PAGESZ), 4096);
    assert_int_equal(value_of(vector, AT_BASE), 0);
    assert_int_equal(value_of(vector, AT_ENTRY), 0x2000);
    assert_int_equal(value_of(vector, AT_SECURE), 0);
    assert_memory_equal((const void *)value_of(vector, AT_RANDOM), facts.random, 16);
}

static void no_arguments(void **state)
{
    (void)state;
    static struct process_page page;
    const uint64_t *at = build(&page);
    assert_int_equal(at[0], 0);
    assert_int_equal(at[1], 0);
    assert_int_equal(at[2], 0);
    assert_int_equal(value_of(at + 3, AT_PHNUM), 7);
}

/* As many strings as there can be fit; what the page claims beyond is left out. */
static void as_many_as_fit(void **state)
{
    (void)state;
    static struct process_page page = {.argument_count = UINT32_MAX};
    const uint64_t *at = build(&page);
    assert_int_equal(at[0], PROCESS_ARGUMENT_BYTES);
    for (uint32_t i = 1; i <= PROCESS_ARGUMENT_BYTES; i++)
        assert_string_equal((const char *)at[i], "");
    assert_int_equal(at[PROCESS_ARGUMENT_BYTES + 1], 0);
}

/* A last string without its zero is not one. */
static void unterminated(void **state)
{
    (void)state;
    static struct process_page page = {.argument_count = 2, .arguments = "init"};
    memset(page.arguments + 5, 'x', sizeof page.arguments - 5);
    const uint64_t *at = build(&page);
    assert_int_equal(at[0], 1);
    assert_string_equal((const char *)at[1], "init");
    assert_int_equal(at[2], 0);
}

static int release(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments),
        cmocka_unit_test(no_arguments),
        cmocka_unit_test(as_many_as_fit),
        cmocka_unit_test(unterminated),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
