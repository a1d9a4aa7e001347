/*
 * Whose all the machine's memory is, as a picture that is drawn anew each second. `memmap` shows it
 * until a key is pressed, `memmap N` for N seconds, and reads no keys.
 *
 * It needs a capability to look at the frame table: servers/manifest gives it "machine=inspect".
 * The screen is the console's, which lends it (CONSOLE_LEND).
 */
#include <cocos/clock.h>
#include <cocos/protocol/console.h>
#include <cocos/service.h>
#include <stdio.h>
#include <stdlib.h>

#include "memmap.h"

#define SECOND 1000000000ull

static struct memory memory;

/* Waits until `deadline` for a key: a call that is not answered until then is given up. */
static bool key_pressed(uint32_t console, uint64_t deadline)
{
    struct message message = {.words = {console_channel(CONSOLE_READ)}};
    return sys_call_until(console, deadline, &message) != E_TIMEOUT;
}

/* A picture each second, `count` of them, or with 0 until a key is pressed. */
static int64_t show(const struct screen *screen, const struct picture *picture, uint32_t console,
                    unsigned count)
{
    for (unsigned shown = 0; count == 0 || shown < count;) {
        int64_t error = memory_read(&memory, service_slot("machine"));
        if (error < 0)
            return error;
        layout_draw(picture, &memory);
        screen_show(screen, picture);
        if (shown++ == 0)
            printf("memmap: %llu frames, %llu free; %s\n", (unsigned long long)memory.total,
                   (unsigned long long)memory.available, count ? "please wait" : "press a key");
        uint64_t next = clock_now() + SECOND;
        if (count != 0)
            sys_sleep(next);
        else if (key_pressed(console, next))
            break;
    }
    return OK;
}

static int fail(const char *what)
{
    printf("memmap: %s\n", what);
    return 1;
}

int main(int argc, char **argv)
{
    const struct screen *screen = screen_find();
    if (!screen)
        return fail("this machine has no framebuffer of 32 bits a pixel");
    if (service_slot("machine") == SLOT_NONE)
        return fail("the manifest does not let it look at the machine");
    struct picture picture = {.width = screen->width, .height = screen->height};
    picture.pixels = malloc((size_t)picture.width * picture.height * sizeof *picture.pixels);
    if (!picture.pixels)
        return fail("there is no memory for a picture");
    uint32_t console;
    int64_t error = service_find("console", &console);
    error = error < 0 ? error : screen_borrow(console);
    if (error < 0)
        return fail(error_text(error));
    error = show(screen, &picture, console, argc > 1 ? strtoul(argv[1], NULL, 10) : 0);
    screen_return(console);
    return error < 0 ? fail(error_text(error)) : 0;
}
