/*
 * The driver of PS/2 keyboard and mouse: what is typed goes to the console as input, how the mouse
 * moves to whoever asks (cocos/protocol/keyboard.h, cocos/protocol/pointer.h).
 *
 * Slots it is given: "ports0" (0x60), "ports1" (0x64), "interrupts0" (line 1), "interrupts1" (line
 * 12); and memory that outlives it, for what was typed and the console has not yet, and for which
 * keys are held. Its argument is the name of a layout.
 */
#include <stdio.h>
#include <string.h>

#include <cocos/kept.h>
#include <cocos/protocol/console.h>
#include <cocos/protocol/keyboard.h>
#include <cocos/protocol/pointer.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "controller.h"
#include "layouts.h"
#include "mouse.h"
#include "scancode.h"

enum { KEYBOARD_LINE = 1, MOUSE_LINE = 12, KEYBOARD_SIGNAL = 0, MOUSE_SIGNAL = 1 };

#define USUAL_LAYOUT "us"

/* All that the next instance goes on with. */
struct keyboard {
    bool started; /* the controller is set up */
    uint8_t configuration;
    char layout[KEYBOARD_LAYOUT_BYTES];
    struct scancodes scancodes;
    struct mouse mouse;
    uint16_t number; /* of the last text that the console has */
    uint8_t count;   /* bytes of the next */
    char text[TEXT_BYTES];
};

static struct {
    struct kept kept;
    struct keyboard copies[2];
} own, *memory = &own;

static uint32_t console;

/* Who waits for the mouse; SLOT_NONE: nobody does. */
static uint32_t watcher = SLOT_NONE;

static struct keyboard *now(void)
{
    return kept_now(&memory->kept, memory->copies, sizeof memory->copies[0]);
}

static struct keyboard *change(void)
{
    return kept_change(&memory->kept, memory->copies, sizeof memory->copies[0]);
}

static void done(void)
{
    kept_done(&memory->kept);
}

/* ---- What is typed ---- */

/* What finds no room at the console is lost: nobody has read 4096 bytes before it. */
static void deliver(void)
{
    const struct keyboard *keyboard = now();
    if (keyboard->count > 0) {
        uint32_t number = text_number_after(keyboard->number);
        struct message message = {.words = {TEXT_HEADER(CONSOLE_INPUT, keyboard->count)}};
        memcpy(&message.words[1], keyboard->text, keyboard->count);
        text_call(console, number, &message);
        struct keyboard *next = change();
        next->count = 0;
        next->number = (uint16_t)number;
        done();
    }
    uint8_t command = now()->scancodes.command;
    if (command != COMMAND_NONE) {
        struct message message = {
            .words = {CONSOLE_SCROLL, command == COMMAND_UP ? 1 : UINT64_MAX}};
        if (command >= COMMAND_SHOW)
            message = (struct message){.words = {CONSOLE_SHOW, command - COMMAND_SHOW}};
        sys_call(console, &message);
        change()->scancodes.command = COMMAND_NONE;
        done();
    }
}

/* Takes a byte, if there is one. */
static bool take_byte(void)
{
    uint8_t byte;
    bool from_mouse;
    kept_hold();
    bool taken = controller_take(&byte, &from_mouse);
    if (taken) {
        struct keyboard *next = change();
        if (from_mouse)
            mouse_take(&next->mouse, byte);
        else
            next->count += (uint8_t)scancode_take(&next->scancodes, byte, next->text + next->count);
        done();
    }
    kept_release();
    return taken;
}

/* Takes all bytes there are. */
static void take(void)
{
    while (take_byte()) {
        const struct keyboard *keyboard = now();
        if (keyboard->count > sizeof keyboard->text - SCANCODE_TEXT_BYTES ||
            keyboard->scancodes.command != COMMAND_NONE)
            deliver();
    }
    deliver();
}

/* ---- What is asked ---- */

static int64_t use_layout(const uint64_t *words)
{
    char name[KEYBOARD_LAYOUT_BYTES + 1] = {0};
    memcpy(name, words, KEYBOARD_LAYOUT_BYTES);
    struct keyboard *next = change();
    if (!layouts_use(&next->scancodes, name))
        return E_NAME;
    next->scancodes.accent = 0;
    memcpy(next->layout, name, sizeof next->layout);
    done();
    return OK;
}

/* Whether there is somebody who waits for the mouse, and lives. */
static bool watched(void)
{
    int64_t held = watcher == SLOT_NONE ? CAP_EMPTY : sys_slot_query(SLOT_SELF, watcher);
    if (held >= 0 && (held & 0xff) == CAP_REPLY)
        return true;
    if (watcher != SLOT_NONE) {
        sys_slot_drop(watcher);
        slot_put(watcher);
    }
    watcher = SLOT_NONE;
    return false;
}

