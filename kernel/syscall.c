/*
 * The system-call dispatcher: see syscall.h. What is not in the table bounces to the domain's
 * upcall (DESIGN section 6): the same registers, another rip.
 */
#include "kernel/syscall.h"

#include "kernel/check.h"
#include "kernel/domain.h"
#include "kernel/traps.h"

/* ---- PLAIN calls: entry.asm takes them from this table ---- */

#ifdef COCOS_CHECKING

/* A handler's parameters as arguments, by their number. */
#define PASSED_0
#define PASSED_1 a
#define PASSED_2 PASSED_1, b
#define PASSED_3 PASSED_2, c
#define PASSED_4 PASSED_3, d
#define PASSED_5 PASSED_4, e
#define PASSED_6 PASSED_5, f

#define CHECKED_CALL(name, arguments, text)                                                        \
    static int64_t checked_##name(CALL_PARAMETERS_##arguments)                                     \
    {                                                                                              \
        int64_t result = sys_##name(PASSED_##arguments);                                           \
        check_after_call();                                                                        \
        return result;                                                                             \
    }
COCOS_PLAIN_CALLS(CHECKED_CALL)

#define PLAIN_ENTRY(name, arguments, text) (plain_call) checked_##name,

#else

#define PLAIN_ENTRY(name, arguments, text) (plain_call) sys_##name,

#endif

const plain_call plain_calls[] = {COCOS_PLAIN_CALLS(PLAIN_ENTRY)};

/* ---- All others ---- */

/* The arguments in a register file, by their number. */
#define ARGUMENTS_0(r)
#define ARGUMENTS_1(r) (r)->rdi
#define ARGUMENTS_2(r) ARGUMENTS_1(r), (r)->rsi
#define ARGUMENTS_3(r) ARGUMENTS_2(r), (r)->rdx
#define ARGUMENTS_4(r) ARGUMENTS_3(r), (r)->r10
#define ARGUMENTS_5(r) ARGUMENTS_4(r), (r)->r8
#define ARGUMENTS_6(r) ARGUMENTS_5(r), (r)->r9

/* What is not in the table: the result for rax, or CALL_NO_RESULT: it goes on at the upcall. */
static int64_t bounce(struct registers *r)
{
    uint64_t upcall = caller_domain()->upcall;
    if (upcall == 0) {
        return E_CALL;
    }
    /* rcx holds the return address already: that is how SYSCALL left it. SYSRET would lose it. */
    r->rip = upcall;
    r->vector = VECTOR_ALL_REGISTERS;
    return CALL_NO_RESULT;
}

/* A PLAIN call that had to wait for the kernel's lock, and so came the long way. */
static int64_t call_plain(struct registers *r)
{
    typedef int64_t (*handler)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
    handler handle = (handler)plain_calls[r->rax - COCOS_CALL_BASE];
    int64_t result = handle(r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9);
    r->rdi = r->rsi = r->rdx = r->r10 = r->r8 = r->r9 = 0;
    return result;
}

/* The number, without what a message call has beside it. */
static uint64_t number_of(const struct registers *r)
{
    uint64_t number = r->rax & ~(uint64_t)(MESSAGE_HAS_RUN | MESSAGE_HAS_DEADLINE);
    return number >= CALL_call && number <= CALL_reply ? number : r->rax;
}

#define FULL_CASE(name, arguments, text)                                                           \
    case CALL_##name:                                                                              \
        return sys_##name(ARGUMENTS_##arguments(r));

static int64_t dispatch(struct registers *r)
{
    switch (number_of(r)) {
        COCOS_FULL_CALLS(FULL_CASE)
    default:
        return r->rax - COCOS_CALL_BASE < CALL_INDEX_call ? call_plain(r) : bounce(r);
    }
}

void kernel_syscall(struct registers *r)
{
    if (arch_lock_for_call(r)) {
        int64_t result = dispatch(r);
        if (result != CALL_NO_RESULT) {
            r->rax = (uint64_t)result;
        }
    }
    check_after_call();
    sched_run();
}
