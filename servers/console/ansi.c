/* Takes apart text with escape sequences: one small state machine, a byte at a time. */
#include "ansi.h"

enum state {
    GROUND,
    ESCAPE,      /* after ESC */
    ESCAPE_MORE, /* after ESC and an intermediate such as '(': the next final byte is skipped */
    SEQUENCE,    /* after ESC [ */
    UNKNOWN,     /* inside a sequence with intermediates: nothing here knows one */
    STRING,      /* a string for the terminal (window title): skipped */
};

enum { BELL = 0x07, NEW_LINE = 0x0a, CANCEL = 0x18, SUBSTITUTE = 0x1a, ESC = 0x1b, DELETE = 0x7f };

static bool emit(struct ansi_event *event, enum ansi_kind kind, uint32_t code)
{
    *event = (struct ansi_event){.kind = kind, .code = code};
    return true;
}

/* Starts a character longer than one byte (Unicode 15, table 3-7). False: no such start. */
static bool utf8_start(struct ansi *ansi, uint8_t byte)
{
    ansi->low = 0x80;
    ansi->high = 0xbf;
    if (byte >= 0xc2 && byte <= 0xdf) {
        ansi->more = 1;
        ansi->code = byte & 0x1f;
    } else if (byte >= 0xe0 && byte <= 0xef) {
        ansi->more = 2;
        ansi->code = byte & 0x0f;
        ansi->low = byte == 0xe0 ? 0xa0 : 0x80;  /* no overlong forms */
        ansi->high = byte == 0xed ? 0x9f : 0xbf; /* no surrogates */
    } else if (byte >= 0xf0 && byte <= 0xf4) {
        ansi->more = 3;
        ansi->code = byte & 0x07;
        ansi->low = byte == 0xf0 ? 0x90 : 0x80;
        ansi->high = byte == 0xf4 ? 0x8f : 0xbf; /* nothing over U+10FFFF */
    } else {
        return false;
    }
    return true;
}

/* A byte of text. C1 control characters have no effect here. True: an event. */
static bool ground(struct ansi *ansi, uint8_t byte, struct ansi_event *event)
{
    if (ansi->more) {
        ansi->code = ansi->code << 6 | (byte & 0x3f);
        ansi->low = 0x80;
        ansi->high = 0xbf;
        return --ansi->more == 0 && ansi->code >= 0xa0 && emit(event, ANSI_CHARACTER, ansi->code);
    }
    if (byte < 0x80)
        return byte != DELETE && emit(event, ANSI_CHARACTER, byte);
    return !utf8_start(ansi, byte) && emit(event, ANSI_CHARACTER, ANSI_REPLACEMENT);
}

static bool escape(struct ansi *ansi, uint8_t byte, struct ansi_event *event)
{
    ansi->state = GROUND;
    if (byte == '[') {
        ansi->state = SEQUENCE;
        ansi->sequence = (struct ansi_event){.kind = ANSI_SEQUENCE, .count = 1};
    } else if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_') {
        ansi->state = STRING;
    } else if (byte >= 0x20 && byte <= 0x2f) {
        ansi->state = ESCAPE_MORE;
    } else if (byte >= 0x30 && byte <= 0x7e && byte != '\\') {
        return emit(event, ANSI_ESCAPE, byte);
    }
    return false;
}

static bool sequence(struct ansi *ansi, uint8_t byte, struct ansi_event *event)
{
    struct ansi_event *so_far = &ansi->sequence;
    if (byte >= '0' && byte <= '9') {
        if (so_far->count <= ANSI_PARAMETERS) {
            uint32_t value = so_far->parameters[so_far->count - 1] * 10u + (byte - '0');
            so_far->parameters[so_far->count - 1] =
                (uint16_t)(value < ANSI_PARAMETER_MAX ? value : ANSI_PARAMETER_MAX);
        }
    } else if (byte == ';' || byte == ':') {
        /* One past the end at most: parameters beyond the table are read and forgotten. */
        so_far->count += so_far->count <= ANSI_PARAMETERS;
    } else if (byte >= 0x3c && byte <= 0x3f) {
        so_far->marker = (char)byte;
    } else if (byte >= 0x20 && byte <= 0x2f) {
        ansi->state = UNKNOWN;
    } else if (byte >= 0x40 && byte <= 0x7e) {
        ansi->state = GROUND;
        so_far->code = byte;
        if (so_far->count > ANSI_PARAMETERS)
            so_far->count = ANSI_PARAMETERS;
        *event = *so_far;
        return true;
    }
    return false;
}

static bool control(struct ansi *ansi, uint8_t byte, struct ansi_event *event)
{
    bool in_string = ansi->state == STRING;
    if (byte == ESC) {
        ansi->state = ESCAPE;
        return false;
    }
    /* A new line ends a string that nobody ended: what is printed later must not vanish in it. */
    if (byte == CANCEL || byte == SUBSTITUTE || (in_string && (byte == BELL || byte == NEW_LINE)))
        ansi->state = GROUND;
    if (in_string && byte != NEW_LINE)
        return false;
    return emit(event, ANSI_CONTROL, byte);
}

/* Takes one byte, which does not break off a character. True: an event. */
static bool feed(struct ansi *ansi, uint8_t byte, struct ansi_event *event)
{
    if (byte < 0x20)
        return control(ansi, byte, event);
    /* Sequences are of 7-bit characters. A string may hold UTF-8. */
    if (byte >= 0x80 && ansi->state != STRING)
        ansi->state = GROUND;
    switch (ansi->state) {
    case GROUND:
        return ground(ansi, byte, event);
    case ESCAPE:
        return escape(ansi, byte, event);
    case ESCAPE_MORE:
        ansi->state = byte >= 0x30 ? GROUND : ESCAPE_MORE;
        return false;
    case SEQUENCE:
        return sequence(ansi, byte, event);
    case UNKNOWN:
        ansi->state = byte >= 0x40 ? GROUND : UNKNOWN;
        return false;
    default:
        return false;
    }
}

bool ansi_is_sound(const struct ansi *ansi)
{
    uint32_t count = ansi->sequence.count;
    return ansi->state <= STRING && ansi->more <= 3 &&
           (ansi->state != SEQUENCE || (count >= 1 && count <= ANSI_PARAMETERS + 1));
}

size_t ansi_next(struct ansi *ansi, const char *bytes, size_t count, struct ansi_event *event)
{
    *event = (struct ansi_event){.kind = ANSI_NOTHING};
    for (size_t used = 0; used < count; used++) {
        uint8_t byte = (uint8_t)bytes[used];
        if (ansi->more && (byte < ansi->low || byte > ansi->high)) {
            ansi->more = 0;
            emit(event, ANSI_CHARACTER, ANSI_REPLACEMENT);
            return used;
        }
        if (feed(ansi, byte, event))
            return used + 1;
    }
    return count;
}
