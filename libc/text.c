/* Texts in message words, each exactly once (cocos/protocol/text.h). */
#include <cocos/service.h>

#include <cocos/protocol/text.h>

#include "libc/integer_only.h"

/* How many instances of a server may end, one after the other, with the same call. */
#define TRIES 64

/* Of the last message; any server is content with any numbers that differ. */
static uint32_t last_number;

int64_t text_call(uint32_t endpoint, uint32_t number, struct message *message)
{
    struct message request = *message;
    int64_t got = E_GONE;
    request.words[0] |= TEXT_NUMBERED(number);
    for (uint32_t tries = 0; tries < TRIES && got == E_GONE; tries++) {
        *message = request;
        got = sys_call(endpoint, message);
    }
    return got < 0 ? got : (int64_t)message->words[0];
}

static int64_t call(uint32_t endpoint, struct message *message)
{
    last_number = text_number_after(last_number);
    return text_call(endpoint, last_number, message);
}

static int64_t send_piece(uint32_t endpoint, uint64_t header, const char *text, uint64_t bytes)
{
    struct message message = {.words = {header}};
    char *to = (char *)&message.words[1];
    for (uint64_t i = 0; i < bytes; i++)
        to[i] = text[i];
    return call(endpoint, &message);
}

int64_t text_send(uint32_t endpoint, uint32_t request, const char *text, uint64_t bytes)
{
    int64_t answer;
    do {
        uint64_t piece = bytes < TEXT_BYTES ? bytes : TEXT_BYTES;
        uint64_t more = bytes > piece ? TEXT_MORE : 0;
        answer = send_piece(endpoint, TEXT_HEADER(request, piece) | more, text, piece);
        text += piece;
        bytes -= piece;
    } while (bytes && answer >= 0);
    return answer;
}

int64_t text_take(uint32_t endpoint, uint32_t request, char *text)
{
    struct message message = {.words = {request}};
    int64_t count = call(endpoint, &message);
    if (count > (int64_t)TEXT_BYTES)
        return E_TOO_LONG;
    for (int64_t i = 0; i < count; i++)
        text[i] = ((char *)&message.words[1])[i];
    return count;
}

uint32_t console_channel(uint32_t request)
{
    const struct process_page *page = (const void *)PROCESS_PAGE;
    return TEXT_ON_CHANNEL(request, page->console);
}
