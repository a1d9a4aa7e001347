/*
 * Puppets: other domains, each with one thread that does what the test tells it by message: makes a
 * system call, reads a word, writes one. So a test sees a second domain's side of every call, and
 * whether memory can be touched there: what faults there is told here.
 */
#ifndef TESTS_SYSTEM_PUPPET_H
#define TESTS_SYSTEM_PUPPET_H

#include <stdbool.h>
#include <string.h>

#include "tests/system/check.h"

#define RW (MAP_READ | MAP_WRITE)

/* Slots of the test, beside those it takes itself; and of the puppet. */
enum { PUPPET_ENDPOINT = 100, PUPPET_CLIENT, PUPPET_FAULTS, PUPPET_SLOTS };
enum { ITS_CLIENT = 3, ITS_FREE };

#define PUPPET_TABLES 3u /* of its upper half, for its code */
#define PUPPET_OWN 5u    /* its object, root, slots, thread and the code */
#define PUPPET_READ 1u   /* what it is told to do, beside numbers of calls */
#define PUPPET_WRITE 2u
#define PUPPET_FAULTED (-4095) /* in place of a result: it has faulted, and started anew */

struct puppet {
    uint32_t domain, thread, reply; /* slots of the test */
    uint64_t objects[3];            /* the frames of its object, root and slots */
    uint64_t code;
};

static uint64_t puppet_fault[MESSAGE_WORDS];      /* the latest fault's message */
static uint64_t puppet_threads[SLOTS_PER_DOMAIN]; /* the frames of their threads, by slot */

/* Waits for an order with the last result in word 0; obeys. No stack, nothing outside itself. */
__asm__(".pushsection .rodata\n"
        "puppet_code:\n\t"
        "xor %ebp, %ebp\n"
        "1: mov %rbp, %rdi\n\t"
        "mov $4118, %eax\n\t" /* call; the test asserts it */
        "mov $3, %ebx\n\t"
        "xor %r12d, %r12d\n\t"
        "xor %r13d, %r13d\n\t"
        "mov $-1, %r14\n\t"
        "syscall\n\t"
        "test %rax, %rax\n\t"
        "js 4f\n\t"
        "cmp $1, %rdi\n\t"
        "je 2f\n\t"
        "cmp $2, %rdi\n\t"
        "je 3f\n\t"
        "mov %rdi, %rax\n\t"
        "mov %rsi, %rdi\n\t"
        "mov %rdx, %rsi\n\t"
        "mov %r10, %rdx\n\t"
        "mov %r8, %r10\n\t"
        "mov %r9, %r8\n\t"
        "syscall\n\t"
        "mov %rax, %rbp\n\t"
        "jmp 1b\n"
        "2: mov (%rsi), %rbp\n\t"
        "jmp 1b\n"
        "3: mov %rdx, (%rsi)\n\t"
        "xor %ebp, %ebp\n\t"
        "jmp 1b\n"
        "4: ud2\n"
        "puppet_code_end:\n"
        ".popsection\n");
extern const char puppet_code[], puppet_code_end[];
_Static_assert(CALL_call == 4118 && ITS_CLIENT == 3, "as the puppet's code says");

/* Once, before the first puppet. */
static inline void puppets_begin(void)
{
    EXPECT(OK, sys_endpoint_create(PUPPET_ENDPOINT, claim_object()));
    EXPECT(OK,
           sys_slot_copy(SLOT_SELF, PUPPET_CLIENT, PUPPET_ENDPOINT, RIGHT_SEND | RIGHT_COPY, 1));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, PUPPET_FAULTS, PUPPET_ENDPOINT, RIGHT_SEND, 2));
}

/* Receives what the puppet says next: its result, or PUPPET_FAULTED. */
static inline int64_t puppet_hear(const struct puppet *puppet)
{
    struct message message = {.words = {0}};
    int64_t got = sys_wait(PUPPET_ENDPOINT, puppet->reply, DEADLINE_NEVER, &message);
    if (got != RECEIVED_CALL) {
        EXPECT(RECEIVED_CALL, got);
        return got;
    }
    if (message.badge == 1) {
        return (int64_t)message.words[0];
    }
    memcpy(puppet_fault, message.words, sizeof puppet_fault);
    return PUPPET_FAULTED;
}

/* A thread at the start of the code, which waits for an order. */
static inline void puppet_start(const struct puppet *puppet)
{
    puppet_threads[puppet->thread] = claim_object();
    EXPECT(OK, sys_thread_create(puppet->thread, puppet_threads[puppet->thread], puppet->domain));
    EXPECT(OK, sys_thread_start(puppet->thread, PROGRAM_BASE, STACK_TOP, 0));
    EXPECT(0, puppet_hear(puppet));
}

