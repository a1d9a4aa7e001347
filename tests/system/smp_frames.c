/*
 * Frames that change hands between domains on different CPUs while others go on writing to where
 * they were: each CPU has a domain with two threads, an owner there and a writer on the next CPU.
 * The owner claims a frame, which must be zero, maps it in its upper half, too, fills it, and gives
 * it up in one of several ways; the writer writes to wherever the owner last was, through both
 * addresses, and faults where that has ended. What the next owner finds in the frame, until it
 * gives it up itself, must be its own.
 *
 * Meanwhile the test itself lends a frame to each domain and takes it back: from then on it must
 * find nothing new in it. Breaks when a CPU keeps a translation for longer than it may.
 */
#include "tests/system/clone.h"
#include "tests/system/smp.h"

#define TURNS 1000 /* of each owner, or as the kernel's command line says: turns=1000000 */
#define DOMAINS 4
#define WRITES 200
#define WRITER_STACK (STACK_TOP - 2 * FRAME_BYTES - 8) /* the owner's is above */

enum { ENDPOINT = 20, REPLY, SLOTS = 30, SLOTS_EACH = 6 };
enum { ITS_ENDPOINT = 3, ITS_NEIGHBOUR };
enum { BADGE_TURN = 1, BADGE_FAULT };

#define AT (MAPPINGS_END - 4 * BLOCK_BYTES)
#define BADGE(index, what) ((uint64_t)(index) << 8 | (what))

/* A word that the writer writes to, at each of the two addresses of a frame. */
#define WORD_LOWER 5
#define WORD_UPPER 6

struct team {
    uint32_t domain, owner, writer; /* slots */
    uint64_t object;
    uint64_t lent;  /* a frame of the test's, lent to it now and then */
    uint64_t turns; /* of the owner */
    bool is_lent, over;
};

static struct team teams[DOMAINS];
static unsigned team_count;
static uint64_t turns, faults, loans;

/* In each domain's own copy. */
static volatile uint64_t *volatile current;
static volatile uint64_t *volatile lent;

/* ---- What runs in the domains ---- */

/* 1 + the index of a word that is not zero. If the owner had the same frame before, its writer may
 * have gone on there: `mark`. */
static uint64_t find_dirt(const volatile uint64_t *frame, uint64_t mark)
{
    for (unsigned i = 0; i < FRAME_BYTES / 8; i++) {
        uint64_t word = frame[i];
        if (word != 0 && (i != WORD_LOWER || word != mark)) {
            return i + 1;
        }
    }
    return 0;
}

/* Fills it, and sees that it stays so but for what its own writer wrote. */
static uint64_t use(volatile uint64_t *frame, uint64_t value)
{
    for (unsigned i = 8; i < FRAME_BYTES / 8; i++) {
        frame[i] = value + i;
    }
    for (unsigned i = 8; i < FRAME_BYTES / 8; i++) {
        if (frame[i] != value + i) {
            return 1000 + i;
        }
    }
    uint64_t mark = value >> 32;
    bool own = (frame[WORD_LOWER] == 0 || frame[WORD_LOWER] == mark) &&
               (frame[WORD_UPPER] == 0 || frame[WORD_UPPER] == mark);
    return own && frame[0] == 0 && frame[7] == 0 ? 0 : 2000;
}

static int64_t give_up(uint64_t frame, uint64_t way)
{
    if (way % 4 == 0) {
        sys_frame_access(frame, ORDER_FRAME, 0);
    }
    if (way % 4 == 1) {
        sys_frame_access(frame, ORDER_FRAME, MAP_READ);
    }
    return sys_frame_release(frame, ORDER_FRAME);
}

static uint64_t turn(uint64_t index, uint64_t i)
{
    int64_t frame = sys_frame_claim(ZONE_ANY, ORDER_FRAME, RW, 0);
    if (frame < 0) {
        return (uint64_t)frame;
    }
    uint64_t dirt = find_dirt((volatile uint64_t *)frame, index + 1);
    int64_t error = sys_page_map(SLOT_SELF, AT, (uint64_t)frame, RW);
    current = (volatile uint64_t *)frame;
    uint64_t wrong = use((volatile uint64_t *)frame, (index + 1) << 32 | i << 12);
    error = error != OK ? error : sys_page_unmap(SLOT_SELF, AT, ORDER_FRAME);
    error = error != OK ? error : give_up((uint64_t)frame, i);
    return error != OK ? (uint64_t)error : dirt != 0 ? dirt : wrong;
}

/* Says after every hundred turns how it went; the answer is the frame that is lent to it. */
static void own(uint64_t index)
{
    uint64_t wrong = 0;
    for (uint64_t i = 1; wrong == 0; i++) {
        wrong = turn(index, i);
        sys_yield();
        if (i % 100 == 0 || wrong != 0) {
            struct message message = {.words = {i, wrong}};
            sys_call(ITS_ENDPOINT, &message);
            lent = (volatile uint64_t *)message.words[0];
        }
    }
}

static void write_always(uint64_t index)
{
    for (;;) {
        for (unsigned i = 0; i < WRITES && current != NULL; i++) {
            current[WORD_LOWER] = index + 1;
            ((volatile uint64_t *)AT)[WORD_UPPER] = index + 1;
        }
        sys_yield();
    }
}

/* Where a writer goes on that has faulted: elsewhere first. */
static void write_lent(uint64_t index)
{
    volatile uint64_t *frame = lent;
    for (uint64_t i = 0; frame != NULL && i < 50; i++) {
        frame[i + 1]++;
    }
    write_always(index);
}

/* ---- The test ---- */

