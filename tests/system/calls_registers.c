/*
 * What the registers hold after a call, by its class (cocos/calls.h): what a PLAIN call's
 * handler leaves in registers must not reach the caller, and what is promised as kept must be.
 */
#include "tests/system/check.h"

enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, R8, R9, R10, R11, R12, R13, R14, R15, FLAGS, REGISTERS };

#define FLAG_CARRY 1u
#define FLAG_DIRECTION 0x400u
#define FLAGS_ON 0x202u /* interrupts, and the bit that is always one */

/* An argument that no call takes: no slot, no order, no address, no number of anything. */
#define NONSENSE 0x7abc000000000000ull

/* Makes a call with these registers and flags, and gives back those after it. */
void call_with(uint64_t registers[REGISTERS]);
__asm__("call_with:\n\t"
        "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n\t"
        "push %rdi\n\t"
        "push 15*8(%rdi); popfq\n\t"
        "mov 0*8(%rdi), %rax; mov 1*8(%rdi), %rbx; mov 3*8(%rdi), %rdx; mov 4*8(%rdi), %rsi\n\t"
        "mov 6*8(%rdi), %rbp; mov 7*8(%rdi), %r8; mov 8*8(%rdi), %r9; mov 9*8(%rdi), %r10\n\t"
        "mov 11*8(%rdi), %r12; mov 12*8(%rdi), %r13; mov 13*8(%rdi), %r14\n\t"
        "mov 14*8(%rdi), %r15; mov 5*8(%rdi), %rdi\n\t"
        "syscall\n"
        "behind_call:\n\t"
        "pushfq; cld\n\t"
        "xchg %rdi, 8(%rsp)\n\t"
        "mov %rax, 0*8(%rdi); mov %rbx, 1*8(%rdi); mov %rcx, 2*8(%rdi); mov %rdx, 3*8(%rdi)\n\t"
        "mov %rsi, 4*8(%rdi); mov %rbp, 6*8(%rdi); mov %r8, 7*8(%rdi); mov %r9, 8*8(%rdi)\n\t"
        "mov %r10, 9*8(%rdi); mov %r11, 10*8(%rdi); mov %r12, 11*8(%rdi)\n\t"
        "mov %r13, 12*8(%rdi); mov %r14, 13*8(%rdi); mov %r15, 14*8(%rdi)\n\t"
        "pop 15*8(%rdi); pop 5*8(%rdi)\n\t"
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n\t"
        "ret");
extern const char behind_call[];

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
