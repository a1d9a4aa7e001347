/*
 * Access that ends while threads on other CPUs use it: writers of another domain, one on each other
 * CPU with nothing else to run there, write to a frame as fast as they can. The frame is lent to
 * them and taken back, mapped for them and unmapped, or their own domain's, which releases it,
 * makes it read-only or hands it on. From then on it must stay as it is found, zero if it was
 * claimed anew, and every writer faults. Breaks when a CPU keeps a translation for longer than it
 * may.
 *
 * A thread of the test beside each writer sleeps and wakes, and keeps a sum of its own.
 */
#include "tests/system/clone.h"
#include "tests/system/smp.h"

#define ROUNDS 400 /* or as the kernel's command line says: rounds=1000000 */
#define WRITERS_MAX 3
#define LOOKS 30

enum { ENDPOINT = 20, REPLY, FAULTS, REPLIES, DOMAIN = 30, SERVER, WRITERS };
enum { ITS_ENDPOINT = 3, ITS_REPLY, ITS_MAKER };

#define AT (MAPPINGS_END - 4 * BLOCK_BYTES)

static unsigned writers;
static uint64_t written; /* rounds in which somebody wrote, times who did */

/* ---- In the other domain ---- */

/* Makes the system calls that it is told. */
static void serve(uint64_t unused)
{
    (void)unused;
    struct message message = {.words = {0}};
    sys_wait(ITS_ENDPOINT, ITS_REPLY, DEADLINE_NEVER, &message);
    for (;;) {
        register uint64_t r10 __asm__("r10") = message.words[4];
        uint64_t result = message.words[0], a = message.words[1], b = message.words[2],
                 c = message.words[3];
        __asm__ volatile("syscall"
                         : "+a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
                         :
                         : "rcx", "r8", "r9", "r11", "memory");
        message.words[0] = result;
        sys_reply_wait(ITS_ENDPOINT, ITS_REPLY, DEADLINE_NEVER, &message);
    }
}

/* rdi: where. Nothing but its registers. */
void write_there(uint64_t word);
__asm__(".pushsection .text\n"
        "write_there:\n\t"
        "incq (%rdi)\n\t"
        "jmp write_there\n"
        ".popsection\n");

static int64_t tell(uint64_t call, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct message message = {.words = {call, a, b, c, d}};
    int64_t error = sys_call(ENDPOINT, &message);
    return error != OK ? error : (int64_t)message.words[0];
}

/* ---- The writers ---- */

/* All stand still, having faulted: their reply slots hold that. Now they write at `at`. */
static void let_write(uint64_t at)
{
    for (unsigned i = 0; i < writers; i++) {
        EXPECT(OK, sys_thread_set(WRITERS + i, THREAD_REGISTER + THREAD_RDI, at + 64 * i));
    }
    for (unsigned i = 0; i < writers; i++) {
        struct message message = {.words = {FAULT_RESUME}};
        EXPECT(OK, sys_reply(REPLIES + i, &message));
    }
}

/* Each of them has faulted where it should; they come in any order. */
static void expect_faults(uint64_t at)
{
    for (unsigned i = 0; i < writers; i++) {
        struct message message = {.words = {0}};
        EXPECT(RECEIVED_CALL, sys_wait(FAULTS, REPLIES + i, clock_now() + PATIENCE, &message));
        EXPECT(FAULT_MESSAGE + 14, message.words[FAULT_WORD_KIND]);
        EXPECT(at, message.words[FAULT_WORD_ADDRESS] & ~(FRAME_BYTES - 1));
        EXPECT((uint64_t)write_there, message.words[FAULT_WORD_RIP]);
    }
}

/* Most of the time they are caught in the act, sometimes before. */
static void wait_for_writers(const volatile uint64_t *frame, uint64_t round)
{
    uint64_t end = clock_now() + 2 * MILLISECOND;
    for (unsigned i = 0; i < writers && round % 5 != 0; i++) {
        while (frame[8 * i] == 0 && clock_now() < end) {
            relax();
        }
        written += frame[8 * i] != 0;
    }
    for (uint64_t i = 0; i < round % 64; i++) {
        relax();
    }
}

