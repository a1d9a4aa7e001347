/*
 * thread_start, thread_stop, thread_resume, thread_set, thread_read: every error of their
 * contracts, all registers written and read back, what is refused, a thread stopped and resumed in
 * every state it can be in, and who runs first.
 */
#include "tests/system/threads.h"

#include "tests/system/clone.h"

#define ENDPOINT 20
#define CLIENT 21
#define REPLY 22
#define THREAD 23
#define WEAK 24
#define OTHER 25
#define THIRD 26
#define ITS_REPLY 27
#define FAULTS 28
#define FAULT_CLIENT 29

#define NOT_CANONICAL 0x0000800000000000ull
#define TRAP_FLAG 0x100u
#define FLAGS_SHOWN 0xed5u  /* OF DF ZF SF AF PF CF; interrupts are always on */
#define FLAGS_ALWAYS 0x202u /* interrupts, and the bit that is always one */

static volatile int64_t result;
static volatile uint64_t count, count_of_other;

/* ---- What the threads do ---- */

static void spin(uint64_t unused)
{
    (void)unused;
    for (;;) {
        count++;
    }
}

static void spin_too(uint64_t unused)
{
    (void)unused;
    for (;;) {
        count_of_other++;
    }
}

static void call(uint64_t word)
{
    struct message message = {.words = {word}};
    result = sys_call(CLIENT, &message);
    thread_rest();
}

static void receive(uint64_t deadline)
{
    struct message message = {.words = {0}};
    result = sys_wait(ENDPOINT, ITS_REPLY, deadline, &message);
    thread_rest();
}

static void doze(uint64_t deadline)
{
    result = sys_sleep(deadline);
    thread_rest();
}

static void stop_itself(uint64_t own)
{
    result = sys_thread_stop((uint32_t)own);
    thread_rest();
}

/* ---- Errors ---- */

static void test_start_errors(void)
{
    static const uint64_t outside[] = {0,
                                       0x1000,
                                       LOWER_HALF_END - 2,
                                       LOWER_HALF_END,
                                       NOT_CANONICAL + 0x1000,
                                       UPPER_HALF_START - 1,
                                       PROGRAM_END,
                                       SYSTEM_PAGE,
                                       UPPER_HALF_END,
                                       UINT64_MAX};
    thread_new(THREAD, URGENT);
    EXPECT(OK, sys_slot_copy(SLOT_SELF, WEAK, THREAD, RIGHT_ALL & ~RIGHT_CONTROL, 0));
    uint64_t rip = (uint64_t)spin, rsp = thread_stack(THREAD);
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        EXPECT(E_ARGUMENT, sys_thread_start(THREAD, outside[i], rsp, 0));
        EXPECT(E_ARGUMENT, sys_thread_start(THREAD, rip, outside[i], 0));
    }
    EXPECT(THREAD_IS_NEW, thread_state(THREAD));
    EXPECT(E_SLOT, sys_thread_start(SLOT_NONE, rip, rsp, 0));
    EXPECT(E_SLOT, sys_thread_start(99, rip, rsp, 0));
    EXPECT(E_SLOT, sys_thread_start(SLOTS_PER_DOMAIN, rip, rsp, 0));
    EXPECT(E_TYPE, sys_thread_start(SLOT_SELF, rip, rsp, 0));
    EXPECT(E_RIGHTS, sys_thread_start(WEAK, rip, rsp, 0));
    EXPECT(E_ARGUMENT, sys_thread_stop(THREAD)); /* not started */
    EXPECT(E_ARGUMENT, sys_thread_resume(THREAD));
    EXPECT(OK, sys_thread_set(THREAD, THREAD_PRIORITY, LAZY));
    EXPECT(OK, sys_thread_start(THREAD, rip, rsp, 0));
    EXPECT(E_ARGUMENT, sys_thread_start(THREAD, rip, rsp, 0)); /* once only */
    EXPECT(OK, sys_thread_stop(THREAD));
    EXPECT(E_ARGUMENT, sys_thread_start(THREAD, rip, rsp, 0));
    thread_done(THREAD);
    EXPECT(E_SLOT, sys_thread_start(THREAD, rip, rsp, 0));
    EXPECT(E_DEAD, sys_thread_start(WEAK, rip, rsp, 0));
    EXPECT(E_DEAD, sys_thread_resume(WEAK));
    EXPECT(OK, sys_slot_drop(WEAK));
}

