/*
 * Directory entries: from the host's form, qid[13] offset[8] type[1] name[s], to that of
 * cocos/protocol/files.h. Pure; tested on the host.
 */
#ifndef HOSTFS_ENTRIES_H
#define HOSTFS_ENTRIES_H

#include <stdint.h>

/*
 * Writes what of `bytes` bytes at `from` fits into `room` bytes at `to`: whole entries, but for "."
 * and "..", and for names that no path can have. *place becomes the offset of the last one that was
 * looked at. Returns the number of bytes written; E_TOO_LONG: not even one fits; E_FILE_SERVER:
 * what the host says does not hold together.
 */
int64_t entries_convert(const uint8_t *from, uint32_t bytes, void *to, uint64_t room,
                        uint64_t *place);

#endif
