/*
 * Copying to and from frames that came with a call: whoever sent them can have them gone at any
 * moment, by the call's deadline, by another thread, or by ending.
 */
#ifndef COCOS_GUARD_H
#define COCOS_GUARD_H

#include <stdbool.h>
#include <stdint.h>

/* Copies. False: some of the memory was not there (any more); a part may have been copied. For a
 * program's first thread; not for init. */
bool guarded_copy(void *to, const void *from, uint64_t bytes);

#endif
