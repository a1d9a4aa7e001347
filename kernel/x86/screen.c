/*
 * The emergency screen: VGA text, or the boot loader's linear framebuffer with a packaged font.
 * Plain text only, scrolling by lines. The console server takes the screen over after boot.
 */
#include <stddef.h>

#include <cocos/abi.h>

#include "kernel/frame_ptr.h"
#include "kernel/string.h"
#include "kernel/x86/arch.h"

/* PSF version 1 (Linux's psf format): magic 36 04, mode, bytes per glyph; then the glyphs. */
#define PSF1_HEADER_BYTES 4
#define GLYPH_WIDTH 8

extern const uint8_t console_font_start[], console_font_end[];

static struct screen screen;
static unsigned column, line;
static unsigned columns, lines;

static unsigned glyph_height(void)
{
    return console_font_start[3];
}

static void draw_glyph(unsigned char c)
{
    const uint8_t *glyph =
        console_font_start + PSF1_HEADER_BYTES + (size_t)(c < 128 ? c : '?') * glyph_height();
    unsigned bytes_per_pixel = screen.bits_per_pixel / 8;
    for (unsigned y = 0; y < glyph_height(); y++) {
        uint64_t row = screen.address + (uint64_t)(line * glyph_height() + y) * screen.pitch +
                       (uint64_t)column * GLYPH_WIDTH * bytes_per_pixel;
        uint8_t *out = frame_ptr(row);
        for (unsigned x = 0; x < GLYPH_WIDTH; x++) {
            uint32_t colour = glyph[y] & 0x80 >> x ? 0xc0c0c0 : 0;
            memcpy(out + (size_t)x * bytes_per_pixel, &colour, bytes_per_pixel);
        }
    }
}

static void scroll(void)
{
    uint64_t line_bytes =
        (uint64_t)screen.pitch * (screen.kind == SCREEN_PIXELS ? glyph_height() : 1);
    uint64_t kept = line_bytes * (lines - 1);
    memmove(frame_ptr(screen.address), frame_ptr(screen.address + line_bytes), kept);
    if (screen.kind == SCREEN_PIXELS) {
        memset(frame_ptr(screen.address + kept), 0, line_bytes);
    } else {
        for (unsigned x = 0; x < columns; x++) {
            ((uint16_t *)frame_ptr(screen.address + kept))[x] = 0x0720;
        }
    }
}

/* Without a font whose format is known, pixels stay dark. */
static BOOT_ONLY bool font_usable(void)
{
    return console_font_end - console_font_start > PSF1_HEADER_BYTES + 128 * 16 &&
           console_font_start[0] == 0x36 && console_font_start[1] == 0x04 && glyph_height() != 0;
}

BOOT_ONLY void screen_init(const struct screen *given)
{
    screen = *given;
    column = line = 0;
    if (screen.kind == SCREEN_TEXT) {
        columns = screen.width;
        lines = screen.height;
        for (unsigned i = 0; i < columns * lines; i++) {
            ((uint16_t *)frame_ptr(screen.address))[i] = 0x0720;
        }
    } else if (screen.kind == SCREEN_PIXELS && font_usable()) {
        columns = screen.width / GLYPH_WIDTH;
        lines = screen.height / glyph_height();
        memset(frame_ptr(screen.address), 0, (uint64_t)screen.pitch * screen.height);
    }
    if (columns == 0 || lines == 0) {
        screen.kind = SCREEN_NONE;
    }
}

void screen_putc(char c)
{
    if (screen.kind == SCREEN_NONE || c == '\r') {
        return;
    }
    if (c == '\n' || column == columns) {
        column = 0;
        line++;
    }
    if (line == lines) {
        scroll();
        line--;
    }
    if (c == '\n') {
        return;
    }
    if (screen.kind == SCREEN_TEXT) {
        uint16_t *cells = frame_ptr(screen.address + (uint64_t)line * screen.pitch);
        cells[column] = (uint16_t)(0x0700 | (uint8_t)c);
    } else {
        draw_glyph((unsigned char)c);
    }
    column++;
}
