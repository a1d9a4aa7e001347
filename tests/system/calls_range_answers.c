/*
 * A run of frames in an answer: lent or shared until it is revoked. Main is the server, and owns
 * what it sends; the client runs in another domain. See calls_ranges.c.
 */
#include "tests/system/clone.h"
#include "tests/system/list.h"

#define RW (MAP_READ | MAP_WRITE)
#define ENDPOINT 20
#define CLIENT 21
#define REPLY 22
#define THREAD 23
#define OTHER 24
#define ITS_ENDPOINT 3 /* slot of the other domain */
#define UPPER (MAPPINGS_START + 16 * BLOCK_BYTES)

static uint64_t self, object; /* the domains' objects */
static struct message message;

/* ---- What the other domain runs ---- */

/* What an answer tells it to do besides looking at the list in the run. */
enum { LOOK, MAP, UNMAP, REVOKE, TAKE };

/* Asks for a run again and again, and reports with the next request: the run that came, the sum of
 * its list, and what doing as told gave. */
static void client(uint64_t frames)
{
    struct message answer = {.receive_frames = frames};
    uint64_t run = 0; /* the last one that came */
    while (sys_call(ITS_ENDPOINT, &answer) == OK) {
        int64_t done = OK;
        uint64_t sum = 0;
        run = answer.received_run != 0 ? answer.received_run : run;
        uint64_t address = MESSAGE_RUN_ADDRESS(run), order = MESSAGE_RUN_ORDER(run);
        if (answer.received_run != 0) {
            sum = list_sum((struct node *)address);
        }
        switch (answer.words[0]) {
        case MAP:
            done = sys_page_map(SLOT_SELF, UPPER, address, (uint32_t)(MAP_READ | order << 8));
            break;
        case UNMAP:
            done = sys_page_unmap(SLOT_SELF, UPPER, (uint32_t)order);
            break;
        case REVOKE:
            done = sys_frame_revoke(address, (uint32_t)order, SLOT_SELF);
            break;
        case TAKE:
            frames = answer.words[1];
            break;
        default:
            break;
        }
        answer = (struct message){.words = {answer.received_run, sum, (uint64_t)done},
                                  .receive_frames = frames};
    }
}

/* ---- The server ---- */

static void make_client(uint64_t frames)
{
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_SEND, 0));
    object = clone_make(OTHER, 4096);
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_FAULT_ENDPOINT, CLIENT));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_ENDPOINT, ENDPOINT, RIGHT_SEND, 0));
    fund(OTHER, 6);
    clone_start(OTHER, THREAD, client, frames);
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
}

static void end_client(void)
{
    clone_end(OTHER, THREAD);
    if (sys_slot_query(SLOT_SELF, REPLY) != CAP_EMPTY) {
        EXPECT(OK, sys_slot_drop(REPLY));
    }
    EXPECT(OK, sys_object_destroy(ENDPOINT));
    EXPECT(OK, sys_slot_drop(CLIENT));
}

/* Answers with a run, and waits for the client's report; returns the run it says came. By reply and
 * wait, or by reply_wait. */
static uint64_t answer(uint64_t order_to_do, uint64_t argument, uint64_t run)
{
    static unsigned count;
    message = (struct message){.words = {order_to_do, argument}, .send_run = run};
    if (count++ % 2 == 0) {
        EXPECT(OK, sys_reply(REPLY, &message));
        EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    } else {
        EXPECT(RECEIVED_CALL, sys_reply_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    }
    return message.words[0];
}

static void test_lent(uint32_t order)
{
    make_client(1ull << order);
    uint64_t address = claim(order, RW), run = MESSAGE_RUN(address, order, MAP_READ);
    uint64_t sum = list_sum(list_make(address, FRAME_BYTES << order, 99, NULL));
    EXPECT(0, answer(LOOK, 0, run)); /* it agreed to take that many, but not to any grants */
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_ACCEPT, 1ull << order));
    EXPECT(run, answer(LOOK, 0, run));
    EXPECT(sum, message.words[1]);
    EXPECT(PTE_AVL_LENT, kind_of(object, address, order)); /* although it has called since */
    EXPECT(run, answer(LOOK, 0, run));                     /* there already */
    EXPECT(0, answer(MAP, 0, 0));
    EXPECT(E_NOT_OWNER, (int64_t)message.words[2]); /* lent only */
    /* The account of grants is used up, and what is lent is no share. */
    EXPECT(E_NOT_ACCEPTED, sys_frame_grant(claim(0, RW), 0, OTHER, MAP_READ));
    EXPECT(0, answer(LOOK, 0, MESSAGE_RUN(address, order, MAP_READ | GRANT_SHARE)));
    EXPECT(OK, sys_frame_revoke(address, order, OTHER));
    EXPECT(0, kind_of(object, address, order));
    EXPECT(run, answer(REVOKE, 0, run)); /* again, and the client lets go of it */
    EXPECT(OK, message.words[2]);
    EXPECT(0, kind_of(object, address, order));
    EXPECT(0, answer(TAKE, 0, 0));
    EXPECT(0, answer(LOOK, 0, run)); /* it takes none any more */
    EXPECT(0, kind_of(object, address, order));
    EXPECT(OK, sys_frame_release(address, order));
    end_client();
}

