/*
 * slot_move, each success and every error listed; and copies beside it: rights and ranges never
 * grow, whatever way a capability goes.
 */
#include "tests/system/check.h"

#define ENDPOINT 20 /* with every right */
#define CLIENT 21   /* the same, to send, badged */
#define REPLY 22
#define THREAD 23
#define FROM 24
#define TO 25
#define OTHER 26
#define ANSWERS 27 /* where the helper thread reports */
#define PARKED 28
#define ITS_SLOT 40
#define BADGE 0x77

static uint8_t helper_stack[16384] __attribute__((aligned(16)));
static volatile int64_t helper_result;
static volatile uint64_t helper_word;

/* Either calls CLIENT, or waits at ENDPOINT with the slot REPLY; then stops for ever. */
static void helper(uint64_t calls)
{
    struct message message = {.words = {1}};
    message.send_slot = message.receive_slot = SLOT_NONE;
    helper_result =
        calls ? sys_call(CLIENT, &message) : sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message);
    helper_word = message.words[0];
    sys_call(ANSWERS, &message); /* nobody receives there */
}

static void let_helper_run(void)
{
    for (unsigned i = 0; i < 4; i++) {
        sys_yield();
    }
}

static void start_helper(uint64_t calls)
{
    EXPECT(OK, sys_thread_create(THREAD, claim_object(), SLOT_SELF));
    EXPECT(OK, sys_thread_start(THREAD, (uint64_t)helper,
                                (uint64_t)(helper_stack + sizeof helper_stack - 8), calls));
    let_helper_run();
}

static void end_helper(void)
{
    let_helper_run();
    EXPECT(OK, sys_object_destroy(THREAD));
}

static void make_endpoint(void)
{
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_SEND, BADGE));
}

static void end_endpoint(void)
{
    EXPECT(OK, sys_object_destroy(ENDPOINT));
    EXPECT(OK, sys_slot_drop(CLIENT));
}

/* What moved is what it was, and no longer where it was; nothing needs RIGHT_COPY at home. */
static void test_own_table(void)
{
    make_endpoint();
    EXPECT(OK, sys_slot_move(SLOT_SELF, TO, ENDPOINT));
    EXPECT(CAP_EMPTY, sys_slot_query(SLOT_SELF, ENDPOINT));
    EXPECT(CAP_ENDPOINT | RIGHT_ALL << 8, sys_slot_query(SLOT_SELF, TO));
    EXPECT(E_SLOT, sys_signal(ENDPOINT, 1));
    EXPECT(OK, sys_signal(TO, 1));
    EXPECT(OK, sys_slot_move(SLOT_SELF, ENDPOINT, TO));

    /* CLIENT has the right to send, and no other. The badge goes with it. */
    EXPECT(OK, sys_slot_move(SLOT_SELF, TO, CLIENT));
    EXPECT(CAP_ENDPOINT | RIGHT_SEND << 8, sys_slot_query(SLOT_SELF, TO));
    EXPECT(OK, sys_slot_move(SLOT_SELF, CLIENT, TO));
    start_helper(1);
    struct message message = {.words = {0}};
    EXPECT(RECEIVED_SIGNAL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(BADGE, message.badge);
    EXPECT(OK, sys_reply(REPLY, &message));
    end_helper();

    /* A range is the same range elsewhere. */
    EXPECT(OK, sys_slot_copy(SLOT_SELF, FROM, SLOT_INIT_PORTS, RIGHT_ALL, 0x80 | 2ull << 32));
    EXPECT(OK, sys_slot_move(SLOT_SELF, TO, FROM));
    EXPECT(E_ARGUMENT, sys_slot_copy(SLOT_SELF, FROM, TO, RIGHT_ALL, 0x80 | 3ull << 32));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, FROM, TO, RIGHT_ALL, 0x81 | 1ull << 32));
    EXPECT(OK, sys_slot_drop(FROM));
    EXPECT(OK, sys_slot_drop(TO));
    end_endpoint();
}

/* A call is answered from the slot that its reply capability was moved to. */
static void test_reply(void)
{
    struct message message = {.words = {0}};
    make_endpoint();
    make_domain(OTHER, 100);
    start_helper(1);
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(E_ARGUMENT, sys_slot_copy(SLOT_SELF, PARKED, REPLY, RIGHT_ALL, 0));
    EXPECT(E_ARGUMENT, sys_slot_move(OTHER, ITS_SLOT, REPLY));
    EXPECT(OK, sys_slot_move(SLOT_SELF, PARKED, REPLY));
    EXPECT(E_SLOT, sys_reply(REPLY, &message));
    EXPECT(CAP_REPLY, sys_slot_query(SLOT_SELF, PARKED) & 0xff);
    /* The slot is free for the next call. */
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    message.words[0] = 123;
    message.send_slot = SLOT_NONE;
    EXPECT(OK, sys_reply(PARKED, &message));
    let_helper_run();
    EXPECT(OK, helper_result);
    EXPECT(123, helper_word);
    EXPECT(E_SLOT, sys_slot_move(SLOT_SELF, TO, PARKED));
    end_helper();
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    end_endpoint();
}

