/*
 * A program without any library, linked at a fixed address of the upper half (ET_EXEC): it tells
 * init that it ends with status 7. A kernel or loader that takes only position-independent
 * programs refuses it.
 */
#include <stdint.h>

#include <cocos/abi.h>
#include <cocos/calls.h>
#include <cocos/message.h>
#include <cocos/protocol/init.h>

static volatile uint64_t status = 6; /* in a segment of its own */

void _start(void)
{
    status++;
    register uint64_t r12 __asm__("r12") = 0;
    register uint64_t r14 __asm__("r14") = DEADLINE_NEVER;
    __asm__ volatile("syscall"
                     :
                     : "a"((uint64_t)CALL_call), "b"((uint64_t)SLOT_PARENT),
                       "D"((uint64_t)INIT_EXIT), "S"(status), "r"(r12), "r"(r14)
                     : "rcx", "r11", "memory");
    for (;;) {}
}
