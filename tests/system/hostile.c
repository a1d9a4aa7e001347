/*
 * A domain that makes random system calls, of all there are, biased to boundaries, with a fixed
 * seed: a thousand a round, each round in a new domain, 50,000 in all or as many as the kernel's
 * command line says (calls=1000000). It holds itself, another domain that it may do anything to, a
 * victim that takes grants, and a part of everything else. After each round all frames must have
 * come back, the kernel's invariants must hold, and the victim's memory must be as it was; after the
 * last, all memory can be claimed. On the checking kernel the invariants are checked after every
 * single call.
 */
#include <stdbool.h>
#include <string.h>

#include "tests/system/puppet.h"

/* The hostile function is copied elsewhere: it may refer to nothing but itself. */
#pragma GCC optimize("no-jump-tables", "no-tree-loop-distribute-patterns", "no-tree-vectorize")

#define CALLS 50000
#define CALLS_PER_ROUND 1000
#define IDLE_YIELDS 1000 /* many: on a slow machine each is a short time */

#define OTHER 20
#define ENDPOINT 21
#define CLIENT 22
#define REPLY 23
#define THREAD 24
#define FAULTS 25
#define CHILD 26 /* a domain for the hostile one to play with */
#define DONE (FAULT_MESSAGE + 6)

/* What the hostile domain is given, by slot of its own. */
enum {
    ITS_ENDPOINT = ITS_FREE,
    ITS_PORTS,
    ITS_LINES,
    ITS_DEVICE,
    ITS_MACHINE,
    ITS_CHILD,
    ITS_VICTIM
};

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
        if (number <= CALL_INDEX_wait) {
            /* Mostly a message that could be one: small slots, no range, no waiting. A call waits
             * for its answer, so it goes where one comes from. */
            bool waits = number == CALL_INDEX_call && next(&random) % 4 == 0;
            registers[1] &= waits ? 0x000f000f00000000ull : 0x000f000f000f000full;
            registers[1] |= waits ? ITS_CLIENT : 0;
            uint64_t run = next(&random);
            registers[8] = run % 8 == 0 ? registers[8] : 0;
            if (run % 8 > 4) { /* frames that come along, and how many are taken */
                registers[8] = MESSAGE_RUN(random.frames[run >> 8 & 7] & ~(FRAME_BYTES - 1),
                                           run >> 16 & 3, run >> 24 & 7);
                registers[9] = run >> 32 & 1023;
            }
            registers[10] = waits ? DEADLINE_NEVER : DEADLINE_NOW;
        }
        if (next(&random) % 4 != 0) {
            make_likely(&random, number, registers);
        }
        if (number == CALL_INDEX_domain_destroy) {
            registers[2] |= next(&random) % 16 ? 16 : 0; /* its child is not to end at once */
        }
        if (number == CALL_INDEX_slot_drop) {
            registers[2] |= 16; /* it keeps what it was given: that makes it more dangerous */
        }
        registers[0] = COCOS_CALL_BASE + number;
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

/* ---- The victim: its own memory, and that of the test, stay as they are ---- */

static uint64_t victim_words[4096], victim_run;
static struct puppet victim;

static uint64_t checksum(void)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof victim_words / sizeof victim_words[0]; i++) {
        sum = sum * 31 + victim_words[i];
    }
    return sum;
}

static void make_victim(void)
{
    victim = puppet_make(0, 40, 8);
    victim_run = (uint64_t)PUPPET_CALL(&victim, frame_claim, ZONE_ANY, 2, RW);
    for (uint64_t i = 0; i < 4; i++) {
        EXPECT(true, puppet_writes(&victim, victim_run + i * FRAME_BYTES, i + 100));
    }
    EXPECT(OK, sys_domain_set(victim.domain, DOMAIN_ACCEPT, 200));
}

static void check_victim(uint64_t sum)
{
    EXPECT(sum, checksum());
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t at = victim_run + i * FRAME_BYTES;
        EXPECT(i + 100, puppet_do(&victim, PUPPET_READ, at, 0, 0, 0, 0));
    }
    int64_t frame = PUPPET_CALL(&victim, frame_claim, ZONE_ANY, 0, 0);
    EXPECT(true, frame > 0); /* it can still work */
    EXPECT(OK, PUPPET_CALL(&victim, frame_release, (uint64_t)frame, 0));
}

/* ---- The hostile domain ---- */

static void give_page(uint64_t at, const void *content, size_t bytes, uint32_t rights)
{
    uint64_t frame = claim(ORDER_FRAME, MAP_READ | MAP_WRITE);
    memcpy((void *)frame, content, bytes);
    EXPECT(OK, sys_page_map(OTHER, at, frame, rights));
    EXPECT(OK, sys_frame_give(frame, ORDER_FRAME, OTHER, 0));
}

static void give_slots(void)
{
    EXPECT(OK, sys_slot_copy(OTHER, SLOT_SELF, OTHER, RIGHT_ALL, 0));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_CHILD, CHILD, RIGHT_ALL, 0));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_VICTIM, victim.domain, RIGHT_GRANT | RIGHT_COPY, 0));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_CLIENT, CLIENT, RIGHT_SEND | RIGHT_COPY, 0));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_ENDPOINT, ENDPOINT, RIGHT_ALL & ~RIGHT_CONTROL, 7));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_PORTS, SLOT_INIT_PORTS, RIGHT_ALL, 0x80 | 1ull << 32));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_LINES, SLOT_INIT_INTERRUPTS, RIGHT_ALL, 9 | 2ull << 32));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_DEVICE, SLOT_INIT_DEVICES, RIGHT_ALL,
                             VGA_TEXT_FRAME >> FRAME_SHIFT | 8ull << 32));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_MACHINE, SLOT_INIT_MACHINE, RIGHT_COPY | RIGHT_INSPECT, 0));
}

