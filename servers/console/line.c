#include "line.h"

#include <string.h>

#include <cocos/protocol/serial.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#include "books.h"
#include "input.h"

static uint32_t serial = SLOT_NONE;

/* Nobody hears what is printed without a line; it does not come later, either. */
static void forget_unsent(void)
{
    struct books *next = books_change();
    next->sent = next->consoles[0].printed;
    books_done();
}

bool line_open(void)
{
    if (serial != SLOT_NONE)
        return true;
    if (service_find("serial", &serial) == OK)
        return true;
    serial = SLOT_NONE;
    forget_unsent();
    return false;
}

static void lose(void)
{
    sys_slot_drop(serial);
    slot_put(serial);
    serial = SLOT_NONE;
    forget_unsent();
}

/* Sends one piece, once: with the same number until it is known how much of it was taken. */
static bool send_piece(void)
{
    const struct books *now = books();
    const char *bytes;
    uint32_t count = books_printed(0, now->sent, &bytes);
    count = count < TEXT_BYTES ? count : TEXT_BYTES;
    struct message message = {.words = {TEXT_HEADER(SERIAL_WRITE, count)}};
    memcpy(&message.words[1], bytes, count);
    if (text_call(serial, text_number_after(now->write_number), &message) < 0)
        return false;
    uint64_t taken = message.words[1];
    struct books *next = books_change();
    next->sent += taken > 0 && taken < count ? taken : count;
    next->write_number = (uint16_t)text_number_after(next->write_number);
    books_done();
    return true;
}

void line_send(void)
{
    while (serial != SLOT_NONE && books()->sent != books()->consoles[0].printed)
        if (!send_piece())
            lose();
    if (serial == SLOT_NONE && books()->sent != books()->consoles[0].printed)
        forget_unsent();
}

void line_finish(void)
{
    struct message message = {.words = {SERIAL_FINISH}};
    line_send();
    if (serial != SLOT_NONE)
        text_call(serial, 0, &message);
}

/* Takes one piece, once. False: nothing came. */
static bool take_piece(void)
{
    struct message message = {.words = {SERIAL_READ}};
    int64_t count = text_call(serial, text_number_after(books()->read_number), &message);
    if (count < 0)
        lose();
    if (count <= 0 || count > (int64_t)TEXT_BYTES)
        return false;
    struct books *next = books_change();
    input_add(next, 0, (const char *)&message.words[1], (uint32_t)count);
    next->read_number = (uint16_t)text_number_after(next->read_number);
    books_done();
    return true;
}

void line_take(void)
{
    while (serial != SLOT_NONE && books_typing_room(0) >= TEXT_BYTES && take_piece())
        ;
}
