/*
 * System calls about the machine as a whole: numbers, and the kernel's console for init.
 */
#include <cocos/protocol/text.h>

#include "kernel/check.h"
#include "kernel/domain.h"
#include "kernel/log.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

static int64_t check_machine(const struct call *call)
{
    struct slot *slot;
    int64_t error = cap_find(call->domain, call->arg[0], CAP_MACHINE, RIGHT_USE, &slot);
    if (error != OK) {
        return error;
    }
    const char *problem = check_invariants();
    if (problem != NULL) {
        log_print("check: %s\n", problem);
    }
    return problem == NULL ? 0 : 1;
}

int64_t sys_machine_query(const struct call *call)
{
    switch (call->arg[1]) {
    case MACHINE_FRAMES_TOTAL:
        return (int64_t)frame_counts.usable;
    case MACHINE_FRAMES_FREE:
        return (int64_t)frame_counts.free;
    case MACHINE_FRAMES_SPLIT:
        return (int64_t)frame_counts.records;
    case MACHINE_CHECK:
        return check_machine(call);
    default:
        return E_ARGUMENT;
    }
}

int64_t sys_machine_log(const struct call *call)
{
    struct slot *slot;
    uint64_t length = call->arg[0] >> 32;
    int64_t error =
        cap_find(call->domain, call->arg[0] & 0xffffffff, CAP_MACHINE, RIGHT_USE, &slot);
    if (error != OK) {
        return error;
    }
    if (length > TEXT_BYTES) {
        return E_ARGUMENT;
    }
    log_bytes((const char *)&call->arg[1], length);
    return OK;
}
