#include "rtc.h"

#include <stddef.h>

/* Registers. */
enum { SECONDS = 0, MINUTES = 2, HOURS = 4, DAY = 7, MONTH = 8, YEAR = 9, A = 10, B = 11, D = 13 };
enum { A_UPDATING = 0x80 };
enum { B_SET = 0x80, B_BINARY = 4, B_24_HOURS = 2 };
enum { D_BATTERY_GOOD = 0x80 };
#define HOURS_PM 0x80

/* Looks at a register before the clock counts as dead: an update takes 2 ms, a look 1 us or so. */
#define PATIENCE 100000u
/* Readings before two in a row must have been the same. */
#define READINGS 8

#define CENTURY_USUAL 20u

/* The registers as they are. */
struct reading {
    uint8_t second, minute, hour, day, month, year, century, mode;
};

/* ---- Coding: BCD or binary, 12 or 24 hours, as register B says ---- */

/* What is no number of two digits becomes one that is in no range. */
static uint32_t decode(uint8_t value, uint8_t mode)
{
    if (mode & B_BINARY)
        return value;
    bool digits = (value & 15) <= 9 && value >> 4 <= 9;
    return digits ? (value >> 4) * 10u + (value & 15) : UINT8_MAX;
}

static uint8_t encode(uint32_t value, uint8_t mode)
{
    return (uint8_t)(mode & B_BINARY ? value : value / 10 << 4 | value % 10);
}

/* Of twelve hours, the first is 12. */
static uint32_t decode_hour(uint8_t value, uint8_t mode)
{
    if (mode & B_24_HOURS)
        return decode(value, mode);
    uint32_t hour = decode(value & (HOURS_PM - 1), mode);
    if (hour < 1 || hour > 12)
        return UINT8_MAX;
    return hour % 12 + (value & HOURS_PM ? 12 : 0);
}

static uint8_t encode_hour(uint32_t hour, uint8_t mode)
{
    if (mode & B_24_HOURS)
        return encode(hour, mode);
    uint8_t value = encode(hour % 12 ? hour % 12 : 12, mode);
    return value | (hour >= 12 ? HOURS_PM : 0);
}

static struct date date_of(const struct rtc *rtc, const struct reading *reading)
{
    uint8_t mode = reading->mode;
    uint32_t century = rtc->century ? decode(reading->century, mode) : CENTURY_USUAL;
    uint32_t year = decode(reading->year, mode);
    return (struct date){
        /* A year of three digits is as wrong as one that is not there. */
        .year = year < 100 ? century * 100 + year : 0,
        .month = decode(reading->month, mode),
        .day = decode(reading->day, mode),
        .hour = decode_hour(reading->hour, mode),
        .minute = decode(reading->minute, mode),
        .second = decode(reading->second, mode),
    };
}

/* ---- Reading ---- */

/* The other registers are steady for 244 us at least after this was true. */
static bool wait_for_update(const struct rtc *rtc)
{
    for (uint32_t tries = 0; tries < PATIENCE; tries++)
        if (!(rtc->read(A) & A_UPDATING))
            return true;
    return false;
}

static struct reading take(const struct rtc *rtc)
{
    return (struct reading){
        .second = rtc->read(SECONDS),
        .minute = rtc->read(MINUTES),
        .hour = rtc->read(HOURS),
        .day = rtc->read(DAY),
        .month = rtc->read(MONTH),
        .year = rtc->read(YEAR),
        .century = rtc->century ? rtc->read(rtc->century) : 0,
        .mode = rtc->read(B) & (B_BINARY | B_24_HOURS),
    };
}

static bool same(const struct reading *a, const struct reading *b)
{
    return a->second == b->second && a->minute == b->minute && a->hour == b->hour &&
           a->day == b->day && a->month == b->month && a->year == b->year &&
           a->century == b->century && a->mode == b->mode;
}

const char *rtc_read(const struct rtc *rtc, struct date *date)
{
    struct reading before = {0}, now = {0};
    for (int count = 0; count == 0 || !same(&before, &now); count++) {
        if (count > READINGS)
            return "no two readings of it agree";
        if (!wait_for_update(rtc))
            return "it never ends an update";
        before = count ? now : (struct reading){.mode = UINT8_MAX};
        now = take(rtc);
    }
    *date = date_of(rtc, &now);
    if (!(rtc->read(D) & D_BATTERY_GOOD))
        return "its battery has failed";
    return date_exists(date) ? NULL : "it shows a time that there is not";
}

/* ---- Setting ---- */

bool rtc_can_hold(const struct rtc *rtc, const struct date *date)
{
    uint32_t century = date->year / 100;
    return date_exists(date) && (rtc->century ? century < 100 : century == CENTURY_USUAL);
}

/* It stands still while B_SET is there. */
const char *rtc_write(const struct rtc *rtc, const struct date *date)
{
    uint8_t mode = rtc->read(B) & (uint8_t)~B_SET;
    rtc->write(B, mode | B_SET);
    rtc->write(SECONDS, encode(date->second, mode));
    rtc->write(MINUTES, encode(date->minute, mode));
    rtc->write(HOURS, encode_hour(date->hour, mode));
    rtc->write(DAY, encode(date->day, mode));
    rtc->write(MONTH, encode(date->month, mode));
    rtc->write(YEAR, encode(date->year % 100, mode));
    if (rtc->century)
        rtc->write(rtc->century, encode(date->year / 100, mode));
    rtc->write(B, mode);

    struct date shown;
    const char *refusal = rtc_read(rtc, &shown);
    if (refusal)
        return refusal;
    uint64_t late = date_to_seconds(&shown) - date_to_seconds(date);
    return late <= 1 ? NULL : "it does not show what it was set to";
}
