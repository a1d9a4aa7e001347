/*
 * What runs in the hostile domain of hostile.c: random system calls, biased to boundaries. It is
 * copied there by itself, so it refers to nothing but its own code and stack.
 */
#ifndef TESTS_SYSTEM_HOSTILE_CALLS_H
#define TESTS_SYSTEM_HOSTILE_CALLS_H

#include "tests/system/puppet.h"

#pragma GCC optimize("no-jump-tables", "no-tree-loop-distribute-patterns", "no-tree-vectorize")

#define CALLS_PER_ROUND 1000

/* What the hostile domain is given, by slot of its own. */
enum {
    ITS_ENDPOINT = ITS_FREE,
    ITS_PORTS,
    ITS_LINES,
    ITS_DEVICE,
    ITS_MACHINE,
    ITS_CHILD,
    ITS_VICTIM,
    ITS_THREAD,       /* which makes the calls */
    ITS_THREADS = 120 /* others, that it makes itself */
};
#define ITS_THREAD_COUNT 4

#define HOSTILE __attribute__((always_inline)) static inline

struct random {
    uint64_t state;
    uint64_t top;       /* frames of RAM */
    uint64_t frames[8]; /* what claims returned: names that mean something */
};

HOSTILE uint64_t next(struct random *random)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return random->state;
}

/* One argument: a slot, an order, a frame, an address at some boundary, anything. */
HOSTILE uint64_t argument(struct random *random)
{
    uint64_t pick = next(random), value = next(random);
    switch (pick % 10) {
    case 0:
    case 1:
        return value % 16;
    case 2:
        return value % (SLOTS_PER_DOMAIN + 4);
    case 3:
    case 8:
        return random->frames[value % 8];
    case 4:
        return (value % random->top) << FRAME_SHIFT;
    case 5:
        return PROGRAM_BASE + 0x1000000 + ((value % 64) << FRAME_SHIFT);
    case 6:
        return (1ull << value % 64) + (value >> 8) % 3 - 1;
    case 7: /* rights of a page | order << 8 */
        return (value & 7) | (value & 8 ? (value >> 4) % (ORDER_MAX + 2) << 8 : 0) |
               (value & 1ull << 40 ? value << 32 : 0);
    default: /* an aligned part of the lower or upper half */
        return (value & 1 ? 0 - value : value % (random->top << FRAME_SHIFT)) &
               ~((FRAME_BYTES << (value >> 32) % (ORDER_MAX + 1)) - 1);
    }
}

/* What most calls on frames need to get anywhere: a frame it has, an order that it goes with, a
 * domain it holds. */
HOSTILE void make_likely(struct random *random, uint64_t number, uint64_t *registers)
{
    uint64_t value = next(random);
    if (number == CALL_INDEX_frame_claim) {
        registers[2] = value % 4 ? ZONE_ANY + value % 3 : registers[2];
        registers[3] = (value >> 8) % 8 ? (value >> 16) % 5 : (value >> 16) % (ORDER_MAX + 2);
        registers[4] = (value >> 24) % 5;
    } else if (number >= CALL_INDEX_frame_release && number <= CALL_INDEX_frame_revoke) {
        registers[2] = random->frames[value % 8] + ((value >> 8) % 4 << FRAME_SHIFT);
        registers[3] = (value >> 16) % 4 ? 0 : (value >> 20) % 5;
        if (number >= CALL_INDEX_frame_give) {
            registers[4] = (value >> 24) % 2 ? ITS_CHILD : ITS_VICTIM;
            registers[5] = (value >> 28) % 12;
        }
    } else if (number == CALL_INDEX_domain_create) {
        registers[2] = 32 + value % 64;
        for (unsigned i = 0; i < 3; i++) {
            registers[3 + i] = random->frames[(value >> (8 + 4 * i)) % 8];
        }
    } else if (number == CALL_INDEX_page_map || number == CALL_INDEX_page_unmap) {
        registers[2] = value % 2 ? SLOT_SELF : ITS_CHILD;
        registers[3] = PROGRAM_BASE + 0x1000000 + ((value >> 8) % 64 << FRAME_SHIFT);
    }
}

/* Another thread of the hostile domain: sleeps, however often it is woken. */
extern const char hostile_rest[];
__asm__(".pushsection .hostile, \"ax\"\n"
        "hostile_rest:\n\t"
        "mov $4120 + 0x20000, %eax; xor %ebx, %ebx; mov $-2, %r14\n\t"
        "syscall\n\t"
        "jmp hostile_rest\n"
        ".popsection");
_Static_assert(CALL_wait == 4120 && MESSAGE_HAS_DEADLINE == 0x20000, "as the code says");