/* Nothing changes any more. */
static void expect_still(const volatile uint64_t *frame, bool zero)
{
    uint64_t first[WRITERS_MAX];
    for (unsigned i = 0; i < writers; i++) {
        first[i] = zero ? 0 : frame[8 * i];
    }
    for (unsigned look = 0; look < LOOKS; look++) {
        for (unsigned i = 0; i < writers; i++) {
            EXPECT(first[i], frame[8 * i]);
        }
    }
}

static void clear(volatile uint64_t *frame)
{
    for (unsigned i = 0; i < writers; i++) {
        frame[8 * i] = 0;
    }
}

/* ---- Ways to end it ---- */

static void lend(uint64_t frame, uint64_t round)
{
    clear((volatile uint64_t *)frame);
    EXPECT(OK, sys_frame_grant(frame, ORDER_FRAME, DOMAIN, RW));
    let_write(frame);
    wait_for_writers((volatile uint64_t *)frame, round);
    EXPECT(OK, sys_frame_revoke(frame, ORDER_FRAME, DOMAIN));
    expect_still((volatile uint64_t *)frame, false);
    expect_faults(frame);
}

static void map(uint64_t frame, uint64_t round)
{
    clear((volatile uint64_t *)frame);
    EXPECT(OK, sys_page_map(DOMAIN, AT, frame, RW));
    let_write(AT);
    wait_for_writers((volatile uint64_t *)frame, round);
    EXPECT(OK, sys_page_unmap(DOMAIN, AT, ORDER_FRAME));
    expect_still((volatile uint64_t *)frame, false);
    expect_faults(AT);
    /* A frame that stays keeps its neighbours' table: what is released beside it goes short. */
    EXPECT(true, tell(CALL_frame_claim, ZONE_ANY, ORDER_FRAME, RW, 0) > 0);
}

/* The domain's own: it goes, and is claimed here at once, perhaps by way of others. */
static void release(uint64_t round)
{
    int64_t frame = tell(CALL_frame_claim, ZONE_ANY, ORDER_FRAME, RW, 0);
    EXPECT(true, frame > 0);
    let_write((uint64_t)frame);
    for (uint64_t i = 0; i < round % 1024; i++) {
        relax();
    }
    EXPECT(OK, tell(CALL_frame_release, (uint64_t)frame, ORDER_FRAME, 0, 0));
    EXPECT(frame, sys_frame_claim((uint64_t)frame, ORDER_FRAME, RW, 0));
    expect_still((volatile uint64_t *)frame, true);
    expect_faults((uint64_t)frame);
    EXPECT(OK, sys_frame_release((uint64_t)frame, ORDER_FRAME));
}

static void give(uint64_t round)
{
    int64_t frame = tell(CALL_frame_claim, ZONE_ANY, ORDER_FRAME, RW, 0);
    EXPECT(true, frame > 0);
    let_write((uint64_t)frame);
    for (uint64_t i = 0; i < round % 1024; i++) {
        relax();
    }
    EXPECT(OK, tell(CALL_frame_give, (uint64_t)frame, ORDER_FRAME, ITS_MAKER, RW));
    expect_still((volatile uint64_t *)frame, false);
    expect_faults((uint64_t)frame);
    EXPECT(OK, sys_frame_release((uint64_t)frame, ORDER_FRAME));
}

/* It stays readable there: the fault must be one of writing. */
static void protect(uint64_t frame, uint64_t round)
{
    EXPECT(OK, sys_frame_give(frame, ORDER_FRAME, DOMAIN, RW));
    let_write(frame);
    for (uint64_t i = 0; i < round % 1024; i++) {
        relax();
    }
    EXPECT(OK, tell(CALL_frame_access, frame, ORDER_FRAME, MAP_READ, 0));
    expect_faults(frame);
    EXPECT(OK, tell(CALL_frame_give, frame, ORDER_FRAME, ITS_MAKER, RW));
    expect_still((volatile uint64_t *)frame, false);
}

