/*
 * The picture: on the left a square for each 2 MiB of memory, in rows that begin at the address
 * beside them; on the right the legend with totals, and below that some blocks that were handed out
 * in pieces, larger: a square for each frame of 4 KiB.
 */
#include "memmap.h"

#include <stdio.h>

#define BACKGROUND 0x12141a
#define TEXT 0xe8eaf0
#define DIM_TEXT 0x8f97a6
#define MARGIN 32u
#define TOP 104u /* below the title */
#define LETTER PICTURE_LETTER_WIDTH
#define LABEL_WIDTH (14 * LETTER)
#define LEGEND_LINE 22u
#define FRAME_PIXELS 8u /* of a large square, the gap beside it included */
#define FRAMES_PER_LINE 64u
#define PIECES_HEIGHT (FRAMES_PER_BLOCK / FRAMES_PER_LINE * FRAME_PIXELS)
#define PIECES_STEP (PIECES_HEIGHT + 30)
#define PIECES_MAX 8u

/* Parties in their order, and programs as they come. */
static const uint32_t colours[PARTIES_MAX] = {
    0x1c1f27, 0x5d6472, 0x313c49, 0xf5b83d, 0x4d9fff, 0x35d49a, 0xff6b94, 0xb18cff,
    0xff8b47, 0x2fe0ea, 0xe9ec5a, 0xff5252, 0x9bd15f, 0xf7a8d8, 0x6f7dff, 0xc9a27e,
    0x00a88f, 0xd05ce3, 0x8ac6ff, 0xc0ff8a, 0xffd29b, 0xa3a8ff, 0x7be0c3, 0xd9d9d9,
};

/* How large a square is, and how much memory it stands for. */
struct grid {
    uint32_t x, y, side, gap, columns;
    uint64_t bytes;
};

static uint32_t colour_at(const struct memory *memory, uint64_t address)
{
    const struct stretch *stretch = memory_find(memory, address);
    return colours[stretch ? stretch->party : PARTY_ABSENT];
}

static bool all_absent(const struct memory *memory, uint64_t start, uint64_t end)
{
    const struct stretch *stretch = memory_find(memory, start);
    return !stretch || (stretch->party == PARTY_ABSENT && stretch->end >= end);
}

/* ---- The left side ---- */

/* The next row at or above `at` that holds anything, or `end`. */
static uint64_t next_row(const struct memory *memory, uint64_t at, uint64_t row, uint64_t end)
{
    const struct stretch *stretch = memory_find(memory, at);
    while (at < end && all_absent(memory, at, at + row)) {
        at = stretch && stretch->end > at + row ? stretch->end / row * row : at + row;
        stretch = memory_find(memory, at);
    }
    return at < end ? at : end;
}

static uint64_t end_of(const struct memory *memory)
{
    return memory->stretches[memory->stretch_count - 1].end;
}

/* Whether all rows fit in: those that hold anything, and gaps of half a square between. */
static bool fits(const struct memory *memory, const struct grid *grid, uint32_t height)
{
    uint32_t used = 0;
    uint64_t row = grid->bytes * grid->columns, end = end_of(memory), next = 0;
    for (uint64_t at = next_row(memory, 0, row, end); at < end;
         at = next_row(memory, next, row, end)) {
        used += grid->side + grid->gap + (at != next ? grid->side / 2 : 0);
        if (used > height)
            return false;
        next = at + row;
    }
    return true;
}

/* The largest squares with which all rows fit in: 2 MiB each, or where there is too much memory
 * for that, twice as much until they do. */
static struct grid choose_grid(const struct memory *memory, uint32_t height)
{
    static const struct grid choices[] = {
        {.side = 32, .gap = 3, .columns = 16},
        {.side = 16, .gap = 2, .columns = 32},
        {.side = 8, .gap = 1, .columns = 64},
    };
    struct grid grid;
    for (uint64_t bytes = BLOCK_BYTES;; bytes *= 2) {
        for (uint32_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
            grid = choices[i];
            grid.bytes = bytes;
            if (fits(memory, &grid, height))
                return grid;
        }
    }
}