/* Calls about threads: those it makes, its own now and then; each register, most values bad. */
HOSTILE void make_likely_thread(struct random *random, uint64_t number, uint64_t *registers)
{
    uint64_t value = next(random);
    uint64_t slot = ITS_THREADS + value % ITS_THREAD_COUNT;
    if (number == CALL_INDEX_thread_create) {
        registers[2] = slot;
        registers[3] = random->frames[(value >> 8) % 8];
        registers[4] = (value >> 16) % 4 ? SLOT_SELF : ITS_CHILD;
    } else if (number >= CALL_INDEX_thread_start && number <= CALL_INDEX_thread_read) {
        registers[2] = slot;
        if (number == CALL_INDEX_thread_start && (value >> 16) % 8) {
            registers[3] = (uint64_t)hostile_rest;
            registers[4] = STACK_TOP;
        } else if (number == CALL_INDEX_thread_set) {
            registers[3] =
                (value >> 16) % 4 ? THREAD_REGISTER + (value >> 24) % 21 : (value >> 24) % 3;
            registers[4] = (value >> 32) % 2 ? registers[4] : (value >> 40) % 34;
        } else if (number == CALL_INDEX_thread_read) {
            registers[3] = (value >> 16) % 5;
        }
    } else if (number == CALL_INDEX_object_destroy) {
        registers[2] = slot;
    }
}

/* What goes beside the number of a message call. Mostly a message that could be one: small slots,
 * no range, no waiting. A call waits for its answer, so it goes where one comes from. */
HOSTILE uint64_t make_message(struct random *random, uint64_t number, uint64_t *registers)
{
    bool waits = number == CALL_INDEX_call && next(random) % 4 == 0;
    registers[1] &= waits ? 0x000f000f00000000ull : 0x000f000f000f000full;
    registers[1] |= waits ? ITS_CLIENT : 0;
    uint64_t run = next(random);
    registers[8] = run % 8 == 0 ? registers[8] : 0;
    if (run % 8 > 4) { /* frames that come along, and how many are taken */
        registers[8] = MESSAGE_RUN(random->frames[run >> 8 & 7] & ~(FRAME_BYTES - 1), run >> 16 & 3,
                                   run >> 24 & 7);
        registers[9] = run >> 32 & 1023;
    }
    registers[10] = waits ? DEADLINE_NEVER : (run >> 48 & 1) * (run >> 52);
    bool words_alone = waits && run >> 50 & 1; /* the short way's */
    return words_alone ? 0 : MESSAGE_HAS_RUN | MESSAGE_HAS_DEADLINE;
}

/* Registers of one call: rax rbx rdi rsi rdx r10 r8 r9 r12 r13 r14; rax becomes the result. */
HOSTILE void call_with(uint64_t *registers)
{
    register uint64_t *r15 __asm__("r15") = registers;
    __asm__ volatile("sub $128, %%rsp\n\t"
                     "push %%r15\n\t"
                     "mov (%%r15), %%rax\n\t"
                     "mov 8(%%r15), %%rbx\n\t"
                     "mov 16(%%r15), %%rdi\n\t"
                     "mov 24(%%r15), %%rsi\n\t"
                     "mov 32(%%r15), %%rdx\n\t"
                     "mov 40(%%r15), %%r10\n\t"
                     "mov 48(%%r15), %%r8\n\t"
                     "mov 56(%%r15), %%r9\n\t"
                     "mov 64(%%r15), %%r12\n\t"
                     "mov 72(%%r15), %%r13\n\t"
                     "mov 80(%%r15), %%r14\n\t"
                     "syscall\n\t"
                     "pop %%r15\n\t"
                     "mov %%rax, (%%r15)\n\t"
                     "add $128, %%rsp"
                     : "+r"(r15)
                     :
                     : "rax", "rbx", "rcx", "rdi", "rsi", "rdx", "r8", "r9", "r10", "r11", "r12",
                       "r13", "r14", "memory");
}

/* Runs in the hostile domain, from a copy: nothing outside this function may be needed. */
__attribute__((section(".hostile"), noinline, used)) static void hostile(uint64_t seed)
{
    struct random random = {.state = seed, .top = seed >> 44};
    uint64_t registers[11];
    for (unsigned i = 0; i < CALLS_PER_ROUND; i++) {
        uint64_t number = next(&random) % (COCOS_CALL_COUNT + 1);
        for (unsigned k = 1; k < 11; k++) {
            registers[k] = argument(&random);
        }
        uint64_t beside = 0;
        if (number >= CALL_INDEX_call && number <= CALL_INDEX_reply) {
            beside = make_message(&random, number, registers);
        }
        if (next(&random) % 4 != 0) {
            make_likely(&random, number, registers);
            make_likely_thread(&random, number, registers);
        }
        if (number == CALL_INDEX_domain_destroy) {
            registers[2] |= next(&random) % 16 ? 16 : 0; /* its child is not to end at once */
        }
        if (number == CALL_INDEX_slot_drop || number == CALL_INDEX_thread_stop) {
            registers[2] |= 16; /* it keeps what it was given: that makes it more dangerous */
        }
        registers[0] = (COCOS_CALL_BASE + number) | beside;
        uint64_t slot = registers[2];
        call_with(registers);
        if (number == CALL_INDEX_domain_create && registers[0] == OK) {
            do { /* a domain that it alone knows would outlive it */
                registers[0] = CALL_domain_destroy;
                registers[2] = slot;
                call_with(registers);
            } while ((int64_t)registers[0] == E_AGAIN);
        }
        if (number == CALL_INDEX_frame_claim && (int64_t)registers[0] > 0) {
            random.frames[i % 8] = registers[0];
        }
    }
    /* Its slots may hold nothing any more; an invalid opcode is reported by the kernel. */
    __asm__ volatile("ud2");
}

#endif
