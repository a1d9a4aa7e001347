/*
 * Waves of colour, written by a program in ring 3 to the framebuffer at its physical address.
 * `plasma` goes on until a key is pressed, `plasma N` draws N pictures and reads no keys.
 *
 * The console owns the framebuffer, lends it on request, and draws its text again when it comes
 * back (CONSOLE_LEND). A picture is made in memory of our own, and copied when it is finished: so
 * nobody sees half a picture, and the framebuffer, which is slow to read, is only written.
 */
#include <cocos/clock.h>
#include <cocos/protocol/console.h>
#include <cocos/screen.h>
#include <cocos/service.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND 1000000000ull
#define TURN 1024  /* what a full circle is divided into: a power of two */
#define PERIOD 256 /* of the colours */
#define SIDE_MAX 8192
#define FRAME_TIME (SECOND / 60) /* no more pictures than this */

static int waves[TURN];                 /* a sine, -64 to 64 */
static uint32_t palette[PERIOD];        /* 0xRRGGBB */
static uint8_t columns[SIDE_MAX];       /* what each column adds to its points, */
static uint8_t diagonals[SIDE_MAX * 2]; /* and each diagonal */

/* One sine from a parabola a half: no library needed, and nobody sees the difference. */
static void make_waves(void)
{
    for (int i = 0; i < TURN; i++) {
        int at = i % (TURN / 2), height = at * (TURN / 2 - at) / (TURN * TURN / 16 / 64);
        waves[i] = i < TURN / 2 ? height : -height;
    }
}

/* Red, green and blue rise and fall, each a third of a period after the other. */
static void make_palette(void)
{
    for (size_t i = 0; i < PERIOD; i++) {
        unsigned red = 128 + waves[i * 4] * 3 / 2, green = 96 + waves[(i * 4 + 341) % TURN];
        unsigned blue = 152 + waves[(i * 4 + 682) % TURN] * 3 / 2;
        palette[i] = red << 16 | green << 8 | blue;
    }
}

/* A wave of `length` points at time `t`. */
static int wave(unsigned at, unsigned length, unsigned t)
{
    return waves[(at * TURN / length + t) % TURN];
}

/* The sum of what row, column and diagonal say is a colour. */
static void draw(const struct picture *picture, unsigned t)
{
    for (unsigned x = 0; x < picture->width; x++)
        columns[x] = wave(x, 700, t * 5) + wave(x, 310, TURN * 64 - t * 7);
    for (unsigned d = 0; d < picture->width + picture->height; d++)
        diagonals[d] = wave(d, 900, t * 4);
    for (unsigned y = 0; y < picture->height; y++) {
        uint32_t *line = picture->pixels + (size_t)y * picture->width;
        const uint8_t *diagonal = diagonals + y;
        uint8_t row = wave(y, 520, t * 6) + wave(y, 240, t * 3) + t * 2;
        for (unsigned x = 0; x < picture->width; x++)
            line[x] = palette[(uint8_t)(row + columns[x] + diagonal[x])];
    }
}

/* The number of pictures of the last second, at the top left. */
static void draw_rate(const struct picture *picture, unsigned rate)
{
    char text[40];
    snprintf(text, sizeof text, "%u x %u  %3u frames/s", picture->width, picture->height, rate);
    picture_fill(picture, 12, 12, 8 * 24 + 16, 28, 0x101018);
    picture_text(picture, 20, 18, 1, 0xffffff, text);
}

/* Waits until `deadline` for a key: a call that is not answered until then is given up. */
static bool key_pressed(uint32_t console, uint64_t deadline)
{
    struct message message = {.words = {console_channel(CONSOLE_READ)}};
    uint64_t soonest = clock_now() + SECOND / 200;
    return sys_call_until(console, deadline > soonest ? deadline : soonest, &message) != E_TIMEOUT;
}

/* Draws `count` pictures, or with 0 until a key is pressed. Returns how many it has drawn. */
static unsigned animate(const struct screen *screen, const struct picture *picture,
                        uint32_t console, unsigned count)
{
    unsigned drawn = 0, rate = 0, this_second = 0;
    uint64_t second_ends = clock_now() + SECOND;
    do {
        uint64_t start = clock_now();
        if (start >= second_ends) {
            rate = this_second;
            this_second = 0;
            second_ends = start + SECOND;
        }
        draw(picture, start / (SECOND / 60)); /* the waves move with time, not with the rate */
        draw_rate(picture, rate);
        screen_show(screen, picture);
        drawn++;
        this_second++;
        if (count != 0)
            sys_sleep(start + FRAME_TIME);
        else if (key_pressed(console, start + FRAME_TIME))
            break;
    } while (drawn != count);
    return drawn;
}

int main(int argc, char **argv)
{
    const struct screen *screen = screen_find();
    if (!screen || screen->width > SIDE_MAX || screen->height > SIDE_MAX) {
        printf("plasma: this machine has no framebuffer of 32 bits a pixel\n");
        return 1;
    }
    struct picture picture = {.width = screen->width, .height = screen->height};
    picture.pixels = malloc((size_t)picture.width * picture.height * sizeof *picture.pixels);
    if (!picture.pixels) {
        printf("plasma: there is no memory for a picture\n");
        return 1;
    }
    make_waves();
    make_palette();

    uint32_t console;
    int64_t error = service_find("console", &console);
    error = error < 0 ? error : screen_borrow(console);
    if (error < 0) {
        printf("plasma: the screen cannot be borrowed: %s\n", error_text(error));
        return 1;
    }
    unsigned count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    unsigned drawn = animate(screen, &picture, console, count);
    screen_return(console);
    printf("plasma: %u pictures of %u x %u\n", drawn, picture.width, picture.height);
    return 0;
}
