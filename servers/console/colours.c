/* Colours by number and by value. */
#include "colours.h"

enum { CUBE = 16, CUBE_SIDE = 6, GREYS = CUBE + CUBE_SIDE * CUBE_SIDE * CUBE_SIDE };

const struct pen pen_usual = {.foreground = COLOUR_FOREGROUND, .background = COLOUR_BACKGROUND};

/* The sixteen colours of VGA, in ANSI's order. */
static const uint32_t vga[16] = {
    0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa,
    0x555555, 0xff5555, 0x55ff55, 0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff,
};

/* Behind the sixteen a cube of six shades each, and greys, as xterm has them. */
static uint32_t shade(uint32_t step)
{
    return step ? 55 + 40 * step : 0;
}

uint32_t colour_rgb(uint32_t colour)
{
    if (colour & COLOUR_TRUE)
        return colour & 0xffffff;
    if (colour < CUBE)
        return vga[colour];
    if (colour < GREYS) {
        colour -= CUBE;
        return shade(colour / CUBE_SIDE / CUBE_SIDE) << 16 |
               shade(colour / CUBE_SIDE % CUBE_SIDE) << 8 | shade(colour % CUBE_SIDE);
    }
    return (8 + 10 * (colour - GREYS)) * 0x010101;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
    uint32_t sum = 0;
    for (uint32_t shift = 0; shift < 24; shift += 8) {
        int32_t difference = (int32_t)(a >> shift & 0xff) - (int32_t)(b >> shift & 0xff);
        sum += (uint32_t)(difference * difference);
    }
    return sum;
}

uint32_t colour_nearest(uint32_t rgb, uint32_t count)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; i++)
        if (distance(rgb, vga[i]) < distance(rgb, vga[best]))
            best = i;
    return best;
}

static uint32_t bright(const struct pen *pen)
{
    uint32_t colour = pen->foreground;
    return colour_rgb(pen->bold && colour < 8 ? colour + 8 : colour);
}

uint32_t pen_foreground(const struct pen *pen)
{
    return pen->reverse ? colour_rgb(pen->background) : bright(pen);
}

uint32_t pen_background(const struct pen *pen)
{
    return pen->reverse ? bright(pen) : colour_rgb(pen->background);
}

/* The extended colour after 38 or 48: 5;N or 2;R;G;B. What is none leaves *colour as it is.
 * Returns how many parameters it took. */
static uint32_t extended(const struct ansi_event *event, uint32_t at, uint32_t *colour)
{
    uint32_t left = event->count - at - 1;
    const uint16_t *values = &event->parameters[at + 1];
    if (left >= 2 && values[0] == 5) {
        if (values[1] < 256)
            *colour = values[1];
        return 2;
    }
    if (left >= 4 && values[0] == 2 && values[1] < 256 && values[2] < 256 && values[3] < 256)
        *colour = COLOUR_TRUE | (uint32_t)values[1] << 16 | (uint32_t)values[2] << 8 | values[3];
    return left < 4 ? left : 4;
}

void pen_select(struct pen *pen, const struct ansi_event *event)
{
    for (uint32_t i = 0; i < event->count; i++) {
        uint16_t code = event->parameters[i];
        if (code == 0)
            *pen = pen_usual;
        else if (code == 1 || code == 22)
            pen->bold = code == 1;
        else if (code == 7 || code == 27)
            pen->reverse = code == 7;
        else if (code >= 30 && code <= 37)
            pen->foreground = code - 30u;
        else if (code >= 90 && code <= 97)
            pen->foreground = code - 90u + 8;
        else if (code >= 40 && code <= 47)
            pen->background = code - 40u;
        else if (code >= 100 && code <= 107)
            pen->background = code - 100u + 8;
        else if (code == 39)
            pen->foreground = COLOUR_FOREGROUND;
        else if (code == 49)
            pen->background = COLOUR_BACKGROUND;
        else if (code == 38)
            i += extended(event, i, &pen->foreground);
        else if (code == 48)
            i += extended(event, i, &pen->background);
    }
}