/* ---- The victims ---- */

static volatile uint64_t sums[WORKERS_MAX], sum_rounds[WORKERS_MAX];
static volatile bool broken;

static void add_up(uint64_t index)
{
    static uint64_t tables[WORKERS_MAX][64];
    uint64_t sum = 0;
    for (;;) {
        for (unsigned i = 0; i < 64; i++) {
            broken = broken || tables[index][i] != sum_rounds[index] * i;
            tables[index][i] += i;
            sum = sum * 31 + i;
        }
        sums[index] = sum;
        sum_rounds[index]++;
        sys_sleep(clock_now() + MILLISECOND);
    }
}

static uint64_t sum_of(uint64_t rounds)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < rounds * 64; i++) {
        sum = sum * 31 + i % 64;
    }
    return sum;
}

/* ---- */

static void make_domain_of_writers(void)
{
    clone_make(DOMAIN, 600);
    fund(DOMAIN, 10);
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    EXPECT(OK, sys_endpoint_create(FAULTS, claim_object()));
    EXPECT(OK, sys_domain_set(DOMAIN, DOMAIN_FAULT_ENDPOINT, FAULTS));
    EXPECT(OK, sys_domain_set(DOMAIN, DOMAIN_ACCEPT, 1));
    EXPECT(OK, sys_slot_copy(DOMAIN, ITS_ENDPOINT, ENDPOINT, RIGHT_RECEIVE, 0));
    EXPECT(OK, sys_slot_copy(DOMAIN, ITS_MAKER, SLOT_SELF, RIGHT_CONTROL | RIGHT_GRANT, 0));
    clone_start(DOMAIN, SERVER, serve, 0);
    writers = cpu_count() - 1 < WRITERS_MAX ? cpu_count() - 1 : WRITERS_MAX;
    for (unsigned i = 0; i < writers; i++) {
        EXPECT(OK, sys_thread_create(WRITERS + i, claim_object(), DOMAIN));
        EXPECT(OK, sys_thread_set(WRITERS + i, THREAD_CPU, i + 1));
        EXPECT(OK, sys_thread_start(WRITERS + i, (uint64_t)write_there, STACK_TOP - 8, AT));
        const struct worker *worker = worker_make(i, i + 1);
        EXPECT(OK, sys_thread_set(worker->thread, THREAD_PRIORITY, PRIORITY_NORMAL + 1));
        worker_run(worker, add_up, i);
    }
    expect_faults(AT);
}

/* On a busy machine the writers' CPUs hardly run: more rounds then, until enough were seen. */
static bool is_wanted(uint64_t round, uint64_t rounds)
{
    return round < rounds || (written * 10 <= rounds * writers && round < 40 * rounds);
}

int main(int argc, char **argv)
{
    uint64_t rounds = word_of(argc, argv, "rounds", ROUNDS);
    fund(SLOT_SELF, 16);
    uint64_t frame = claim(ORDER_FRAME, RW), before = ledger();
    make_domain_of_writers();
    uint64_t round = 0;
    for (; is_wanted(round, rounds) && checks_failed == 0; round++) {
        lend(frame, round);
        map(frame, round);
        release(round);
        give(round);
        protect(frame, round);
    }
    EXPECT(true, written * 10 > rounds * writers); /* or nothing has been in a race */
    EXPECT(false, broken);
    for (unsigned i = 0; i < writers; i++) {
        worker_end(&workers[i]);
        EXPECT(sum_of(sum_rounds[i]), sums[i]);
        EXPECT(true, sum_rounds[i] > 2);
    }
    EXPECT(OK, sys_domain_destroy(DOMAIN));
    EXPECT(before - 2, ledger()); /* the endpoints */
    printf("revocation: %lu rounds of %u writers, seen writing %lu times\n", (unsigned long)round,
           writers, (unsigned long)written);
    end_test();
}
