/*
 * What cocOS's operations cost, as a program sees them, stubs included. Runs in init's place;
 * prints one line per measurement: "bench NAME MIN MEDIAN", in ticks of the time-stamp counter
 * per operation. Under QEMU's -icount a tick is an instruction. bench/run starts it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cocos/port_io.h>
#include <cocos/service.h>
#include <cocos/sys.h>
#include <cocos/words.h>
#include <unistd.h>

#define REPETITIONS 7
/* Of a loop of messages: many short ones, so that some of them are over before the host interrupts.
 */
#define LOOP_REPETITIONS 101
#define LOOP_TURNS 200
#define AT (MAPPINGS_END - 4 * BLOCK_BYTES)
#define RW (MAP_READ | MAP_WRITE)

/* Slots. */
enum {
    SERVER_DOMAIN = 20,
    SERVER_THREAD,
    ENDPOINT,
    CLIENT,
    REPLY,
    OTHER,
    FAULTING,
    FAULTS,
    FAULTS_REPLY,
    SPINNER,
    SIGNALS,
    SIGNALS_REPLY
};
enum { ITS_ENDPOINT = SLOT_FIRST_NAMED, ITS_REPLY };

static uint64_t spare[3]; /* frames for domain_create */
static uint64_t frame;    /* an owned one */
static uint64_t block;
static uint64_t many[FRAMES_PER_BLOCK];

static uint64_t ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return low | (uint64_t)high << 32;
}

static _Noreturn void end(int status)
{
    const struct system_page *system = (const struct system_page *)SYSTEM_PAGE;
    printf("power off, status %d\n", status);
    sys_ports_enable(SLOT_INIT_PORTS);
    while (!(port_read8(0x3fd) & 0x40)) {
        /* the serial line is still sending */
    }
    __asm__ volatile("outw %0, %1" : : "a"(system->power_value), "Nd"(system->power_port));
    for (;;) {
        sys_yield();
    }
}

static uint64_t need(int64_t result)
{
    if (result < 0) {
        printf("bench: %s\n", error_text(result));
        end(1);
    }
    return (uint64_t)result;
}

static uint64_t claim_unmapped(void)
{
    return need(sys_frame_claim(ZONE_ANY, ORDER_FRAME, 0, 0));
}

/* ---- What is measured ---- */

static void nothing(void)
{
}

static void null_call(void)
{
    sys_thread_set_tls(LOWER_HALF_END); /* refused at once: the way in, a check, the way out */
}

static void null_full_call(void)
{
    sys_slot_drop(SLOT_NONE); /* the same of class FULL (cocos/calls.h) */
}

static void claim_release(void)
{
    sys_frame_release((uint64_t)sys_frame_claim(ZONE_ANY, ORDER_FRAME, RW, 0), ORDER_FRAME);
}

static void claim_release_unmapped(void)
{
    sys_frame_release((uint64_t)sys_frame_claim(ZONE_ANY, ORDER_FRAME, 0, 0), ORDER_FRAME);
}

static void claim_release_512(void)
{
    for (unsigned i = 0; i < FRAMES_PER_BLOCK; i++) {
        many[i] = (uint64_t)sys_frame_claim(ZONE_ANY, ORDER_FRAME, RW, 0);
    }
    for (unsigned i = 0; i < FRAMES_PER_BLOCK; i++) {
        sys_frame_release(many[i], ORDER_FRAME);
    }
}

static void claim_release_block(void)
{
    sys_frame_release((uint64_t)sys_frame_claim(ZONE_ANY, ORDER_BLOCK, RW, 0), ORDER_BLOCK);
}

static void grant_revoke(void)
{
    sys_frame_grant(frame, ORDER_FRAME, SERVER_DOMAIN, RW);
    sys_frame_revoke(frame, ORDER_FRAME, SERVER_DOMAIN);
}

static void grant_revoke_block(void)
{
    sys_frame_grant(block, ORDER_BLOCK, SERVER_DOMAIN, RW);
    sys_frame_revoke(block, ORDER_BLOCK, SERVER_DOMAIN);
}

