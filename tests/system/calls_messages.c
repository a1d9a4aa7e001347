/*
 * call, wait, reply, reply_wait, signal: between two threads of one domain and between domains,
 * each success, every error listed, what a badge says, a capability in a message, what becomes of
 * callers when the other side goes, and faults as messages.
 */
#include <string.h>

#include "tests/system/check.h"

#define ENDPOINT 20 /* with every right */
#define CLIENT 21   /* the same, to send, badged */
#define REPLY 22
#define THREAD 23
#define GIFT 24
#define PLACE 25
#define OTHER 26
#define ANSWERS 27 /* where the helper thread reports */
#define BADGE 0xabcdef

static uint8_t helper_stack[16384] __attribute__((aligned(16)));
static volatile int64_t helper_result;
static struct message helper_message;

/* The helper thread: sends the numbers 1 to 6 through CLIENT, keeps what comes back. */
static void helper(uint64_t gift)
{
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        helper_message.words[i] = i + 1;
    }
    helper_message.send_slot = (uint32_t)gift;
    helper_message.receive_slot = SLOT_NONE;
    helper_result = sys_call(CLIENT, &helper_message);
    struct message stop = {.words = {0}};
    sys_call(ANSWERS, &stop); /* nobody receives there: waits for ever */
}

static void start_helper(uint32_t gift)
{
    helper_result = 1234;
    EXPECT(OK, sys_thread_create(THREAD, claim_object(), SLOT_SELF));
    EXPECT(OK, sys_thread_start(THREAD, (uint64_t)helper,
                                (uint64_t)(helper_stack + sizeof helper_stack - 8), gift));
}

/* Lets the helper run until it has nothing to do. */
static void let_helper_run(void)
{
    for (unsigned i = 0; i < 4; i++) {
        sys_yield();
    }
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

static void test_round_trip(void)
{
    struct message message = {.words = {0}};
    make_endpoint();
    start_helper(SLOT_NONE);
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(BADGE, message.badge);
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        EXPECT(i + 1, message.words[i]);
        message.words[i] = 100 + i;
    }
    EXPECT(1234, helper_result); /* still waiting */
    EXPECT(E_OCCUPIED, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    EXPECT(OK, sys_reply(REPLY, &message));
    EXPECT(E_SLOT, sys_reply(REPLY, &message)); /* once only */
    let_helper_run();
    EXPECT(OK, helper_result);
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        EXPECT(100 + i, helper_message.words[i]);
    }
    end_helper();
    end_endpoint();
}

