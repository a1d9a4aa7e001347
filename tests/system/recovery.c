/*
 * Uses servers while they are ended (kills.c), until that is over, and says whether anything was
 * amiss: recovery print | paste BYTES | keys COUNT | time.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cocos/errors.h>
#include <cocos/service.h>
#include <cocos/sys.h>

/* Bytes as they are typed. */
static void read_raw(void)
{
    struct termios settings;
    tcgetattr(0, &settings);
    settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(0, TCSANOW, &settings);
}

/* Whether kills still runs. */
static bool goes_on(void)
{
    uint32_t slot;
    if (service_find("kills", &slot) != OK)
        return false;
    sys_slot_drop(slot);
    slot_put(slot);
    return true;
}

/* Numbered lines of different lengths; each is one text. */
static int print(void)
{
    static const char fill[] = "................................................................"
                               "................................................................";
    unsigned count = 0;
    do {
        count++;
        if (printf("line %u %.*s\n", count, (int)(count * 7 % sizeof fill), fill) < 0 ||
            fflush(stdout) != 0)
            return 1;
    } while (count % 4 != 0 || goes_on());
    printf("recovery: %u lines\n", count);
    return 0;
}

static char pattern(unsigned long index)
{
    return (char)('!' + (index * 7 + index / 90) % 90);
}

/* As typed, without the end of the line. What tools/run takes for a prompt makes it type its next
 * line. */
static int paste(unsigned long bytes)
{
    unsigned long count = 0, wrong = 0;
    read_raw();
    printf("cocos> ");
    fflush(stdout);
    for (;;) {
        char text[256];
        ssize_t got = read(0, text, sizeof text);
        if (got <= 0)
            return 1;
        for (ssize_t i = 0; i < got; i++) {
            if (text[i] == '\r') {
                printf("recovery: %lu bytes of %lu, %lu wrong\n", count, bytes, wrong);
                return count != bytes || wrong != 0;
            }
            wrong += text[i] != pattern(count++);
        }
    }
}

static int keys(unsigned long count)
{
    char text[1024];
    size_t got = 0;
    read_raw();
    printf("recovery: type\n");
    while (got < count && got < sizeof text) {
        ssize_t more = read(0, text + got, sizeof text - got);
        if (more <= 0)
            return 1;
        got += (size_t)more;
    }
    printf("recovery: typed %.*s\n", (int)got, text);
    return 0;
}

/* Time is always known, and never goes back. */
static int ask_time(void)
{
    struct timespec last = {0}, now;
    unsigned long count = 0;
    do {
        if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec < 1000000000 ||
            now.tv_sec < last.tv_sec || (now.tv_sec == last.tv_sec && now.tv_nsec < last.tv_nsec)) {
            printf("recovery: the time is wrong\n");
            return 1;
        }
        last = now;
    } while (++count % 64 != 0 || goes_on());
    printf("recovery: asked for the time\n");
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    if (strcmp(what, "print") == 0)
        return print();
    if (strcmp(what, "paste") == 0)
        return paste(count);
    if (strcmp(what, "keys") == 0)
        return keys(count);
    return strcmp(what, "time") == 0 ? ask_time() : 2;
}