static void map_unmap(void)
{
    sys_page_map(SLOT_SELF, AT, frame, RW);
    sys_page_unmap(SLOT_SELF, AT, ORDER_FRAME);
}

static void create_destroy(void)
{
    sys_domain_create(OTHER, spare[0], spare[1], spare[2]);
    sys_domain_destroy(OTHER);
    sys_slot_drop(OTHER);
    for (unsigned i = 0; i < 3; i++) {
        spare[i] = (uint64_t)sys_frame_claim(ZONE_ANY, ORDER_FRAME, 0, 0);
    }
}

static void claim_3(void)
{
    for (unsigned i = 0; i < 3; i++) {
        sys_frame_release(spare[i], ORDER_FRAME);
        spare[i] = (uint64_t)sys_frame_claim(ZONE_ANY, ORDER_FRAME, 0, 0);
    }
}

static void bounced_getppid(void)
{
    getppid();
}

/* ---- Measuring ---- */

/* noipa: not specialised for the empty function, so that turns of the loop cost the same. */
__attribute__((noipa)) static double cost_of(void (*operation)(void), unsigned times)
{
    uint64_t start = ticks();
    for (unsigned i = 0; i < times; i++) {
        operation();
    }
    return (double)(ticks() - start) / times;
}

/* Minimum and median, less the least that calling an empty function costs: a single time
 * of that may be long by whatever else the host does. */
static void measure(const char *name, void (*operation)(void), unsigned times)
{
    double costs[REPETITIONS], empty = cost_of(nothing, times);
    cost_of(operation, times);
    for (unsigned i = 0; i < REPETITIONS; i++) {
        double again = cost_of(nothing, times), cost = cost_of(operation, times);
        empty = again < empty ? again : empty;
        unsigned k = i;
        for (; k > 0 && costs[k - 1] > cost; k--) {
            costs[k] = costs[k - 1];
        }
        costs[k] = cost;
    }
    printf("bench %s %.2f %.2f\n", name, costs[0] - empty, costs[REPETITIONS / 2] - empty);
}

/*
 * The same for what stands in the loop itself, as it does in a program: cost_of_NAME(times), less
 * the loop's own instructions. This thread does without the FPU meanwhile: messages of threads that
 * use it take the long way.
 */
#define IN_LOOP(name, statement)                                                                   \
    static uint64_t cost_of_##name(unsigned times)                                                 \
    {                                                                                              \
        sys_thread_set(SLOT_NONE, THREAD_FPU, 0);                                                  \
        uint64_t start = ticks();                                                                  \
        for (unsigned i = times; i != 0; i--) {                                                    \
            statement;                                                                             \
            __asm__ volatile("");                                                                  \
        }                                                                                          \
        return ticks() - start;                                                                    \
    }
IN_LOOP(loop, )

static void measure_loop(const char *name, uint64_t (*cost)(unsigned), unsigned times)
{
    uint64_t costs[LOOP_REPETITIONS], empty = cost_of_loop(times);
    cost(times);
    for (unsigned i = 0; i < LOOP_REPETITIONS; i++) {
        uint64_t again = cost_of_loop(times), now = cost(times);
        empty = again < empty ? again : empty;
        unsigned k = i;
        for (; k > 0 && costs[k - 1] > now; k--) {
            costs[k] = costs[k - 1];
        }
        costs[k] = now;
    }
    printf("bench %s %.2f %.2f\n", name, (double)(costs[0] - empty) / times,
           (double)(costs[LOOP_REPETITIONS / 2] - empty) / times);
}

static inline struct words any_words(void)
{
    return (struct words){
        {words_any(), words_any(), words_any(), words_any(), words_any(), words_any()}};
}

