/*
 * How the loan of a run that came with a call ends without an answer, and what may become of the
 * run meanwhile: the receiver lets go or ends, the caller is stopped or its domain ends, the owner
 * revokes or gives away what it lent, two callers lend the same. See calls_ranges.c.
 */
#include "tests/system/clone.h"
#include "tests/system/list.h"

#define RW (MAP_READ | MAP_WRITE)
#define ENDPOINT 20
#define CLIENT 21
#define REPLY 22
#define THREAD 23
#define OTHER 24
#define HELPER 25
#define SECOND 26 /* a second helper thread; in another test a third domain */
#define ANSWERS 99

/* Slots of the other domain. */
#define ITS_ENDPOINT 3
#define ITS_REPLY 4
#define ITS_HELD 5 /* and the next one */

static uint64_t self; /* the own domain's object */

/* ---- What the other domain runs ---- */

/* HOLD keeps the caller waiting; the others are answered with how many wait. */
enum { HOLD, LET_GO, ANSWER, REVOKE, RECEIVED };

/* Does what it is told with the callers it holds. */
static void holding_server(uint64_t frames)
{
    uint64_t runs[2] = {0};
    uint32_t held = 0;
    struct message message = {.receive_frames = frames};
    while (sys_wait(ITS_ENDPOINT, held < 2 ? ITS_HELD + held : ITS_REPLY, DEADLINE_NEVER,
                    &message) == RECEIVED_CALL) {
        uint32_t reply = held < 2 ? ITS_HELD + held : ITS_REPLY;
        if (message.words[0] == HOLD) {
            runs[held++] = message.received_run;
            continue;
        }
        struct message empty = {.words = {0}};
        int64_t result = message.words[0] == RECEIVED ? (int64_t)runs[message.words[1]] : OK;
        if (message.words[0] == REVOKE) {
            result = sys_frame_revoke(MESSAGE_RUN_ADDRESS(runs[0]),
                                      (uint32_t)MESSAGE_RUN_ORDER(runs[0]), SLOT_SELF);
        }
        while (held > 0 && (message.words[0] == LET_GO || message.words[0] == ANSWER)) {
            held--;
            result = message.words[0] == LET_GO ? sys_slot_drop(ITS_HELD + held)
                                                : sys_reply(ITS_HELD + held, &empty);
        }
        message = (struct message){.words = {(uint64_t)result}, .receive_frames = frames};
        sys_reply(reply, &message);
    }
}

/* ---- Helper threads of the own domain, which lend ---- */

static uint8_t stacks[2][16384] __attribute__((aligned(16)));
static volatile int64_t results[2];
static uint64_t helper_run;

static void helper(uint64_t index)
{
    struct message message = {.words = {HOLD}, .send_run = helper_run};
    results[index] = sys_call(CLIENT, &message);
    for (;;) {
        sys_yield();
    }
}

static void start_helper(uint32_t index, uint64_t run)
{
    results[index] = 1234;
    helper_run = run;
    EXPECT(OK, sys_thread_create(HELPER + index, claim_object(), SLOT_SELF));
    EXPECT(OK, sys_thread_start(HELPER + index, (uint64_t)helper,
                                (uint64_t)(stacks[index] + sizeof stacks[index] - 8), index));
    for (unsigned i = 0; i < 4; i++) {
        sys_yield();
    }
}

static void end_helper(uint32_t index, int64_t result)
{
    for (unsigned i = 0; i < 4; i++) {
        sys_yield();
    }
    EXPECT(result, results[index]);
    EXPECT(OK, sys_object_destroy(HELPER + index));
}

static int64_t tell(uint64_t request, uint64_t argument)
{
    struct message message = {.words = {request, argument}};
    EXPECT(OK, sys_call(CLIENT, &message));
    return (int64_t)message.words[0];
}

