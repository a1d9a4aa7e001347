/* Sends texts in message words (cocos/protocol/text.h). */
#include <cocos/service.h>

#include <cocos/protocol/text.h>

#include "libc/integer_only.h"

static int64_t send_piece(uint32_t endpoint, uint64_t header, const char *text, uint64_t bytes)
{
    struct message message = {.words = {header}};
    char *to = (char *)&message.words[1];
    for (uint64_t i = 0; i < bytes; i++)
        to[i] = text[i];
    int64_t got = sys_call(endpoint, &message);
    return got < 0 ? got : (int64_t)message.words[0];
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
