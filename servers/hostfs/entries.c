#include "entries.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cocos/errors.h>
#include <cocos/protocol/files.h>

#include "message.h"

static bool is_name(const char *name, uint32_t length)
{
    bool is_dots = (length == 1 && name[0] == '.') || (length == 2 && memcmp(name, "..", 2) == 0);
    return length > 0 && length <= FILES_NAME_BYTES && !is_dots && !memchr(name, 0, length) &&
           !memchr(name, '/', length);
}

int64_t entries_convert(const uint8_t *from, uint32_t bytes, void *to, uint64_t room,
                        uint64_t *place)
{
    struct reader reader = {.bytes = from, .length = bytes};
    uint64_t used = 0;
    while (reader.at < bytes) {
        uint32_t length;
        read8(&reader);
        read32(&reader);
        uint64_t id = read64(&reader), next = read64(&reader);
        uint8_t type = read8(&reader);
        const char *name = read_text(&reader, &length);
        if (reader.bad)
            return E_FILE_SERVER;
        uint64_t size = (offsetof(struct files_entry, name) + length + 1 + 7) & ~7ull;
        if (is_name(name, length)) {
            if (size > room - used)
                return used ? (int64_t)used : E_TOO_LONG;
            struct files_entry *entry = (struct files_entry *)((char *)to + used);
            memset(entry, 0, size);
            entry->id = id;
            entry->next = next;
            entry->bytes = (uint16_t)size;
            entry->type = type & 0xf;
            entry->name_bytes = (uint8_t)length;
            memcpy(entry->name, name, length);
            used += size;
        }
        *place = next;
    }
    return (int64_t)used;
}
