/*
 * What goes out on the serial line and what came in, in memory that outlives the server: whenever
 * an instance ends, the next goes on with the same bytes. Nothing here touches a device; so it is
 * tested on the host.
 */
#ifndef SERIAL_QUEUES_H
#define SERIAL_QUEUES_H

#include <stdbool.h>
#include <stdint.h>

#include <cocos/kept.h>

/* Together with the rest of struct queues 64 KiB: a paste of that size finds room while nobody
 * reads. */
#define QUEUE_OUT_BYTES 4096u
#define QUEUE_IN_BYTES 61184u

struct queue_books {
    uint64_t queued, taken; /* bytes ever: to be sent, given to the reader */
    uint16_t write_number, read_number;
    uint16_t written, answered; /* bytes of the last text, and of the last answer */
};

struct queues {
    struct kept kept;
    struct queue_books books[2];
    uint64_t sent, received; /* bytes ever; each by itself */
    char last_sent;
    uint8_t out[QUEUE_OUT_BYTES];
    uint8_t in[QUEUE_IN_BYTES];
};

/* Makes the best of memory that is not as it should be: then nothing is in the queues. */
void queues_open(struct queues *queues);

/* Whether a text of `count` bytes, or the one repeated, can be taken now. */
bool queues_has_room(struct queues *queues, uint32_t number, uint32_t count);

/* Queues a text; returns how many bytes of it were taken. There is room. */
uint32_t queues_write(struct queues *queues, uint32_t number, const char *bytes, uint32_t count);

/* Takes up to TEXT_BYTES received bytes; returns how many. */
uint32_t queues_read(struct queues *queues, uint32_t number, char *bytes);

/* Whether a byte that was received would find room; adds it. */
bool queues_receives(struct queues *queues);
void queues_received(struct queues *queues, uint8_t byte);

/* The next byte to go out; false: there is none. It goes once queues_sent is called. */
bool queues_next(struct queues *queues, uint8_t *byte);
void queues_sent(struct queues *queues, uint8_t byte);

/* Whether there is anything to be sent, to be read. */
bool queues_sending(struct queues *queues);
bool queues_readable(struct queues *queues);

#endif
