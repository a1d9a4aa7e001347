/*
 * The clock server (cocos/protocol/clock.h): what time it is. The machine's clock is read once, at
 * the start; from then on the time is a distance from clock_now(), so it never steps but when it
 * is set. That distance outlives an instance, so that the next does not step either.
 *
 * Slots it is given: "ports0" (0x70-0x71); and memory that outlives it.
 */
#include <stdio.h>

#include <cocos/clock.h>
#include <cocos/kept.h>
#include <cocos/port_io.h>
#include <cocos/protocol/clock.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "rtc.h"

/* Bit 7 of INDEX would mask NMIs; it stays 0. */
enum { INDEX = 0x70, DATA = 0x71, REGISTERS = 0x80 };

#define SECOND 1000000000ull

struct wall {
    bool known;
    uint64_t offset; /* wall time less clock_now(), modulo 2^64 */
};

static struct {
    struct kept kept;
    struct wall copies[2];
} own, *memory = &own;

static const struct wall *wall(void)
{
    return kept_now(&memory->kept, memory->copies, sizeof memory->copies[0]);
}

static void set_wall(uint64_t offset)
{
    struct wall *next = kept_change(&memory->kept, memory->copies, sizeof memory->copies[0]);
    *next = (struct wall){true, offset};
    kept_done(&memory->kept);
}

static uint8_t read_register(uint8_t index)
{
    port_write8(INDEX, index);
    return port_read8(DATA);
}

static void write_register(uint8_t index, uint8_t value)
{
    port_write8(INDEX, index);
    port_write8(DATA, value);
}

static struct rtc rtc = {.read = read_register, .write = write_register};

static void start(void)
{
    struct date date;
    const char *refusal = rtc_read(&rtc, &date);
    if (refusal) {
        fprintf(stderr, "clock: the machine's clock has to be set: %s\n", refusal);
        return;
    }
    set_wall(date_to_seconds(&date) * SECOND - clock_now());
}

static int64_t set(uint64_t time)
{
    struct date date = date_of_seconds(time / SECOND);
    if (!rtc_can_hold(&rtc, &date))
        return E_ARGUMENT;
    uint64_t asked_at = clock_now();
    const char *refusal = rtc_write(&rtc, &date);
    if (refusal) {
        fprintf(stderr, "clock: the machine's clock cannot be set: %s\n", refusal);
        return E_DEVICE;
    }
    set_wall(time - asked_at);
    return OK;
}

/* The answer replaces the request. */
static void serve(struct message *message)
{
    uint64_t request = message->words[0], time = message->words[1];
    *message = (struct message){0};
    if (request == CLOCK_READ) {
        message->words[0] = (uint64_t)(wall()->known ? OK : E_CLOCK);
        message->words[1] = wall()->known ? clock_now() + wall()->offset : 0;
    } else {
        message->words[0] = (uint64_t)(request == CLOCK_SET ? set(time) : E_REQUEST);
    }
}

/* Ends with one sentence that says what is missing. */
static int refuse(const char *what, int64_t error)
{
    fprintf(stderr, "clock: %s: %s\n", what, error_text(error));
    return 1;
}

int main(void)
{
    uint32_t endpoint, reply_slot = slot_take();
    int64_t got = sys_ports_enable(service_slot("ports0"));
    if (got < 0)
        return refuse("ports 0x70 and 0x71", got);
    const struct system_page *page = (const void *)SYSTEM_PAGE;
    rtc.century = page->century_register < REGISTERS ? page->century_register : 0;
    void *kept = service_state(sizeof *memory);
    memory = kept ? kept : memory;
    if (!wall()->known)
        start();
    got = service_register("clock", &endpoint);
    if (got < 0)
        return refuse("serving", got);
    struct message message = {0};
    got = sys_wait(endpoint, reply_slot, DEADLINE_NEVER, &message);
    while (got == RECEIVED_CALL) {
        serve(&message);
        got = sys_reply_wait(endpoint, reply_slot, DEADLINE_NEVER, &message);
    }
    return refuse("waiting", got);
}
