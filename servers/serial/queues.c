/* Two rings of bytes, and what makes repeated requests harmless. */
#include "queues.h"

#include <string.h>

#include <cocos/protocol/text.h>

static struct queue_books *now(struct queues *queues)
{
    return kept_now(&queues->kept, queues->books, sizeof queues->books[0]);
}

static struct queue_books *change(struct queues *queues)
{
    return kept_change(&queues->kept, queues->books, sizeof queues->books[0]);
}

void queues_open(struct queues *queues)
{
    const struct queue_books *books = now(queues);
    if (books->queued - queues->sent > QUEUE_OUT_BYTES ||
        queues->received - books->taken > QUEUE_IN_BYTES || books->answered > TEXT_BYTES ||
        books->answered > books->taken)
        *queues = (struct queues){0};
}

static bool repeated(uint32_t number, uint32_t last)
{
    return number != 0 && number == last;
}

bool queues_has_room(struct queues *queues, uint32_t number, uint32_t count)
{
    const struct queue_books *books = now(queues);
    return repeated(number, books->write_number) ||
           books->queued - queues->sent + count <= QUEUE_OUT_BYTES;
}

uint32_t queues_write(struct queues *queues, uint32_t number, const char *bytes, uint32_t count)
{
    if (repeated(number, now(queues)->write_number))
        return now(queues)->written;
    struct queue_books *books = change(queues);
    for (uint32_t i = 0; i < count; i++)
        queues->out[books->queued++ % QUEUE_OUT_BYTES] = (uint8_t)bytes[i];
    books->write_number = (uint16_t)number;
    books->written = (uint16_t)count;
    kept_done(&queues->kept);
    return count;
}

/* An empty answer is not remembered: who asks again gets what came meanwhile. */
uint32_t queues_read(struct queues *queues, uint32_t number, char *bytes)
{
    if (!repeated(number, now(queues)->read_number)) {
        if (!queues_readable(queues))
            return 0;
        struct queue_books *books = change(queues);
        uint64_t there = queues->received - books->taken;
        books->answered = (uint16_t)(there < TEXT_BYTES ? there : TEXT_BYTES);
        books->taken += books->answered;
        books->read_number = (uint16_t)number;
        kept_done(&queues->kept);
    }
    const struct queue_books *books = now(queues);
    for (uint32_t i = 0; i < books->answered; i++)
        bytes[i] = (char)queues->in[(books->taken - books->answered + i) % QUEUE_IN_BYTES];
    return books->answered;
}

/* The last answer stays: it may be asked for again. */
bool queues_receives(struct queues *queues)
{
    return queues->received - now(queues)->taken + TEXT_BYTES < QUEUE_IN_BYTES;
}

void queues_received(struct queues *queues, uint8_t byte)
{
    queues->in[queues->received % QUEUE_IN_BYTES] = byte;
    __atomic_store_n(&queues->received, queues->received + 1, __ATOMIC_RELEASE);
}

bool queues_sending(struct queues *queues)
{
    return now(queues)->queued != queues->sent;
}

bool queues_readable(struct queues *queues)
{
    return now(queues)->taken != queues->received;
}

bool queues_next(struct queues *queues, uint8_t *byte)
{
    if (!queues_sending(queues))
        return false;
    *byte = queues->out[queues->sent % QUEUE_OUT_BYTES];
    if (*byte == '\n' && queues->last_sent != '\r')
        *byte = '\r';
    return true;
}

void queues_sent(struct queues *queues, uint8_t byte)
{
    queues->last_sent = (char)byte;
    if (queues->out[queues->sent % QUEUE_OUT_BYTES] == byte)
        __atomic_store_n(&queues->sent, queues->sent + 1, __ATOMIC_RELEASE);
}
