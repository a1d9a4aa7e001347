// sources: servers/clock/date.c servers/clock/rtc.c
/* Dates, and the machine's clock as the clock server reads and sets it. */
#include "servers/clock/rtc.h"

#include <time.h>

#include "tests/host/check.h"

/* ---- Dates ---- */

static uint64_t seconds_of(uint32_t year, uint32_t month, uint32_t day, uint32_t hour,
                           uint32_t minute, uint32_t second)
{
    struct date date = {year, month, day, hour, minute, second};
    assert_true(date_exists(&date));
    struct date again = date_of_seconds(date_to_seconds(&date));
    assert_memory_equal(&date, &again, sizeof date);
    return date_to_seconds(&date);
}

static void test_known_dates(void **state)
{
    (void)state;
    assert_int_equal(seconds_of(1970, 1, 1, 0, 0, 0), 0);
    assert_int_equal(seconds_of(1970, 12, 31, 23, 59, 59), 31535999);
    assert_int_equal(seconds_of(1972, 2, 29, 0, 0, 0), 68169600);
    assert_int_equal(seconds_of(2000, 2, 29, 12, 0, 0), 951825600);
    assert_int_equal(seconds_of(2038, 1, 19, 3, 14, 7), INT32_MAX);
    assert_int_equal(seconds_of(2038, 1, 19, 3, 14, 8), INT32_MAX + 1ll);
    assert_int_equal(seconds_of(2100, 2, 28, 23, 59, 59), 4107542399);
    assert_int_equal(seconds_of(2100, 3, 1, 0, 0, 0), 4107542400);
}

static bool there_is(uint32_t year, uint32_t month, uint32_t day)
{
    return date_exists(&(struct date){.year = year, .month = month, .day = day});
}

static void test_which_dates_exist(void **state)
{
    (void)state;
    assert_true(there_is(1972, 2, 29) && there_is(2000, 2, 29) && there_is(2024, 2, 29));
    assert_false(there_is(1970, 2, 29) || there_is(2100, 2, 29) || there_is(2023, 2, 29));
    assert_false(there_is(2026, 4, 31) || there_is(2026, 0, 1) || there_is(2026, 13, 1));
    assert_false(there_is(2026, 1, 0) || there_is(1969, 12, 31) || there_is(0, 1, 1));
    assert_false(date_exists(&(struct date){2026, 1, 1, 24, 0, 0}));
    assert_false(date_exists(&(struct date){2026, 1, 1, 0, 60, 0}));
    assert_false(date_exists(&(struct date){2026, 1, 1, 0, 0, 60}));
}

/* Each day until 2600, as the C library of this machine knows it. */
static void test_every_day(void **state)
{
    (void)state;
    for (uint64_t day = 0; day < 230000; day++) {
        time_t seconds = (time_t)(day * 86400 + day % 86400);
        struct tm known;
        assert_non_null(gmtime_r(&seconds, &known));
        struct date date = date_of_seconds((uint64_t)seconds);
        assert_int_equal(date.year, known.tm_year + 1900);
        assert_int_equal(date.month, known.tm_mon + 1);
        assert_int_equal(date.day, known.tm_mday);
        assert_int_equal(date.hour, known.tm_hour);
        assert_int_equal(date.minute, known.tm_min);
        assert_int_equal(date.second, known.tm_sec);
        assert_int_equal(date_to_seconds(&date), seconds);
    }
}

/* ---- The machine's clock ---- */

enum { CENTURY = 0x32 };

static uint8_t registers[128];
static unsigned reads, updating_reads; /* so many looks at register A find an update going on */
static bool changes, deaf;

static uint8_t read_register(uint8_t index)
{
    assert_true(index < sizeof registers);
    reads++;
    if (index == 10 && updating_reads > 0) {
        updating_reads--;
        return 0x80;
    }
    if (changes && index == 0)
        return reads % 60;
    return registers[index];
}

static void write_register(uint8_t index, uint8_t value)
{
    assert_true(index < sizeof registers);
    if (!deaf || index == 11)
        registers[index] = value;
}

static struct rtc rtc;

static int start(void **state)
{
    (void)state;
    rtc = (struct rtc){.read = read_register, .write = write_register};
    memset(registers, 0xff, sizeof registers);
    registers[10] = 0x26;
    registers[13] = 0x80;
    reads = updating_reads = 0;
    changes = deaf = false;
    return 0;
}

static void show(uint8_t mode, uint8_t year, uint8_t month, uint8_t day, uint8_t hour,
                 uint8_t minute, uint8_t second)
{
    registers[11] = mode;
    registers[9] = year;
    registers[8] = month;
    registers[7] = day;
    registers[4] = hour;
    registers[2] = minute;
    registers[0] = second;
}

static void assert_shows(uint32_t year, uint32_t month, uint32_t day, uint32_t hour,
                         uint32_t minute, uint32_t second)
{
    struct date date = {0}, expected = {year, month, day, hour, minute, second};
    const char *refusal = rtc_read(&rtc, &date);
    assert_null(refusal);
    assert_memory_equal(&date, &expected, sizeof date);
}