static void test_errors(void)
{
    uint64_t values[THREAD_VALUES_PER_READ];
    thread_run(THREAD, LAZY, spin, 0);
    EXPECT(OK, sys_slot_copy(SLOT_SELF, WEAK, THREAD, RIGHT_ALL & ~RIGHT_CONTROL, 0));
    EXPECT(E_ARGUMENT, sys_thread_resume(THREAD)); /* it is ready */
    static const uint32_t slots[] = {98, 99, SLOTS_PER_DOMAIN, SLOT_SELF, WEAK};
    static const int64_t errors[] = {E_SLOT, E_SLOT, E_SLOT, E_TYPE, E_RIGHTS};
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        EXPECT(errors[i], sys_thread_stop(slots[i]));
        EXPECT(errors[i], sys_thread_resume(slots[i]));
        if (slots[i] == SLOT_NONE) {
            continue; /* oneself */
        }
        EXPECT(errors[i], sys_thread_set(slots[i], THREAD_PRIORITY, 0));
        EXPECT(errors[i], sys_thread_read(slots[i], 0, values));
    }
    static const uint32_t unknown[] = {3, 15, THREAD_REGISTER + THREAD_GS + 1,
                                       THREAD_REGISTER + THREAD_STATE, UINT32_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        EXPECT(E_ARGUMENT, sys_thread_set(THREAD, unknown[i], 0));
    }
    EXPECT(E_ARGUMENT, sys_thread_set(THREAD, THREAD_PRIORITY, PRIORITIES));
    EXPECT(E_ARGUMENT, sys_thread_set(THREAD, THREAD_PRIORITY, UINT64_MAX));
    EXPECT(E_ARGUMENT, sys_thread_set(THREAD, THREAD_PRIORITY, 1ull << 32));
    EXPECT(E_ARGUMENT, sys_thread_set(THREAD, THREAD_CPU, CPUS_MAX));
    EXPECT(E_ARGUMENT, sys_thread_set(THREAD, THREAD_CPU, 1ull << 32));
    EXPECT(OK, sys_thread_set(THREAD, THREAD_CPU, 0));
    EXPECT(OK, sys_thread_read(THREAD, 3, values));
    EXPECT(E_ARGUMENT, sys_thread_read(THREAD, 4, values));
    EXPECT(E_ARGUMENT, sys_thread_read(THREAD, UINT32_MAX, values));
    EXPECT(OK, sys_thread_stop(THREAD));
    EXPECT(E_ARGUMENT, sys_thread_stop(THREAD));
    EXPECT(OK, sys_thread_resume(THREAD));
    EXPECT(E_ARGUMENT, sys_thread_resume(THREAD));
    thread_done(THREAD);
    EXPECT(OK, sys_slot_drop(WEAK));
}

/* A thread of a domain that is being ended. */
static void test_dying(void)
{
    uint64_t values[THREAD_VALUES_PER_READ];
    make_domain(OTHER, 20);
    EXPECT(OK, sys_thread_create(THREAD, claim_object(), OTHER));
    EXPECT(E_AGAIN, destroy_step(OTHER));
    EXPECT(E_DEAD, sys_thread_start(THREAD, PROGRAM_BASE, STACK_TOP, 0));
    EXPECT(E_DEAD, sys_thread_stop(THREAD));
    EXPECT(E_DEAD, sys_thread_resume(THREAD));
    EXPECT(E_DEAD, sys_thread_set(THREAD, THREAD_PRIORITY, 0));
    EXPECT(E_DEAD, sys_thread_read(THREAD, 0, values));
    clone_end(OTHER, THREAD);
}

/* ---- Registers ---- */

static uint64_t seen[THREAD_STATE]; /* what the thread found, by enum thread_register */
static uint64_t fs_word = 0xf5f5f5f5, gs_word = 0x65656565;

