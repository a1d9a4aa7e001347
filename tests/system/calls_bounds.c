/*
 * The edges of user mode: a SYSCALL in the last bytes of the program area, threads set to go on at
 * every power of two and beside it, with such stacks and bases; every flag over a SYSCALL, the trap
 * flag too; and every I/O port without a right. The processor or the kernel refuses, or a fault of
 * the thread's says so; the kernel takes none.
 */
#include "tests/system/all_registers.h"
#include "tests/system/blob.h"
#include "tests/system/threads.h"

#define FAULTS 20
#define FAULT_CLIENT 21
#define REPLY 22
#define THREAD 23
#define OTHER 24
#define ENDPOINT 25
#define CLIENT 26
#define SERVER 27
#define SERVER_REPLY 28

#define LAST_PAGE (PROGRAM_END - FRAME_BYTES)
#define UPCALL (PROGRAM_BASE + 8)
#define DEBUG_EXCEPTION 1u
#define INVALID_OPCODE 6u
#define PROTECTION 13u
#define PAGE_FAULT 14u
#define TRAP_FLAG 0x100u
#define PORTS 0x10000u
#define PORTS_LEAST 128 /* that are tried, however slow the machine is */

#define SECOND_NS 1000000000ull

static struct message heard;

/* The next fault, whose exception this is. */
static void hear(uint32_t vector)
{
    EXPECT(RECEIVED_CALL, sys_wait(FAULTS, REPLY, clock_now() + 5 * SECOND_NS, &heard));
    EXPECT(FAULT_MESSAGE + vector, heard.words[FAULT_WORD_KIND]);
}

static void resume(void)
{
    heard.words[0] = FAULT_RESUME;
    EXPECT(OK, sys_reply(REPLY, &heard));
}

static void set(uint32_t number, uint64_t value)
{
    EXPECT(OK, sys_thread_set(THREAD, THREAD_REGISTER + number, value));
}

/* A code page at `at`, too, owned by the test. */
static uint64_t map_code(uint64_t at)
{
    uint64_t frame = claim(ORDER_FRAME, MAP_READ | MAP_WRITE);
    fund(OTHER, 3);
    EXPECT(OK, sys_page_map(OTHER, at, frame, MAP_READ | MAP_EXECUTE));
    return frame;
}

/* ---- SYSCALL at the end of the program area ---- */

BLOB(bounced, "ud2; nop; nop; nop; nop; nop; nop\n\tud2");

static void test_last_bytes(void)
{
    static const uint64_t calls[] = {
        CALL_machine_query, CALL_frame_claim,   CALL_yield, CALL_signal,
        CALL_slot_drop,     CALL_call,          CALL_wait,  CALL_reply,
        CALL_reply_wait,    CALL_thread_resume, 39,         1ull << 63};
    blob_make(OTHER, bounced, bounced_end, 60);
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_FAULT_ENDPOINT, FAULT_CLIENT));
    EXPECT(OK, sys_slot_copy(OTHER, CLIENT, CLIENT, RIGHT_SEND | RIGHT_SIGNAL, 0));
    uint8_t *code = (uint8_t *)map_code(LAST_PAGE);
    code[FRAME_BYTES - 2] = 0x0f;
    code[FRAME_BYTES - 1] = 0x05;
    for (unsigned upcall = 0; upcall < 2; upcall++) {
        EXPECT(OK, sys_domain_set(OTHER, DOMAIN_UPCALL, upcall ? UPCALL : 0));
        blob_start(OTHER, THREAD, PRIORITY_NORMAL, 0);
        hear(INVALID_OPCODE);
        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
            bool is_bounced = upcall && (calls[i] == 39 || calls[i] >> 63);
            set(THREAD_RIP, PROGRAM_END - 2);
            set(THREAD_RAX, calls[i]);
            set(THREAD_RDI, CLIENT);
            set(THREAD_RSI, 1);
            set(THREAD_RBX, 0);
            resume();
            hear(is_bounced ? INVALID_OPCODE : PAGE_FAULT);
            EXPECT(is_bounced ? UPCALL : PROGRAM_END, heard.words[FAULT_WORD_RIP]);
            EXPECT(PROGRAM_END, thread_value(THREAD, THREAD_RCX));
        }
        EXPECT(OK, sys_slot_drop(REPLY));
        EXPECT(OK, sys_slot_drop(THREAD));
    }
    static const uint64_t refused[] = {1, LOWER_HALF_END, UPPER_HALF_START - 1, PROGRAM_END,
                                       UINT64_MAX};
    for (unsigned i = 0; i < 5; i++) {
        EXPECT(E_ARGUMENT, sys_domain_set(OTHER, DOMAIN_UPCALL, refused[i]));
    }
    blob_end(OTHER);
}