static uint64_t make_server(void)
{
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_SEND, 0));
    uint64_t object = clone_make(OTHER, 4096);
    EXPECT(OK, sys_slot_copy(OTHER, ITS_ENDPOINT, ENDPOINT, RIGHT_SEND | RIGHT_RECEIVE, 0));
    fund(OTHER, 6);
    clone_start(OTHER, THREAD, holding_server, 1024);
    return object;
}

static void end_endpoint(void)
{
    EXPECT(OK, sys_object_destroy(ENDPOINT));
    EXPECT(OK, sys_slot_drop(CLIENT));
}

/* ---- The receiver ---- */

static void test_receiver_goes(void)
{
    uint64_t object = make_server(), address = claim(3, RW);
    uint64_t run = MESSAGE_RUN(address, 3, RW);
    start_helper(0, run);
    EXPECT(PTE_AVL_CARRIED, kind_of(object, address, 3));
    EXPECT(E_BUSY, sys_frame_release(address, 3));
    EXPECT(OK, tell(LET_GO, 0));
    EXPECT(0, kind_of(object, address, 3));
    end_helper(0, E_DROPPED);

    /* It ends the loan itself, before it answers; its account of grants does not grow by that. */
    start_helper(0, run);
    EXPECT(OK, tell(REVOKE, 0));
    EXPECT(0, kind_of(object, address, 3));
    EXPECT(E_NOT_ACCEPTED, sys_frame_grant(address, 3, OTHER, RW));
    EXPECT(E_NOT_GRANTED, tell(REVOKE, 0));
    EXPECT(OK, tell(ANSWER, 0));
    end_helper(0, OK);

    /* It ends: with two loans at once, and the memory is free of it at the first step. */
    start_helper(0, run);
    uint64_t block = claim(ORDER_BLOCK, RW);
    start_helper(1, MESSAGE_RUN(block, ORDER_BLOCK, RW));
    clone_end(OTHER, THREAD);
    end_helper(0, E_GONE);
    end_helper(1, E_GONE);
    EXPECT(OK, sys_frame_release(address, 3));
    EXPECT(OK, sys_frame_release(block, ORDER_BLOCK));
    end_endpoint();
}

/* ---- The caller ---- */

static void test_caller_goes(void)
{
    uint64_t object = make_server(), address = claim(0, RW);
    start_helper(0, MESSAGE_RUN(address, 0, RW));
    EXPECT(PTE_AVL_CARRIED, kind_of(object, address, 0));
    EXPECT(OK, sys_object_destroy(HELPER));
    EXPECT(0, kind_of(object, address, 0));
    EXPECT(E_DEAD, tell(ANSWER, 0));
    EXPECT(OK, sys_frame_release(address, 0));
    clone_end(OTHER, THREAD);
    end_endpoint();
}

static void lending_client(uint64_t order)
{
    int64_t address = sys_frame_claim(ZONE_ANY, (uint32_t)order, RW, 0);
    struct message message = {.words = {(uint64_t)address},
                              .send_run = MESSAGE_RUN(address, order, RW)};
    *(uint64_t *)address = 42;
    sys_call(ITS_ENDPOINT, &message);
}

/* The same, and takes a frame with the answer. */
static void accepting_client(uint64_t frames)
{
    int64_t address = sys_frame_claim(ZONE_ANY, ORDER_FRAME, RW, 0);
    struct message message = {.words = {(uint64_t)address},
                              .send_run = MESSAGE_RUN(address, ORDER_FRAME, RW),
                              .receive_frames = frames};
    sys_call(ITS_ENDPOINT, &message);
}

/* Its domain ends while main holds the loan: the loan ends with it, and the frames are free, or
 * main's, who is the heir. */
