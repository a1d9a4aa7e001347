#include "controller.h"

#include <cocos/errors.h>
#include <cocos/port_io.h>
#include <cocos/service.h>
#include <cocos/sys.h>

enum { DATA = 0x60, STATUS = 0x64, COMMAND = 0x64 };
enum { OUTPUT_FULL = 1, INPUT_FULL = 2, FROM_MOUSE = 0x20, NOTHING_THERE = 0xff };
enum { READ_CONFIGURATION = 0x20, WRITE_CONFIGURATION = 0x60 };
enum { DISABLE_MOUSE = 0xa7, ENABLE_MOUSE = 0xa8, TO_MOUSE = 0xd4 };
enum { DISABLE_KEYBOARD = 0xad, ENABLE_KEYBOARD = 0xae, KEYBOARD_ENABLE_SCANNING = 0xf4 };
/* Bits of the configuration byte. */
enum {
    KEYBOARD_INTERRUPT = 1,
    MOUSE_INTERRUPT = 2,
    KEYBOARD_OFF = 0x10,
    MOUSE_OFF = 0x20,
    TRANSLATE = 0x40,
};
/* What a mouse is told, and answers. A rate of 200, 100 and 80 in a row switches the wheel on. */
enum { MOUSE_DEFAULTS = 0xf6, MOUSE_ENABLE = 0xf4, MOUSE_RATE = 0xf3, MOUSE_IDENTIFY = 0xf2 };
enum { MOUSE_TAKES = 0xfa, MOUSE_WITH_WHEEL = 3 };

/* Reads of the status before the controller, or a device behind it, counts as dead. */
#define PATIENCE 100000u

static bool status_becomes(uint8_t mask, uint8_t value)
{
    for (uint32_t tries = 0; tries < PATIENCE; tries++)
        if ((port_read8(STATUS) & mask) == value)
            return true;
    return false;
}

static bool write_to(uint16_t port, uint8_t byte)
{
    if (!status_becomes(INPUT_FULL, 0))
        return false;
    port_write8(port, byte);
    return true;
}

bool controller_take(uint8_t *byte, bool *from_mouse)
{
    uint8_t status = port_read8(STATUS);
    if (!(status & OUTPUT_FULL))
        return false;
    *from_mouse = status & FROM_MOUSE;
    *byte = port_read8(DATA);
    return true;
}

static void empty_output(void)
{
    uint8_t byte;
    bool from_mouse;
    for (uint32_t tries = 0; tries < PATIENCE && controller_take(&byte, &from_mouse); tries++)
        ;
}

/* Tells the mouse one byte. False: it does not take it. */
static bool tell_mouse(uint8_t byte)
{
    return write_to(COMMAND, TO_MOUSE) && write_to(DATA, byte) &&
           status_becomes(OUTPUT_FULL, OUTPUT_FULL) && port_read8(DATA) == MOUSE_TAKES;
}

static bool start_mouse(bool *wheel)
{
    static const uint8_t rates[] = {200, 100, 80};
    if (!tell_mouse(MOUSE_DEFAULTS))
        return false;
    bool told = true;
    for (uint32_t i = 0; told && i < sizeof rates; i++)
        told = tell_mouse(MOUSE_RATE) && tell_mouse(rates[i]);
    *wheel = told && tell_mouse(MOUSE_IDENTIFY) && status_becomes(OUTPUT_FULL, OUTPUT_FULL) &&
             port_read8(DATA) == MOUSE_WITH_WHEEL;
    return tell_mouse(MOUSE_ENABLE);
}

int64_t controller_open(void)
{
    int64_t got = sys_ports_enable(service_slot("ports0"));
    if (got >= 0)
        got = sys_ports_enable(service_slot("ports1"));
    if (got < 0)
        return got;
    return port_read8(STATUS) == NOTHING_THERE ? E_DEVICE : OK;
}

/* Keyboard and its interrupt on, scancodes translated to set 1; the mouse likewise, if it answers
 * while the keyboard is silent. */
bool controller_start(uint8_t *configuration, bool *mouse, bool *wheel)
{
    *mouse = *wheel = false;
    if (!write_to(COMMAND, DISABLE_KEYBOARD) || !write_to(COMMAND, DISABLE_MOUSE))
        return false;
    empty_output();
    if (!write_to(COMMAND, READ_CONFIGURATION) || !status_becomes(OUTPUT_FULL, OUTPUT_FULL))
        return false;
    uint8_t wanted = port_read8(DATA);
    wanted &= (uint8_t) ~(MOUSE_INTERRUPT | KEYBOARD_OFF | MOUSE_OFF);
    wanted |= KEYBOARD_INTERRUPT | TRANSLATE;
    if (!write_to(COMMAND, ENABLE_MOUSE))
        return false;
    *mouse = start_mouse(wheel);
    wanted |= *mouse ? MOUSE_INTERRUPT : MOUSE_OFF;
    /* The keyboard answers the last command; its answer is taken away as no keystroke. */
    bool done = write_to(COMMAND, WRITE_CONFIGURATION) && write_to(DATA, wanted) &&
                write_to(COMMAND, ENABLE_KEYBOARD) && write_to(DATA, KEYBOARD_ENABLE_SCANNING);
    status_becomes(OUTPUT_FULL, OUTPUT_FULL);
    empty_output();
    *configuration = wanted;
    return done;
}

bool controller_resume(uint8_t configuration)
{
    return write_to(COMMAND, WRITE_CONFIGURATION) && write_to(DATA, configuration);
}
