/*
 * The driver of the PS/2 keyboard behind an 8042 controller (IBM PS/2 Technical Reference,
 * "Keyboard and Auxiliary Device Controller"): what is typed goes to the console as input.
 *
 * Slots it is given: "ports0" (0x60), "ports1" (0x64), "interrupts0" (line 1). Its argument is the
 * name of a layout.
 */
#include <stdio.h>
#include <string.h>

#include <cocos/port_io.h>
#include <cocos/protocol/console.h>
#include <cocos/protocol/keyboard.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "layouts.h"
#include "scancode.h"

enum { DATA = 0x60, STATUS = 0x64, COMMAND = 0x64, LINE = 1, KEYBOARD_SIGNAL = 0 };
enum { OUTPUT_FULL = 1, INPUT_FULL = 2, FROM_MOUSE = 0x20, NOTHING_THERE = 0xff };
enum { READ_CONFIGURATION = 0x20, WRITE_CONFIGURATION = 0x60, DISABLE_MOUSE = 0xa7 };
enum { DISABLE_KEYBOARD = 0xad, ENABLE_KEYBOARD = 0xae, KEYBOARD_ENABLE_SCANNING = 0xf4 };
/* Bits of the configuration byte. */
enum { KEYBOARD_INTERRUPT = 1, MOUSE_INTERRUPT = 2, KEYBOARD_OFF = 0x10, TRANSLATE = 0x40 };

/* Reads of the status before the controller counts as dead. */
#define PATIENCE 100000u

#define USUAL_LAYOUT "us"

static struct scancodes scancodes;

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

static void empty_output(void)
{
    for (uint32_t tries = 0; tries < PATIENCE && (port_read8(STATUS) & OUTPUT_FULL); tries++)
        port_read8(DATA);
}

/* Keyboard and its interrupt on, mouse off, scancodes translated to set 1. */
static bool set_up(void)
{
    if (!write_to(COMMAND, DISABLE_KEYBOARD) || !write_to(COMMAND, DISABLE_MOUSE))
        return false;
    empty_output();
    if (!write_to(COMMAND, READ_CONFIGURATION) || !status_becomes(OUTPUT_FULL, OUTPUT_FULL))
        return false;
    uint8_t configuration = port_read8(DATA);
    configuration &= (uint8_t) ~(MOUSE_INTERRUPT | KEYBOARD_OFF);
    configuration |= KEYBOARD_INTERRUPT | TRANSLATE;
    /* The keyboard answers the last command; its answer is taken away as no keystroke. */
    bool done = write_to(COMMAND, WRITE_CONFIGURATION) && write_to(DATA, configuration) &&
                write_to(COMMAND, ENABLE_KEYBOARD) && write_to(DATA, KEYBOARD_ENABLE_SCANNING);
    status_becomes(OUTPUT_FULL, OUTPUT_FULL);
    empty_output();
    return done;
}

/* Takes all scancodes there are and sends what they type on to the console. What finds no room
 * there is lost: nobody has read 4096 bytes before it. */
static void take(uint32_t console)
{
    char text[TEXT_BYTES];
    size_t count = 0;
    for (uint8_t status; (status = port_read8(STATUS)) & OUTPUT_FULL;) {
        uint8_t code = port_read8(DATA);
        if (!(status & FROM_MOUSE))
            count += scancode_take(&scancodes, code, text + count);
        if (count > sizeof text - SCANCODE_TEXT_BYTES) {
            text_send(console, CONSOLE_INPUT, text, count);
            count = 0;
        }
    }
    if (count > 0)
        text_send(console, CONSOLE_INPUT, text, count);
}

static int64_t use_layout(const uint64_t *words)
{
    char name[KEYBOARD_LAYOUT_BYTES + 1] = {0};
    memcpy(name, words, KEYBOARD_LAYOUT_BYTES);
    return layouts_use(&scancodes, name) ? OK : E_NAME;
}

/* The answer replaces the request. */
static void serve(struct message *message)
{
    struct message request = *message;
    *message = (struct message){0};
    if (request.words[0] == KEYBOARD_USE_LAYOUT) {
        message->words[0] = (uint64_t)use_layout(&request.words[1]);
    } else if (request.words[0] == KEYBOARD_LAYOUT) {
        const struct keymap *keymap = layouts_at(request.words[1]);
        message->words[0] = (uint64_t)(keymap ? OK : E_NAME);
        if (keymap)
            memcpy(&message->words[1], keymap->name, sizeof keymap->name);
        message->words[3] = keymap == scancodes.keymap;
    } else {
        message->words[0] = (uint64_t)E_REQUEST;
    }
}

/* Ends with one sentence that says what is missing. */
static int refuse(const char *what, int64_t error)
{
    fprintf(stderr, "keyboard: %s: %s\n", what, error_text(error));
    return 1;
}

int main(int argc, char **argv)
{
    uint32_t interrupts = service_slot("interrupts0"), endpoint, console;
    const char *layout = argc > 1 ? argv[1] : USUAL_LAYOUT;
    if (!layouts_use(&scancodes, layout)) {
        fprintf(stderr, "keyboard: there is no layout %s; it is %s\n", layout, USUAL_LAYOUT);
        layouts_use(&scancodes, USUAL_LAYOUT);
    }
    int64_t got = sys_ports_enable(service_slot("ports0"));
    if (got >= 0)
        got = sys_ports_enable(service_slot("ports1"));
    if (got < 0)
        return refuse("the controller's ports", got);
    if (port_read8(STATUS) == NOTHING_THERE) {
        fprintf(stderr, "keyboard: this machine has no PS/2 controller\n");
        return 0;
    }
    got = service_find("console", &console);
    if (got < 0)
        return refuse("the console", got);
    got = service_register("keyboard", &endpoint);
    if (got < 0)
        return refuse("serving", got);
    /* Not before nobody else serves as keyboard: it would be the other one's controller. */
    if (!set_up()) {
        fprintf(stderr, "keyboard: the PS/2 controller does not answer\n");
        return 1;
    }
    got = sys_interrupt_bind(interrupts, LINE, endpoint, KEYBOARD_SIGNAL);
    if (got < 0)
        return refuse("interrupt line 1", got);

    /* Before and after each acknowledgement: a key pressed in between gives no new edge. */
    uint32_t reply_slot = slot_take();
    for (;;) {
        struct message message = {0};
        take(console);
        got = sys_wait(endpoint, reply_slot, DEADLINE_NEVER, &message);
        if (got < 0)
            return refuse("waiting", got);
        if (got == RECEIVED_SIGNAL) {
            take(console);
            sys_interrupt_ack(interrupts, LINE);
        } else {
            serve(&message);
            if (sys_reply(reply_slot, &message) < 0)
                sys_slot_drop(reply_slot);
        }
    }
}