static void make_thread(const struct team *team, uint32_t slot, unsigned cpu)
{
    EXPECT(OK, sys_thread_create(slot, claim_object(), team->domain));
    EXPECT(OK, sys_thread_set(slot, THREAD_CPU, cpu));
    EXPECT(OK, sys_thread_set(slot, THREAD_PRIORITY, PRIORITY_NORMAL - 1));
}

static void make_team(unsigned index)
{
    struct team *team = &teams[index];
    uint32_t first = SLOTS + SLOTS_EACH * index;
    *team = (struct team){.domain = first, .owner = first + 1, .writer = first + 2};
    team->object = clone_make(team->domain, 600);
    fund(team->domain, 10);
    EXPECT(OK, sys_slot_copy(SLOT_SELF, first + 3, ENDPOINT, RIGHT_SEND | RIGHT_COPY,
                             BADGE(index, BADGE_TURN)));
    EXPECT(OK,
           sys_slot_copy(SLOT_SELF, first + 4, ENDPOINT, RIGHT_SEND, BADGE(index, BADGE_FAULT)));
    EXPECT(OK, sys_slot_copy(team->domain, ITS_ENDPOINT, first + 3, RIGHT_SEND, 0));
    EXPECT(OK, sys_domain_set(team->domain, DOMAIN_FAULT_ENDPOINT, first + 4));
    EXPECT(OK, sys_domain_set(team->domain, DOMAIN_ACCEPT, 1));
    team->lent = claim(ORDER_FRAME, RW);
    make_thread(team, team->owner, index % cpu_count());
    make_thread(team, team->writer, (index + 1) % cpu_count());
    EXPECT(OK, sys_thread_start(team->owner, (uint64_t)own, STACK_TOP - 8, index));
    EXPECT(OK, sys_thread_start(team->writer, (uint64_t)write_always, WRITER_STACK, index));
}

/* The frame that is lent to it comes back: nobody writes there any more. */
static void take_back(struct team *team)
{
    volatile uint64_t *frame = (volatile uint64_t *)team->lent;
    EXPECT(OK, sys_frame_revoke(team->lent, ORDER_FRAME, team->domain));
    uint64_t sum = 0, again = 0;
    for (unsigned i = 0; i < 60; i++) {
        sum += frame[i];
    }
    for (unsigned i = 0; i < 60; i++) {
        again += frame[i];
    }
    for (unsigned i = 0; i < 60; i++) {
        frame[i] = 0;
    }
    EXPECT(sum, again);
    EXPECT(0, find_dirt(frame, 0));
    team->is_lent = false;
}

static void lend(struct team *team)
{
    EXPECT(OK, sys_frame_grant(team->lent, ORDER_FRAME, team->domain, RW));
    team->is_lent = true;
    loans++;
}

static void hear_turn(struct team *team, struct message *message)
{
    team->turns = message->words[0];
    EXPECT(0, message->words[1]);
    team->over = team->turns >= turns || message->words[1] != 0;
    message->words[0] = team->lent;
}

static bool is_writers(const struct team *team, uint64_t address)
{
    return (address & ~(FRAME_BYTES - 1)) == team->lent ||
           address % FRAME_BYTES == 8 * WORD_LOWER || address == AT + 8 * WORD_UPPER;
}

/* The writer has lost what it wrote to. */
static void hear_fault(struct team *team, unsigned index, struct message *message)
{
    faults++;
    EXPECT(FAULT_MESSAGE + 14, message->words[FAULT_WORD_KIND]);
    EXPECT(true, is_writers(team, message->words[FAULT_WORD_ADDRESS]));
    EXPECT(OK, sys_thread_set(team->writer, THREAD_REGISTER + THREAD_RIP, (uint64_t)write_lent));
    EXPECT(OK, sys_thread_set(team->writer, THREAD_REGISTER + THREAD_RSP, WRITER_STACK));
    EXPECT(OK, sys_thread_set(team->writer, THREAD_REGISTER + THREAD_RDI, index));
    message->words[0] = FAULT_RESUME;
}

static bool all_over(void)
{
    for (unsigned i = 0; i < team_count; i++) {
        if (!teams[i].over) {
            return false;
        }
    }
    return true;
}

static void run(void)
{
    while (!all_over() && checks_failed == 0) {
        struct message message = {.words = {0}};
        int64_t got = sys_wait(ENDPOINT, REPLY, clock_now() + PATIENCE, &message);
        EXPECT(RECEIVED_CALL, got);
        unsigned index = (unsigned)(message.badge >> 8);
        struct team *team = &teams[index];
        if (got != RECEIVED_CALL) {
            return;
        }
        if ((message.badge & 0xff) == BADGE_FAULT) {
            hear_fault(team, index, &message);
        } else {
            hear_turn(team, &message);
        }
        if (team->is_lent) {
            take_back(team);
        } else {
            lend(team);
        }
        sys_reply(REPLY, &message);
    }
}

int main(int argc, char **argv)
{
    turns = word_of(argc, argv, "turns", TURNS);
    fund(SLOT_SELF, 16);
    EXPECT(OK, sys_endpoint_create(ENDPOINT, claim_object()));
    uint64_t before = ledger(), all = 0;
    team_count = cpu_count() < DOMAINS ? cpu_count() : DOMAINS;
    for (unsigned i = 0; i < team_count; i++) {
        make_team(i);
    }
    run();
    for (unsigned i = 0; i < team_count; i++) {
        struct team *team = &teams[i];
        all += team->turns;
        EXPECT(OK, sys_domain_destroy(team->domain));
        EXPECT(OK, sys_frame_release(team->lent, ORDER_FRAME));
    }
    EXPECT(before, ledger());
    printf("frames: %lu turns, %lu loans, %lu faults\n", (unsigned long)all, (unsigned long)loans,
           (unsigned long)faults);
    end_test();
}
