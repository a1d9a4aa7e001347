/* The guarded part of guarded_copy (guard.asm), and where a fault in it leads to. */
#ifndef LIBC_GUARD_H
#define LIBC_GUARD_H

#include <stdint.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* 0: copied. */
HIDDEN uint32_t cocos_guarded_copy(void *to, const void *from, uint64_t bytes);
HIDDEN extern const char cocos_guarded_start, cocos_guarded_end, cocos_guarded_failed;

#endif
