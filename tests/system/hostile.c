/*
 * A domain that makes random system calls, biased to boundaries, with a fixed seed: thousands a
 * round, each round in a new domain. After each, its end must give back every frame, the kernel's
 * invariants must hold, and a victim's memory must be as it was. On the checking kernel the
 * invariants are checked after every single call.
 */
#include <stdbool.h>
#include <string.h>

#include "tests/system/check.h"

/* The hostile function is copied elsewhere: it may refer to nothing but itself. */
#pragma GCC optimize("no-jump-tables", "no-tree-loop-distribute-patterns", "no-tree-vectorize")

#define ROUNDS 24
#define CALLS_PER_ROUND 1000
#define IDLE_YIELDS 50

#define OTHER 20
#define ENDPOINT 21
#define CLIENT 22
#define REPLY 23
#define THREAD 24
#define FAULTS 25
#define DONE (FAULT_MESSAGE + 6)

/* What the hostile domain is given, by slot of its own. */
enum { ITS_CLIENT = 3, ITS_ENDPOINT, ITS_PORTS, ITS_LINES, ITS_DEVICE, ITS_MACHINE };

#define HOSTILE __attribute__((always_inline)) static inline

struct random {
    uint64_t state;
    uint64_t frames[8]; /* what claims returned: names that mean something */
};

HOSTILE uint64_t next(struct random *random)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return random->state;
}

/* One argument: a slot, a small number, a frame, an address at some boundary, anything. */
HOSTILE uint64_t argument(struct random *random)
{
    uint64_t pick = next(random), value = next(random);
    switch (pick % 8) {
    case 0:
    case 1:
        return value % 16;
    case 2:
        return value % (SLOTS_PER_DOMAIN + 4);
    case 3:
        return random->frames[value % 8];
    case 4:
        return (value % 0x9000) << FRAME_SHIFT;
    case 5:
        return PROGRAM_BASE + 0x1000000 + ((value % 64) << FRAME_SHIFT);
    case 6:
        return (1ull << value % 64) + (value >> 8) % 3 - 1;
    default:
        return (value & 7) | (value & 8 ? 9 << 8 : 0) | (value & 16 ? value << 32 : 0);
    }
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
    struct random random = {.state = seed};
    uint64_t registers[11];
    for (unsigned i = 0; i < CALLS_PER_ROUND; i++) {
        uint64_t number = next(&random) % (COCOS_CALL_COUNT + 1);
        for (unsigned k = 1; k < 11; k++) {
            registers[k] = argument(&random);
        }
        if (number <= CALL_INDEX_wait) {
            /* Mostly a message that could be one: small slots, no range, no waiting. A call waits
             * for its answer, so it goes where one comes from. */
            bool waits = number == CALL_INDEX_call && next(&random) % 4 == 0;
            registers[1] &= waits ? 0x000f000f00000000ull : 0x000f000f000f000full;
            registers[1] |= waits ? ITS_CLIENT : 0;
            registers[8] = next(&random) % 8 == 0 ? registers[8] : 0;
            registers[10] = waits ? DEADLINE_NEVER : DEADLINE_NOW;
        }
        if (number == CALL_INDEX_slot_drop) {
            registers[2] |= 16; /* it keeps what it was given: that makes it more dangerous */
        }
        registers[0] = COCOS_CALL_BASE + number;
        call_with(registers);
        if (number == CALL_INDEX_frame_claim && (int64_t)registers[0] > 0) {
            random.frames[i % 8] = registers[0];
        }
    }
    /* Its slots may hold nothing any more; an invalid opcode is reported by the kernel. */
    __asm__ volatile("ud2");
}

static uint64_t victim[4096];

static uint64_t checksum(void)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof victim / sizeof victim[0]; i++) {
        sum = sum * 31 + victim[i];
    }
    return sum;
}

static void give_page(uint64_t at, const void *content, size_t bytes, uint32_t rights)
{
    uint64_t frame = claim(ORDER_FRAME, MAP_READ | MAP_WRITE);
    memcpy((void *)frame, content, bytes);
    EXPECT(OK, sys_page_map(OTHER, at, frame, rights));
    EXPECT(OK, sys_frame_give(frame, ORDER_FRAME, OTHER, 0));
}

