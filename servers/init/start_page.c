#include "start_page.h"

#include <string.h>

#include <cocos/errors.h>

#include "words.h"

static bool ends(const char *text, size_t bytes)
{
    return memchr(text, 0, bytes) != NULL;
}

/* Whether the arguments are as many texts as it says. */
static bool good_arguments(const struct init_start *start)
{
    uint32_t count = 0;
    if (start->argument_bytes > sizeof start->arguments)
        return false;
    for (uint32_t i = 0; i < start->argument_bytes; i++)
        count += start->arguments[i] == 0;
    return count == start->argument_count &&
           (count == 0 ? start->argument_bytes == 0
                       : start->arguments[start->argument_bytes - 1] == 0);
}

bool start_page_good(const struct init_start *start)
{
    bool good = good_arguments(start) && start->name[0] && ends(start->name, sizeof start->name) &&
                ends(start->directory, sizeof start->directory);
    for (uint32_t i = 0; i < PROCESS_MOUNTS; i++)
        good = good && ends(start->mounts[i].path, sizeof start->mounts[i].path) &&
               ends(start->mounts[i].service, sizeof start->mounts[i].service);
    for (uint32_t i = 0; i < PROCESS_STREAMS; i++)
        good = good && ends(start->streams[i].path, sizeof start->streams[i].path) &&
               start->streams[i].access <= (STREAM_READ | STREAM_WRITE);
    return good;
}

/* Adds a text behind the arguments. Where it begins; 0: it is empty; or E_TOO_LONG. No text that is
 * not empty begins at 0, for one byte is always left free there. */
static int add_text(struct process_page *page, uint32_t *used, const char *text)
{
    size_t bytes = strlen(text) + 1;
    if (bytes == 1)
        return 0;
    uint32_t at = *used ? *used : 1;
    if (bytes > sizeof page->arguments - at)
        return E_TOO_LONG;
    memcpy(page->arguments + at, text, bytes);
    *used = at + (uint32_t)bytes;
    return (int)at;
}

int start_page_fill(struct process_page *page, const char *command, const struct init_start *start)
{
    uint32_t used = 0;
    if (start && (start->argument_count > 1 || !words_more(command))) {
        used = start->argument_bytes;
        memcpy(page->arguments, start->arguments, used);
        page->argument_count = start->argument_count;
    } else {
        int count = words_pack(command, page->arguments, sizeof page->arguments, &used);
        if (count < 0)
            return count;
        page->argument_count = (uint32_t)count;
    }
    if (!start)
        return OK;
    memcpy(page->mounts, start->mounts, sizeof page->mounts);
    int at = add_text(page, &used, start->directory);
    if (at < 0)
        return at;
    page->directory = (uint32_t)at;
    for (uint32_t i = 0; i < PROCESS_STREAMS; i++) {
        at = add_text(page, &used, start->streams[i].path);
        if (at < 0)
            return at;
        page->streams[i] = (struct process_stream){.path = (uint16_t)at,
                                                   .access = (uint16_t)start->streams[i].access,
                                                   .offset = start->streams[i].offset};
    }
    return OK;
}
