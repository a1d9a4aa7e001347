/*
 * The VGA text screen: a character in code page 437 and its colours per 16-bit word, at the
 * address it has had since 1981; the cursor is a register of the CRT controller (IBM VGA
 * Technical Reference, 1992, "CRT Controller Registers").
 */
#include "screen.h"

#include <cocos/port_io.h>
#include <cocos/service.h>
#include <cocos/sys.h>

enum { CRTC_INDEX = 0x3d4, CRTC_DATA = 0x3d5 };
enum { CURSOR_START = 0x0a, CURSOR_END = 0x0b, CURSOR_HIGH = 0x0e, CURSOR_LOW = 0x0f };

static volatile uint16_t *words;
static uint32_t width, height, words_per_line;
static bool cursor_works;

/* Code page 437 from 0x80 on, in Unicode. Below it is ASCII. */
/* clang-format off */
static const uint16_t upper_half[128] = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7,
    0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5,
    0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
    0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192,
    0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba,
    0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556,
    0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
    0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
    0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567,
    0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b,
    0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
    0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4,
    0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229,
    0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
    0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};
/* clang-format on */

/* Which glyph shows a character; '?' where the page has none. */
static uint8_t glyph_of(uint16_t code)
{
    if (code == CELL_RIGHT)
        return ' ';
    if (code >= 0x20 && code < 0x7f)
        return (uint8_t)code;
    for (uint32_t i = 0; i < 128; i++)
        if (upper_half[i] == code)
            return (uint8_t)(0x80 + i);
    /* Arrows lie among the page's control characters. */
    if (code >= 0x2190 && code <= 0x2193)
        return (uint8_t)("\x1b\x18\x1a\x19"[code - 0x2190]);
    return '?';
}

static uint16_t code_of(uint8_t glyph)
{
    if (glyph >= 0x80)
        return upper_half[glyph - 0x80];
    return glyph >= 0x20 && glyph < 0x7f ? glyph : ' ';
}

/* ANSI's red is bit 0 and blue bit 2, VGA's the other way round. Its own inverse. */
static uint8_t swap_red_blue(uint8_t colour)
{
    return (uint8_t)((colour & 0x0a) | (colour & 1) << 2 | (colour >> 2 & 1));
}

static uint8_t crtc_read(uint8_t index)
{
    port_write8(CRTC_INDEX, index);
    return port_read8(CRTC_DATA);
}

static void crtc_write(uint8_t index, uint8_t value)
{
    port_write8(CRTC_INDEX, index);
    port_write8(CRTC_DATA, value);
}

static const char *text_open(const struct screen *screen, uint32_t *columns, uint32_t *lines)
{
    width = screen->width;
    height = screen->height;
    words_per_line = screen->pitch / sizeof *words;
    if (width == 0 || height == 0 || words_per_line < width)
        return "the boot loader gave it a size that cannot be";
    uint64_t end = screen->address + (uint64_t)screen->pitch * height;
    const char *refusal = screen_claim(screen->address, end, CACHE_UNCACHED);
    if (refusal)
        return refusal;
    words = (volatile uint16_t *)screen->address;
    uint32_t ports = service_slot("ports1");
    cursor_works = ports != SLOT_NONE && sys_ports_enable(ports) >= 0;
    if (cursor_works) {
        /* An underline, shown: bit 5 of the start register would hide it. */
        crtc_write(CURSOR_START, 13);
        crtc_write(CURSOR_END, 14);
    }
    *columns = width;
    *lines = height;
    return NULL;
}

/* Keeps what the kernel has printed, and goes on below it. */
static void text_read(struct terminal *terminal)
{
    uint32_t used = 0;
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            uint16_t word = words[y * words_per_line + x];
            struct cell *cell = &terminal->cells[y * width + x];
            cell->code = code_of((uint8_t)word);
            cell->foreground = colour_rgb(swap_red_blue(word >> 8 & 0x0f));
            cell->background = colour_rgb(swap_red_blue(word >> 12 & 0x07));
            if (cell->code != ' ')
                used = y + 1;
        }
    }
    uint32_t at = cursor_works ? (uint32_t)crtc_read(CURSOR_HIGH) << 8 | crtc_read(CURSOR_LOW) : 0;
    uint32_t start = at / width + (at % width != 0);
    if (start >= height || start < used)
        start = used;
    terminal->cursor.line = start < height ? start : height - 1;
    if (start >= height)
        terminal_write(terminal, "\n", 1);
}

/* The colour that comes closest, and of what: neighbours mostly have the same. */
struct nearest {
    uint32_t count, rgb;
    uint8_t colour;
};

static uint8_t nearest(struct nearest *last, uint32_t rgb)
{
    if (last->rgb != rgb) {
        last->rgb = rgb;
        last->colour = swap_red_blue((uint8_t)colour_nearest(rgb, last->count));
    }
    return last->colour;
}

static void text_draw(uint32_t column, uint32_t line, struct cell cell, bool cursor)
{
    (void)cursor; /* the hardware shows it */
    static struct nearest foregrounds = {.count = 16};
    /* The top bit of the background would make the character blink. */
    static struct nearest backgrounds = {.count = 8};
    uint16_t foreground = nearest(&foregrounds, cell.foreground);
    uint16_t background = nearest(&backgrounds, cell.background);
    words[line * words_per_line + column] =
        (uint16_t)(glyph_of(cell.code) | foreground << 8 | background << 12);
}

static void text_cursor(uint32_t column, uint32_t line)
{
    if (!cursor_works)
        return;
    uint32_t at = line * width + column; /* past the end when hidden */
    crtc_write(CURSOR_HIGH, (uint8_t)(at >> 8));
    crtc_write(CURSOR_LOW, (uint8_t)at);
}

const struct screen_driver screen_text = {text_open, text_read, text_draw, text_cursor, NULL};