static void test_shared(void)
{
    make_client(16);
    uint64_t address = claim(4, RW), run = MESSAGE_RUN(address, 4, MAP_READ | GRANT_SHARE);
    uint64_t sum = list_sum(list_make(address, FRAME_BYTES << 4, 5, NULL));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_ACCEPT, 16));
    EXPECT(run, answer(MAP, 0, run));
    EXPECT(sum, message.words[1]);
    EXPECT(OK, message.words[2]);
    EXPECT(PTE_AVL_SHARED, kind_of(object, address, 4));
    EXPECT(E_BUSY, sys_frame_revoke(address, 4, OTHER));
    EXPECT(0, answer(UNMAP, 0, 0));
    EXPECT(OK, message.words[2]);
    EXPECT(OK, sys_frame_revoke(address, 4, OTHER));
    /* It ends while it has the run again. */
    EXPECT(run, answer(MAP, 0, run));
    EXPECT(E_BUSY, sys_frame_release(address, 4));
    end_client();
    EXPECT(OK, sys_frame_release(address, 4));
}

/* An answer that is refused leaves the caller waiting. */
static int64_t reply_with(uint64_t run)
{
    message = (struct message){.send_run = run};
    int64_t error = sys_reply(REPLY, &message);
    EXPECT(error, sys_reply_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    EXPECT(CAP_REPLY, sys_slot_query(SLOT_SELF, REPLY) & 0xff);
    return error;
}

static void test_errors(void)
{
    make_client(1);
    uint64_t frame = claim(0, RW);
    EXPECT(E_ARGUMENT, reply_with(MESSAGE_RUN(frame, ORDER_MAX + 1, RW)));
    EXPECT(E_ARGUMENT, reply_with(MESSAGE_RUN(frame, 0, GRANT_SHARE)));
    EXPECT(E_WRITE_EXECUTE, reply_with(MESSAGE_RUN(frame, 0, RW | MAP_EXECUTE)));
    EXPECT(E_ALIGNMENT, reply_with(MESSAGE_RUN(BLOCK_BYTES + FRAME_BYTES, 1, RW)));
    EXPECT(E_NO_FRAME, reply_with(MESSAGE_RUN(0x3f00000000ull, 0, RW)));
    EXPECT(E_NOT_OWNER, reply_with(MESSAGE_RUN(KERNEL_START, 0, RW)));
    EXPECT(E_BUSY, reply_with(MESSAGE_RUN(self, 0, RW)));
    EXPECT(0, kind_of(object, frame, 0));
    EXPECT(OK, sys_frame_release(frame, 0));
    /* The client ends before it is answered. */
    EXPECT(OK, sys_object_destroy(THREAD));
    frame = claim(0, RW);
    message = (struct message){.send_run = MESSAGE_RUN(frame, 0, RW)};
    EXPECT(E_DEAD, sys_reply(REPLY, &message));
    EXPECT(E_TIMEOUT, sys_reply_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    EXPECT(OK, sys_frame_release(frame, 0));
    EXPECT(OK, sys_thread_create(THREAD, claim_object(), OTHER));
    end_client();
}

int main(void)
{
    fund(SLOT_SELF, 16);
    self = own_object();
    test_lent(0);
    test_lent(3);
    test_lent(ORDER_BLOCK);
    test_shared();
    test_errors();
    end_test();
}
