/* The keymap command: which layout the keyboard has (cocos/protocol/keyboard.h). */
#include "shell.h"

#include <string.h>

#include <cocos/protocol/keyboard.h>
#include <cocos/service.h>

#define LAYOUTS_MAX 100

static uint32_t keyboard = SLOT_NONE;

/* Prints every name, with a * before the one in use. */
static int list(void)
{
    for (uint64_t index = 0; index < LAYOUTS_MAX; index++) {
        struct message message = {.words = {KEYBOARD_LAYOUT, index}};
        int64_t got = service_call("keyboard", &keyboard, &message);
        if (got == E_NAME && index > 0)
            return 0;
        if (got < 0)
            return command_failed("keymap", got);
        char name[KEYBOARD_LAYOUT_BYTES + 1] = {0};
        memcpy(name, &message.words[1], KEYBOARD_LAYOUT_BYTES);
        console_printf("%c %s\n", message.words[3] ? '*' : ' ', name);
    }
    return 0;
}

int keymap_command(uint32_t count, char **words)
{
    if (count == 1)
        return list();
    if (count != 2 || strlen(words[1]) >= KEYBOARD_LAYOUT_BYTES)
        return command_usage("keymap");
    struct message message = {.words = {KEYBOARD_USE_LAYOUT}};
    memcpy(&message.words[1], words[1], strlen(words[1]));
    int64_t got = service_call("keyboard", &keyboard, &message);
    return got < 0 ? command_failed("keymap", got) : 0;
}