/* ---- Addresses at every power of two ---- */

/* Goes the way in and out that message calls take, and then ends. */
BLOB(calls_and_ends, "mov $4120 + 0x20000, %eax; xor %ebx, %ebx; xor %r14d, %r14d\n\t"
                     "syscall\n\t"
                     "ud2");
_Static_assert(CALL_wait == 4120 && MESSAGE_HAS_DEADLINE == 0x20000, "as the code says");

static void try_address(uint32_t number, uint64_t address)
{
    int64_t error = sys_thread_set(THREAD, THREAD_REGISTER + number, address);
    bool canonical = (uint64_t)((int64_t)(address << 16) >> 16) == address;
    bool allowed =
        number == THREAD_RIP ? address >= UPPER_HALF_START && address < PROGRAM_END : canonical;
    EXPECT(allowed ? OK : E_ARGUMENT, error);
    if (error == OK) {
        if (number != THREAD_RIP) {
            set(THREAD_RIP, PROGRAM_BASE);
        }
        resume();
        hear(number == THREAD_RIP ? PAGE_FAULT : INVALID_OPCODE);
    }
}

static void test_addresses(void)
{
    static const uint32_t numbers[] = {THREAD_RIP, THREAD_RSP, THREAD_FS, THREAD_GS};
    blob_make(OTHER, calls_and_ends, calls_and_ends_end, 60);
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_FAULT_ENDPOINT, FAULT_CLIENT));
    blob_start(OTHER, THREAD, PRIORITY_NORMAL, 0);
    hear(INVALID_OPCODE);
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned k = 0; k < 64; k++) {
            for (uint64_t n = 0; n < 3; n++) {
                try_address(numbers[i], (1ull << k) + n - 1);
                try_address(numbers[i], 0 - (1ull << k) + n - 1);
            }
        }
        set(numbers[i], i == 0 ? PROGRAM_BASE : 0);
    }
    EXPECT(OK, sys_slot_drop(REPLY));
    blob_end(OTHER);
    EXPECT(OK, sys_slot_drop(THREAD));
}

/* ---- Flags ---- */

/* User mode's, by POPF: IOPL, NT, AC, ID, DF and those of arithmetic; and what comes back. */
static void test_flags(void)
{
    static const uint64_t calls[] = {CALL_machine_query, CALL_yield, CALL_signal, CALL_wait, 39};
    for (unsigned bit = 0; bit < 22; bit++) {
        if (bit == 8 || bit == 16) {
            continue; /* TF: below; RF: no POPF sets it */
        }
        for (unsigned i = 0; i < 5; i++) {
            uint64_t r[REGISTERS] = {0};
            r[RAX] = calls[i] == CALL_wait ? CALL_wait | MESSAGE_HAS_DEADLINE : calls[i];
            r[RDI] = ENDPOINT;
            r[RSI] = 1;
            r[FLAGS] = FLAGS_ON | 1ull << bit;
            call_with(r);
            bool stays = (0x244cd5ull >> bit & 1) != 0; /* ID AC NT DF SF ZF AF PF CF */
            bool shown = bit != 11 && bit != 9 && bit != 1 && calls[i] != CALL_wait;
            EXPECT(0, r[FLAGS] & 0xa3100); /* VM VIF VIP IOPL TF */
            EXPECT(FLAGS_ON, r[FLAGS] & FLAGS_ON);
            if (shown) {
                EXPECT(stays, r[FLAGS] >> bit & 1);
            }
        }
    }
}

