/* From scancodes of set 1 to bytes, with the state of shift and its like. */
#include "scancode.h"

#include <cocos/protocol/console.h>

enum { EXTENDED = 0xe0, PAUSE = 0xe1, RELEASED = 0x80 };

/* Keys that are no characters, by scancode. */
enum {
    KEY_ESCAPE = 0x01,
    KEY_BACKSPACE = 0x0e,
    KEY_TAB = 0x0f,
    KEY_ENTER = 0x1c,
    KEY_CONTROL = 0x1d,
    KEY_LEFT_SHIFT = 0x2a,
    KEY_PAD_SLASH = 0x35, /* extended; else an ordinary slash */
    KEY_RIGHT_SHIFT = 0x36,
    KEY_PAD_ASTERISK = 0x37,
    KEY_ALT = 0x38, /* extended: AltGr */
    KEY_CAPS_LOCK = 0x3a,
    KEY_F1 = 0x3b,
    KEY_F10 = 0x44,
    KEY_NUM_LOCK = 0x45,
    KEY_PAD_FIRST = 0x47, /* 7 8 9 - 4 5 6 + 1 2 3 0 . */
    KEY_PAGE_UP = 0x49,
    KEY_PAGE_DOWN = 0x51,
    KEY_PAD_LAST = 0x53,
    KEY_F11 = 0x57,
    KEY_F12 = 0x58,
};

static size_t put(char *text, const char *bytes)
{
    size_t count = 0;
    for (; bytes[count]; count++)
        text[count] = bytes[count];
    return count;
}