static void test_calling_domain_ends(void)
{
    struct message message = {.receive_frames = 512};
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_SEND, 0));
    for (uint32_t order = 0; order <= ORDER_BLOCK; order += ORDER_BLOCK) {
        clone_make(OTHER, 4096);
        EXPECT(OK, sys_slot_copy(OTHER, ITS_ENDPOINT, ENDPOINT, RIGHT_SEND, 0));
        fund(OTHER, 4);
        clone_start(OTHER, THREAD, lending_client, order);
        EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
        uint64_t address = message.words[0];
        EXPECT(MESSAGE_RUN(address, order, RW), message.received_run);
        EXPECT(42, *(volatile uint64_t *)address);
        clone_end(OTHER, THREAD);
        EXPECT(0, kind_of(self, address, order));
        EXPECT(E_DEAD, sys_reply(REPLY, &message));
        if (owner_of(address) == self) {
            EXPECT(OK, sys_frame_release(address, order));
        }
        EXPECT(0, owner_of(address));
    }
    end_endpoint();
}

/* ---- The run itself ---- */

static void test_revoked(void)
{
    uint64_t object = make_server(), address = claim(ORDER_BLOCK + 1, RW);
    start_helper(0, MESSAGE_RUN(address, ORDER_BLOCK + 1, RW));
    uint64_t second = address + BLOCK_BYTES;
    EXPECT(OK, sys_frame_revoke(second, ORDER_BLOCK, OTHER));
    EXPECT(0, kind_of(object, second, ORDER_BLOCK));
    EXPECT(PTE_AVL_CARRIED, kind_of(object, address, ORDER_BLOCK));
    EXPECT(E_NOT_GRANTED, sys_frame_revoke(second, ORDER_BLOCK, OTHER));
    /* What was revoked comes back in pieces of another size, and is granted in earnest. */
    EXPECT(OK, sys_frame_release(second, ORDER_BLOCK));
    EXPECT(second, sys_frame_claim(second, ORDER_FRAME, RW, 0));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_ACCEPT, 1));
    EXPECT(OK, sys_frame_grant(second, ORDER_FRAME, OTHER, MAP_READ));
    EXPECT(OK, tell(ANSWER, 0));
    end_helper(0, OK);
    EXPECT(0, kind_of(object, address, ORDER_BLOCK));
    EXPECT(PTE_AVL_LENT, kind_of(object, second, ORDER_FRAME));
    EXPECT(OK, sys_frame_revoke(second, ORDER_FRAME, OTHER));
    EXPECT(OK, sys_frame_release(second, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(address, ORDER_BLOCK));
    clone_end(OTHER, THREAD);
    end_endpoint();
}

static void test_given_away(void)
{
    uint64_t object = make_server(), address = claim(1, RW);
    /* To a third domain: the loan goes on until the answer. */
    make_domain(SECOND, 100);
    start_helper(0, MESSAGE_RUN(address, 1, RW));
    EXPECT(OK, sys_frame_give(address, 1, SECOND, 0));
    EXPECT(PTE_AVL_CARRIED, kind_of(object, address, 1));
    EXPECT(OK, tell(ANSWER, 0));
    end_helper(0, OK);
    EXPECT(0, kind_of(object, address, 1));
    EXPECT(OK, sys_domain_destroy(SECOND));
    EXPECT(OK, sys_slot_drop(SECOND));

    /* To the receiver itself: it stays. */
    address = claim(1, RW);
    start_helper(0, MESSAGE_RUN(address, 1, RW));
    EXPECT(OK, sys_frame_give(address, 1, OTHER, MAP_READ));
    EXPECT(OK, tell(ANSWER, 0));
    end_helper(0, OK);
    EXPECT(PTE_AVL_OWNED, kind_of(object, address, 1));
    EXPECT(object, owner_of(address));

    /* Before anyone received it: it does not arrive. */
    address = claim(1, RW);
    start_helper(0, MESSAGE_RUN(address, 1, RW));
    EXPECT(OK, tell(ANSWER, 0));
    end_helper(0, OK);
    clone_end(OTHER, THREAD);
    start_helper(0, MESSAGE_RUN(address, 1, RW));
    EXPECT(OK, sys_frame_release(address, 1));
    struct message message = {.receive_frames = 2};
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(0, message.received_run);
    EXPECT(OK, sys_reply(REPLY, &message));
    end_helper(0, OK);
    end_endpoint();
}

