/*
 * Off: ACPI S5 through the PM1 control blocks (ACPI 6.4, 4.8.3.2 and 7.4.2). Again: the reset
 * register (4.8.3.6) if the FADT names one, else the pulse of the keyboard controller on the
 * processor's reset line (IBM PS/2 Technical Reference, "Keyboard and Auxiliary Device
 * Controller"). What is written where the kernel has read from the tables.
 */
#include "power.h"

#include <stdint.h>

#include <cocos/errors.h>
#include <cocos/port_io.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define PM1_CONTROL_BYTES 2
enum { KEYBOARD_COMMAND = 0x64, KEYBOARD_STATUS = 0x64, INPUT_FULL = 2, PULSE_RESET = 0xfe };
/* Turns given to others while the machine goes off: well over what any takes. */
#define PATIENCE 20000000u

/* Reads of the status before the keyboard controller gets the command in any case. */
#define CONTROLLER_PATIENCE 100000u

/* The machine may take its time; nothing is to be said meanwhile. */
static void wait_a_while(void)
{
    for (volatile unsigned i = 0; i < PATIENCE; i++)
        __builtin_ia32_pause();
}

/* Lets init use `count` ports from `first` on. */
static int64_t enable(uint16_t first, uint32_t count)
{
    uint32_t slot = slot_take();
    if (slot == SLOT_NONE)
        return E_FULL;
    uint64_t range = first | (uint64_t)count << 32;
    int64_t error = sys_slot_copy(SLOT_SELF, slot, SLOT_INIT_PORTS, RIGHT_USE, range);
    if (error == OK) {
        error = sys_ports_enable(slot);
        sys_slot_drop(slot);
    }
    slot_put(slot);
    return error;
}

static int64_t write_control(uint16_t port, uint16_t value)
{
    int64_t error = port == 0 ? OK : enable(port, PM1_CONTROL_BYTES);
    if (port != 0 && error >= 0)
        port_write16(port, value);
    return error;
}

int power_off(void)
{
    const struct system_page *page = (const void *)SYSTEM_PAGE;
    if (page->power_port == 0)
        return E_UNSUPPORTED;
    int64_t error = write_control(page->power_port, page->power_value);
    if (error == OK)
        error = write_control(page->power_port_b, page->power_value_b);
    if (error < 0)
        return (int)error;
    wait_a_while();
    return E_UNSUPPORTED;
}

int power_reset(void)
{
    const struct system_page *page = (const void *)SYSTEM_PAGE;
    if (page->reset_port != 0 && enable(page->reset_port, 1) >= 0) {
        port_write8(page->reset_port, page->reset_value);
        wait_a_while();
    }
    int64_t error = enable(KEYBOARD_COMMAND, 1);
    if (error < 0)
        return (int)error;
    for (uint32_t i = 0; i < CONTROLLER_PATIENCE && (port_read8(KEYBOARD_STATUS) & INPUT_FULL); i++)
        ;
    port_write8(KEYBOARD_COMMAND, PULSE_RESET);
    wait_a_while();
    return E_UNSUPPORTED;
}
