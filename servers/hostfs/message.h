/*
 * Messages of 9P2000.L, byte by byte: size[4] type[1] tag[2], then what the type has; numbers are
 * little-endian, a text is its length[2] and its bytes. What is read comes from a host that is
 * trusted with nothing. Pure; tested on the host.
 */
#ifndef HOSTFS_MESSAGE_H
#define HOSTFS_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

/* Types of requests; an answer's is one more, or ANSWER_ERROR. */
enum request_type {
    ANSWER_ERROR = 7,
    T_LOPEN = 12,
    T_LCREATE = 14,
    T_GETATTR = 24,
    T_SETATTR = 26,
    T_READDIR = 40,
    T_FSYNC = 50,
    T_MKDIR = 72,
    T_RENAMEAT = 74,
    T_UNLINKAT = 76,
    T_VERSION = 100,
    T_ATTACH = 104,
    T_WALK = 110,
    T_READ = 116,
    T_WRITE = 118,
    T_CLUNK = 120,
};

#define HEADER_BYTES 7u
/* An answer that is an error, and the head of one with data: header, number[4]. */
#define ANSWER_HEAD_BYTES 11u

/* One request at a time is under way: it has this tag. Tversion has none. */
#define TAG 1u
#define TAG_NONE 0xffffu

/* ---- Writing ---- */

struct writer {
    uint8_t *bytes;
    uint32_t room, used;
    bool full; /* something did not fit: nothing may be sent */
};

void write_begin(struct writer *writer, uint8_t *bytes, uint32_t room, enum request_type type);
void write8(struct writer *writer, uint8_t value);
void write16(struct writer *writer, uint16_t value);
void write32(struct writer *writer, uint32_t value);
void write64(struct writer *writer, uint64_t value);
void write_text(struct writer *writer, const char *text, uint32_t length);

/* The request's length, with `data_bytes` bytes that will stand behind it; 0: it did not fit. */
uint32_t write_end(struct writer *writer, uint32_t data_bytes);

/* ---- Reading ---- */

struct reader {
    const uint8_t *bytes;
    uint32_t length, at;
    uint32_t size; /* of the whole answer, as it says */
    bool bad;      /* something was read behind the end: as 0 */
};

/*
 * Begins to read an answer to a request of `type`: `bytes` holds the first `length` bytes of it, of
 * `whole` that came. OK; the error that the host answered; E_FILE_SERVER: it is no such answer.
 */
int64_t read_begin(struct reader *reader, const uint8_t *bytes, uint32_t length, uint32_t whole,
                   enum request_type type);
uint8_t read8(struct reader *reader);
uint16_t read16(struct reader *reader);
uint32_t read32(struct reader *reader);
uint64_t read64(struct reader *reader);

/* A text's bytes, of which there are *length, or NULL. */
const char *read_text(struct reader *reader, uint32_t *length);

/* An error of cocOS for one of Linux's numbers. */
int64_t error_of_host(uint32_t number);

#endif