/* Step by step over SYSCALLs of each kind: a trap behind instructions of the thread's, none in the
 * kernel. The upcall is in front; last comes a call, which loses the flags. */
BLOB(steps, "jmp 1f; nop; nop; nop; nop; nop; nop\n\t"
            "jmp *%rcx\n"
            "1: mov $4120 + 0x20000, %eax; xor %ebx, %ebx; xor %r14d, %r14d\n\t"
            "syscall\n\t"
            "mov $4117, %eax; syscall\n\t" /* machine_query */
            "mov $4123, %eax; syscall\n\t" /* yield */
            "mov $25, %edi; mov $1, %esi; mov $4122, %eax; syscall\n\t"
            "mov $39, %eax; syscall\n\t"
            "nop; nop\n\t"
            "mov $26, %ebx; mov $4118, %eax; syscall\n\t"
            "ud2");
_Static_assert(CALL_machine_query == 4117 && CALL_yield == 4123, "as the code says");
_Static_assert(CALL_signal == 4122 && ENDPOINT == 25, "as the code says");
_Static_assert(CALL_call == 4118 && CLIENT == 26, "as the code says");
#define STEPS_CALL (steps_end - steps - 14) /* where the call's instructions begin */

static uint64_t answered;

static void answer(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    int64_t got = sys_wait(ENDPOINT, SERVER_REPLY, DEADLINE_NEVER, &message);
    for (; got == RECEIVED_CALL || got == RECEIVED_SIGNAL; answered += got == RECEIVED_CALL) {
        got = got == RECEIVED_CALL
                  ? sys_reply_wait(ENDPOINT, SERVER_REPLY, DEADLINE_NEVER, &message)
                  : sys_wait(ENDPOINT, SERVER_REPLY, DEADLINE_NEVER, &message);
    }
    thread_rest();
}

/* Up to the end of the steps; which of them trapped. */
static uint64_t count_steps(void)
{
    uint64_t traps = 0;
    do {
        EXPECT(RECEIVED_CALL, sys_wait(FAULTS, REPLY, clock_now() + 5 * SECOND_NS, &heard));
        uint32_t vector = (uint32_t)(heard.words[FAULT_WORD_KIND] - FAULT_MESSAGE);
        if (vector != DEBUG_EXCEPTION) {
            EXPECT(INVALID_OPCODE, vector);
            break;
        }
        traps++;
        EXPECT(TRAP_FLAG, thread_value(THREAD, THREAD_RFLAGS) & TRAP_FLAG);
        EXPECT(0, heard.words[FAULT_WORD_CODE]);
        EXPECT(true, heard.words[FAULT_WORD_RIP] - PROGRAM_BASE < (uint64_t)(steps_end - steps));
        EXPECT(STACK_TOP, heard.words[FAULT_WORD_RSP]);
        resume();
    } while (traps < 100);
    return traps;
}

