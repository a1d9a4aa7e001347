/*
 * The linear framebuffer, of 32 bits a pixel: characters are drawn with a console font from the
 * distribution, which is linked in (font.asm).
 */
#include "screen.h"

#include <string.h>

#include "psf.h"

extern const uint8_t console_font_start[], console_font_end[];

static struct psf font;
static uint8_t *pixels;
static uint32_t pitch;
static uint64_t pixel_bytes;
static uint32_t red_shift, green_shift, blue_shift;

static uint32_t pixel_of(uint32_t rgb)
{
    return (rgb >> 16) << red_shift | (rgb >> 8 & 0xff) << green_shift | (rgb & 0xff) << blue_shift;
}

/* Black also where no cell reaches: right and bottom edges. */
static void pixels_clear(void)
{
    memset(pixels, 0, pixel_bytes);
}

static const char *pixels_open(const struct screen *screen, uint32_t *columns, uint32_t *lines)
{
    if (screen->bits_per_pixel != 32)
        return "its pixels are not of 32 bits";
    const char *refusal =
        psf_open(&font, console_font_start, (size_t)(console_font_end - console_font_start));
    if (refusal)
        return refusal;
    if (screen->width < font.width || screen->height < font.height ||
        screen->pitch / 4 < screen->width)
        return "the boot loader gave it a size that cannot be";
    uint64_t bytes = (uint64_t)screen->pitch * screen->height;
    refusal = screen_claim(screen->address, screen->address + bytes, CACHE_WRITE_COMBINING);
    if (refusal)
        return refusal;
    red_shift = screen->red_shift;
    green_shift = screen->green_shift;
    blue_shift = screen->blue_shift;
    pixels = (uint8_t *)screen->address;
    pitch = screen->pitch;
    pixel_bytes = bytes;
    pixels_clear();
    *columns = screen->width / font.width;
    *lines = screen->height / font.height;
    return NULL;
}

/* Reading pixels back as text is not possible: the screen starts cleared. */
static void pixels_read(struct terminal *terminal)
{
    (void)terminal;
}

static void pixels_draw(uint32_t column, uint32_t line, struct cell cell, bool cursor)
{
    uint32_t foreground = pixel_of(cell.foreground), background = pixel_of(cell.background);
    const uint8_t *row = psf_glyph(&font, cell.code == CELL_RIGHT ? ' ' : cell.code);
    uint8_t *start =
        pixels + (uint64_t)line * font.height * pitch + (uint64_t)column * font.width * 4;

    for (uint32_t y = 0; y < font.height; y++, row += font.row_bytes, start += pitch) {
        uint32_t *pixel = (uint32_t *)start;
        bool underline = cursor && y + 2 >= font.height;
        for (uint32_t x = 0; x < font.width; x++) {
            bool set = underline || (row[x / 8] & 0x80 >> x % 8);
            pixel[x] = set ? foreground : background;
        }
    }
}

/* The cursor is drawn with its cell. */
static void pixels_cursor(uint32_t column, uint32_t line)
{
    (void)column;
    (void)line;
}

const struct screen_driver screen_pixels = {pixels_open, pixels_read, pixels_draw, pixels_cursor,
                                            pixels_clear};