/* A call with so many words, each loaded for it, and the answer of as many. */
static inline __attribute__((always_inline)) void call_words(unsigned count)
{
#define WORD(i) (i) < count ? (i) + 1 : words_any()
    struct words words = {{WORD(0), WORD(1), WORD(2), WORD(3), WORD(4), WORD(5)}};
    if (words_call(CLIENT, &words) < 0) {
        __builtin_trap();
    }
}
IN_LOOP(call_0, call_words(0))
IN_LOOP(call_1, call_words(1))
IN_LOOP(call_2, call_words(2))
IN_LOOP(call_3, call_words(3))
IN_LOOP(call_4, call_words(4))
IN_LOOP(call_5, call_words(5))
IN_LOOP(call_6, call_words(6))

static inline void signal_and_wait(void)
{
    struct words words = any_words();
    uint64_t badge;
    sys_signal(SIGNALS, 1);
    if (words_wait(SIGNALS, SIGNALS_REPLY, &badge, &words) != RECEIVED_SIGNAL) {
        __builtin_trap();
    }
}
IN_LOOP(signal_wait, signal_and_wait())

/* The thread of the other domain faults, is told to go on, and faults again. */
static inline void serve_fault(void)
{
    struct words words = any_words();
    words.word[0] = FAULT_RESUME;
    uint64_t badge;
    if (words_reply_wait(FAULTS, FAULTS_REPLY, &badge, &words) != RECEIVED_CALL) {
        __builtin_trap();
    }
}
IN_LOOP(serve_fault, serve_fault())
IN_LOOP(switches, sys_yield(); sys_yield())

/* A loop of two instructions must cost 2.00 ticks under -icount. */
static void calibrate(void)
{
    uint64_t count = 1000000, start = ticks();
    __asm__ volatile("1: dec %0; jnz 1b" : "+r"(count));
    double per_turn = (double)(ticks() - start) / 1000000;
    printf("bench calibration %.2f %.2f\n", per_turn, per_turn);
}

/* ---- The other domain: answers every call, for ever ---- */

__attribute__((naked, used, section(".server"), aligned(64))) static void server(void)
{
    __asm__ volatile("mov %0, %%eax\n\t"
                     "jmp 2f\n"
                     "1: mov %1, %%eax\n"
                     "2: mov %2, %%ebx\n\t"
                     "syscall\n\t"
                     "jmp 1b"
                     :
                     : "i"(CALL_wait), "i"(CALL_reply_wait), "i"(ITS_ENDPOINT | ITS_REPLY << 16));
}
#define SERVER_BYTES 64

/* Faults for ever, at one place. */
#define FAULTER_AT (PROGRAM_BASE + FRAME_BYTES)

static void start_faulter(void)
{
    struct message message = {.words = {0}};
    need(sys_endpoint_create(FAULTS, claim_unmapped()));
    need(sys_slot_copy(SLOT_SELF, OTHER, FAULTS, RIGHT_SEND, 1));
    need(sys_domain_set(SERVER_DOMAIN, DOMAIN_FAULT_ENDPOINT, OTHER));
    need(sys_slot_drop(OTHER));
    need(sys_thread_create(FAULTING, claim_unmapped(), SERVER_DOMAIN));
    need(sys_thread_start(FAULTING, FAULTER_AT, STACK_TOP, 0));
    need(sys_wait(FAULTS, FAULTS_REPLY, DEADLINE_NEVER, &message));
}

/* ---- From an interrupt to the thread that waits for it ---- */

#define LINE_OF_PIT 2 /* ISA line 0, on every machine of this kind */
#define PIT_COUNT0 0x40
#define PIT_MODE 0x43
#define PIT_ONCE 0x30

static volatile uint64_t last_ticks;
static volatile bool timer_wanted;
static uint8_t spinner_stack[4096] __attribute__((aligned(16)));

/* Notes the time for ever; what it noted last is when it was interrupted. It starts the timer, too,
 * so that only this thread has ports. */
