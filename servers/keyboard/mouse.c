#include "mouse.h"

/* Bits of the first byte; the buttons' are those of the protocol. */
enum {
    BUTTONS = 7,
    ALWAYS = 8,
    RIGHT_SIGN = 0x10,
    UP_SIGN = 0x20,
    OVERFLOW = 0xc0,
};

/* Nine bits: the sign stands in the first byte. */
static int64_t movement(uint8_t byte, bool negative)
{
    return negative ? (int64_t)byte - 256 : byte;
}

/* Four bits that count, with their sign; some mice have buttons behind them. */
static int64_t wheel_of(uint8_t byte)
{
    return (byte & 7) - (byte & 8);
}

/* Movements that do not fit are none. */
static void packet(struct mouse *mouse)
{
    const uint8_t *bytes = mouse->packet;
    int64_t right = 0, down = 0, wheel = mouse->has_wheel ? wheel_of(bytes[3]) : 0;
    if (!(bytes[0] & OVERFLOW)) {
        right = movement(bytes[1], bytes[0] & RIGHT_SIGN);
        down = -movement(bytes[2], bytes[0] & UP_SIGN);
    }
    uint8_t buttons = bytes[0] & BUTTONS;
    mouse->changed = mouse->changed || right || down || wheel || buttons != mouse->buttons;
    mouse->right += right;
    mouse->down += down;
    mouse->wheel += wheel;
    mouse->buttons = buttons;
}

void mouse_take(struct mouse *mouse, uint8_t byte)
{
    if (!mouse->there || (mouse->count == 0 && !(byte & ALWAYS)))
        return;
    mouse->packet[mouse->count++ % sizeof mouse->packet] = byte;
    if (mouse->count < (mouse->has_wheel ? 4 : 3))
        return;
    mouse->count = 0;
    packet(mouse);
}

void mouse_told(struct mouse *mouse)
{
    mouse->right = mouse->down = mouse->wheel = 0;
    mouse->changed = false;
}
