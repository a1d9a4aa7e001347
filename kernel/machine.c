/*
 * System calls about the machine as a whole: numbers, and the kernel's console for init.
 */
#include <cocos/protocol/text.h>

#include "kernel/check.h"
#include "kernel/domain.h"
#include "kernel/log.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/traps.h"

static const char *problem; /* of the last check, NULL: none */

static int64_t check_machine(uint64_t machine)
{
    struct slot *slot;
    int64_t error = cap_find(caller_domain(), machine, CAP_MACHINE, RIGHT_INSPECT, &slot);
    if (error != OK) {
        return error;
    }
    problem = check_invariants();
    if (problem != NULL) {
        log_print("check: %s\n", problem);
    }
    return problem == NULL ? 0 : 1;
}

/* A result is not negative, so it holds seven characters. */
static int64_t problem_piece(uint64_t piece)
{
    uint64_t length = problem == NULL ? 0 : strlen(problem), text = 0;
    if (piece > length) {
        return 0;
    }
    for (uint64_t i = 0, at = piece * MACHINE_CHECK_PIECE; i < MACHINE_CHECK_PIECE; i++, at++) {
        text |= at < length ? (uint64_t)(uint8_t)problem[at] << 8 * i : 0;
    }
    return (int64_t)text;
}

int64_t sys_machine_query(uint64_t machine, uint64_t what)
{
    if (what >= MACHINE_CHECK_TEXT && what - MACHINE_CHECK_TEXT < MACHINE_CHECK_PIECES) {
        return problem_piece(what - MACHINE_CHECK_TEXT);
    }
    switch (what) {
    case MACHINE_FRAMES_TOTAL:
        return (int64_t)frame_counts.usable;
    case MACHINE_FRAMES_FREE:
        return (int64_t)frame_counts.free;
    case MACHINE_FRAMES_SPLIT:
        return (int64_t)frame_counts.records;
    case MACHINE_NMIS:
        return (int64_t)nmi_count;
    case MACHINE_CHECK:
        return check_machine(machine);
    default:
        return E_ARGUMENT;
    }
}

int64_t sys_machine_log(void)
{
    const struct registers *r = &caller_thread()->registers;
    struct slot *slot;
    uint64_t length = r->rdi >> 32;
    int64_t error = cap_find(caller_domain(), r->rdi & 0xffffffff, CAP_MACHINE, RIGHT_USE, &slot);
    if (error != OK) {
        return error;
    }
    if (length > TEXT_BYTES) {
        return E_ARGUMENT;
    }
    const uint64_t text[] = {r->rsi, r->rdx, r->r10, r->r8, r->r9};
    log_bytes((const char *)text, length);
    return OK;
}
