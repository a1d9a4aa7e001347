/*
 * The machine's battery-backed clock, an MC146818 or what is compatible with it (Motorola,
 * MC146818A data sheet; Intel's chipsets: "Real Time Clock"). It knows its registers only through
 * two functions; tested on the host.
 */
#ifndef CLOCK_RTC_H
#define CLOCK_RTC_H

#include <stdint.h>

#include "date.h"

struct rtc {
    uint8_t (*read)(uint8_t index);
    void (*write)(uint8_t index, uint8_t value);
    uint8_t century; /* index of the register that holds the century; 0: none, all years are 20xx */
};

/* What it says. NULL, or a sentence that says why that is no time; then *date is not to be used. */
const char *rtc_read(const struct rtc *rtc, struct date *date);

/* Whether it can hold a date. */
bool rtc_can_hold(const struct rtc *rtc, const struct date *date);

/* Sets it to a date that it can hold. NULL, or a sentence that says what has gone wrong. */
const char *rtc_write(const struct rtc *rtc, const struct date *date);

#endif
