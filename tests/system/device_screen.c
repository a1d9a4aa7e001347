/*
 * The linear framebuffer at its own address: claims just its frames, write-combining, and paints
 * every pixel by a rule that tests/test_devices.py knows, too. Then it prints what looks like a
 * prompt, so that tools/run takes a picture, and ends with the first key. It prints by itself: what
 * the kernel prints for others would be on the picture.
 */
#include <cocos/frames.h>

#include "tests/system/check.h"

#define RW (MAP_READ | MAP_WRITE)

enum { SERIAL = 0x3f8, SERIAL_STATUS = SERIAL + 5, SERIAL_HAS_BYTE = 1, SERIAL_CAN_SEND = 0x20 };

/* Red and green say where the pixel is, blue is a chess board. */
static uint32_t colour(uint32_t x, uint32_t y, const struct screen *screen)
{
    uint32_t blue = (x / 8 + y / 8) % 2 * 255;
    return (x & 255) << screen->red_shift | (y & 255) << screen->green_shift |
           blue << screen->blue_shift;
}

static void paint(const struct screen *screen)
{
    for (uint32_t y = 0; y < screen->height; y++) {
        volatile uint32_t *line =
            (volatile uint32_t *)(screen->address + (uint64_t)y * screen->pitch);
        for (uint32_t x = 0; x < screen->width; x++) {
            line[x] = colour(x, y, screen);
        }
    }
}

static void check_frames(const struct screen *screen)
{
    uint64_t end = screen->address + (uint64_t)screen->pitch * screen->height;
    end = (end + FRAME_BYTES - 1) & ~(FRAME_BYTES - 1);
    struct frame_info info;
    EXPECT(OK, sys_frame_query(SLOT_INIT_MACHINE, end - FRAME_BYTES, &info));
    EXPECT(FRAME_DEVICE, info.type);
    EXPECT(CACHE_WRITE_COMBINING, info.cache);
    EXPECT(end, info.end); /* no frame more than it has */
}

int main(void)
{
    const struct system_page *system = (const struct system_page *)SYSTEM_PAGE;
    const struct screen *screen = &system->screen;
    uint64_t end = screen->address + (uint64_t)screen->pitch * screen->height;
    char text[64];
    EXPECT(SCREEN_PIXELS, screen->kind);
    EXPECT(32, screen->bits_per_pixel);
    EXPECT(E_ARGUMENT, sys_frame_claim_device(SLOT_INIT_DEVICES, screen->address, ORDER_FRAME, RW,
                                              CACHE_UNCACHED));
    EXPECT(OK,
           frame_take_device(SLOT_INIT_DEVICES, screen->address, end, RW, CACHE_WRITE_COMBINING));
    EXPECT(E_NOT_FREE,
           frame_take_device(SLOT_INIT_DEVICES, screen->address, end, RW, CACHE_WRITE_COMBINING));
    check_frames(screen);
    paint(screen);
    snprintf(text, sizeof text, "screen: %ux%u\r\ncocos> ", screen->width, screen->height);
    EXPECT(OK, sys_ports_enable(SLOT_INIT_PORTS));
    for (const char *c = text; *c != '\0'; c++) {
        while (!(port_read8(SERIAL_STATUS) & SERIAL_CAN_SEND)) {}
        port_write8(SERIAL, (uint8_t)*c);
    }
    while (!(port_read8(SERIAL_STATUS) & SERIAL_HAS_BYTE)) {
        sys_yield();
    }
    printf("\n");
    end_test();
}
