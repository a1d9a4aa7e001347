/*
 * The power server (cocos/protocol/power.h). Off: ACPI S5 through the PM1 control blocks (ACPI 6.4,
 * 4.8.3.2 and 7.4.2). Again: the reset register (4.8.3.6) if the FADT names one, else the pulse of
 * the keyboard controller on the processor's reset line (IBM PS/2 Technical Reference, "Keyboard
 * and Auxiliary Device Controller"). What is written where, the kernel has read from the tables.
 *
 * Slots it is given: "ports0" (0x64), and "power0" to "power2": the ports that ACPI names, as far
 * as the machine has them.
 */
#include <stdio.h>

#include <cocos/clock.h>
#include <cocos/port_io.h>
#include <cocos/protocol/console.h>
#include <cocos/protocol/power.h>
#include <cocos/service.h>
#include <cocos/sys.h>

enum { KEYBOARD_COMMAND = 0x64, KEYBOARD_STATUS = 0x64, INPUT_FULL = 2, PULSE_RESET = 0xfe };

#define SECOND 1000000000ull
/* How long the machine may take: well over what any takes. */
#define PATIENCE SECOND
/* How long what was printed may take on a line that is slow, or stuck. */
#define PRINTING (3 * SECOND)

/* Reads of the status before the keyboard controller gets the command in any case. */
#define CONTROLLER_PATIENCE 100000u

static const struct system_page *const page = (const void *)SYSTEM_PAGE;

/* Lets it use all ports that it was given. */
static int64_t enable_ports(void)
{
    static const char *const names[] = {"power0", "power1", "power2"};
    int64_t error = sys_ports_enable(service_slot("ports0"));
    for (uint32_t i = 0; error >= 0 && i < sizeof names / sizeof names[0]; i++) {
        uint32_t slot = service_slot(names[i]);
        if (slot != SLOT_NONE)
            error = sys_ports_enable(slot);
    }
    return error;
}

static void finish_printing(void)
{
    uint32_t console;
    struct message message = {.words = {CONSOLE_FINISH}};
    if (service_find("console", &console) == OK)
        sys_call_until(console, clock_now() + PRINTING, &message);
}

static void turn_off(void)
{
    if (page->power_port == 0)
        return;
    port_write16(page->power_port, page->power_value);
    if (page->power_port_b != 0)
        port_write16(page->power_port_b, page->power_value_b);
    sys_sleep(clock_now() + PATIENCE);
}

static void reset(void)
{
    if (page->reset_port != 0) {
        port_write8(page->reset_port, page->reset_value);
        sys_sleep(clock_now() + PATIENCE);
    }
    for (uint32_t i = 0; i < CONTROLLER_PATIENCE && (port_read8(KEYBOARD_STATUS) & INPUT_FULL); i++)
        ;
    port_write8(KEYBOARD_COMMAND, PULSE_RESET);
    sys_sleep(clock_now() + PATIENCE);
}

/* The answer replaces the request. */
static void serve(struct message *message)
{
    uint64_t request = message->words[0];
    *message = (struct message){.words = {(uint64_t)E_REQUEST}};
    if (request != POWER_OFF && request != POWER_RESET)
        return;
    finish_printing();
    if (request == POWER_OFF)
        turn_off();
    else
        reset();
    message->words[0] = (uint64_t)E_UNSUPPORTED;
}

/* Ends with one sentence that says what is missing. */
static int refuse(const char *what, int64_t error)
{
    fprintf(stderr, "power: %s: %s\n", what, error_text(error));
    return 1;
}

int main(void)
{
    uint32_t endpoint, reply_slot = slot_take();
    int64_t got = enable_ports();
    if (got < 0)
        return refuse("ports", got);
    got = service_register("power", &endpoint);
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
