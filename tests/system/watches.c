/*
 * Init's INIT_WATCH and the console's CONSOLE_INTERRUPT: each error, and that the signal comes.
 * Breaks when a watch is lost, given for nothing, or a capability that was sent along stays behind.
 */
#include <stdio.h>

#include <cocos/clock.h>
#include <cocos/frames.h>
#include <cocos/program.h>
#include <cocos/protocol/console.h>
#include <cocos/protocol/init.h>
#include <cocos/service.h>

#define SECONDS(n) ((n)*1000000000ull)
#define MANY 300 /* more than anybody has slots */

static int failures;

#define EXPECT(expected, expression)                                                               \
    expect((int64_t)(expected), (int64_t)(expression), __LINE__, #expression)

static void expect(int64_t expected, int64_t got, int line, const char *what)
{
    if (expected == got)
        return;
    failures++;
    printf("FAILED line %d: %s is %lld, not %lld\n", line, what, (long long)got,
           (long long)expected);
}

static uint32_t endpoint, bell, reply_slot;

static int64_t watch(uint64_t number, uint64_t bit, uint32_t along)
{
    struct message message = {.words = {INIT_WATCH, number, bit}, .send_slot = along};
    int64_t got = sys_call(SLOT_PARENT, &message);
    return got < 0 ? got : (int64_t)message.words[0];
}

static int64_t interrupt(uint32_t console, uint64_t bit, uint32_t along)
{
    struct message message = {.words = {CONSOLE_INTERRUPT, bit}, .send_slot = along};
    int64_t got = sys_call(console, &message);
    return got < 0 ? got : (int64_t)message.words[0];
}

/* The bits that come within some seconds, or 0. */
static uint64_t bits(uint64_t deadline)
{
    struct message message = {0};
    int64_t got = sys_wait(endpoint, reply_slot, deadline, &message);
    return got == RECEIVED_SIGNAL ? message.words[0] : 0;
}

static void test_watching(void)
{
    static char name[] = "watches", argument[] = "end";
    char *const words[] = {name, argument, NULL};
    struct program_spawn spawn = {.path = name, .arguments = words};
    uint64_t self = ((const struct process_page *)PROCESS_PAGE)->number;
    EXPECT(E_NAME, watch(99999, 0, bell));
    EXPECT(E_ARGUMENT, watch(self, 64, bell));
    EXPECT(E_ARGUMENT, watch(self, 0, SLOT_NONE));
    EXPECT(OK, watch(INIT_NUMBER, 7, bell)); /* it serves already */
    EXPECT(1ull << 7, bits(clock_now() + SECONDS(20)));
    int64_t number = program_spawn(&spawn);
    EXPECT(1, number > 0);
    EXPECT(OK, watch((uint64_t)number, 9, bell));
    EXPECT(1ull << 9, bits(clock_now() + SECONDS(20)));
    int state = 0, status = 0;
    EXPECT(OK, program_wait((int)number, &state, &status));
    EXPECT(PROGRAM_ENDED, state);
    EXPECT(33, status);
    EXPECT(OK, watch((uint64_t)number, 11, bell)); /* it has ended already */
    EXPECT(1ull << 11, bits(clock_now() + SECONDS(20)));

    /* Those that wait for long are not too many for init; and it goes on. */
    uint32_t taken = 0;
    int64_t got = OK;
    for (; taken < MANY && (got = watch(self, 1, bell)) == OK; taken++) {}
    EXPECT(E_FULL, got);
    EXPECT(1, taken > 4);
    EXPECT(0, bits(DEADLINE_NOW));
}

static void test_interrupts(void)
{
    uint32_t console = SLOT_NONE, mute = slot_take();
    EXPECT(OK, sys_slot_copy(SLOT_SELF, mute, endpoint, RIGHT_COPY, 0));
    EXPECT(OK, service_find("console", &console));
    EXPECT(E_ARGUMENT, interrupt(console, 64, bell));
    for (int i = 0; i < MANY; i++)
        EXPECT(OK, interrupt(console, 5, bell));
    /* Whose right does not suffice hears nothing, and nobody suffers. */
    EXPECT(OK, interrupt(console, 5, mute));
    EXPECT(OK, interrupt(console, 5, SLOT_NONE));
    EXPECT(OK, interrupt(console, 99, SLOT_NONE));
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return 33;
    endpoint = slot_take();
    bell = slot_take();
    reply_slot = slot_take();
    EXPECT(OK, sys_endpoint_create(endpoint, (uint64_t)frame_take(0, tag_of("endpoint"))));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, bell, endpoint, RIGHT_SIGNAL | RIGHT_COPY, 0));
    test_watching();
    test_interrupts();
    puts(failures ? "watches: something failed" : "watches: all is well");
    return failures != 0;
}