/* The server waits first: the call hands over to it directly, and reply_wait back. */
static void test_reply_wait(void)
{
    struct message message = {.words = {0}};
    make_endpoint();
    start_helper(SLOT_NONE);
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    message.words[0] = 55;
    EXPECT(E_TIMEOUT, sys_reply_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    let_helper_run();
    EXPECT(OK, helper_result);
    EXPECT(55, helper_message.words[0]);
    EXPECT(E_SLOT, sys_reply_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    end_helper();

    /* A caller that ended is forgotten. */
    start_helper(SLOT_NONE);
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(OK, sys_object_destroy(THREAD));
    EXPECT(E_DEAD, sys_reply(REPLY, &message));
    EXPECT(E_TIMEOUT, sys_reply_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    end_endpoint();
}

static void test_errors(void)
{
    struct message message = {.words = {0}};
    make_endpoint();
    EXPECT(E_SLOT, sys_call(0, &message));
    EXPECT(E_SLOT, sys_call(99, &message));
    EXPECT(E_SLOT, sys_call(SLOTS_PER_DOMAIN, &message));
    EXPECT(E_TYPE, sys_call(SLOT_SELF, &message));
    EXPECT(E_RIGHTS, sys_wait(CLIENT, REPLY, DEADLINE_NOW, &message));
    EXPECT(E_TYPE, sys_wait(SLOT_SELF, REPLY, DEADLINE_NOW, &message));
    EXPECT(E_SLOT, sys_wait(ENDPOINT, SLOT_NONE, DEADLINE_NOW, &message));
    EXPECT(E_OCCUPIED, sys_wait(ENDPOINT, SLOT_SELF, DEADLINE_NOW, &message));
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, 1000, &message)); /* long past */
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    EXPECT(E_TYPE, sys_reply(SLOT_SELF, &message));
    EXPECT(E_SLOT, sys_reply(0, &message));
    EXPECT(E_TYPE, sys_reply_wait(ENDPOINT, SLOT_SELF, DEADLINE_NOW, &message));
    message.receive_slot = SLOT_SELF;
    EXPECT(E_OCCUPIED, sys_call(CLIENT, &message));
    message.receive_slot = SLOTS_PER_DOMAIN;
    EXPECT(E_SLOT, sys_call(CLIENT, &message));
    message.receive_slot = SLOT_NONE;
    message.send_slot = 99;
    EXPECT(E_SLOT, sys_call(CLIENT, &message));
    message.send_slot = CLIENT; /* may not be copied */
    EXPECT(E_RIGHTS, sys_call(CLIENT, &message));
    message.send_slot = SLOT_NONE;

    EXPECT(E_ARGUMENT, sys_signal(ENDPOINT, 0));
    EXPECT(E_RIGHTS, sys_signal(CLIENT, 1));
    EXPECT(OK, sys_signal(ENDPOINT, 5));
    EXPECT(OK, sys_signal(ENDPOINT, 8));
    EXPECT(RECEIVED_SIGNAL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(13, message.words[0]);
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    end_endpoint();
}

static void test_capability_in_message(void)
{
    struct message message = {.receive_slot = PLACE};
    make_endpoint();
    EXPECT(OK, sys_slot_copy(SLOT_SELF, GIFT, SLOT_INIT_PORTS, RIGHT_USE | RIGHT_COPY, 0));
    start_helper(GIFT);
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(1, message.received_slot);
    EXPECT(CAP_PORTS | (RIGHT_USE | RIGHT_COPY) << 8, sys_slot_query(SLOT_SELF, PLACE));
    EXPECT(OK, sys_slot_drop(PLACE));
    EXPECT(OK, sys_slot_drop(GIFT));
    message.receive_slot = SLOT_NONE;
    EXPECT(OK, sys_reply(REPLY, &message));
    end_helper();
    end_endpoint();
}

/* Whoever waits hears when the other side goes. */
static void test_gone(void)
{
    struct message message = {.words = {0}};
    make_endpoint();
    start_helper(SLOT_NONE); /* received, then let go of */
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(OK, sys_slot_drop(REPLY));
    let_helper_run();
    EXPECT(E_DROPPED, helper_result);
    end_helper();

    start_helper(SLOT_NONE); /* queued when the endpoint ends */
    let_helper_run();
    EXPECT(OK, sys_object_destroy(ENDPOINT));
    let_helper_run();
    EXPECT(E_GONE, helper_result);
    end_helper();
    EXPECT(E_GONE, sys_call(CLIENT, &message));
    EXPECT(OK, sys_slot_drop(CLIENT));
}

/* A thread of another domain faults: the kernel calls for it, and it goes on or stays stopped. */
static void test_fault(void)
{
    struct message message = {.words = {0}};
    make_endpoint();
    make_domain(OTHER, 100);
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_FAULT_ENDPOINT, CLIENT));
    EXPECT(OK, sys_thread_create(THREAD, claim_object(), OTHER));
    EXPECT(OK, sys_thread_start(THREAD, PROGRAM_BASE + 0x123, STACK_TOP, 0));
    for (unsigned i = 0; i < 2; i++) {
        EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
        EXPECT(BADGE, message.badge);
        EXPECT(FAULT_MESSAGE + 14, message.words[FAULT_WORD_KIND]);
        EXPECT(PROGRAM_BASE + 0x123, message.words[FAULT_WORD_ADDRESS]);
        EXPECT(PROGRAM_BASE + 0x123, message.words[FAULT_WORD_RIP]);
        EXPECT(STACK_TOP, message.words[FAULT_WORD_RSP]);
        EXPECT(0x14, message.words[FAULT_WORD_CODE]); /* user mode, instruction fetch */
        message.words[0] = i == 0 ? FAULT_RESUME : 0; /* resumed, it faults again */
        EXPECT(OK, sys_reply(REPLY, &message));
    }
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(OK, sys_slot_drop(THREAD));
    end_endpoint();
}

/* Waits with the reply slot that main also wants, until the endpoint ends. */
static void receiver(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    helper_result = sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message);
    sys_call(ANSWERS, &message);
}