/* Stores all registers as they are, then stays where it is. */
void look(void);
extern const char look_end[];
__asm__("look:\n\t"
        "mov %rax, seen+3*8(%rip); mov %rbx, seen+4*8(%rip); mov %rcx, seen+5*8(%rip)\n\t"
        "mov %rdx, seen+6*8(%rip); mov %rsi, seen+7*8(%rip); mov %rdi, seen+8*8(%rip)\n\t"
        "mov %rbp, seen+9*8(%rip); mov %r8, seen+10*8(%rip); mov %r9, seen+11*8(%rip)\n\t"
        "mov %r10, seen+12*8(%rip); mov %r11, seen+13*8(%rip); mov %r12, seen+14*8(%rip)\n\t"
        "mov %r13, seen+15*8(%rip); mov %r14, seen+16*8(%rip); mov %r15, seen+17*8(%rip)\n\t"
        "mov %rsp, seen+1*8(%rip)\n\t"
        "pushfq; pop seen+2*8(%rip)\n\t"
        "mov %fs:0, %rax; mov %rax, seen+18*8(%rip)\n\t"
        "mov %gs:0, %rax; mov %rax, seen+19*8(%rip)\n\t"
        "mov seen+3*8(%rip), %rax\n"
        "look_end:\n\t"
        "jmp look_end");

static uint64_t value_for(uint32_t number)
{
    switch (number) {
    case THREAD_RIP:
        return (uint64_t)look;
    case THREAD_RSP:
        return thread_stack(THREAD) - 64;
    case THREAD_RFLAGS:
        return FLAGS_SHOWN | FLAGS_ALWAYS;
    case THREAD_FS:
        return (uint64_t)&fs_word;
    case THREAD_GS:
        return (uint64_t)&gs_word;
    default:
        return 0x1111111111111111ull * number + 0x80;
    }
}

static void set_all(void)
{
    for (uint32_t i = 0; i <= THREAD_GS; i++) {
        EXPECT(OK, sys_thread_set(THREAD, THREAD_REGISTER + i, value_for(i)));
    }
    for (uint32_t i = 0; i <= THREAD_GS; i++) {
        EXPECT(value_for(i), thread_value(THREAD, i));
    }
}

/* The thread goes on, and has found and still has what it was given. */
static void check_all(void)
{
    WAIT_FOR(thread_value(THREAD, THREAD_RIP) == (uint64_t)look_end);
    EXPECT(OK, sys_thread_stop(THREAD));
    for (uint32_t i = THREAD_RSP; i <= THREAD_GS; i++) {
        uint64_t value = value_for(i);
        EXPECT(value, thread_value(THREAD, i));
        EXPECT(i == THREAD_FS ? fs_word : i == THREAD_GS ? gs_word : value, seen[i]);
        seen[i] = 0;
    }
    EXPECT(look_end, thread_value(THREAD, THREAD_RIP));
}

static void test_registers(void)
{
    thread_new(THREAD, LAZY);
    set_all(); /* not started: starting sets three of them */
    EXPECT(OK,
           sys_thread_start(THREAD, (uint64_t)look, value_for(THREAD_RSP), value_for(THREAD_RDI)));
    check_all();
    for (unsigned i = 0; i < 2; i++) { /* stopped while it ran */
        set_all();
        EXPECT(OK, sys_thread_resume(THREAD));
        check_all();
    }
    thread_done(THREAD);
    thread_run(THREAD, URGENT, call, 0); /* stopped in a message call */
    EXPECT(OK, sys_thread_stop(THREAD));
    EXPECT(OK, sys_thread_set(THREAD, THREAD_PRIORITY, LAZY));
    set_all();
    EXPECT(OK, sys_thread_resume(THREAD));
    check_all();
    thread_done(THREAD);
}

static void refuse(uint32_t number, uint64_t value)
{
    uint64_t before = thread_value(THREAD, number);
    EXPECT(E_ARGUMENT, sys_thread_set(THREAD, THREAD_REGISTER + number, value));
    EXPECT(before, thread_value(THREAD, number));
}

