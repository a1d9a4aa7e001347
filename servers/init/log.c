#include "log.h"

#include <stdarg.h>
#include <stdio.h>

#include <cocos/errors.h>
#include <cocos/protocol/text.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "printer.h"

#define LINE_BYTES 256

/* A slot that never holds anything but the console's endpoint, so that the printer can never
 * call something else by mistake. */
static uint32_t console_slot;
static bool to_console;

int log_open(uint32_t endpoint)
{
    uint32_t slot = slot_take();
    if (slot == SLOT_NONE)
        return E_FULL;
    int error = printer_start(slot, endpoint, LOG_SIGNAL_PRINTED);
    if (error < 0)
        slot_put(slot);
    else
        console_slot = slot;
    return error;
}

void log_print(const char *format, ...)
{
    char line[LINE_BYTES];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (length < 0)
        return;
    uint64_t bytes = (uint64_t)length < sizeof line ? (uint64_t)length : sizeof line - 1;
    if (!to_console || !printer_take(line, bytes))
        kernel_print(line, bytes);
}

void log_to_console(uint32_t endpoint)
{
    if (console_slot == SLOT_NONE || to_console)
        return;
    to_console = sys_slot_copy(SLOT_SELF, console_slot, endpoint, RIGHT_SEND, 0) == OK;
}

void log_to_kernel(void)
{
    if (to_console)
        sys_slot_drop(console_slot);
    to_console = false;
}

bool log_idle(void)
{
    return printer_idle();
}