/* The slot that a waiting thread has named stays where it is. */
static void test_awaited(void)
{
    make_endpoint();
    start_helper(0);
    EXPECT(CAP_AWAITED, sys_slot_query(SLOT_SELF, REPLY) & 0xff);
    EXPECT(E_OCCUPIED, sys_slot_move(SLOT_SELF, TO, REPLY));
    EXPECT(E_OCCUPIED, sys_slot_move(SLOT_SELF, REPLY, ENDPOINT));
    EXPECT(CAP_EMPTY, sys_slot_query(SLOT_SELF, TO));
    EXPECT(OK, sys_signal(ENDPOINT, 4));
    let_helper_run();
    EXPECT(RECEIVED_SIGNAL, helper_result);
    end_helper();
    end_endpoint();
}

/* Into another domain's table: what may be copied. */
static void test_other_table(void)
{
    make_endpoint();
    make_domain(OTHER, 100);
    EXPECT(E_RIGHTS, sys_slot_move(OTHER, ITS_SLOT, CLIENT));
    EXPECT(CAP_ENDPOINT | RIGHT_SEND << 8, sys_slot_query(SLOT_SELF, CLIENT));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, FROM, ENDPOINT, RIGHT_SEND | RIGHT_COPY, 0));
    EXPECT(OK, sys_slot_move(OTHER, ITS_SLOT, FROM));
    EXPECT(CAP_EMPTY, sys_slot_query(SLOT_SELF, FROM));
    EXPECT(CAP_ENDPOINT | (RIGHT_SEND | RIGHT_COPY) << 8, sys_slot_query(OTHER, ITS_SLOT));

    EXPECT(OK, sys_slot_copy(SLOT_SELF, FROM, ENDPOINT, RIGHT_SEND | RIGHT_COPY, 0));
    EXPECT(E_OCCUPIED, sys_slot_move(OTHER, ITS_SLOT, FROM));
    EXPECT(E_SLOT, sys_slot_move(OTHER, SLOT_NONE, FROM));
    EXPECT(E_SLOT, sys_slot_move(OTHER, SLOTS_PER_DOMAIN, FROM));
    EXPECT(CAP_ENDPOINT | (RIGHT_SEND | RIGHT_COPY) << 8, sys_slot_query(SLOT_SELF, FROM));
    EXPECT(OK, sys_slot_drop(FROM));

    /* Its table is only for who controls it. */
    EXPECT(OK, sys_slot_copy(SLOT_SELF, FROM, OTHER, RIGHT_ALL & ~RIGHT_CONTROL, 0));
    EXPECT(E_RIGHTS, sys_slot_move(FROM, ITS_SLOT + 1, ENDPOINT));
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(E_DEAD, sys_slot_move(OTHER, ITS_SLOT, ENDPOINT));
    EXPECT(E_DEAD, sys_slot_move(SLOT_SELF, TO, FROM)); /* what it was for is gone */
    EXPECT(OK, sys_slot_drop(FROM));
    EXPECT(OK, sys_slot_drop(OTHER));
    end_endpoint();
}

static void test_errors(void)
{
    make_endpoint();
    EXPECT(E_SLOT, sys_slot_move(SLOT_NONE, TO, ENDPOINT));
    EXPECT(E_SLOT, sys_slot_move(SLOTS_PER_DOMAIN, TO, ENDPOINT));
    EXPECT(E_SLOT, sys_slot_move(TO, TO, ENDPOINT));
    EXPECT(E_TYPE, sys_slot_move(ENDPOINT, TO, ENDPOINT));
    EXPECT(E_SLOT, sys_slot_move(SLOT_SELF, TO, SLOT_NONE));
    EXPECT(E_SLOT, sys_slot_move(SLOT_SELF, TO, FROM));
    EXPECT(E_SLOT, sys_slot_move(SLOT_SELF, TO, SLOTS_PER_DOMAIN));
    EXPECT(E_SLOT, sys_slot_move(SLOT_SELF, TO, 0xffffffff));
    EXPECT(E_SLOT, sys_slot_move(SLOT_SELF, SLOT_NONE, ENDPOINT));
    EXPECT(E_SLOT, sys_slot_move(SLOT_SELF, SLOTS_PER_DOMAIN, ENDPOINT));
    EXPECT(E_OCCUPIED, sys_slot_move(SLOT_SELF, SLOT_SELF, ENDPOINT));
    EXPECT(E_OCCUPIED, sys_slot_move(SLOT_SELF, ENDPOINT, ENDPOINT));
    EXPECT(CAP_ENDPOINT | RIGHT_ALL << 8, sys_slot_query(SLOT_SELF, ENDPOINT));

    /* A slot whose object has ended is free to be moved to. */
    EXPECT(OK, sys_endpoint_create(TO, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, FROM, TO, RIGHT_SEND, 0));
    EXPECT(OK, sys_object_destroy(TO));
    EXPECT(E_DEAD, sys_slot_move(SLOT_SELF, PARKED, FROM));
    EXPECT(OK, sys_slot_move(SLOT_SELF, FROM, ENDPOINT));
    EXPECT(OK, sys_slot_move(SLOT_SELF, ENDPOINT, FROM));
    end_endpoint();
}

int main(void)
{
    EXPECT(OK, sys_endpoint_create(ANSWERS, claim_object()));
    test_own_table();
    test_reply();
    test_awaited();
    test_other_table();
    test_errors();
    end_test();
}