/* No address that an IRET or SYSRET would trip over, no flag that is the kernel's. */
static void test_bad_registers(void)
{
    thread_run(THREAD, LAZY, spin, 0);
    EXPECT(OK, sys_thread_stop(THREAD));
    static const uint64_t not_canonical[] = {NOT_CANONICAL, UPPER_HALF_START - 1, 1ull << 62,
                                             1ull << 63, 0xfff7ffffffffffffull};
    for (size_t i = 0; i < sizeof not_canonical / sizeof not_canonical[0]; i++) {
        refuse(THREAD_RIP, not_canonical[i]);
        refuse(THREAD_RSP, not_canonical[i]);
        refuse(THREAD_FS, not_canonical[i]);
        refuse(THREAD_GS, not_canonical[i]);
    }
    static const uint64_t outside[] = {0, 0x1000, LOWER_HALF_END - 1, PROGRAM_END, UINT64_MAX};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        refuse(THREAD_RIP, outside[i]);
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        bool users = (0x250fd7ull >> bit & 1) != 0; /* ID AC RF OF DF IF TF SF ZF AF PF CF, one */
        if (!users) {
            refuse(THREAD_RFLAGS, 1ull << bit | FLAGS_ALWAYS);
        }
    }
    /* Interrupts cannot be switched off. */
    EXPECT(OK, sys_thread_set(THREAD, THREAD_REGISTER + THREAD_RFLAGS, 0));
    EXPECT(FLAGS_ALWAYS, thread_value(THREAD, THREAD_RFLAGS));
    EXPECT(OK, sys_thread_set(THREAD, THREAD_REGISTER + THREAD_RSP, 0));
    EXPECT(OK, sys_thread_set(THREAD, THREAD_REGISTER + THREAD_RSP, UINT64_MAX));
    EXPECT(OK, sys_thread_set(THREAD, THREAD_REGISTER + THREAD_RIP, PROGRAM_END - 1));
    EXPECT(OK, sys_thread_set(THREAD, THREAD_REGISTER + THREAD_RIP, UPPER_HALF_START));
    EXPECT(OK, sys_thread_resume(THREAD)); /* faults there, and nobody is told */
    WAIT_FOR(thread_state(THREAD) == THREAD_IS_STOPPED);
    EXPECT(THREAD_IS_STOPPED, thread_state(THREAD));
    EXPECT(UPPER_HALF_START, thread_value(THREAD, THREAD_RIP));
    thread_done(THREAD);
}

/* ---- Stopped in every state ---- */

static void refuse_running(uint64_t state)
{
    EXPECT(state, thread_state(THREAD));
    for (uint32_t i = 0; i <= THREAD_GS; i++) {
        EXPECT(E_RUNNING, sys_thread_set(THREAD, THREAD_REGISTER + i, PROGRAM_BASE));
    }
    EXPECT(E_ARGUMENT, sys_thread_resume(THREAD));
}

/* Stops it where it is, lets it go on, and its call says so. */
static void stop_and_resume(uint64_t state)
{
    result = 1;
    refuse_running(state);
    EXPECT(OK, sys_thread_stop(THREAD));
    EXPECT(THREAD_IS_STOPPED, thread_state(THREAD));
    EXPECT(1, result);
    EXPECT(OK, sys_thread_resume(THREAD));
    EXPECT(E_STOPPED, result);
    EXPECT(THREAD_IS_SLEEPING, thread_state(THREAD)); /* thread_rest */
    thread_done(THREAD);
}

static void test_stop_sending_and_answer(void)
{
    struct message message = {.words = {0}};
    endpoint_make(ENDPOINT, CLIENT, 7);
    thread_run(THREAD, URGENT, call, 5);
    stop_and_resume(THREAD_IS_SENDING);
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message)); /* it left the queue */

    thread_run(THREAD, URGENT, call, 6);
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    EXPECT(6, message.words[0]);
    stop_and_resume(THREAD_IS_AWAITING_ANSWER);
    EXPECT(CAP_EMPTY, sys_slot_query(SLOT_SELF, REPLY)); /* the answer is awaited no more */
    EXPECT(E_DEAD, sys_reply(REPLY, &message));
    EXPECT(E_TIMEOUT, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message)); /* free to be used */
    endpoint_end(ENDPOINT, CLIENT);
}

