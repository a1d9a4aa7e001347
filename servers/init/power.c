/*
 * ACPI S5 through the PM1 control blocks (ACPI 6.4, 4.8.3.2 and 7.4.2). What is written where
 * the kernel has read from the tables.
 */
#include "power.h"

#include <stdint.h>

#include <cocos/errors.h>
#include <cocos/port_io.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define PM1_CONTROL_BYTES 2
/* Turns given to others while the machine goes off: well over what any takes. */
#define PATIENCE 20000000u

/* Enables the register's ports and writes to it. */
static int64_t write_control(uint16_t port, uint16_t value)
{
    if (port == 0)
        return OK;
    uint32_t slot = slot_take();
    if (slot == SLOT_NONE)
        return E_FULL;
    uint64_t range = port | (uint64_t)PM1_CONTROL_BYTES << 32;
    int64_t error = sys_slot_copy(SLOT_SELF, slot, SLOT_INIT_PORTS, RIGHT_USE, range);
    if (error == OK) {
        error = sys_ports_enable(slot);
        sys_slot_drop(slot);
    }
    slot_put(slot);
    if (error >= 0)
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
    /* The machine may take its time; nothing is to be said meanwhile. */
    for (volatile unsigned i = 0; error >= 0 && i < PATIENCE; i++)
        __builtin_ia32_pause();
    return error < 0 ? (int)error : E_UNSUPPORTED;
}
