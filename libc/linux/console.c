/*
 * The console as descriptors 0 to 2 see it. The console server is found when it is first needed,
 * and again when it has been replaced. A program that finds none writes to the kernel's log if
 * it may: only init may, whose slot for that is asked blindly.
 */
#include "libc/linux/linux.h"

#include <errno.h>
#include <stdbool.h>

#include <cocos/protocol/console.h>
#include <cocos/service.h>

#include "libc/integer_only.h"

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

int64_t linux_console_read(char *text, uint64_t bytes)
{
    if (bytes == 0)
        return 0;
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
    uint64_t done = 0;
    while (done < bytes && input_start < input_end)
        text[done++] = input[input_start++];
    return (int64_t)done;
}

int64_t linux_console_size(uint16_t *columns, uint16_t *lines)
{
    struct message message = {.words = {console_channel(CONSOLE_SIZE)}};
    int64_t got = service_call("console", &console, &message);
    *columns = got < 0 ? 0 : (uint16_t)message.words[1];
    *lines = got < 0 ? 0 : (uint16_t)message.words[2];
    return got < 0 ? -EIO : 0;
}
