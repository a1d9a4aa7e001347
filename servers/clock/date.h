/* Dates of the Gregorian calendar, and seconds since 1970-01-01 00:00 UTC. Pure; tested on the
 * host. */
#ifndef CLOCK_DATE_H
#define CLOCK_DATE_H

#include <stdbool.h>
#include <stdint.h>

struct date {
    uint32_t year;  /* 1970 and later */
    uint32_t month; /* 1 to 12 */
    uint32_t day;   /* 1 to 31 */
    uint32_t hour, minute, second;
};

/* Whether there is such a second; leap seconds are none. */
bool date_exists(const struct date *date);

/* Seconds of a date that exists. */
uint64_t date_to_seconds(const struct date *date);

struct date date_of_seconds(uint64_t seconds);

#endif
