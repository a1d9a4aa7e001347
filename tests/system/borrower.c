/*
 * Borrows the screen, paints it red, and does not give it back as it should: for tests of what
 * becomes of the console then. Its argument says how it goes on: "hold" serves nobody and keeps it,
 * "exit" and "fault" end, "late" gives it back and writes to it once more. Ends with 1 when it
 * cannot begin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cocos/protocol/console.h>
#include <cocos/screen.h>
#include <cocos/service.h>

static void paint(const struct screen *screen)
{
    struct picture picture = {.width = screen->width, .height = screen->height};
    picture.pixels = malloc((size_t)picture.width * picture.height * sizeof *picture.pixels);
    if (!picture.pixels)
        exit(1);
    picture_fill(&picture, 0, 0, picture.width, picture.height, 0xff0000);
    screen_show(screen, &picture);
}

static int64_t ask(uint32_t console, uint64_t request)
{
    struct message message = {.words = {request}};
    int64_t got = sys_call(console, &message);
    return got < 0 ? got : (int64_t)message.words[0];
}

static void hold(void)
{
    struct message message = {0};
    uint32_t endpoint;
    if (service_register("borrower", &endpoint) == OK)
        sys_wait(endpoint, slot_take(), DEADLINE_NEVER, &message);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "exit";
    const struct screen *screen = screen_find();
    uint32_t console;
    if (!screen || service_find("console", &console) != OK)
        return 1;
    printf("borrower: %s, %s\n", error_name(ask(console, CONSOLE_LEND)),
           error_name(ask(console, CONSOLE_RETURN)));
    int64_t error = screen_borrow(console);
    printf("borrower: %s, %s\n", error_name(error), error_name(screen_borrow(console)));
    if (error != OK)
        return 1;
    paint(screen);
    if (strcmp(what, "hold") == 0)
        hold();
    if (strcmp(what, "late") == 0)
        printf("borrower: %s\n", error_name(screen_return(console)));
    if (strcmp(what, "fault") == 0)
        __asm__ volatile("ud2");
    if (strcmp(what, "late") == 0)
        paint(screen);
    return 0;
}