static void test_stop_receiving(void)
{
    struct message message = {.words = {9}};
    endpoint_make(ENDPOINT, CLIENT, 7);
    static const uint64_t deadlines[] = {DEADLINE_NEVER, DEADLINE_NEVER - 1};
    for (unsigned i = 0; i < 2; i++) {
        thread_run(THREAD, URGENT, receive, deadlines[i]);
        EXPECT(CAP_AWAITED, sys_slot_query(SLOT_SELF, ITS_REPLY));
        stop_and_resume(THREAD_IS_RECEIVING);
        EXPECT(CAP_EMPTY, sys_slot_query(SLOT_SELF, ITS_REPLY));
        EXPECT(E_TIMEOUT, sys_call_until(CLIENT, DEADLINE_NOW, &message)); /* nobody is there */
        EXPECT(OK, sys_signal(ENDPOINT, 4));
        EXPECT(RECEIVED_SIGNAL, sys_wait(ENDPOINT, REPLY, DEADLINE_NOW, &message));
    }
    endpoint_end(ENDPOINT, CLIENT);
}

/* A server that asks another one before it answers. */
static void serve(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    sys_wait(ENDPOINT, ITS_REPLY, DEADLINE_NEVER, &message);
    for (;;) {
        sys_call(FAULT_CLIENT, &message);
        sys_reply_wait(ENDPOINT, ITS_REPLY, DEADLINE_NEVER, &message);
    }
}

/* The other one: answers the long way, so that the kernel writes the capability for it. */
static void serve_server(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    for (;;) {
        sys_wait(FAULTS, REPLY, DEADLINE_NEVER, &message);
        sys_reply(REPLY, &message);
    }
}

static void call_thrice(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    for (result = 0; result < 3; result++) {
        sys_call(CLIENT, &message);
    }
    thread_rest();
}

/* The short way notes neither where a server waits once more, nor what its own call has left. */
static void test_stop_receiving_again(void)
{
    endpoint_make(ENDPOINT, CLIENT, 7);
    endpoint_make(FAULTS, FAULT_CLIENT, 8);
    thread_run(THIRD, URGENT, serve_server, 0);
    thread_run(THREAD, URGENT, serve, 0);
    thread_run(OTHER, URGENT, call_thrice, 0);
    EXPECT(3, result);
    EXPECT(THREAD_IS_RECEIVING, thread_state(THREAD));
    EXPECT(OK, sys_thread_stop(THREAD));
    EXPECT(CAP_EMPTY, sys_slot_query(SLOT_SELF, ITS_REPLY));
    thread_done(THREAD);
    thread_done(OTHER);
    thread_done(THIRD);
    endpoint_end(ENDPOINT, CLIENT);
    endpoint_end(FAULTS, FAULT_CLIENT);
}

static void test_stop_sleeping(void)
{
    thread_run(THREAD, URGENT, doze, DEADLINE_NEVER - 1);
    stop_and_resume(THREAD_IS_SLEEPING);
    uint64_t soon = clock_now() + 50 * MILLISECOND;
    thread_run(THREAD, URGENT, doze, soon);
    EXPECT(OK, sys_thread_stop(THREAD));
    EXPECT(OK, sys_sleep(soon + MILLISECOND)); /* the deadline wakes nobody */
    EXPECT(THREAD_IS_STOPPED, thread_state(THREAD));
    EXPECT(OK, sys_thread_resume(THREAD));
    EXPECT(E_STOPPED, result);
    thread_done(THREAD);
}

static void test_stop_running(void)
{
    thread_run(THREAD, LAZY, spin, 0);
    refuse_running(THREAD_IS_READY);
    WAIT_FOR(count > 0);
    EXPECT(OK, sys_thread_stop(THREAD));
    uint64_t so_far = count;
    EXPECT(true, so_far > 0);
    let_run(2 * MILLISECOND);
    EXPECT(so_far, count);
    EXPECT(OK, sys_thread_resume(THREAD));
    WAIT_FOR(count > so_far);
    EXPECT(true, count > so_far);
    thread_done(THREAD);

    result = 1;
    thread_run(THREAD, URGENT, stop_itself, THREAD);
    EXPECT(THREAD_IS_STOPPED, thread_state(THREAD));
    EXPECT(1, result);
    EXPECT(OK, sys_thread_resume(THREAD));
    EXPECT(OK, result);
    thread_done(THREAD);
}

