/* Reads PC Screen Font files. */
#include "psf.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ansi.h"

/* Kbd's "psf-formats" (Andries Brouwer): PSF 1 has a head of four bytes, PSF 2 one of eight
 * little-endian words. */
enum { PSF1_HEAD = 4, PSF1_512_GLYPHS = 1, PSF1_HAS_TABLE = 6, PSF1_SEQUENCE = 0xfffe };
enum { PSF1_END = 0xffff };
enum { PSF2_HEAD = 32, PSF2_HAS_TABLE = 1, PSF2_SEQUENCE = 0xfe, PSF2_END = 0xff };

static uint32_t word_at(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void add(struct psf *font, uint32_t code, uint32_t glyph)
{
    if (code <= 0xffff && font->characters < PSF_CHARACTERS_MAX)
        font->table[font->characters++] = (struct psf_character){(uint16_t)code, (uint16_t)glyph};
}

/* Characters as 16-bit words; after a sequence mark come combinations, which are passed over. */
static void read_table1(struct psf *font, const uint8_t *table, const uint8_t *end)
{
    bool combination = false;
    for (uint32_t glyph = 0; glyph < font->glyphs && end - table >= 2; table += 2) {
        uint32_t code = table[0] | (uint32_t)table[1] << 8;
        if (code == PSF1_END) {
            glyph++;
            combination = false;
        } else if (code == PSF1_SEQUENCE) {
            combination = true;
        } else if (!combination) {
            add(font, code, glyph);
        }
    }
}

/* The same in UTF-8, with marks that no UTF-8 text holds. */
static void read_table2(struct psf *font, const uint8_t *table, const uint8_t *end)
{
    struct ansi decoder = {0};
    struct ansi_event event;
    bool combination = false;
    for (uint32_t glyph = 0; glyph < font->glyphs && table < end;) {
        if (*table == PSF2_END || *table == PSF2_SEQUENCE) {
            glyph += *table == PSF2_END;
            combination = *table == PSF2_SEQUENCE;
            decoder = (struct ansi){0};
            table++;
            continue;
        }
        /* One byte at a time: the decoder must not see the marks. */
        table += ansi_next(&decoder, (const char *)table, 1, &event);
        if (event.kind == ANSI_CHARACTER && !combination)
            add(font, event.code, glyph);
    }
}

static int by_code(const void *a, const void *b)
{
    const struct psf_character *left = a, *right = b;
    if (left->code != right->code)
        return left->code < right->code ? -1 : 1;
    return left->glyph < right->glyph ? -1 : left->glyph > right->glyph;
}

/* Reads the head: sizes, and where bitmaps and table are. False: not one of the two formats. */
static bool read_head(struct psf *font, const uint8_t *file, size_t bytes, uint32_t *head,
                      bool *table)
{
    if (bytes >= PSF1_HEAD && file[0] == 0x36 && file[1] == 0x04) {
        *head = PSF1_HEAD;
        *table = file[2] & PSF1_HAS_TABLE;
        font->glyphs = file[2] & PSF1_512_GLYPHS ? 512 : 256;
        font->glyph_bytes = font->height = file[3];
        font->width = 8;
        return true;
    }
    if (bytes >= PSF2_HEAD && word_at(file) == 0x864ab572) {
        *head = word_at(file + 8);
        *table = word_at(file + 12) & PSF2_HAS_TABLE;
        font->glyphs = word_at(file + 16);
        font->glyph_bytes = word_at(file + 20);
        font->height = word_at(file + 24);
        font->width = word_at(file + 28);
        return *head >= PSF2_HEAD;
    }
    return false;
}

const char *psf_open(struct psf *font, const uint8_t *file, size_t bytes)
{
    uint32_t head = 0;
    bool table = false;
    memset(font, 0, sizeof *font);
    if (!read_head(font, file, bytes, &head, &table))
        return "the font is in no PC Screen Font format";
    font->row_bytes = (font->width + 7) / 8;
    if (font->width == 0 || font->width > PSF_SIDE_MAX || font->height == 0 ||
        font->height > PSF_SIDE_MAX || font->glyph_bytes != font->row_bytes * font->height ||
        font->glyphs == 0 || font->glyphs > 0xffff)
        return "the font has sizes that cannot be";
    uint64_t end = head + (uint64_t)font->glyphs * font->glyph_bytes;
    if (end > bytes)
        return "the font ends inside its glyphs";
    font->bitmaps = file + head;
    if (!table) {
        for (uint32_t code = 0x20; code < 0x7f && code < font->glyphs; code++)
            add(font, code, code);
        return NULL;
    }
    if (head == PSF1_HEAD)
        read_table1(font, file + end, file + bytes);
    else
        read_table2(font, file + end, file + bytes);
    qsort(font->table, font->characters, sizeof font->table[0], by_code);
    return NULL;
}

/* Returns the glyph, or font->glyphs for none. */
static uint32_t find(const struct psf *font, uint16_t code)
{
    uint32_t low = 0, high = font->characters;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (font->table[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < font->characters && font->table[low].code == code;
    return found ? font->table[low].glyph : font->glyphs;
}

const uint8_t *psf_glyph(const struct psf *font, uint16_t code)
{
    const uint16_t candidates[] = {code, ANSI_REPLACEMENT, '?'};
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t glyph = find(font, candidates[i]);
        if (glyph < font->glyphs)
            return font->bitmaps + (size_t)glyph * font->glyph_bytes;
    }
    return font->bitmaps;
}