/* One colour, or a pixel for each part of it: of 2 MiB two are a frame, where squares are large. */
static void draw_square(const struct picture *picture, const struct memory *memory, uint32_t x,
                        uint32_t y, const struct grid *grid, uint64_t at)
{
    const struct stretch *stretch = memory_find(memory, at);
    uint32_t side = grid->side, pixels = side * side;
    if (!stretch || stretch->end >= at + grid->bytes) {
        picture_fill(picture, x, y, side, side, colour_at(memory, at));
        return;
    }
    for (uint32_t i = 0; i < pixels; i++)
        picture_fill(picture, x + i % side, y + i / side, 1, 1,
                     colour_at(memory, at + i * (grid->bytes / pixels)));
}

static void draw_grid(const struct picture *picture, const struct memory *memory,
                      const struct grid *grid)
{
    uint32_t step = grid->side + grid->gap, y = grid->y, labelled = 0;
    uint64_t row = grid->bytes * grid->columns, end = end_of(memory), next = 0;
    for (uint64_t at = next_row(memory, 0, row, end); at < end; y += step) {
        /* What is left out in between is a gap, and the row behind it has a label. */
        bool jump = at != next;
        y += jump ? grid->side / 2 : 0;
        if (jump || labelled == 0 || y >= labelled + 2 * PICTURE_LETTER_HEIGHT) {
            char label[20];
            snprintf(label, sizeof label, "%012llx", (unsigned long long)at);
            labelled = y;
            picture_text(picture, grid->x - LABEL_WIDTH, y + grid->side / 2 - 8, 1,
                         jump ? TEXT : DIM_TEXT, label);
        }
        for (uint32_t i = 0; i < grid->columns; i++)
            draw_square(picture, memory, grid->x + i * step, y, grid, at + i * grid->bytes);
        next = at + row;
        at = next_row(memory, next, row, end);
    }
}

/* ---- The right side ---- */

static void size_text(char *text, size_t bytes, uint64_t frames)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    uint32_t unit = 0;
    uint64_t tenths = frames * 40;
    for (; tenths >= 10240 && unit < 3; unit++)
        tenths /= 1024;
    if (unit == 0 || tenths >= 1000)
        snprintf(text, bytes, "%llu %s", (unsigned long long)tenths / 10, units[unit]);
    else
        snprintf(text, bytes, "%llu.%llu %s", (unsigned long long)tenths / 10,
                 (unsigned long long)tenths % 10, units[unit]);
}

static void draw_amount(const struct picture *picture, uint32_t x, uint32_t y, uint32_t colour,
                        const char *what, uint64_t frames)
{
    char size[32], line[80];
    size_text(size, sizeof size, frames);
    snprintf(line, sizeof line, "%-20s %10s %12llu", what, size, (unsigned long long)frames);
    picture_text(picture, x, y, 1, colour, line);
}

/* These return where they end. */
static uint32_t draw_party(const struct picture *picture, const struct memory *memory, uint32_t x,
                           uint32_t y, uint32_t party)
{
    if (memory->parties[party].frames == 0)
        return y;
    picture_fill(picture, x, y, 16, 16, colours[party]);
    draw_amount(picture, x + 28, y, TEXT, memory->parties[party].name,
                memory->parties[party].frames);
    return y + LEGEND_LINE;
}

static uint32_t draw_legend(const struct picture *picture, const struct memory *memory, uint32_t x,
                            uint32_t y)
{
    char heading[80];
    snprintf(heading, sizeof heading, "%-20s %10s %12s", "owner", "size", "frames");
    picture_text(picture, x + 28, y, 1, DIM_TEXT, heading);
    y += LEGEND_LINE + 4;
    for (uint32_t i = PARTY_KERNEL; i < memory->party_count; i++)
        y = draw_party(picture, memory, x, y, i);
    y = draw_party(picture, memory, x, y, PARTY_FREE);
    y = draw_party(picture, memory, x, y, PARTY_RESERVED);
    picture_fill(picture, x, y + 4, 28 + 44 * LETTER, 1, DIM_TEXT);
    draw_amount(picture, x + 28, y + 14, TEXT, "memory for programs", memory->total);
    draw_amount(picture, x + 28, y + 14 + LEGEND_LINE, TEXT, "free of it", memory->available);
    return y + 14 + 2 * LEGEND_LINE;
}

