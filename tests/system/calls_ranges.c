/*
 * A run of frames in a call: lent to the receiver until the call is answered, at the same address,
 * pointers inside it valid. Both ways, of each size; every error; and every case in which a message
 * arrives without its run. How loans end otherwise: calls_range_ends.c; runs in answers:
 * calls_range_answers.c.
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
#define ANSWERS 26
#define ABSENT_ADDRESS 0x3f00000000ull

/* Slots of the other domain. */
#define ITS_ENDPOINT 3
#define ITS_REPLY 4

static uint64_t self; /* the own domain's object */

/* ---- What the other domain runs ---- */

/* Lends a run of order `argument` with a list in it, and reports on what came back. */
static void lending_client(uint64_t order)
{
    int64_t address = sys_frame_claim(ZONE_ANY, (uint32_t)order, RW, 0);
    uint64_t bytes = FRAME_BYTES << order;
    struct node *list = list_make((uint64_t)address, bytes, 7, NULL);
    struct message message = {.words = {(uint64_t)address, list_sum(list)},
                              .send_run = MESSAGE_RUN(address, order, RW)};
    int64_t got = sys_call(ITS_ENDPOINT, &message);
    message = (struct message){.words = {(uint64_t)got, message.words[0], list_sum(list)}};
    sys_call(ITS_ENDPOINT, &message);
}

/* What a client tells the server below: the first word; the second is where a list begins. */
enum { SUM, ADD, TAKE };

/* Takes runs of up to `argument` frames (TAKE changes that); word 0 of its answers is the run that
 * came, word 1 the sum of the list. */
static void receiving_server(uint64_t frames)
{
    struct message message = {.receive_frames = frames};
    int64_t got = sys_wait(ITS_ENDPOINT, ITS_REPLY, DEADLINE_NEVER, &message);
    while (got == RECEIVED_CALL) {
        struct node *list = (struct node *)message.words[1];
        if (message.words[0] == TAKE) {
            frames = message.words[1];
        } else if (message.received_run != 0) {
            if (message.words[0] == ADD) {
                list_add(list, 1);
            }
            message.words[1] = list_sum(list);
        }
        message.words[0] = message.received_run;
        message.receive_frames = frames;
        got = sys_reply_wait(ITS_ENDPOINT, ITS_REPLY, DEADLINE_NEVER, &message);
    }
}

/* ---- Both sides ---- */

static uint64_t make_other(void (*run)(uint64_t), uint64_t argument, unsigned tables)
{
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_SEND, 0));
    uint64_t object = clone_make(OTHER, 4096);
    EXPECT(OK, sys_slot_copy(OTHER, ITS_ENDPOINT, ENDPOINT, RIGHT_SEND | RIGHT_RECEIVE, 0));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_FAULT_ENDPOINT, CLIENT));
    fund(OTHER, tables);
    clone_start(OTHER, THREAD, run, argument);
    return object;
}

static void end_other(void)
{
    clone_end(OTHER, THREAD);
    EXPECT(OK, sys_object_destroy(ENDPOINT));
    EXPECT(OK, sys_slot_drop(CLIENT));
}

static void test_received(uint32_t order)
{
    struct message message = {.receive_frames = 1ull << order};
    uint64_t before = ledger();
    uint64_t object = make_other(lending_client, order, 4);
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    uint64_t address = message.words[0];
    EXPECT(MESSAGE_RUN(address, order, RW), message.received_run);
    EXPECT(1ull << order, message.received_frames);
    EXPECT(PTE_AVL_CARRIED, kind_of(self, address, order));
    EXPECT(message.words[1], list_sum((struct node *)address));
    list_add((struct node *)address, 1000);
    uint64_t sum = list_sum((struct node *)address);
    EXPECT(object, owner_of(address));
    EXPECT(E_NOT_OWNER, sys_frame_release(address, order));
    message.words[0] = 5;
    EXPECT(OK, sys_reply(REPLY, &message));
    EXPECT(0, kind_of(self, address, order)); /* at once */
    EXPECT(0, kind_of(self, address + ((FRAME_BYTES << order) - FRAME_BYTES), ORDER_FRAME));

    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(0, message.received_run);
    EXPECT(0, message.received_frames);
    EXPECT(OK, message.words[0]);
    EXPECT(5, message.words[1]);
    EXPECT(sum, message.words[2]); /* it sees what was written here */
    EXPECT(OK, sys_slot_drop(REPLY));
    end_other();
    EXPECT(before - 1, ledger()); /* the endpoint's frame */
}