static void start_hostile(uint64_t seed)
{
    const char *code = (const char *)((uint64_t)hostile & ~(FRAME_BYTES - 1));
    make_domain(CHILD, 100);
    fund(CHILD, 12);
    EXPECT(OK, sys_domain_set(CHILD, DOMAIN_ACCEPT, 1000));
    make_domain(OTHER, 300);
    fund(OTHER, 12);
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_ACCEPT, 1000));
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
        struct message message = {.receive_frames = 16};
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

static uint64_t owner_of(uint64_t address)
{
    struct frame_info info;
    EXPECT(OK, sys_frame_query(SLOT_INIT_MACHINE, address, &info));
    return info.owner;
}

/* What the hostile domain left in use passed to its creator, which is this one: all that this one
 * owns and nobody maps, since it has no such frames itself. */
static bool release_inherited(void)
{
    bool found = false;
    uint64_t mine = claim_object(); /* found below, with the others */
    uint64_t own = owner_of(mine);
    struct frame_info info;
    for (uint64_t at = 0; sys_frame_query(SLOT_INIT_MACHINE, at, &info) == OK; at = info.end) {
        bool memory = info.type == FRAME_RAM || info.type == FRAME_DIRTY ||
                      info.type == FRAME_DEVICE;
        if (memory && info.owner == own && info.mappings == 0) {
            for (; at < info.end; at += FRAME_BYTES << info.order) {
                EXPECT(OK, sys_frame_release(at, info.order));
                found |= at != mine;
            }
        }
    }
    return found;
}

static void end_other(void)
{
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(OK, sys_slot_drop(THREAD));
    if (sys_slot_query(SLOT_SELF, REPLY) != CAP_EMPTY) {
        EXPECT(OK, sys_slot_drop(REPLY));
    }
}

static void end_friends(void)
{
    int64_t ended = sys_domain_destroy(CHILD);
    EXPECT(ended == E_DEAD ? E_DEAD : OK, ended); /* dead: the hostile one has ended it */
    EXPECT(OK, sys_slot_drop(CHILD));
    puppet_end(&victim);
}

/* In odd rounds the hostile domain ends first, and what others hold of it passes on. */
static bool play(uint64_t round, uint64_t sum, unsigned *messages)
{
    uint64_t top = ((const struct system_page *)SYSTEM_PAGE)->top >> FRAME_SHIFT;
    uint64_t endpoint = claim_object();
    EXPECT(OK, sys_endpoint_create(ENDPOINT, endpoint));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_SEND | RIGHT_COPY, 0));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, FAULTS, ENDPOINT, RIGHT_SEND, 2));
    make_victim();
    start_hostile((round * 0x2545f4914f6cdd1dull) >> 20 | (top < 0xf0000 ? top : 0xf0000) << 44);
    bool whole = serve(messages);
    check_victim(sum);
    if (round % 2) {
        end_other();
        check_victim(sum);
        end_friends();
    } else {
        end_friends();
        end_other();
    }
    while (release_inherited()) {
        /* again: with device memory go the records of it, which are memory then */
    }
    EXPECT(OK, sys_object_destroy(ENDPOINT));
    EXPECT(OK, sys_frame_release(endpoint, ORDER_FRAME));
    EXPECT(OK, sys_slot_drop(CLIENT));
    EXPECT(OK, sys_slot_drop(FAULTS));
    EXPECT(0, sys_machine_query(SLOT_INIT_MACHINE, MACHINE_CHECK));
    return whole;
}

/* Takes all memory there is and gives it back. */
static void claim_everything(void)
{
    static uint64_t runs[2048];
    unsigned count = 0;
    for (uint32_t order = ORDER_MAX + 1; order-- > 0;) {
        int64_t run;
        while (count < 2048 && (run = sys_frame_claim(ZONE_ANY, order, 0, 0)) > 0) {
            runs[count++] = (uint64_t)run | order;
        }
    }
    EXPECT(0, free_frames());
    while (count-- > 0) {
        EXPECT(OK, sys_frame_release(runs[count] & ~(FRAME_BYTES - 1), runs[count] % FRAME_BYTES));
    }
}

int main(int argc, char **argv)
{
    uint64_t calls = CALLS;
    for (int i = 1; i < argc; i++) {
        calls = strncmp(argv[i], "calls=", 6) == 0 ? strtoull(argv[i] + 6, NULL, 10) : calls;
    }
    fund(SLOT_SELF, 16);
    puppets_begin();
    for (size_t i = 0; i < sizeof victim_words / sizeof victim_words[0]; i++) {
        victim_words[i] = i * 0x9e3779b97f4a7c15ull;
    }
    uint64_t sum = checksum(), rounds = calls / CALLS_PER_ROUND, before = ledger();
    unsigned messages = 0, whole = 0;
    for (uint64_t round = 1; round <= rounds; round++) {
        whole += play(round, sum, &messages);
        EXPECT(before, ledger());
    }
    claim_everything();
    EXPECT(before, ledger());
    printf("hostile: %u rounds of %u calls, %u to their end, %u messages\n", (unsigned)rounds,
           CALLS_PER_ROUND, whole, messages);
    end_test();
}