/* Who waits for the mouse is told of it. */
static void tell(void)
{
    const struct mouse *mouse = &now()->mouse;
    if (!mouse->changed || watcher == SLOT_NONE)
        return;
    struct message answer = {.words = {OK, (uint64_t)mouse->right, (uint64_t)mouse->down,
                                       (uint64_t)mouse->wheel, mouse->buttons}};
    bool told = sys_reply(watcher, &answer) >= 0;
    if (!told)
        sys_slot_drop(watcher);
    slot_put(watcher);
    watcher = SLOT_NONE;
    if (told) {
        mouse_told(&change()->mouse);
        done();
    }
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
        message->words[3] = keymap == now()->scancodes.keymap;
    } else if (request.words[0] == POINTER_READ) {
        message->words[0] = (uint64_t)(now()->mouse.there ? E_FULL : E_DEVICE);
    } else {
        message->words[0] = (uint64_t)E_REQUEST;
    }
}

/* Answers a call, or lets it wait. Returns the slot for the next. */
static uint32_t answer(uint32_t reply_slot, struct message *message)
{
    if (message->words[0] == POINTER_READ && now()->mouse.there && !watched()) {
        uint32_t next = slot_take();
        if (next != SLOT_NONE) {
            watcher = reply_slot;
            return next;
        }
    }
    serve(message);
    if (sys_reply(reply_slot, message) < 0)
        sys_slot_drop(reply_slot);
    return reply_slot;
}

/* ---- The start ---- */

/* Ends with one sentence that says what is missing. */
static int refuse(const char *what, int64_t error)
{
    fprintf(stderr, "keyboard: %s: %s\n", what, error_text(error));
    return 1;
}

/* Types by the layout `name`, or the usual one. */
static void choose_layout(const char *name)
{
    struct keyboard *next = change();
    if (!layouts_use(&next->scancodes, name)) {
        fprintf(stderr, "keyboard: there is no layout %s; it is %s\n", name, USUAL_LAYOUT);
        layouts_use(&next->scancodes, USUAL_LAYOUT);
    }
    /* Its own name, which is short enough. */
    snprintf(next->layout, sizeof next->layout, "%s", next->scancodes.keymap->name);
    done();
}

/* Whatever may have happened to it: no count leads outside, and it starts anew. */
static void open_memory(void)
{
    void *kept = service_state(sizeof *memory);
    memory = kept ? kept : memory;
    const struct keyboard *keyboard = now();
    if (keyboard->count <= TEXT_BYTES - SCANCODE_TEXT_BYTES && keyboard->mouse.count < 4 &&
        keyboard->layout[KEYBOARD_LAYOUT_BYTES - 1] == 0)
        return;
    *change() = (struct keyboard){0};
    done();
}

/* False: the controller does not answer. */
static bool start_controller(void)
{
    if (now()->started)
        return controller_resume(now()->configuration);
    struct keyboard *next = change();
    if (!controller_start(&next->configuration, &next->mouse.there, &next->mouse.has_wheel))
        return false;
    next->started = true;
    done();
    return true;
}

static int64_t bind(uint32_t endpoint)
{
    int64_t got =
        sys_interrupt_bind(service_slot("interrupts0"), KEYBOARD_LINE, endpoint, KEYBOARD_SIGNAL);
    if (got >= 0 && now()->mouse.there)
        got = sys_interrupt_bind(service_slot("interrupts1"), MOUSE_LINE, endpoint, MOUSE_SIGNAL);
    return got;
}

static void acknowledge(uint64_t signals)
{
    if (signals & 1u << KEYBOARD_SIGNAL)
        sys_interrupt_ack(service_slot("interrupts0"), KEYBOARD_LINE);
    if (signals & 1u << MOUSE_SIGNAL)
        sys_interrupt_ack(service_slot("interrupts1"), MOUSE_LINE);
}

/* Before and after each acknowledgement: a key pressed in between gives no new edge. */
static int64_t serve_all(uint32_t endpoint)
{
    uint32_t reply_slot = slot_take();
    for (;;) {
        struct message message = {0};
        take();
        tell();
        int64_t got = sys_wait(endpoint, reply_slot, DEADLINE_NEVER, &message);
        if (got < 0)
            return got;
        if (got == RECEIVED_SIGNAL) {
            take();
            acknowledge(message.words[0]);
        } else {
            reply_slot = answer(reply_slot, &message);
        }
    }
}

int main(int argc, char **argv)
{
    uint32_t endpoint;
    open_memory();
    bool anew = now()->layout[0] == 0;
    choose_layout(!anew ? now()->layout : argc > 1 ? argv[1] : USUAL_LAYOUT);
    int64_t got = controller_open();
    if (got == E_DEVICE) {
        fprintf(stderr, "keyboard: this machine has no PS/2 controller\n");
        return 0;
    }
    if (got < 0)
        return refuse("the controller's ports", got);
    got = service_find("console", &console);
    if (got < 0)
        return refuse("the console", got);
    got = service_register("keyboard", &endpoint);
    if (got < 0)
        return refuse("serving", got);
    /* Not before nobody else serves as keyboard: it would be the other one's controller. */
    if (!start_controller()) {
        fprintf(stderr, "keyboard: the PS/2 controller does not answer\n");
        return 1;
    }
    got = bind(endpoint);
    if (got < 0)
        return refuse("interrupt lines 1 and 12", got);
    return refuse("waiting", serve_all(endpoint));
}