__attribute__((noreturn)) static void spinner(void)
{
    sys_ports_enable(SLOT_INIT_PORTS);
    for (;;) {
        if (timer_wanted) {
            timer_wanted = false;
            port_write8(PIT_MODE, PIT_ONCE);
            port_write8(PIT_COUNT0, 0);
            port_write8(PIT_COUNT0, 8); /* 2048 / 1193182 s */
        }
        uint32_t low, high;
        __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
        last_ticks = low | (uint64_t)high << 32;
    }
}

static void start_spinner(void)
{
    need(sys_thread_create(SPINNER, claim_unmapped(), SLOT_SELF));
    need(sys_thread_set(SPINNER, THREAD_PRIORITY, PRIORITY_NORMAL - 1));
    need(sys_thread_start(SPINNER, (uint64_t)spinner,
                          (uint64_t)(spinner_stack + sizeof spinner_stack - 8), 0));
    need(sys_interrupt_bind(SLOT_INIT_INTERRUPTS, LINE_OF_PIT, SIGNALS, 0));
}

static uint64_t cost_of_interrupt(void)
{
    struct words words = any_words();
    uint64_t badge;
    timer_wanted = true;
    sys_thread_set(SLOT_NONE, THREAD_FPU, 0);
    int64_t got = words_wait(SIGNALS, SIGNALS_REPLY, &badge, &words);
    uint64_t now = ticks();
    if (got != RECEIVED_SIGNAL) {
        __builtin_trap();
    }
    sys_interrupt_ack(SLOT_INIT_INTERRUPTS, LINE_OF_PIT);
    return now - last_ticks;
}

static void measure_interrupt(void)
{
    uint64_t costs[REPETITIONS];
    start_spinner();
    cost_of_interrupt();
    for (unsigned i = 0; i < REPETITIONS; i++) {
        uint64_t now = cost_of_interrupt();
        unsigned k = i;
        for (; k > 0 && costs[k - 1] > now; k--) {
            costs[k] = costs[k - 1];
        }
        costs[k] = now;
    }
    printf("bench irq.user %llu %llu\n", (unsigned long long)costs[0],
           (unsigned long long)costs[REPETITIONS / 2]);
    need(sys_object_destroy(SPINNER));
}

/* ---- A second thread of this domain ---- */

static void yielder(void)
{
    for (;;) {
        sys_yield();
    }
}

static void measure_switch(void)
{
    need(sys_thread_create(SPINNER, claim_unmapped(), SLOT_SELF));
    need(sys_thread_start(SPINNER, (uint64_t)yielder,
                          (uint64_t)(spinner_stack + sizeof spinner_stack - 8), 0));
    sys_yield();
    measure_loop("thread.two_switches", cost_of_switches, LOOP_TURNS);
    need(sys_object_destroy(SPINNER));
}

static void start_server(void)
{
    need(sys_endpoint_create(ENDPOINT, claim_unmapped()));
    need(sys_slot_copy(SLOT_SELF, CLIENT, ENDPOINT, RIGHT_SEND, 1));
    need(sys_domain_create(SERVER_DOMAIN, claim_unmapped(), claim_unmapped(), claim_unmapped()));
    need(sys_domain_set(SERVER_DOMAIN, DOMAIN_FRAME_LIMIT, 100));
    need(sys_slot_copy(SERVER_DOMAIN, ITS_ENDPOINT, ENDPOINT, RIGHT_RECEIVE, 0));
    need(sys_domain_set(SERVER_DOMAIN, DOMAIN_ACCEPT, 2 * FRAMES_PER_BLOCK));
    for (unsigned i = 0; i < 9; i++) {
        need(sys_page_fund(SERVER_DOMAIN, claim_unmapped()));
    }
    uint64_t text = need(sys_frame_claim(ZONE_ANY, ORDER_FRAME, RW, 0));
    memcpy((void *)text, (const void *)server, SERVER_BYTES);
    need(sys_page_map(SERVER_DOMAIN, PROGRAM_BASE, text, MAP_READ | MAP_EXECUTE));
    need(sys_frame_give(text, ORDER_FRAME, SERVER_DOMAIN, 0));
    need(sys_thread_create(SERVER_THREAD, claim_unmapped(), SERVER_DOMAIN));
    need(sys_thread_start(SERVER_THREAD, PROGRAM_BASE, STACK_TOP, 0));
    sys_yield();
}

