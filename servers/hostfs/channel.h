/*
 * The way to the host: one request of 9P2000.L at a time, through the queue of a virtio device
 * (linux/virtio_9p.h).
 *
 * The device never sees a client's frames: what comes with a call is lent until the client's
 * deadline, or until it ends, and may be somebody else's memory then, while the device still writes
 * there. What this server owns is its until the device is silent.
 */
#ifndef HOSTFS_CHANNEL_H
#define HOSTFS_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

/* What is sent, and where the answer goes: the message, and data of a client's that stands behind
 * it, at most CHANNEL_DATA_BYTES, in one of the two directions. */
struct exchange {
    uint32_t request_bytes; /* of channel_request() */
    uint32_t answer_bytes;  /* room for the answer, of channel_answer() */
    uint64_t data;          /* address, 0: none */
    uint32_t data_bytes;
    bool data_comes; /* from the host */
};

#define CHANNEL_REQUEST_BYTES 8192u
#define CHANNEL_ANSWER_BYTES 16384u
#define CHANNEL_DATA_BYTES 65536u

/* Finds the device and makes it ready. OK; E_NAME: there is none; or *what says what was wrong. */
int64_t channel_open(const char **what);

uint8_t *channel_request(void);
const uint8_t *channel_answer(void);

/* Sends, and waits for the answer: how many bytes came. E_DEVICE: the device does what it may not,
 * and E_TIMEOUT: it does not answer; nothing more can be asked then.
 * E_GONE: the client's memory is not there any more. */
int64_t channel_exchange(const struct exchange *exchange);

#endif