static size_t put_utf8(char *text, uint32_t code)
{
    if (code < 0x80) {
        text[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        text[0] = (char)(0xc0 | code >> 6);
        text[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    text[0] = (char)(0xe0 | code >> 12);
    text[1] = (char)(0x80 | (code >> 6 & 0x3f));
    text[2] = (char)(0x80 | (code & 0x3f));
    return 3;
}

/* A lock changes when its key goes down, not while it repeats. */
static void lock(bool *locked, bool *down, bool pressed)
{
    if (pressed && !*down)
        *locked = !*locked;
    *down = pressed;
}

/* True: the key only changes what others mean. */
static bool modifier(struct scancodes *state, uint8_t key, bool extended, bool pressed)
{
    switch (key) {
    case KEY_LEFT_SHIFT:
    case KEY_RIGHT_SHIFT:
        /* Extended ones are made up by the keyboard around the arrow keys. */
        if (!extended)
            *(key == KEY_LEFT_SHIFT ? &state->left_shift : &state->right_shift) = pressed;
        return true;
    case KEY_CONTROL:
        *(extended ? &state->right_control : &state->left_control) = pressed;
        return true;
    case KEY_ALT:
        *(extended ? &state->altgr : &state->left_alt) = pressed;
        return true;
    case KEY_CAPS_LOCK:
        lock(&state->caps_lock, &state->caps_down, pressed);
        return true;
    case KEY_NUM_LOCK:
        lock(&state->num_lock, &state->num_down, pressed);
        return true;
    default:
        return false;
    }
}

static bool shifted(const struct scancodes *state)
{
    return state->left_shift || state->right_shift;
}

/* True: the key is for the console. */
static bool command(struct scancodes *state, uint8_t key, bool digits)
{
    state->command = COMMAND_NONE;
    if ((state->left_alt || state->altgr) && key >= KEY_F1 && key < KEY_F1 + CONSOLES)
        state->command = (uint8_t)(COMMAND_SHOW + key - KEY_F1);
    else if (shifted(state) && !digits && key == KEY_PAGE_UP)
        state->command = COMMAND_UP;
    else if (shifted(state) && !digits && key == KEY_PAGE_DOWN)
        state->command = COMMAND_DOWN;
    return state->command != COMMAND_NONE;
}

/* As xterm has them. */
static size_t function_key(uint8_t key, char *text)
{
    static const char *const sequences[] = {"\x1bOP",   "\x1bOQ",   "\x1bOR",   "\x1bOS",
                                            "\x1b[15~", "\x1b[17~", "\x1b[18~", "\x1b[19~",
                                            "\x1b[20~", "\x1b[21~", "\x1b[23~", "\x1b[24~"};
    return put(text, sequences[key <= KEY_F10 ? key - KEY_F1 : key - KEY_F11 + 10]);
}

/* The keypad's keys, and the grey ones that are their extended twins. */
static size_t pad(uint8_t key, bool digits, char *text)
{
    static const char *const moves[] = {"\x1b[H",  "\x1b[A",  "\x1b[5~", "-",      "\x1b[D",
                                        "",        "\x1b[C",  "+",       "\x1b[F", "\x1b[B",
                                        "\x1b[6~", "\x1b[2~", "\x1b[3~"};
    uint32_t index = key - KEY_PAD_FIRST;
    if (!digits)
        return put(text, moves[index]);
    text[0] = "789-456+1230."[index];
    return 1;
}

/* The block of Unicode that dead keys are taken from. */
static bool is_combining(uint32_t code)
{
    return code >= 0x300 && code <= 0x36f;
}

static uint32_t composed(const struct scancodes *state, uint32_t accent, uint32_t base)
{
    for (uint32_t i = 0; i < state->composition_count; i++) {
        const struct keymap_composition *composition = &state->compositions[i];
        if (composition->accent == accent && composition->base == base)
            return composition->result;
    }
    return 0;
}

/* A character after a dead key: both in one, or where there is no such one, both. A dead key after
 * itself gives the accent. */
static size_t put_accented(struct scancodes *state, uint32_t code, char *text)
{
    uint32_t accent = state->accent;
    uint32_t one = composed(state, accent, code == accent ? ' ' : code);
    state->accent = 0;
    if (one != 0)
        return put_utf8(text, one);
    uint32_t alone = composed(state, accent, ' ');
    size_t count = alone ? put_utf8(text, alone) : 0;
    if (!is_combining(code))
        return count + put_utf8(text + count, code);
    state->accent = (uint16_t)code;
    return count;
}

static uint32_t code_of(const struct scancodes *state, uint8_t key)
{
    const struct keymap_key *entry = &state->keymap->keys[key];
    bool shift = shifted(state);
    bool letter = entry->letters >> state->altgr & 1;
    uint32_t level = state->altgr ? LEVEL_ALTGR : 0;
    return entry->codes[level | (shift != (letter && state->caps_lock) ? LEVEL_SHIFT : 0)];
}

static size_t character(struct scancodes *state, uint8_t key, char *text)
{
    uint32_t code = code_of(state, key);
    if (code == 0)
        return 0;
    if (!state->left_control && !state->right_control) {
        if (state->accent != 0)
            return put_accented(state, code, text);
        if (!is_combining(code))
            return put_utf8(text, code);
        state->accent = (uint16_t)code;
        return 0;
    }
    state->accent = 0;
    /* Control takes letters and @ [ \ ] ^ _ to 0-31, and space to 0. */
    bool has_control = code == ' ' || (code >= '@' && code <= '_') || (code >= 'a' && code <= 'z');
    text[0] = (char)(code & 0x1f);
    return has_control;
}

/* The text of a key that is no character; it takes no accent. 0: the key is a character. */
static size_t special(uint8_t key, bool extended, char *text)
{
    switch (key) {
    case KEY_ESCAPE:
        return put(text, "\x1b");
    case KEY_BACKSPACE:
        return put(text, "\x7f");
    case KEY_TAB:
        return put(text, "\t");
    case KEY_ENTER:
        return put(text, "\r");
    case KEY_PAD_ASTERISK:
        return put(text, "*");
    default:
        return extended ? put(text, "/") : 0;
    }
}

static size_t typed(struct scancodes *state, uint8_t key, bool extended, char *text)
{
    bool digits = state->num_lock && !extended;
    if (command(state, key, digits))
        return 0;
    if (key >= KEY_PAD_FIRST && key <= KEY_PAD_LAST)
        return pad(key, digits, text);
    if (!extended && ((key >= KEY_F1 && key <= KEY_F10) || key == KEY_F11 || key == KEY_F12))
        return function_key(key, text);
    if (extended && key != KEY_ENTER && key != KEY_PAD_SLASH)
        return 0;
    size_t count = special(key, extended, text);
    if (count == 0)
        return character(state, key, text);
    state->accent = 0;
    return count;
}

size_t scancode_take(struct scancodes *state, uint8_t code, char *text)
{
    bool extended = state->extended;
    if (state->skip > 0) {
        state->skip--;
        return 0;
    }
    state->extended = code == EXTENDED;
    if (code == EXTENDED)
        return 0;
    if (code == PAUSE) {
        state->skip = 2;
        return 0;
    }
    uint8_t key = code & (RELEASED - 1);
    bool pressed = !(code & RELEASED);
    if (modifier(state, key, extended, pressed) || !pressed)
        return 0;
    return typed(state, key, extended, text);
}