/* What it took to come here from the kernel's first instructions, without the waiting that measures
 * the clock; `cleared`: what of it went into clearing memory, eight bytes a turn. */
static void boot(void)
{
    uint64_t reached = ticks();
    const struct system_page *system = (const struct system_page *)SYSTEM_PAGE;
    double total = (double)(reached - system->clock.base - system->clock.calibration_ticks);
    double cleared = (double)(system->cleared_bytes / 8);
    printf("bench boot.to_init %.0f %.0f\n", total, total);
    printf("bench boot.cleared %.0f %.0f\n", cleared, cleared);
}

int main(void)
{
    boot();
    for (unsigned i = 0; i < 32; i++) {
        need(sys_page_fund(SLOT_SELF, claim_unmapped()));
    }
    frame = need(sys_frame_claim(ZONE_ANY, ORDER_FRAME, RW, 0));
    need(sys_page_map(SLOT_SELF, AT + FRAME_BYTES, frame, RW)); /* the tables are there */
    for (unsigned i = 0; i < 3; i++) {
        spare[i] = claim_unmapped();
    }
    need(sys_endpoint_create(SIGNALS, claim_unmapped()));
    start_server();

    block = need(sys_frame_claim(ZONE_ANY, ORDER_BLOCK, RW, 0));
    /* Its tables for these are there. */
    need(sys_frame_grant(frame, ORDER_FRAME, SERVER_DOMAIN, RW));
    need(sys_frame_revoke(frame, ORDER_FRAME, SERVER_DOMAIN));
    need(sys_frame_grant(block, ORDER_BLOCK, SERVER_DOMAIN, RW));
    need(sys_frame_revoke(block, ORDER_BLOCK, SERVER_DOMAIN));

    calibrate();
    measure("syscall.null", null_call, 1000);
    measure("syscall.null_full", null_full_call, 1000);
    measure_loop("ipc.call_reply.0", cost_of_call_0, LOOP_TURNS);
    measure_loop("ipc.call_reply.1", cost_of_call_1, LOOP_TURNS);
    measure_loop("ipc.call_reply.2", cost_of_call_2, LOOP_TURNS);
    measure_loop("ipc.call_reply.3", cost_of_call_3, LOOP_TURNS);
    measure_loop("ipc.call_reply.4", cost_of_call_4, LOOP_TURNS);
    measure_loop("ipc.call_reply.5", cost_of_call_5, LOOP_TURNS);
    measure_loop("ipc.call_reply.6", cost_of_call_6, LOOP_TURNS);
    measure_loop("ipc.signal_wait", cost_of_signal_wait, LOOP_TURNS);
    start_faulter();
    measure_loop("fault.pager", cost_of_serve_fault, LOOP_TURNS);
    measure_switch();
    measure("linux.getppid", bounced_getppid, 1000);
    measure("frame.claim_release.1", claim_release, 1000);
    measure("frame.claim_release.unmapped", claim_release_unmapped, 1000);
    measure("frame.claim_release.512", claim_release_512, 4);
    measure("frame.claim_release.2m", claim_release_block, 20);
    measure("frame.grant_revoke.1", grant_revoke, 1000);
    measure("frame.grant_revoke.2m", grant_revoke_block, 1000);
    measure("page.map_unmap.1", map_unmap, 1000);
    measure("domain.create_destroy", create_destroy, 200);
    measure("domain.three_claims", claim_3, 200);
    if (((const struct system_page *)SYSTEM_PAGE)->cpus > 1) {
        need(sys_thread_set(SERVER_THREAD, THREAD_CPU, 1));
        measure_loop("ipc.call_reply_cross_cpu", cost_of_call_0, LOOP_TURNS);
    }
    measure_interrupt(); /* last: from then on its thread's ports are loaded at switches */
    end(0);
}
