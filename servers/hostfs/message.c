#include "message.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <cocos/errors.h>

/* ---- Writing ---- */

static void put(struct writer *writer, const void *from, uint32_t bytes)
{
    if (writer->full || bytes > writer->room - writer->used) {
        writer->full = true;
        return;
    }
    memcpy(writer->bytes + writer->used, from, bytes);
    writer->used += bytes;
}

void write8(struct writer *writer, uint8_t value)
{
    put(writer, &value, sizeof value);
}

void write16(struct writer *writer, uint16_t value)
{
    put(writer, &value, sizeof value);
}

void write32(struct writer *writer, uint32_t value)
{
    put(writer, &value, sizeof value);
}

void write64(struct writer *writer, uint64_t value)
{
    put(writer, &value, sizeof value);
}

void write_text(struct writer *writer, const char *text, uint32_t length)
{
    writer->full |= length > UINT16_MAX;
    write16(writer, (uint16_t)length);
    put(writer, text, length);
}

void write_begin(struct writer *writer, uint8_t *bytes, uint32_t room, enum request_type type)
{
    *writer = (struct writer){.bytes = bytes, .room = room};
    write32(writer, 0);
    write8(writer, (uint8_t)type);
    write16(writer, type == T_VERSION ? TAG_NONE : TAG);
}

uint32_t write_end(struct writer *writer, uint32_t data_bytes)
{
    uint32_t size = writer->used + data_bytes;
    if (writer->full || size < data_bytes)
        return 0;
    memcpy(writer->bytes, &size, sizeof size);
    return writer->used;
}

/* ---- Reading ---- */

static void take(struct reader *reader, void *to, uint32_t bytes)
{
    memset(to, 0, bytes);
    if (reader->bad || bytes > reader->length - reader->at) {
        reader->bad = true;
        return;
    }
    memcpy(to, reader->bytes + reader->at, bytes);
    reader->at += bytes;
}

uint8_t read8(struct reader *reader)
{
    uint8_t value;
    take(reader, &value, sizeof value);
    return value;
}

uint16_t read16(struct reader *reader)
{
    uint16_t value;
    take(reader, &value, sizeof value);
    return value;
}

uint32_t read32(struct reader *reader)
{
    uint32_t value;
    take(reader, &value, sizeof value);
    return value;
}

uint64_t read64(struct reader *reader)
{
    uint64_t value;
    take(reader, &value, sizeof value);
    return value;
}

const char *read_text(struct reader *reader, uint32_t *length)
{
    *length = read16(reader);
    if (reader->bad || *length > reader->length - reader->at) {
        reader->bad = true;
        *length = 0;
        return NULL;
    }
    const char *text = (const char *)reader->bytes + reader->at;
    reader->at += *length;
    return text;
}

int64_t read_begin(struct reader *reader, const uint8_t *bytes, uint32_t length, uint32_t whole,
                   enum request_type type)
{
    *reader = (struct reader){.bytes = bytes, .length = length < whole ? length : whole};
    uint32_t size = read32(reader);
    uint8_t answer = read8(reader);
    uint16_t tag = read16(reader);
    if (reader->bad || size < HEADER_BYTES || size > whole ||
        tag != (type == T_VERSION ? TAG_NONE : TAG))
        return E_FILE_SERVER;
    reader->size = size;
    if (size < reader->length)
        reader->length = size;
    if (answer == type + 1)
        return OK;
    if (answer != ANSWER_ERROR)
        return E_FILE_SERVER;
    uint32_t number = read32(reader);
    return reader->bad ? E_FILE_SERVER : error_of_host(number);
}

/* ---- Errors ---- */

static const struct {
    int number, error;
} errors[] = {
    {EPERM, E_NOT_ALLOWED},
    {ENOENT, E_NO_FILE},
    {EACCES, E_NOT_ALLOWED},
    {EEXIST, E_EXISTS},
    {EXDEV, E_OTHER_SYSTEM},
    {ENOTDIR, E_NOT_DIRECTORY},
    {EISDIR, E_IS_DIRECTORY},
    {ENFILE, E_FULL},
    {EMFILE, E_FULL},
    {EFBIG, E_FILE_SIZE},
    {ENOSPC, E_NO_SPACE},
    {EDQUOT, E_NO_SPACE},
    {EROFS, E_READ_ONLY},
    {ENAMETOOLONG, E_TOO_LONG},
    {ENOTEMPTY, E_NOT_EMPTY},
    {ELOOP, E_LINK},
    {EBUSY, E_BUSY},
    {EINVAL, E_ARGUMENT},
    {EOPNOTSUPP, E_UNSUPPORTED},
    {ENOSYS, E_UNSUPPORTED},
    {ENOMEM, E_NO_MEMORY},
};

int64_t error_of_host(uint32_t number)
{
    for (uint32_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if ((uint32_t)errors[i].number == number)
            return errors[i].error;
    return E_FILE_SERVER;
}