/* One that has faulted is set to go on elsewhere, before or after it is stopped; or faults again.
 */
static void test_faulted(void)
{
    struct message message = {.words = {0}};
    endpoint_make(FAULTS, FAULT_CLIENT, 3);
    EXPECT(OK, sys_domain_set(SLOT_SELF, DOMAIN_FAULT_ENDPOINT, FAULT_CLIENT));
    for (unsigned how = 0; how < 4; how++) {
        thread_new(THREAD, URGENT);
        EXPECT(OK, sys_thread_start(THREAD, PROGRAM_BASE - 64, thread_stack(THREAD), 77));
        EXPECT(THREAD_IS_SENDING, thread_state(THREAD));
        if (how % 2 != 0) {
            EXPECT(RECEIVED_CALL, sys_wait(FAULTS, REPLY, DEADLINE_NOW, &message));
            EXPECT(FAULT_MESSAGE + 14, message.words[FAULT_WORD_KIND]);
            EXPECT(PROGRAM_BASE - 64, message.words[FAULT_WORD_RIP]);
            EXPECT(3, message.badge);
        }
        if (how >= 2) {
            EXPECT(OK, sys_thread_stop(THREAD));
            EXPECT(E_TIMEOUT, sys_wait(FAULTS, ITS_REPLY, DEADLINE_NOW, &message));
        }
        EXPECT(77, thread_value(THREAD, THREAD_RDI));
        EXPECT(OK, sys_thread_set(THREAD, THREAD_PRIORITY, LAZY));
        set_all();
        if (how == 0) {
            EXPECT(RECEIVED_CALL, sys_wait(FAULTS, REPLY, DEADLINE_NOW, &message));
        }
        message.words[0] = FAULT_RESUME;
        if (how != 2) {
            EXPECT(how < 2 ? OK : E_DEAD, sys_reply(REPLY, &message));
        }
        EXPECT(how < 2 ? E_ARGUMENT : OK, sys_thread_resume(THREAD));
        check_all();
        thread_done(THREAD);
        if (how == 3) {
            EXPECT(OK, sys_slot_drop(REPLY));
        }
    }
    thread_run(THREAD, URGENT, (void (*)(uint64_t))(PROGRAM_BASE - 64), 0);
    EXPECT(OK, sys_thread_stop(THREAD));
    EXPECT(OK, sys_thread_resume(THREAD));
    EXPECT(RECEIVED_CALL, sys_wait(FAULTS, REPLY, DEADLINE_NOW, &message)); /* again */
    message.words[0] = 0;
    EXPECT(OK, sys_reply(REPLY, &message));
    EXPECT(THREAD_IS_STOPPED, thread_state(THREAD));
    EXPECT(OK, sys_thread_resume(THREAD));
    EXPECT(RECEIVED_CALL, sys_wait(FAULTS, REPLY, DEADLINE_NOW, &message)); /* and again */
    thread_done(THREAD);
    EXPECT(E_DEAD, sys_reply(REPLY, &message));
    EXPECT(OK, sys_slot_drop(REPLY));
    endpoint_end(FAULTS, FAULT_CLIENT);
}

/* Faults of a thread that is as urgent as its pager: all but the first go the short way. */
#define PAGES 8
static uint64_t page_frames[PAGES];

static uint64_t page_at(uint64_t i)
{
    return PROGRAM_END - (64 - i) * FRAME_BYTES;
}

static void serve_faults(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    sys_wait(FAULTS, REPLY, DEADLINE_NEVER, &message);
    for (count = 0;; count++) {
        sys_page_map(SLOT_SELF, page_at(count), page_frames[count],
                     MAP_READ | MAP_WRITE | ORDER_FRAME << 8);
        message.words[0] = FAULT_RESUME;
        sys_reply_wait(FAULTS, REPLY, DEADLINE_NEVER, &message);
    }
}