/* Calls the server with a list in a run; returns the run that came there. */
static uint64_t lend(uint64_t request, uint64_t address, uint64_t order, uint64_t rights)
{
    struct message message = {.words = {request, address},
                              .send_run = MESSAGE_RUN(address, order, rights)};
    EXPECT(OK, sys_call(CLIENT, &message));
    if (message.words[0] != 0) {
        EXPECT(list_sum((struct node *)address), message.words[1]);
    }
    return message.words[0];
}

static void test_sent(void)
{
    uint64_t object = make_other(receiving_server, 1024, 4);
    for (uint32_t order = 0; order <= ORDER_BLOCK; order += 3) {
        uint64_t address = claim(order, RW);
        struct node *list = list_make(address, FRAME_BYTES << order, order, NULL);
        uint64_t sum = list_sum(list);
        EXPECT(MESSAGE_RUN(address, order, MAP_READ), lend(SUM, address, order, MAP_READ));
        EXPECT(sum, list_sum(list));
        EXPECT(0, kind_of(object, address, order));
        EXPECT(MESSAGE_RUN(address, order, RW), lend(ADD, address, order, RW));
        EXPECT(1, sum != list_sum(list));
        EXPECT(0, kind_of(object, address, order));
        EXPECT(PTE_AVL_OWNED, kind_of(self, address, order));
        EXPECT(OK, sys_frame_release(address, order));
    }
    /* Frames of a whole block; two blocks that were not cleared yet, and that the sender itself
     * cannot access. */
    uint64_t block = claim(ORDER_BLOCK, RW), part = block + 64 * FRAME_BYTES;
    list_make(part, FRAME_BYTES << 2, 1, NULL);
    EXPECT(MESSAGE_RUN(part, 2, RW), lend(ADD, part, 2, RW));
    EXPECT(OK, sys_frame_release(block, ORDER_BLOCK));
    struct message message = {.words = {SUM}};
    uint64_t blocks = claim(ORDER_BLOCK + 1, 0);
    message.send_run = MESSAGE_RUN(blocks, ORDER_BLOCK + 1, MAP_READ);
    message.words[1] = blocks + BLOCK_BYTES;
    EXPECT(OK, sys_call(CLIENT, &message));
    EXPECT(MESSAGE_RUN(blocks, ORDER_BLOCK + 1, MAP_READ), message.words[0]);
    EXPECT(0, message.words[1]);
    EXPECT(OK, sys_frame_release(blocks, ORDER_BLOCK + 1));
    end_other();
}

/* ---- What is refused ---- */

static int64_t call_with(uint64_t run)
{
    struct message message = {.send_run = run};
    return sys_call(CLIENT, &message);
}

static void test_errors(void)
{
    struct message message = {.words = {0}};
    uint64_t frame = claim(ORDER_FRAME, RW), run = claim(10, 0);
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_SEND, 0));
    EXPECT(E_ARGUMENT, call_with(MESSAGE_RUN(frame, ORDER_MAX + 1, RW)));
    EXPECT(E_ARGUMENT, call_with(MESSAGE_RUN(frame, ORDER_FRAME, 0)));
    EXPECT(E_ARGUMENT, call_with(MESSAGE_RUN(frame, ORDER_FRAME, 16 | RW)));
    EXPECT(E_ARGUMENT, call_with(MESSAGE_RUN(frame, ORDER_FRAME, GRANT_SHARE | RW)));
    EXPECT(E_WRITE_EXECUTE, call_with(MESSAGE_RUN(frame, ORDER_FRAME, MAP_EXECUTE)));
    EXPECT(E_ALIGNMENT, call_with(MESSAGE_RUN(run + FRAME_BYTES, 1, RW)));
    EXPECT(E_NO_FRAME, call_with(MESSAGE_RUN(ABSENT_ADDRESS, ORDER_FRAME, RW)));
    EXPECT(E_NOT_OWNER, call_with(MESSAGE_RUN(KERNEL_START, ORDER_FRAME, MAP_READ)));
    EXPECT(E_BUSY, call_with(MESSAGE_RUN(self, ORDER_FRAME, MAP_READ)));
    EXPECT(E_ORDER, call_with(MESSAGE_RUN(frame & ~(BLOCK_BYTES - 1), ORDER_BLOCK, MAP_READ)));
    EXPECT(OK, sys_frame_release(run, 10));
    EXPECT(E_NOT_OWNER, call_with(MESSAGE_RUN(run, ORDER_BLOCK, RW)));
    /* Nothing is sent with a wait. */
    message.send_run = MESSAGE_RUN(ABSENT_ADDRESS, ORDER_FRAME, RW);
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    EXPECT(OK, sys_object_destroy(ENDPOINT));
    EXPECT(OK, sys_slot_drop(CLIENT));
}

