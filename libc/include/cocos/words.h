/*
 * Messages of words alone, without a struct message: the words stay in registers, and what the
 * kernel does not keep of the others, the compiler is told (cocos/message.h). This is the fastest
 * way to call and to serve; a message between two domains takes some 110 instructions there and
 * back, these stubs included (doc/ipc.md).
 */
#ifndef COCOS_WORDS_H
#define COCOS_WORDS_H

#include <stdint.h>

#include <cocos/calls.h>
#include <cocos/message.h>

struct words {
    uint64_t word[MESSAGE_WORDS];
};

/* For words that do not count: whatever their register holds, at no cost. Volatile: each anew, or
 * the compiler keeps one of them in memory over a loop, and loads it at each turn. */
static inline uint64_t words_any(void)
{
    uint64_t word;
    __asm__ volatile("" : "=r"(word));
    return word;
}

/* A message call with nothing but words; *slots is rbx, before and after. */
static inline int64_t words_exchange(uint64_t number, uint64_t *slots, struct words *words)
{
    uint64_t a = words->word[0], b = words->word[1], c = words->word[2];
    register uint64_t d __asm__("r10") = words->word[3];
    register uint64_t e __asm__("r8") = words->word[4];
    register uint64_t f __asm__("r9") = words->word[5];
    __asm__ volatile("syscall"
                     : "+a"(number), "+b"(*slots), "+D"(a), "+S"(b), "+d"(c), "+r"(d), "+r"(e),
                       "+r"(f)
                     :
                     : "rcx", "r11", "r12", "r13", "r14", "r15", "cc", "memory");
    *words = (struct words){{a, b, c, d, e, f}};
    return (int64_t)number;
}

/* As sys_call. */
static inline int64_t words_call(uint32_t endpoint, struct words *words)
{
    uint64_t slots = endpoint;
    return words_exchange(CALL_call, &slots, words);
}

/* As sys_wait and sys_reply_wait, without a deadline; *badge: of whom the message came from. */
static inline int64_t words_wait(uint32_t endpoint, uint32_t reply_slot, uint64_t *badge,
                                 struct words *words)
{
    *badge = endpoint | (uint64_t)reply_slot << 16;
    return words_exchange(CALL_wait, badge, words);
}

static inline int64_t words_reply_wait(uint32_t endpoint, uint32_t reply_slot, uint64_t *badge,
                                       struct words *words)
{
    *badge = endpoint | (uint64_t)reply_slot << 16;
    return words_exchange(CALL_reply_wait, badge, words);
}

#endif