static void touch_pages(uint64_t unused)
{
    (void)unused;
    for (result = 0; result < PAGES; result++) {
        *(volatile uint64_t *)page_at((uint64_t)result) = 1;
    }
    thread_rest();
}

static void test_pager(void)
{
    endpoint_make(FAULTS, FAULT_CLIENT, 3);
    EXPECT(OK, sys_domain_set(SLOT_SELF, DOMAIN_FAULT_ENDPOINT, FAULT_CLIENT));
    for (unsigned i = 0; i < PAGES; i++) {
        page_frames[i] = claim_object();
    }
    thread_run(OTHER, URGENT, serve_faults, 0);
    thread_run(THREAD, URGENT, touch_pages, 0);
    EXPECT(PAGES, result);
    EXPECT(PAGES - 1, count); /* it waits for one more */
    thread_done(THREAD);
    thread_done(OTHER);
    for (unsigned i = 0; i < PAGES; i++) {
        EXPECT(OK, sys_page_unmap(SLOT_SELF, page_at(i), ORDER_FRAME));
        EXPECT(OK, sys_frame_release(page_frames[i], ORDER_FRAME));
    }
    endpoint_end(FAULTS, FAULT_CLIENT);
}

/* ---- Who runs ---- */

#define NOTES 60 /* of three threads */

static volatile unsigned order[NOTES], ordered;

static void note(uint64_t number)
{
    order[ordered++] = (unsigned)number;
    thread_rest();
}

/* Notes itself, by and by. */
static void note_often(uint64_t number)
{
    for (unsigned i = 0; i < NOTES / 3; i++) {
        order[ordered++] = (unsigned)number;
        sys_yield();
    }
    thread_rest();
}

static void test_priorities(void)
{
    /* The most urgent first, whoever was ready before. */
    ordered = 0;
    thread_run(THREAD, 1, note, 1);
    thread_run(OTHER, 3, note, 3);
    thread_run(THIRD, 2, note, 2);
    EXPECT(0, ordered);
    EXPECT(1, thread_urgency(THREAD));
    EXPECT(1 | 1 << 8, thread_value(THREAD, THREAD_URGENCY));
    WAIT_FOR(ordered == 3);
    EXPECT(3, ordered);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(3 - i, order[i]);
    }
    thread_done(THREAD);
    thread_done(OTHER);
    thread_done(THIRD);

    /* Set while it is ready: it runs at once. And set back while it runs: it does not. */
    ordered = 0;
    thread_run(THREAD, 0, note, 1);
    thread_run(OTHER, 1, spin, 1);
    let_run(50 * MILLISECOND);
    EXPECT(0, ordered);
    EXPECT(OK, sys_thread_set(THREAD, THREAD_PRIORITY, PRIORITIES - 1));
    EXPECT(1, ordered);
    thread_done(THREAD);
    thread_done(OTHER);
}

/* Of the same priority, each in its turn: by themselves, and when they yield. */
static void test_round_robin(void)
{
    count = count_of_other = 0;
    thread_run(THREAD, LAZY, spin, 0);
    thread_run(OTHER, LAZY, spin_too, 0);
    WAIT_FOR(count > 0 && count_of_other > 0);
    EXPECT(true, count > 0 && count_of_other > 0);
    thread_done(THREAD);
    thread_done(OTHER);

    ordered = 0;
    thread_new(THREAD, LAZY);
    thread_new(OTHER, LAZY);
    thread_new(THIRD, LAZY);
    EXPECT(OK, sys_thread_start(OTHER, (uint64_t)note_often, thread_stack(OTHER), 1));
    EXPECT(OK, sys_thread_start(THREAD, (uint64_t)note_often, thread_stack(THREAD), 2));
    EXPECT(OK, sys_thread_start(THIRD, (uint64_t)note_often, thread_stack(THIRD), 3));
    WAIT_FOR(ordered == NOTES);
    EXPECT(NOTES, ordered);
    unsigned notes_of[4] = {0};
    for (unsigned i = 0; i < NOTES; i++) {
        notes_of[order[i]]++;
        if (i < NOTES / 3) { /* nobody is done before another one has begun */
            EXPECT(true, notes_of[order[i]] < NOTES / 3);
        }
    }
    EXPECT(NOTES / 3, notes_of[1]);
    EXPECT(NOTES / 3, notes_of[2]);
    thread_done(THREAD);
    thread_done(OTHER);
    thread_done(THIRD);
}

