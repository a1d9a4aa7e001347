/*
 * The console as descriptors 0 to 2 see it. The console server is found when it is first needed,
 * and again when it has been replaced. A program that finds none writes to the kernel's log if
 * it may: only init may, whose slot for that is asked blindly.
 */
#include "libc/linux/linux.h"

#include <errno.h>
#include <stdbool.h>
#include <termios.h>

#include <cocos/protocol/console.h>
#include <cocos/service.h>

#include "libc/linux/line_input.h"

static uint32_t console = SLOT_NONE;

/* Input that came and was not asked for yet. */
static char input[TEXT_BYTES];
static uint32_t input_start, input_end;

static bool find_console(void)
{
    return console != SLOT_NONE || service_find("console", &console) == OK;
}

static void lose_console(void)
{
    sys_slot_drop(console);
    slot_put(console);
    console = SLOT_NONE;
}

/* Whether an error means that this console server is no more, and another may be found. */
static bool gone(int64_t error)
{
    return error == E_GONE || error == E_DEAD;
}

static int64_t log_write(const char *text, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes;) {
        uint32_t piece = bytes - done < TEXT_BYTES ? (uint32_t)(bytes - done) : TEXT_BYTES;
        if (sys_machine_log(SLOT_INIT_MACHINE, text + done, piece) < 0)
            return -EIO;
        done += piece;
    }
    return (int64_t)bytes;
}

int64_t linux_console_write(const char *text, uint64_t bytes)
{
    if (bytes == 0)
        return 0;
    while (find_console()) {
        int64_t sent = text_send(console, console_channel(CONSOLE_WRITE), text, bytes);
        if (sent >= 0)
            return (int64_t)bytes;
        if (!gone(sent))
            return -EIO;
        lose_console();
    }
    return log_write(text, bytes);
}

/* Waits for the next byte typed. 0 or above; or -EIO. */
static int64_t next_byte(void)
{
    if (input_start == input_end) {
        int64_t count = E_GONE;
        while (gone(count) && find_console()) {
            count = text_take(console, console_channel(CONSOLE_READ), input);
            if (gone(count))
                lose_console();
        }
        if (count <= 0)
            return -EIO;
        input_start = 0;
        input_end = (uint32_t)count;
    }
    return (uint8_t)input[input_start++];
}

/* ---- The terminal that a Linux program sees: lines, or bytes as they come ---- */

static bool by_lines = true, echo = true;
static struct line_input line;
static uint32_t line_taken;
static bool line_is_done;

/* What is shown goes out together, before more is waited for. */
static char shown[LINE_INPUT_BYTES];
static uint32_t shown_count;

static void flush_shown(void)
{
    if (shown_count)
        linux_console_write(shown, shown_count);
    shown_count = 0;
}

static void show(const char *text, uint32_t bytes)
{
    for (uint32_t i = 0; echo && i < bytes; i++) {
        if (shown_count == sizeof shown)
            flush_shown();
        shown[shown_count++] = text[i];
    }
}

/* Until the line is done. 0, or -EIO. */
static int64_t read_line(void)
{
    while (!line_is_done) {
        if (input_start == input_end)
            flush_shown();
        int64_t byte = next_byte();
        if (byte < 0)
            return byte;
        line_is_done = line_input_take(&line, (char)byte, show);
    }
    flush_shown();
    return 0;
}

int64_t linux_console_read(char *text, uint64_t bytes)
{
    uint64_t done = 0;
    if (bytes == 0)
        return 0;
    if (!by_lines && !line_is_done) {
        do {
            int64_t byte = next_byte();
            if (byte < 0)
                return byte;
            text[done++] = (char)byte;
        } while (done < bytes && input_start < input_end);
        return (int64_t)done;
    }
    int64_t error = read_line();
    if (error < 0)
        return error;
    while (done < bytes && line_taken < line.used)
        text[done++] = line.text[line_taken++];
    if (line_taken == line.used) {
        line.used = line_taken = 0;
        line_is_done = false;
    }
    return (int64_t)done;
}

/* What of <asm/termbits.h>'s struct termios Linux fills and reads: four words of flags, a byte, and
 * 19 characters. Of the flags, ICANON and ECHO have an effect. */
#define TERMINAL_CHARACTERS 19
enum { INPUT_FLAGS, OUTPUT_FLAGS, CONTROL_FLAGS, LOCAL_FLAGS };

void linux_console_settings(void *settings)
{
    uint32_t *flags = settings;
    char *characters = (char *)(flags + 4) + 1;
    flags[INPUT_FLAGS] = ICRNL;
    flags[OUTPUT_FLAGS] = OPOST | ONLCR;
    flags[CONTROL_FLAGS] = B38400 | CS8 | CREAD;
    flags[LOCAL_FLAGS] = ISIG | (by_lines ? ICANON : 0) | (echo ? ECHO | ECHOE : 0);
    characters[-1] = 0;
    for (uint32_t i = 0; i < TERMINAL_CHARACTERS; i++)
        characters[i] = 0;
    characters[VINTR] = 3;
    characters[VEOF] = 4;
    characters[VERASE] = 0x7f;
    characters[VKILL] = 21;
    characters[VMIN] = 1;
}

void linux_console_set(const void *settings)
{
    const uint32_t *flags = settings;
    by_lines = (flags[LOCAL_FLAGS] & ICANON) != 0;
    echo = (flags[LOCAL_FLAGS] & ECHO) != 0;
}

int64_t linux_console_size(uint16_t *columns, uint16_t *lines)
{
    struct message message = {.words = {console_channel(CONSOLE_SIZE)}};
    int64_t got = service_call("console", &console, &message);
    *columns = got < 0 ? 0 : (uint16_t)message.words[1];
    *lines = got < 0 ? 0 : (uint16_t)message.words[2];
    return got < 0 ? -EIO : 0;
}
