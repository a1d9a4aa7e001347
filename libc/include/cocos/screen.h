/*
 * Drawing on the machine's screen: borrowing the linear framebuffer from the console
 * (cocos/protocol/console.h), and pictures in memory of one's own with rectangles and text in them.
 * All return 0 or a negative error.
 */
#ifndef COCOS_SCREEN_H
#define COCOS_SCREEN_H

#include <stdint.h>

#include <cocos/sys.h>

/* The linear framebuffer, or NULL: the machine has none of 32 bits a pixel. */
const struct screen *screen_find(void);

/* Borrows it through the slot `console`, and gives it back. Errors: CONSOLE_LEND's, and E_FULL, or
 * E_NO_MEMORY and E_LIMIT for page tables. */
int64_t screen_borrow(uint32_t console);
int64_t screen_return(uint32_t console);

/* Pixels are 0xRRGGBB, line after line. What does not fit in is left out by all that draw. */
struct picture {
    uint32_t *pixels;
    uint32_t width, height;
};

/* Copies a picture of the screen's size to the borrowed screen. */
void screen_show(const struct screen *screen, const struct picture *picture);

void picture_fill(const struct picture *picture, uint32_t x, uint32_t y, uint32_t width,
                  uint32_t height, uint32_t colour);

/* ASCII in the console's font, each of its pixels `scale` pixels wide and high. */
#define PICTURE_LETTER_WIDTH 8u
#define PICTURE_LETTER_HEIGHT 16u
void picture_text(const struct picture *picture, uint32_t x, uint32_t y, uint32_t scale,
                  uint32_t colour, const char *text);

#endif