static void assert_refused(const char *why)
{
    struct date date;
    const char *refusal = rtc_read(&rtc, &date);
    assert_non_null(refusal);
    assert_string_equal(refusal, why);
}

static void test_codings(void **state)
{
    (void)state;
    show(2, 0x26, 0x11, 0x30, 0x23, 0x59, 0x58); /* BCD, 24 hours */
    assert_shows(2026, 11, 30, 23, 59, 58);
    show(6, 26, 11, 30, 23, 59, 58); /* binary, 24 hours */
    assert_shows(2026, 11, 30, 23, 59, 58);
    show(0, 0x26, 0x11, 0x30, 0x91, 0x59, 0x58); /* BCD, 12 hours, afternoon */
    assert_shows(2026, 11, 30, 23, 59, 58);
    show(4, 26, 11, 30, 0x80 | 11, 59, 58); /* binary, 12 hours */
    assert_shows(2026, 11, 30, 23, 59, 58);
    show(0, 0x26, 0x11, 0x30, 0x12, 0x59, 0x58); /* twelve at night, at noon */
    assert_shows(2026, 11, 30, 0, 59, 58);
    show(0, 0x26, 0x11, 0x30, 0x92, 0x59, 0x58);
    assert_shows(2026, 11, 30, 12, 59, 58);
}

static void test_century(void **state)
{
    (void)state;
    rtc.century = CENTURY;
    show(2, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59);
    registers[CENTURY] = 0x19;
    assert_shows(1999, 12, 31, 23, 59, 59);
    registers[CENTURY] = 0x21;
    assert_shows(2199, 12, 31, 23, 59, 59);
    registers[CENTURY] = 0xff;
    assert_refused("it shows a time that there is not");
}

static void test_update(void **state)
{
    (void)state;
    show(2, 0x26, 0x11, 0x30, 0x23, 0x59, 0x58);
    updating_reads = 5000;
    assert_shows(2026, 11, 30, 23, 59, 58);
    updating_reads = UINT32_MAX;
    assert_refused("it never ends an update");
    assert_true(reads < 1000000);
}

static void test_garbage(void **state)
{
    (void)state;
    show(2, 0x26, 0x13, 0x30, 0x23, 0x59, 0x58);
    assert_refused("it shows a time that there is not");
    show(2, 0x26, 0x1a, 0x30, 0x23, 0x59, 0x58); /* no digit */
    assert_refused("it shows a time that there is not");
    show(2, 0x26, 0x02, 0x30, 0x23, 0x59, 0x58);
    assert_refused("it shows a time that there is not");
    show(0, 0x26, 0x02, 0x20, 0x13, 0x59, 0x58); /* of twelve hours the thirteenth */
    assert_refused("it shows a time that there is not");
    show(6, 126, 2, 20, 13, 59, 58);
    assert_refused("it shows a time that there is not");
    memset(registers, 0, sizeof registers);
    assert_refused("its battery has failed");
    memset(registers, 0xff, sizeof registers); /* nobody drives the bus */
    assert_refused("it never ends an update");
    start(state);
    show(6, 26, 2, 20, 13, 59, 58);
    changes = true;
    assert_refused("no two readings of it agree");
}

static void test_setting(void **state)
{
    (void)state;
    static const uint8_t modes[] = {0, 2, 4, 6};
    struct date date = {2031, 12, 9, 0, 5, 7}, later = {2031, 12, 9, 12, 5, 7};
    for (unsigned i = 0; i < sizeof modes; i++) {
        show(modes[i], 0, 1, 1, 1, 0, 0);
        assert_null(rtc_write(&rtc, &date));
        assert_shows(2031, 12, 9, 0, 5, 7);
        assert_null(rtc_write(&rtc, &later));
        assert_shows(2031, 12, 9, 12, 5, 7);
        assert_int_equal(registers[11], modes[i]);
    }
    rtc.century = CENTURY;
    struct date old = {1999, 1, 1, 0, 0, 0};
    assert_null(rtc_write(&rtc, &old));
    assert_shows(1999, 1, 1, 0, 0, 0);
    deaf = true;
    assert_string_equal(rtc_write(&rtc, &date), "it does not show what it was set to");
}

static void test_what_it_can_hold(void **state)
{
    (void)state;
    struct date old = {1999, 12, 31, 0, 0, 0}, new = {2099, 12, 31, 0, 0, 0};
    assert_true(rtc_can_hold(&rtc, &new));
    assert_false(rtc_can_hold(&rtc, &old));
    rtc.century = CENTURY;
    assert_true(rtc_can_hold(&rtc, &new));
    assert_true(rtc_can_hold(&rtc, &old));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_dates),
        cmocka_unit_test(test_which_dates_exist),
        cmocka_unit_test(test_every_day),
        cmocka_unit_test_setup(test_codings, start),
        cmocka_unit_test_setup(test_century, start),
        cmocka_unit_test_setup(test_update, start),
        cmocka_unit_test_setup(test_garbage, start),
        cmocka_unit_test_setup(test_setting, start),
        cmocka_unit_test_setup(test_what_it_can_hold, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
