/*
 * A domain whose code is random bytes, with system calls among them: 300 blobs of them from a fixed
 * seed, or as many as the kernel's command line says (blobs=100000). Whoever faults, or goes on for
 * too long, is set to the start of the next blob with random registers; now and then thread and
 * domain end, and others begin. Each time all frames must have come back, the kernel's invariants
 * hold, and a victim's sums be as it left them. That the kernel took no fault itself shows in that
 * this program ends.
 */
#include "tests/system/blob.h"
#include "tests/system/ends.h"
#include "tests/system/threads.h"

#define BLOBS 300
#define BLOBS_PER_DOMAIN 50
#define LONGEST (10 * MILLISECOND)
#define STEPS 50 /* by the trap flag */
#define DEBUG_EXCEPTION 1u

#define FAULTS 20
#define FAULT_CLIENT 21
#define REPLY 22
#define THREAD 23
#define OTHER 24
#define ENDPOINT 25 /* where nobody waits; the domain holds it, too */
#define ITS_ENDPOINT 3
#define ITS_THREAD 4

static unsigned faulted, stopped, ended, stepped;

BLOB(nothing, "ud2");

/* Random bytes; every 16 of them begin with a number for rax and a SYSCALL, once in four times. */
static void write_blob(uint8_t *code, uint64_t *seed)
{
    for (unsigned i = 0; i < FRAME_BYTES; i += 8) {
        uint64_t bytes = random_next(seed);
        memcpy(code + i, &bytes, 8);
        if (i % 16 == 0 && bytes >> 62 == 0) {
            uint32_t number = COCOS_CALL_BASE + (uint32_t)(bytes >> 8) % (COCOS_CALL_COUNT + 2);
            code[i] = 0xb8; /* mov eax, number */
            memcpy(code + i + 1, &number, 4);
            code[i + 5] = 0x0f; /* syscall */
            code[i + 6] = 0x05;
        }
    }
}

static void make_domain_and_thread(void)
{
    blob_make(OTHER, nothing, nothing_end, 60);
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_FAULT_ENDPOINT, FAULT_CLIENT));
    EXPECT(OK,
           sys_domain_set(OTHER, DOMAIN_PRIORITY_LIMIT, LAZY)); /* it never keeps the test out */
    EXPECT(OK, sys_slot_copy(OTHER, SLOT_SELF, OTHER, RIGHT_ALL & ~RIGHT_COPY, 0));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_ENDPOINT, ENDPOINT, RIGHT_SEND | RIGHT_SIGNAL, 0));
    EXPECT(OK, sys_thread_create(THREAD, claim_object(), OTHER));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_THREAD, THREAD, RIGHT_ALL & ~RIGHT_COPY, 0));
}

static void end_domain(void)
{
    blob_end(OTHER);
    EXPECT(OK, sys_slot_drop(THREAD));
    sys_slot_drop(REPLY);
}

/* Random registers, of which some name a slot or the code. False: the thread is gone. */
static bool set_registers(uint64_t *seed)
{
    for (uint32_t i = THREAD_RSP; i <= THREAD_GS; i++) {
        uint64_t value = random_next(seed);
        value = value % 4 == 0   ? value >> 32 & 7
                : value % 4 == 1 ? PROGRAM_BASE + (value >> 52)
                                 : value;
        if (i == THREAD_RFLAGS) {
            value &= random_next(seed) >> 61 == 0 ? 0xdd5 : 0xcd5; /* sometimes step by step */
        }
        int64_t error = sys_thread_set(THREAD, THREAD_REGISTER + i, value);
        if (error == E_DEAD) {
            return false;
        }
        EXPECT(true, error == OK || error == E_ARGUMENT);
    }
    return sys_thread_set(THREAD, THREAD_REGISTER + THREAD_RIP, PROGRAM_BASE) == OK;
}

/* Lets it run until it faults, or for its time. False: the thread is gone. */
static bool run_blob(void)
{
    struct message message = {.words = {0}};
    int64_t got = sys_wait(FAULTS, REPLY, clock_now() + LONGEST, &message);
    for (unsigned i = 0; i < STEPS && got == RECEIVED_CALL &&
                         message.words[FAULT_WORD_KIND] == FAULT_MESSAGE + DEBUG_EXCEPTION;
         i++) {
        stepped++;
        message.words[0] = FAULT_RESUME;
        EXPECT(OK, sys_reply(REPLY, &message));
        got = sys_wait(FAULTS, REPLY, clock_now() + LONGEST, &message);
    }
    if (got == RECEIVED_CALL) {
        faulted++;
        EXPECT(true, message.words[FAULT_WORD_KIND] - FAULT_MESSAGE < 32);
        EXPECT(OK, sys_reply(REPLY, &message)); /* stopped by that */
        return true;
    }
    EXPECT(E_TIMEOUT, got);
    got = sys_thread_stop(THREAD);
    stopped++;
    return got == OK || got == E_ARGUMENT; /* it may have stopped itself */
}

static void run_domain(uint64_t *seed)
{
    make_domain_and_thread();
    uint64_t code = claim(ORDER_FRAME, MAP_READ | MAP_WRITE);
    EXPECT(OK, sys_page_unmap(OTHER, PROGRAM_BASE, ORDER_FRAME));
    EXPECT(OK, sys_page_map(OTHER, PROGRAM_BASE, code, MAP_READ | MAP_EXECUTE));
    for (unsigned i = 0; i < BLOBS_PER_DOMAIN; i++) {
        write_blob((uint8_t *)code, seed);
        bool alive = set_registers(seed);
        if (alive && i == 0) {
            alive = sys_thread_start(THREAD, PROGRAM_BASE, STACK_TOP, 7) == OK;
        } else if (alive) {
            alive = sys_thread_resume(THREAD) == OK;
        }
        victim_roll();
        if (!alive || !run_blob()) {
            ended++;
            break;
        }
    }
    end_domain();
    EXPECT(OK, sys_frame_release(code, ORDER_FRAME));
}

int main(int argc, char **argv)
{
    uint64_t blobs = BLOBS, seed = 0xb10b;
    for (int i = 1; i < argc; i++) {
        blobs = strncmp(argv[i], "blobs=", 6) == 0 ? strtoull(argv[i] + 6, NULL, 10) : blobs;
    }
    fund(SLOT_SELF, 32);
    endpoint_make(FAULTS, FAULT_CLIENT, 0);
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    puppets_begin();
    victim_make();
    struct frame_ledger before = frames_count();
    while (faulted + stopped < blobs) {
        run_domain(&seed);
        expect_ends(&before);
    }
    printf("random code: %u blobs, %u faulted, %u went on, %u threads gone, %u steps, victim "
           "rolled %lu\n",
           faulted + stopped, faulted, stopped, ended, stepped, victim_rolls);
    end_test();
}
