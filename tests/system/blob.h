/*
 * Domains that run a few instructions of machine code, at PROGRAM_BASE: with no stack and no data,
 * so that a thousand threads cost a frame each. What the code is told is in rdi.
 */
#ifndef TESTS_SYSTEM_BLOB_H
#define TESTS_SYSTEM_BLOB_H

#include <string.h>

#include "tests/system/check.h"

#define BLOB_TABLES 3u /* of its upper half */

/* Defines code between NAME and NAME_end. */
#define BLOB(name, text)                                                                           \
    extern const char name[], name##_end[];                                                        \
    __asm__(".pushsection .rodata\n" #name ":\n\t" text "\n" #name "_end:\n"                       \
            ".popsection")

/* Makes the domain in `slot`, which may own `limit` frames. Returns the frame of its code. */
static inline uint64_t blob_make(uint32_t slot, const char *code, const char *end, uint64_t limit)
{
    make_domain(slot, limit);
    fund(slot, BLOB_TABLES);
    uint64_t text = claim(ORDER_FRAME, MAP_READ | MAP_WRITE);
    memcpy((void *)text, code, (size_t)(end - code));
    EXPECT(OK, sys_page_map(slot, PROGRAM_BASE, text, MAP_READ | MAP_EXECUTE));
    EXPECT(OK, sys_frame_give(text, ORDER_FRAME, slot, 0));
    return text;
}

/* A thread of it, which runs. */
static inline void blob_start(uint32_t domain, uint32_t thread, unsigned priority,
                              uint64_t argument)
{
    EXPECT(OK, sys_thread_create(thread, claim_object(), domain));
    EXPECT(OK, sys_thread_set(thread, THREAD_PRIORITY, priority));
    EXPECT(OK, sys_thread_start(thread, PROGRAM_BASE, STACK_TOP, argument));
}

static inline void blob_end(uint32_t slot)
{
    EXPECT(OK, sys_domain_destroy(slot));
    EXPECT(OK, sys_slot_drop(slot));
}

#endif
