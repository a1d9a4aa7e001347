/* Texts in message words, each exactly once (cocos/protocol/text.h). */
#include <cocos/service.h>

#include <cocos/protocol/text.h>

/* How many instances of a server may end, one after the other, with the same call. */
#define TRIES 64

/* Of the last message; any server is content with any numbers that differ. */
static uint32_t last_number;

static int64_t call_until(uint32_t endpoint, uint32_t number, uint64_t deadline,
                          struct message *message)
{
    struct message request = *message;
    int64_t got = E_GONE;
    request.words[0] |= TEXT_NUMBERED(number);
    for (uint32_t tries = 0; tries < TRIES && got == E_GONE; tries++) {
        *message = request;
        got = sys_call_until(endpoint, deadline, message);
    }
    return got < 0 ? got : (int64_t)message->words[0];
}

int64_t text_call(uint32_t endpoint, uint32_t number, struct message *message)
{
    return call_until(endpoint, number, DEADLINE_NEVER, message);
}

static int64_t call(uint32_t endpoint, uint64_t deadline, struct message *message)
{
    last_number = text_number_after(last_number);
    return call_until(endpoint, last_number, deadline, message);
}

static int64_t send_piece(uint32_t endpoint, uint64_t header, const char *text, uint64_t bytes)
{
    struct message message = {.words = {header}};
    char *to = (char *)&message.words[1];
    for (uint64_t i = 0; i < bytes; i++)
        to[i] = text[i];
    return call(endpoint, DEADLINE_NEVER, &message);
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
    return text_take_until(endpoint, request, DEADLINE_NEVER, text);
}

int64_t text_take_until(uint32_t endpoint, uint32_t request, uint64_t deadline, char *text)
{
    struct message message = {.words = {request}};
    int64_t count = call(endpoint, deadline, &message);
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
