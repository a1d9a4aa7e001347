/* Rectangles and text in memory, and their way to the screen (cocos/screen.h). */
#include <cocos/screen.h>

#include <stdbool.h>
#include <string.h>

/* The console's font: PC Screen Font 1, whose glyphs 32 to 126 are ASCII (libc/font.asm). */
#define FONT_HEAD 4
extern const uint8_t picture_font[];

static void fill_line(uint32_t *pixels, uint32_t width, uint32_t colour)
{
    for (uint32_t x = 0; x < width; x++)
        pixels[x] = colour;
}

void picture_fill(const struct picture *picture, uint32_t x, uint32_t y, uint32_t width,
                  uint32_t height, uint32_t colour)
{
    if (x >= picture->width || y >= picture->height)
        return;
    if (width > picture->width - x)
        width = picture->width - x;
    if (height > picture->height - y)
        height = picture->height - y;
    for (uint32_t line = y; line < y + height; line++)
        fill_line(picture->pixels + (uint64_t)line * picture->width + x, width, colour);
}

static void draw_letter(const struct picture *picture, uint32_t x, uint32_t y, uint32_t scale,
                        uint32_t colour, uint8_t letter)
{
    const uint8_t *glyph = picture_font + FONT_HEAD + (size_t)letter * PICTURE_LETTER_HEIGHT;
    for (uint32_t line = 0; line < PICTURE_LETTER_HEIGHT; line++) {
        for (uint32_t column = 0; column < PICTURE_LETTER_WIDTH; column++)
            if (glyph[line] & 0x80 >> column)
                picture_fill(picture, x + column * scale, y + line * scale, scale, scale, colour);
    }
}

void picture_text(const struct picture *picture, uint32_t x, uint32_t y, uint32_t scale,
                  uint32_t colour, const char *text)
{
    for (; *text; text++, x += PICTURE_LETTER_WIDTH * scale)
        draw_letter(picture, x, y, scale, colour, *text >= ' ' && *text <= '~' ? *text : '?');
}

static uint32_t screen_colour(const struct screen *screen, uint32_t colour)
{
    return (colour >> 16 & 0xff) << screen->red_shift |
           (colour >> 8 & 0xff) << screen->green_shift | (colour & 0xff) << screen->blue_shift;
}

/* One pass over the framebuffer, in order: it is never read, and written in whole lines. */
void screen_show(const struct screen *screen, const struct picture *picture)
{
    bool same = screen->red_shift == 16 && screen->green_shift == 8 && screen->blue_shift == 0;
    uint32_t width = picture->width < screen->width ? picture->width : screen->width;
    for (uint32_t y = 0; y < picture->height && y < screen->height; y++) {
        uint32_t *to = (uint32_t *)(screen->address + (uint64_t)y * screen->pitch);
        const uint32_t *from = picture->pixels + (uint64_t)y * picture->width;
        if (same) {
            memcpy(to, from, width * sizeof *to);
            continue;
        }
        for (uint32_t x = 0; x < width; x++)
            to[x] = screen_colour(screen, from[x]);
    }
}