/* Wakes who waits at ENDPOINT, and is more urgent, again and again. */
static void wake_often(uint64_t bit)
{
    for (;;) {
        sys_signal(ENDPOINT, bit);
    }
}

/* Who gives way to a more urgent thread goes on when that waits, before another of its priority;
 * but only up to the end of its turn: what it has of that does not begin anew. */
static void test_preempted(void)
{
    unsigned again = 0, others = 0;
    uint64_t last = 0, end = clock_now() + 4000 * MILLISECOND;
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    thread_run(THREAD, LAZY, wake_often, 1);
    thread_run(OTHER, LAZY, wake_often, 2);
    while (others < 6 && clock_now() < end) {
        struct message message = {.words = {0}};
        sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message);
        *(message.words[0] == last ? &again : &others) += 1;
        last = message.words[0];
    }
    EXPECT(true, again > others);
    EXPECT(6, others);
    thread_done(THREAD);
    thread_done(OTHER);
    EXPECT(OK, sys_object_destroy(ENDPOINT));
}

/* What the domain in OTHER, which has a limit, may set; run there. */
static void set_own(uint64_t unused)
{
    (void)unused;
    struct message message = {
        .words = {(uint64_t)sys_thread_set(THREAD, THREAD_PRIORITY, 10),
                  (uint64_t)sys_thread_set(THREAD, THREAD_PRIORITY, 11),
                  (uint64_t)sys_domain_set(SLOT_SELF, DOMAIN_PRIORITY_LIMIT, 10),
                  (uint64_t)sys_domain_set(SLOT_SELF, DOMAIN_PRIORITY_LIMIT, 11),
                  (uint64_t)sys_domain_set(SLOT_SELF, DOMAIN_PRIORITY_LIMIT, PRIORITIES),
                  (uint64_t)sys_domain_set(SLOT_SELF, DOMAIN_PRIORITY_LIMIT, 9)}};
    sys_call(CLIENT, &message);
    message.words[0] = (uint64_t)sys_thread_set(THREAD, THREAD_PRIORITY, 10);
    sys_call(CLIENT, &message);
}

static void test_priority_limit(void)
{
    struct message message = {.words = {0}};
    endpoint_make(ENDPOINT, CLIENT, 7);
    clone_make(OTHER, 200);
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_PRIORITY_LIMIT, 10));
    EXPECT(OK, sys_slot_copy(OTHER, CLIENT, CLIENT, RIGHT_SEND, 0));
    EXPECT(OK, sys_thread_create(THREAD, claim_object(), OTHER));
    EXPECT(10, thread_urgency(THREAD)); /* PRIORITY_NORMAL is above its limit */
    EXPECT(OK, sys_slot_copy(OTHER, THREAD, THREAD, RIGHT_CONTROL, 0));
    EXPECT(OK, sys_thread_start(THREAD, (uint64_t)set_own, STACK_TOP - 8, 0));
    EXPECT(RECEIVED_CALL, sys_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    static const int64_t answers[] = {OK, E_RIGHTS, OK, E_RIGHTS, E_ARGUMENT, OK};
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        EXPECT(answers[i], message.words[i]);
    }
    EXPECT(RECEIVED_CALL, sys_reply_wait(ENDPOINT, REPLY, DEADLINE_NEVER, &message));
    EXPECT(E_RIGHTS, message.words[0]);
    EXPECT(OK, sys_slot_drop(REPLY));
    clone_end(OTHER, THREAD);
    endpoint_end(ENDPOINT, CLIENT);
}

int main(void)
{
    fund(SLOT_SELF, 32);
    test_start_errors();
    test_errors();
    test_dying();
    test_registers();
    test_bad_registers();
    test_stop_sending_and_answer();
    test_stop_receiving();
    test_stop_receiving_again();
    test_stop_sleeping();
    test_stop_running();
    test_faulted();
    test_pager();
    test_priorities();
    test_round_robin();
    test_preempted();
    test_priority_limit();
    end_test();
}
