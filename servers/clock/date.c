#include "date.h"

#define FIRST_YEAR 1970
#define LAST_YEAR 9999
#define DAY_SECONDS 86400

static bool is_leap(uint32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint32_t month_days(uint32_t year, uint32_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* How many leap years there are before `year`. */
static uint64_t leaps_before(uint64_t year)
{
    uint64_t last = year - 1;
    return last / 4 - last / 100 + last / 400;
}

/* Days from the start of 1970 to the start of `year`. */
static uint64_t days_to_year(uint64_t year)
{
    return (year - FIRST_YEAR) * 365 + leaps_before(year) - leaps_before(FIRST_YEAR);
}

bool date_exists(const struct date *date)
{
    return date->year >= FIRST_YEAR && date->year <= LAST_YEAR && date->month >= 1 &&
           date->month <= 12 && date->day >= 1 &&
           date->day <= month_days(date->year, date->month) && date->hour < 24 &&
           date->minute < 60 && date->second < 60;
}

uint64_t date_to_seconds(const struct date *date)
{
    uint64_t days = days_to_year(date->year) + date->day - 1;
    for (uint32_t month = 1; month < date->month; month++)
        days += month_days(date->year, month);
    return days * DAY_SECONDS + date->hour * 3600ull + date->minute * 60ull + date->second;
}

struct date date_of_seconds(uint64_t seconds)
{
    uint64_t days = seconds / DAY_SECONDS;
    uint32_t second = (uint32_t)(seconds % DAY_SECONDS);
    /* Too early, if anything: a year has at most 366 days. It is off by one for each 500 years. */
    uint64_t year = FIRST_YEAR + days / 366;
    while (days_to_year(year + 1) <= days)
        year++;
    days -= days_to_year(year);
    struct date date = {.year = (uint32_t)year, .month = 1};
    for (; days >= month_days(date.year, date.month); date.month++)
        days -= month_days(date.year, date.month);
    date.day = (uint32_t)days + 1;
    date.hour = second / 3600;
    date.minute = second / 60 % 60;
    date.second = second % 60;
    return date;
}