static void give_slots(void)
{
    EXPECT(OK, sys_slot_copy(OTHER, SLOT_SELF, OTHER, RIGHT_CONTROL | RIGHT_COPY, 0));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_CLIENT, CLIENT, RIGHT_SEND | RIGHT_COPY, 0));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_ENDPOINT, ENDPOINT, RIGHT_ALL & ~RIGHT_CONTROL, 7));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_PORTS, SLOT_INIT_PORTS, RIGHT_ALL, 0x80 | 1ull << 32));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_LINES, SLOT_INIT_INTERRUPTS, RIGHT_ALL, 9 | 2ull << 32));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_DEVICE, SLOT_INIT_DEVICES, RIGHT_ALL,
                             VGA_TEXT_FRAME >> FRAME_SHIFT | 8ull << 32));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_MACHINE, SLOT_INIT_MACHINE, RIGHT_COPY, 0));
}

static void start_hostile(uint64_t seed)
{
    const char *code = (const char *)((uint64_t)hostile & ~(FRAME_BYTES - 1));
    make_domain(OTHER, 300);
    fund(OTHER, 12);
    for (unsigned i = 0; i < 2; i++) {
        give_page(PROGRAM_BASE + i * FRAME_BYTES, code + i * FRAME_BYTES, FRAME_BYTES,
                  MAP_READ | MAP_EXECUTE);
    }
    give_page(STACK_TOP - FRAME_BYTES, "", 1, MAP_READ | MAP_WRITE);
    give_slots();
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_FAULT_ENDPOINT, FAULTS));
    EXPECT(OK, sys_thread_create(THREAD, claim_object(), OTHER));
    uint64_t entry = PROGRAM_BASE + ((uint64_t)hostile & (FRAME_BYTES - 1));
    EXPECT(OK, sys_thread_start(THREAD, entry, STACK_TOP - 8, seed));
}

/* Answers whatever comes until the domain has made all its calls (true), or does nothing any more:
 * it has hurt itself, or waits for ever. */
static bool serve(unsigned *messages)
{
    for (unsigned idle = 0; idle < IDLE_YIELDS;) {
        struct message message = {.words = {0}};
        int64_t got = sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message);
        if (got == RECEIVED_CALL) {
            bool done = message.words[0] == DONE;
            ++*messages;
            sys_reply(REPLY, &message);
            if (done) {
                return true;
            }
        }
        idle = got == E_TIMEOUT ? idle + 1 : 0;
        sys_yield();
    }
    return false;
}

int main(void)
{
    fund(SLOT_SELF, 16);
    for (size_t i = 0; i < sizeof victim / sizeof victim[0]; i++) {
        victim[i] = i * 0x9e3779b97f4a7c15ull;
    }
    uint64_t sum = checksum();
    unsigned messages = 0, whole = 0;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        uint64_t before = free_frames();
        uint64_t endpoint = claim_object();
        EXPECT(OK, sys_endpoint_create(ENDPOINT, endpoint));
        EXPECT(OK, sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_SEND | RIGHT_COPY, 0));
        EXPECT(OK, sys_slot_copy(SLOT_SELF, FAULTS, ENDPOINT, RIGHT_SEND, 2));
        start_hostile(round * 0x2545f4914f6cdd1dull);
        whole += serve(&messages);
        EXPECT(OK, sys_domain_destroy(OTHER));
        EXPECT(OK, sys_slot_drop(OTHER));
        EXPECT(OK, sys_slot_drop(THREAD));
        if (sys_slot_query(SLOT_SELF, REPLY) != CAP_EMPTY) {
            EXPECT(OK, sys_slot_drop(REPLY));
        }
        EXPECT(OK, sys_object_destroy(ENDPOINT));
        EXPECT(OK, sys_frame_release(endpoint, ORDER_FRAME));
        EXPECT(OK, sys_slot_drop(CLIENT));
        EXPECT(OK, sys_slot_drop(FAULTS));
        EXPECT(0, sys_machine_query(SLOT_INIT_MACHINE, MACHINE_CHECK));
        EXPECT(sum, checksum());
        EXPECT(before, free_frames());
    }
    printf("hostile: %u rounds of %u calls, %u to their end, %u messages\n", ROUNDS,
           CALLS_PER_ROUND, whole, messages);
    end_test();
}
