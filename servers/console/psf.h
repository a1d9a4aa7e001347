/*
 * Console fonts in the PC Screen Font formats, PSF 1 and PSF 2, as Linux and Debian's package
 * console-setup-linux have them: bitmaps, and a table that says which characters each one shows.
 * Reads the font where it lies; any bytes may be given.
 */
#ifndef CONSOLE_PSF_H
#define CONSOLE_PSF_H

#include <stddef.h>
#include <stdint.h>

#define PSF_CHARACTERS_MAX 2048
#define PSF_SIDE_MAX 64 /* pixels */

struct psf_character {
    uint16_t code, glyph;
};

struct psf {
    const uint8_t *bitmaps;
    uint32_t glyphs;
    uint32_t width, height; /* pixels */
    uint32_t row_bytes, glyph_bytes;
    uint32_t characters; /* entries used of table, by rising code */
    struct psf_character table[PSF_CHARACTERS_MAX];
};

/* NULL and *font filled, or one sentence that says what is wrong with it. */
const char *psf_open(struct psf *font, const uint8_t *file, size_t bytes);

/* The bitmap of a character: height rows of row_bytes bytes, the leftmost pixel in the top bit.
 * Of a replacement, where the font has no such character. */
const uint8_t *psf_glyph(const struct psf *font, uint16_t code);

#endif
