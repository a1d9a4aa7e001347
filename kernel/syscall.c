/*
 * The system-call dispatcher: see syscall.h. What is not in the table bounces to the domain's
 * upcall (DESIGN section 6): the same registers, another rip.
 */
#include "kernel/syscall.h"

#include "kernel/check.h"
#include "kernel/domain.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/thread.h"
#include "kernel/traps.h"

typedef int64_t (*handler)(const struct call *call);

#define COCOS_CALL_ENTRY(name, arguments, text) sys_##name,
static const handler handlers[COCOS_CALL_COUNT] = {COCOS_CALLS(COCOS_CALL_ENTRY)};
#undef COCOS_CALL_ENTRY

static int64_t dispatch(struct thread *caller, uint64_t index)
{
    const struct registers *r = &caller->registers;
    const struct call call = {
        .thread = caller,
        .domain = caller->domain,
        .arg = {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9},
    };
    return handlers[index](&call);
}

void kernel_syscall(struct registers *r)
{
    struct thread *caller = sched_current();
    uint64_t index = r->rax - COCOS_CALL_BASE;
    if (index < COCOS_CALL_COUNT) {
        int64_t result = dispatch(caller, index);
        if (result != CALL_NO_RESULT) {
            r->rax = (uint64_t)result;
        }
    } else if (caller->domain->upcall != 0) {
        /* rcx holds the return address already: that is how SYSCALL left it. SYSRET would lose
         * it, so this exit is one from an exception. */
        r->rip = caller->domain->upcall;
        r->vector = VECTOR_BOUNCED;
    } else {
        r->rax = (uint64_t)(int64_t)E_CALL;
    }
    check_after_call();
    sched_run();
}

int64_t sys_yield(const struct call *call)
{
    (void)call;
    sched_yield();
    return OK;
}
