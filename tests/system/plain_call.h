/*
 * A system call of class PLAIN as the kernel gets it: without the stub, which may do more.
 */
#ifndef TESTS_SYSTEM_PLAIN_CALL_H
#define TESTS_SYSTEM_PLAIN_CALL_H

#include <stdint.h>

static inline int64_t plain_call(uint64_t call, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    register uint64_t r10 __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "+a"(call), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
                     :
                     : "rcx", "r8", "r9", "r11", "memory");
    return (int64_t)call;
}

#endif