static void test_trap_flag(uint64_t upcall)
{
    blob_make(OTHER, steps, steps_end, 60);
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_FAULT_ENDPOINT, FAULT_CLIENT));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_UPCALL, upcall));
    EXPECT(OK, sys_slot_copy(OTHER, ENDPOINT, ENDPOINT, RIGHT_SIGNAL, 0));
    EXPECT(OK, sys_slot_copy(OTHER, CLIENT, CLIENT, RIGHT_SEND, 0));
    thread_run(SERVER, PRIORITY_NORMAL, answer, 0);
    WAIT_FOR(thread_state(SERVER) == THREAD_IS_RECEIVING);
    EXPECT(OK, sys_thread_create(THREAD, claim_object(), OTHER));
    set(THREAD_RFLAGS, FLAGS_ON | TRAP_FLAG);
    EXPECT(OK, sys_thread_start(THREAD, PROGRAM_BASE, STACK_TOP, 0));
    uint64_t traps = count_steps();
    printf("trap flag: %lu traps\n", traps);
    EXPECT(true, traps >= 13 && traps <= 21);
    /* The call again, now that the kernel has noted its slot: the short way. */
    for (unsigned i = 0; i < 3; i++) {
        set(THREAD_RIP, PROGRAM_BASE + STEPS_CALL);
        set(THREAD_RFLAGS, FLAGS_ON | TRAP_FLAG);
        resume();
        traps = count_steps();
        EXPECT(true, traps >= 2 && traps <= 3);
    }
    EXPECT(PROGRAM_BASE + STEPS_CALL + 12, heard.words[FAULT_WORD_RIP]);
    EXPECT(OK, sys_slot_drop(REPLY));
    blob_end(OTHER);
    EXPECT(OK, sys_slot_drop(THREAD));
    thread_done(SERVER);
}

/* ---- Ports ---- */

void touch_port(uint64_t port);
__asm__("touch_port:\n\t"
        "in %dx, %al; out %al, %dx; in %dx, %ax; out %ax, %dx; in %dx, %eax; out %eax, %dx\n\t"
        "ud2");

static const uint8_t port_steps[] = {1, 1, 2, 2, 1, 1};

/* All ways to touch one port. */
static void try_port(uint64_t port)
{
    uint64_t rip = (uint64_t)touch_port;
    set(THREAD_RDX, port);
    for (unsigned i = 0; i < 6; i++) {
        set(THREAD_RIP, rip);
        heard.words[0] = FAULT_RESUME;
        int64_t got = sys_reply_wait(FAULTS, REPLY, DEADLINE_NEVER, &heard);
        if (got != RECEIVED_CALL || heard.words[FAULT_WORD_KIND] != FAULT_MESSAGE + PROTECTION ||
            heard.words[FAULT_WORD_RIP] != rip) {
            EXPECT(port << 8 | i, -1); /* says which one was let through */
        }
        rip += port_steps[i];
    }
}

/* So many of them at least, and as many as this machine tries in three seconds. The thread is of
 * the test's own domain: other page tables, twice a fault, cost an emulator five times as much as
 * all the rest. */
static void test_ports(uint64_t wanted)
{
    EXPECT(OK, sys_domain_set(SLOT_SELF, DOMAIN_FAULT_ENDPOINT, FAULT_CLIENT));
    thread_run(THREAD, PRIORITY_NORMAL, touch_port, 0);
    hear(PROTECTION);
    EXPECT(OK, sys_thread_set(SLOT_NONE, THREAD_FPU, 0)); /* printf used it; it would be switched */
    uint64_t start = clock_now(), tried = 0;
    while (tried < PORTS && (tried < wanted || clock_now() - start < 3 * SECOND_NS)) {
        try_port((tried++ * 40503 + 0x80) % PORTS); /* odd: each comes once */
    }
    printf("ports: %lu of %u tried, %lu ns a fault\n", tried, PORTS,
           (clock_now() - start) / tried / 6);
    EXPECT(OK, sys_slot_drop(REPLY));
    thread_done(THREAD);
}

/* The kernel's command line may say how many ports are tried, however long it takes: ports=65536.
 */
int main(int argc, char **argv)
{
    uint64_t wanted = PORTS_LEAST;
    for (int i = 1; i < argc; i++) {
        wanted = strncmp(argv[i], "ports=", 6) == 0 ? strtoull(argv[i] + 6, NULL, 10) : wanted;
    }
    fund(SLOT_SELF, 32);
    endpoint_make(FAULTS, FAULT_CLIENT, 0);
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_ALL, 0));
    test_last_bytes();
    test_addresses();
    test_flags();
    test_trap_flag(0);
    test_trap_flag(UPCALL);
    EXPECT(8, answered);
    test_ports(wanted);
    end_test();
}