/* The same run twice: the second call brings nothing that would go with the first. */
static void test_lent_twice(void)
{
    uint64_t object = make_server(), address = claim(1, RW);
    uint64_t run = MESSAGE_RUN(address, 1, RW);
    start_helper(0, run);
    start_helper(1, run);
    EXPECT(run, tell(RECEIVED, 0));
    EXPECT(0, tell(RECEIVED, 1));
    EXPECT(OK, sys_object_destroy(HELPER + 1));
    EXPECT(PTE_AVL_CARRIED, kind_of(object, address, 1));
    tell(ANSWER, 0);
    end_helper(0, OK);
    EXPECT(0, kind_of(object, address, 1));
    EXPECT(OK, sys_frame_release(address, 1));
    clone_end(OTHER, THREAD);
    end_endpoint();
}

/* Within a domain there is nothing to lend: what it can access comes along, and stays. */
static void test_same_domain(void)
{
    struct message message = {.receive_frames = 1};
    uint64_t address = claim(0, MAP_READ);
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_SEND, 0));
    for (uint64_t rights = MAP_READ; rights <= RW; rights += MAP_WRITE) {
        start_helper(0, MESSAGE_RUN(address, 0, rights));
        EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
        EXPECT(rights == MAP_READ ? MESSAGE_RUN(address, 0, rights) : 0, message.received_run);
        EXPECT(OK, sys_reply(REPLY, &message));
        end_helper(0, OK);
        EXPECT(PTE_AVL_OWNED, kind_of(self, address, 0));
    }
    EXPECT(OK, sys_frame_access(address, 0, 0)); /* owned, but not accessible */
    start_helper(0, MESSAGE_RUN(address, 0, RW));
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(0, message.received_run);
    EXPECT(0, kind_of(self, address, 0));
    EXPECT(OK, sys_reply(REPLY, &message));
    end_helper(0, OK);
    EXPECT(OK, sys_frame_release(address, 0));
    end_endpoint();
}

static uint16_t mappings_of(uint64_t frame)
{
    struct frame_info info;
    EXPECT(OK, sys_frame_query(SLOT_INIT_MACHINE, frame, &info));
    return info.mappings;
}

/* Nothing is lent by a domain whose end has begun, or to one. */
static void test_dying(void)
{
    struct message message = {.receive_frames = 1};
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_SEND, 0));
    for (unsigned received = 0; received < 2; received++) {
        clone_make(OTHER, 4096);
        EXPECT(OK, sys_slot_copy(OTHER, ITS_ENDPOINT, ENDPOINT, RIGHT_SEND, 0));
        EXPECT(OK, sys_domain_set(OTHER, DOMAIN_ACCEPT, 1));
        fund(OTHER, 4);
        clone_start(OTHER, THREAD, accepting_client, 1);
        for (unsigned i = 0; i < 4; i++) {
            sys_yield();
        }
        if (received) {
            message.receive_frames = 0;
            EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
        }
        EXPECT(E_AGAIN, destroy_step(OTHER));
        if (!received) {
            EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
            EXPECT(1, message.words[0] > 1);
            EXPECT(0, message.received_run);
        }
        uint64_t frame = claim(0, RW);
        message = (struct message){.send_run = MESSAGE_RUN(frame, 0, RW)};
        EXPECT(OK, sys_reply(REPLY, &message));
        EXPECT(1, mappings_of(frame)); /* main's own */
        clone_end(OTHER, THREAD);
        EXPECT(OK, sys_frame_release(frame, 0));
    }
    end_endpoint();
}

int main(void)
{
    fund(SLOT_SELF, 16);
    self = own_object();
    test_receiver_goes();
    test_caller_goes();
    test_calling_domain_ends();
    test_revoked();
    test_given_away();
    test_lent_twice();
    test_same_domain();
    test_dying();
    end_test();
}