/* The reply slot is kept for a thread while it waits, and for nobody else. */
static void test_awaited(void)
{
    struct message message = {.words = {0}};
    make_endpoint();
    EXPECT(OK, sys_thread_create(THREAD, claim_object(), SLOT_SELF));
    EXPECT(OK, sys_thread_start(THREAD, (uint64_t)receiver,
                                (uint64_t)(helper_stack + sizeof helper_stack - 8), 0));
    let_helper_run();
    EXPECT(CAP_AWAITED, sys_slot_query(SLOT_SELF, REPLY));
    EXPECT(E_OCCUPIED, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    EXPECT(E_OCCUPIED, sys_slot_drop(REPLY));
    EXPECT(E_ARGUMENT, sys_slot_copy(SLOT_SELF, PLACE, REPLY, RIGHT_ALL, 0));
    message.send_slot = REPLY;
    EXPECT(E_TYPE, sys_call(CLIENT, &message));
    EXPECT(OK, sys_signal(ENDPOINT, 4));
    EXPECT(CAP_EMPTY, sys_slot_query(SLOT_SELF, REPLY));
    let_helper_run();
    EXPECT(RECEIVED_SIGNAL, helper_result);
    end_helper();
    end_endpoint();
}

#define PORT 0x80 /* the POST code: harmless to read */

/* Machine code for another domain, at PROGRAM_BASE. */
static const uint8_t enable_ports_and_yield[] = {
    0xb8,
    CALL_ports_enable & 0xff,
    CALL_ports_enable >> 8,
    0,
    0, /* mov eax, ports_enable */
    0xbf,
    SLOT_FIRST_NAMED,
    0,
    0,
    0, /* mov edi, slot */
    0x0f,
    0x05, /* syscall */
    0xb8,
    CALL_yield & 0xff,
    CALL_yield >> 8,
    0,
    0, /* again: mov eax, yield */
    0x0f,
    0x05, /* syscall */
    0xeb,
    0xf7, /* jmp again */
};
static const uint8_t read_port[] = {
    0xba, PORT, 0, 0, 0, /* mov edx, PORT */
    0xec,                /* in al, dx */
    0x0f, 0x0b,          /* ud2 */
};

/* A domain in given frames that runs a piece of code. */
static void start_code(const uint64_t *frames, const uint8_t *code, size_t bytes)
{
    for (unsigned i = 0; i < 4; i++) {
        EXPECT(frames[i], sys_frame_claim(frames[i], ORDER_FRAME, 0, 0));
    }
    EXPECT(OK, sys_domain_create(OTHER, frames[0], frames[1], frames[2]));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_FRAME_LIMIT, 100));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_FAULT_ENDPOINT, CLIENT));
    fund(OTHER, 3);
    uint64_t text = claim(ORDER_FRAME, MAP_READ | MAP_WRITE);
    memcpy((void *)text, code, bytes);
    EXPECT(OK, sys_page_map(OTHER, PROGRAM_BASE, text, MAP_READ | MAP_EXECUTE));
    EXPECT(OK, sys_frame_give(text, ORDER_FRAME, OTHER, 0));
    EXPECT(OK,
           sys_slot_copy(OTHER, SLOT_FIRST_NAMED, SLOT_INIT_PORTS, RIGHT_USE, PORT | 1ull << 32));
    EXPECT(OK, sys_thread_create(THREAD, frames[3], OTHER));
    EXPECT(OK, sys_thread_start(THREAD, PROGRAM_BASE, STACK_TOP, 0));
}

static void end_code(void)
{
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(OK, sys_slot_drop(THREAD));
}

/* Ports are a domain's only while it enabled them: not the next one's that runs, and not that of
 * a later domain in the same frames. */
static void test_ports_of_a_domain(void)
{
    struct message message = {.words = {0}};
    uint64_t frames[4];
    make_endpoint();
    for (unsigned i = 0; i < 4; i++) {
        frames[i] = claim_object();
    }
    for (unsigned i = 0; i < 4; i++) {
        EXPECT(OK, sys_frame_release(frames[i], ORDER_FRAME));
    }
    start_code(frames, enable_ports_and_yield, sizeof enable_ports_and_yield);
    let_helper_run();
    end_code();
    start_code(frames, read_port, sizeof read_port);
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(FAULT_MESSAGE + 13, message.words[FAULT_WORD_KIND]);
    EXPECT(PROGRAM_BASE + 5, message.words[FAULT_WORD_RIP]);
    EXPECT(OK, sys_reply(REPLY, &message));
    end_code();
    end_endpoint();
}

int main(void)
{
    fund(SLOT_SELF, 8);
    EXPECT(OK, sys_endpoint_create(ANSWERS, claim_object()));
    test_round_trip();
    test_reply_wait();
    test_errors();
    test_capability_in_message();
    test_gone();
    test_awaited();
    test_ports_of_a_domain();
    test_fault();
    end_test();
}
