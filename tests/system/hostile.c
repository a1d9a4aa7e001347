/*
 * A domain that makes random system calls, of all there are, biased to boundaries, with a fixed
 * seed: a thousand a round, each round in a new domain, 50,000 in all or as many as the kernel's
 * command line says (calls=1000000). It holds itself, another domain that it may do anything to, a
 * victim that takes grants, and a part of everything else. After each round all frames must have
 * come back, the kernel's invariants must hold, and the victim's memory must be as it was; after
 * the last, all memory can be claimed. On the checking kernel the invariants are checked after
 * every single call.
 */
#include <stdbool.h>
#include <string.h>

#include <cocos/clock.h>

#include "tests/system/hostile_calls.h"

#define CALLS 50000
#define IDLE_LOOKS 100
#define LOOK_NS 2000000u

#define OTHER 20
#define ENDPOINT 21
#define CLIENT 22
#define REPLY 23
#define THREAD 24
#define FAULTS 25
#define CHILD 26 /* a domain for the hostile one to play with */
#define DONE (FAULT_MESSAGE + 6)

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
    EXPECT(OK, sys_slot_copy(OTHER, ITS_THREAD, THREAD, RIGHT_ALL, 0));
    uint64_t entry = PROGRAM_BASE + ((uint64_t)hostile & (FRAME_BYTES - 1));
    EXPECT(OK, sys_thread_start(THREAD, entry, STACK_TOP - 8, seed));
}

/* Answers whatever comes until the domain has made all its calls (true), or does nothing any more:
 * it has hurt itself, or waits for ever. */
static bool serve(unsigned *messages)
{
    for (unsigned idle = 0; idle < IDLE_LOOKS;) {
        struct message message = {.receive_frames = 16};
        int64_t got = sys_wait(ENDPOINT, REPLY, clock_now() + LOOK_NS, &message);
        if (got == RECEIVED_CALL) {
            bool done = message.words[0] == DONE;
            ++*messages;
            sys_reply(REPLY, &message);
            if (done) {
                return true;
            }
        }
        idle = got == E_TIMEOUT ? idle + 1 : 0;
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
        bool memory =
            info.type == FRAME_RAM || info.type == FRAME_DIRTY || info.type == FRAME_DEVICE;
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