/* The thread has faulted: another one takes its place, and gives the old one's frame back. */
static inline void puppet_restart(const struct puppet *puppet)
{
    struct message ended = {.words = {0}};
    uint64_t frame = puppet_threads[puppet->thread];
    EXPECT(OK, sys_reply(puppet->reply, &ended));
    EXPECT(OK, sys_object_destroy(puppet->thread));
    puppet_start(puppet);
    struct message order = {.words = {CALL_frame_release, frame, ORDER_FRAME}};
    EXPECT(OK, sys_reply(puppet->reply, &order));
    EXPECT(OK, puppet_hear(puppet));
}

/* A puppet with `number` (0 to 7), a limit of frames, and tables beside those of its code. */
static inline struct puppet puppet_make(unsigned number, uint64_t limit, unsigned tables)
{
    uint32_t first = PUPPET_SLOTS + 3 * number;
    struct puppet puppet = {.domain = first, .thread = first + 1, .reply = first + 2};
    for (unsigned i = 0; i < 3; i++) {
        puppet.objects[i] = claim_object();
    }
    EXPECT(OK, sys_domain_create(puppet.domain, puppet.objects[0], puppet.objects[1],
                                 puppet.objects[2]));
    EXPECT(OK, sys_domain_set(puppet.domain, DOMAIN_FRAME_LIMIT, limit));
    EXPECT(OK, sys_domain_set(puppet.domain, DOMAIN_FAULT_ENDPOINT, PUPPET_FAULTS));
    fund(puppet.domain, PUPPET_TABLES + tables);
    puppet.code = claim(ORDER_FRAME, RW);
    memcpy((void *)puppet.code, puppet_code, (size_t)(puppet_code_end - puppet_code));
    EXPECT(OK, sys_page_map(puppet.domain, PROGRAM_BASE, puppet.code, MAP_READ | MAP_EXECUTE));
    EXPECT(OK, sys_frame_give(puppet.code, ORDER_FRAME, puppet.domain, 0));
    EXPECT(OK, sys_slot_copy(puppet.domain, ITS_CLIENT, PUPPET_CLIENT, RIGHT_SEND, 0));
    EXPECT(OK, sys_slot_copy(puppet.domain, SLOT_SELF, puppet.domain, RIGHT_ALL, 0));
    puppet_start(&puppet);
    return puppet;
}

/* Tells it what to do, and returns the result. */
static inline int64_t puppet_do(const struct puppet *puppet, uint64_t what, uint64_t a, uint64_t b,
                                uint64_t c, uint64_t d, uint64_t e)
{
    struct message order = {.words = {what, a, b, c, d, e}};
    EXPECT(OK, sys_reply(puppet->reply, &order));
    int64_t result = puppet_hear(puppet);
    if (result == PUPPET_FAULTED) {
        puppet_restart(puppet);
    }
    return result;
}

/* The same for a system call; goes on where the kernel says E_AGAIN. */
#define PUPPET_CALL(puppet, name, ...) puppet_call(puppet, CALL_##name, PUPPET_PAD(__VA_ARGS__))
#define PUPPET_PAD(...) PUPPET_FIVE(__VA_ARGS__, 0, 0, 0, 0, 0)
#define PUPPET_FIVE(a, b, c, d, e, ...) a, b, c, d, e

static inline int64_t puppet_call(const struct puppet *puppet, uint64_t call, uint64_t a,
                                  uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    int64_t result;
    do {
        result = puppet_do(puppet, call, a, b, c, d, e);
    } while (result == E_AGAIN);
    return result;
}

/* Can it read the word at `address`, and write there? Where not, the fault must say so: a page
 * fault at that very address, in user mode. */
static inline bool puppet_touch(const struct puppet *puppet, uint64_t what, uint64_t address,
                                uint64_t value)
{
    if (puppet_do(puppet, what, address, value, 0, 0, 0) != PUPPET_FAULTED) {
        return true;
    }
    EXPECT(FAULT_MESSAGE + 14, puppet_fault[FAULT_WORD_KIND]);
    EXPECT(address, puppet_fault[FAULT_WORD_ADDRESS]);
    EXPECT(4 | (what == PUPPET_WRITE ? 2 : 0), puppet_fault[FAULT_WORD_CODE] & ~1ull);
    return false;
}

static inline bool puppet_reads(const struct puppet *puppet, uint64_t address)
{
    return puppet_touch(puppet, PUPPET_READ, address, 0);
}

static inline bool puppet_writes(const struct puppet *puppet, uint64_t address, uint64_t value)
{
    return puppet_touch(puppet, PUPPET_WRITE, address, value);
}

/* Ends it, and forgets it. */
static inline void puppet_end(const struct puppet *puppet)
{
    EXPECT(OK, sys_domain_destroy(puppet->domain));
    EXPECT(OK, sys_slot_drop(puppet->domain));
    EXPECT(OK, sys_slot_drop(puppet->thread));
    EXPECT(OK, sys_slot_drop(puppet->reply));
}

#endif