/* ---- Messages that arrive without their run ---- */

static void set_taken(uint64_t frames)
{
    struct message message = {.words = {TAKE, frames}};
    EXPECT(OK, sys_call(CLIENT, &message));
}

static void test_not_taken(void)
{
    uint64_t object = make_other(receiving_server, 0, 0);
    uint64_t address = claim(2, RW);
    list_make(address, FRAME_BYTES << 2, 3, NULL);
    EXPECT(0, lend(SUM, address, 2, RW)); /* takes none */
    set_taken(4);
    EXPECT(0, lend(SUM, address, 2, RW)); /* has no page tables for it */
    fund(OTHER, 2);
    EXPECT(0, lend(SUM, address, 2, RW)); /* only two of three */
    fund(OTHER, 1);
    EXPECT(MESSAGE_RUN(address, 2, RW), lend(SUM, address, 2, RW));
    set_taken(3);
    EXPECT(0, lend(SUM, address, 2, RW)); /* takes fewer */
    set_taken(4);
    EXPECT(MESSAGE_RUN(address, 2, RW), lend(SUM, address, 2, RW));

    /* Granted already: it comes along as it is, and stays; not if it is less than what is lent. */
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_ACCEPT, 4));
    EXPECT(OK, sys_frame_grant(address, 2, OTHER, MAP_READ));
    EXPECT(MESSAGE_RUN(address, 2, MAP_READ), lend(SUM, address, 2, MAP_READ));
    EXPECT(MESSAGE_RUN(address, 0, MAP_READ), lend(SUM, address, 0, MAP_READ));
    EXPECT(PTE_AVL_LENT, kind_of(object, address, 2));
    EXPECT(0, lend(SUM, address, 2, RW));
    EXPECT(PTE_AVL_LENT, kind_of(object, address, 2));
    EXPECT(OK, sys_frame_revoke(address, 2, OTHER));
    /* A part of it: neither all there nor all to be made. */
    EXPECT(OK, sys_frame_grant(address + FRAME_BYTES, 0, OTHER, RW));
    EXPECT(0, lend(SUM, address, 2, RW));
    EXPECT(0, kind_of(object, address, 2));
    EXPECT(PTE_AVL_LENT, kind_of(object, address + FRAME_BYTES, 2));
    EXPECT(OK, sys_frame_revoke(address + FRAME_BYTES, 0, OTHER));
    EXPECT(OK, sys_frame_release(address, 2));
    end_other();
}

/* Faults with what would be a run of its own in r12. */
static void faulting_client(uint64_t unused)
{
    (void)unused;
    uint64_t address = (uint64_t)sys_frame_claim(ZONE_ANY, ORDER_FRAME, RW, 0);
    register uint64_t r12 __asm__("r12") = MESSAGE_RUN(address, ORDER_FRAME, RW);
    __asm__ volatile("ud2" : : "r"(r12));
}

/* A fault is a message of the kernel's, which brings nothing of the thread's. */
static void test_fault_brings_none(void)
{
    struct message message = {.receive_frames = 1};
    make_other(faulting_client, 0, 4);
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(FAULT_MESSAGE + 6, message.words[FAULT_WORD_KIND]);
    EXPECT(0, message.received_run);
    EXPECT(0, message.received_frames);
    end_other();
    EXPECT(OK, sys_slot_drop(REPLY));
}

int main(void)
{
    fund(SLOT_SELF, 16);
    self = own_object();
    test_received(0);
    test_received(5);
    test_received(ORDER_BLOCK);
    test_sent();
    test_errors();
    test_not_taken();
    test_fault_brings_none();
    end_test();
}