/* ---- Blocks in pieces ---- */

struct pieces {
    uint64_t block;
    uint32_t stretches;
};

/* Keeps the blocks of the most stretches, in the order of their addresses. */
static uint32_t keep(struct pieces *kept, uint32_t count, uint32_t most, struct pieces next)
{
    if (count == most) {
        uint32_t least = 0;
        for (uint32_t i = 1; i < count; i++)
            if (kept[i].stretches < kept[least].stretches)
                least = i;
        if (next.stretches <= kept[least].stretches)
            return count;
        for (uint32_t i = least; i + 1 < count; i++)
            kept[i] = kept[i + 1];
        count--;
    }
    kept[count] = next;
    return count + 1;
}

static uint32_t find_pieces(const struct memory *memory, struct pieces *kept, uint32_t most)
{
    uint32_t count = 0;
    struct pieces next = {0};
    for (uint32_t i = 0; i < memory->stretch_count && most > 0; i++) {
        const struct stretch *stretch = &memory->stretches[i];
        uint64_t last = (stretch->end - 1) / BLOCK_BYTES;
        if (stretch->start / BLOCK_BYTES == next.block)
            next.stretches++;
        if (last == next.block && i + 1 < memory->stretch_count)
            continue;
        if (next.stretches > 1)
            count = keep(kept, count, most, next);
        next = (struct pieces){last, 1};
    }
    return count;
}

static void draw_pieces(const struct picture *picture, const struct memory *memory, uint32_t x,
                        uint32_t y, uint64_t start)
{
    char label[80];
    snprintf(label, sizeof label, "%012llx, in frames of 4 KiB", (unsigned long long)start);
    picture_text(picture, x, y, 1, DIM_TEXT, label);
    for (uint32_t i = 0; i < FRAMES_PER_BLOCK; i++) {
        picture_fill(picture, x + i % FRAMES_PER_LINE * FRAME_PIXELS,
                     y + 20 + i / FRAMES_PER_LINE * FRAME_PIXELS, FRAME_PIXELS - 1,
                     FRAME_PIXELS - 1, colour_at(memory, start + i * FRAME_BYTES));
    }
}

/* ---- All of it ---- */

static void draw_title(const struct picture *picture, const struct grid *grid)
{
    char text[100];
    picture_text(picture, MARGIN, 24, 2, TEXT, "cocOS: whose memory is what");
    snprintf(text, sizeof text,
             "Each square is %u MiB of physical memory, in the colours of its owners.",
             (unsigned)(grid->bytes >> 20));
    picture_text(picture, MARGIN, 64, 1, DIM_TEXT, text);
}

void layout_draw(const struct picture *picture, const struct memory *memory)
{
    struct pieces pieces[PIECES_MAX];
    uint32_t height = picture->height > TOP + MARGIN ? picture->height - TOP - MARGIN : 1;
    struct grid grid = choose_grid(memory, height);
    grid.x = MARGIN + LABEL_WIDTH;
    grid.y = TOP;
    uint32_t right = grid.x + grid.columns * (grid.side + grid.gap) + MARGIN;

    picture_fill(picture, 0, 0, picture->width, picture->height, BACKGROUND);
    draw_title(picture, &grid);
    draw_grid(picture, memory, &grid);
    uint32_t y = draw_legend(picture, memory, right, TOP) + 16;
    uint32_t bottom = picture->height - MARGIN;
    uint32_t room = bottom > y ? (bottom - y) / PIECES_STEP : 0;
    uint32_t count = find_pieces(memory, pieces, room < PIECES_MAX ? room : PIECES_MAX);
    for (uint32_t i = 0; i < count; i++)
        draw_pieces(picture, memory, right, y + i * PIECES_STEP, pieces[i].block * BLOCK_BYTES);
}
