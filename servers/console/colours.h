/* The colours of a terminal, and what Select Graphic Rendition makes of them (ECMA-48, 8.3.117). */
#ifndef CONSOLE_COLOURS_H
#define CONSOLE_COLOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "ansi.h"

/* A colour is one of 256 by number, ANSI's first: 0 black, 1 red, 2 green, 3 yellow, 4 blue, 5
 * magenta, 6 cyan, 7 white, 8 more makes them bright; or COLOUR_TRUE | 0xRRGGBB. */
#define COLOUR_TRUE 0x1000000u
#define COLOUR_FOREGROUND 7
#define COLOUR_BACKGROUND 0

/* What characters are printed with. */
struct pen {
    uint32_t foreground, background;
    bool bold, reverse;
};

extern const struct pen pen_usual;

/* 0xRRGGBB of a colour. */
uint32_t colour_rgb(uint32_t colour);

/* Of the first `count` colours the one nearest to 0xRRGGBB. */
uint32_t colour_nearest(uint32_t rgb, uint32_t count);

/* What the pen prints with: bold makes the first eight colours bright. */
uint32_t pen_foreground(const struct pen *pen);
uint32_t pen_background(const struct pen *pen);

/* Changes the pen as the sequence ESC [ ... m says. */
void pen_select(struct pen *pen, const struct ansi_event *event);

#endif
