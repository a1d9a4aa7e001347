/*
 * What the registers hold after a call, by its class (cocos/calls.h): what a PLAIN call's
 * handler leaves in registers must not reach the caller, and what is promised as kept must be.
 */
#include "tests/system/all_registers.h"
#include "tests/system/check.h"

/* An argument that no call takes: no slot, no order, no address, no number of anything. */
#define NONSENSE 0x7abc000000000000ull

static const unsigned arguments[] = {RDI, RSI, RDX, R10, R8, R9};
static const unsigned kept[] = {RBX, RBP, R12, R13, R14, R15};

#define PLAIN_NUMBER(name, count, text) CALL_##name,
static const uint64_t plain_calls[] = {COCOS_PLAIN_CALLS(PLAIN_NUMBER)};

/* Every PLAIN call, refused: arguments come back zero, the rest as it was. */
static void test_plain(void)
{
    for (size_t i = 0; i < sizeof plain_calls / sizeof plain_calls[0]; i++) {
        uint64_t r[REGISTERS];
        for (unsigned k = 0; k < FLAGS; k++) {
            r[k] = NONSENSE + k;
        }
        r[RAX] = plain_calls[i];
        r[FLAGS] = FLAGS_ON | FLAG_DIRECTION | FLAG_CARRY;
        call_with(r);
        EXPECT(1, (int64_t)r[RAX] < 0);
        for (unsigned k = 0; k < 6; k++) {
            EXPECT(0, r[arguments[k]]);
            EXPECT(NONSENSE + kept[k], r[kept[k]]);
        }
        EXPECT(FLAGS_ON | FLAG_DIRECTION | FLAG_CARRY, r[FLAGS]);
        EXPECT(behind_call, r[RCX]);
        EXPECT(r[FLAGS], r[R11]);
    }
}

/* A FULL call keeps them all. */
static void test_full(uint64_t number, int64_t expected)
{
    uint64_t r[REGISTERS];
    for (unsigned k = 0; k < FLAGS; k++) {
        r[k] = NONSENSE + k;
    }
    r[RAX] = number;
    r[FLAGS] = FLAGS_ON | FLAG_DIRECTION;
    call_with(r);
    EXPECT(expected, r[RAX]);
    for (unsigned k = 0; k < 6; k++) {
        EXPECT(NONSENSE + arguments[k], r[arguments[k]]);
        EXPECT(NONSENSE + kept[k], r[kept[k]]);
    }
    EXPECT(FLAGS_ON | FLAG_DIRECTION, r[FLAGS]);
}

int main(void)
{
    test_plain();
    test_full(CALL_yield, OK);
    test_full(CALL_signal, E_SLOT);
    test_full(CALL_slot_drop, E_SLOT);
    end_test();
}
