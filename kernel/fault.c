/*
 * Faults: see fault.h.
 */
#include "kernel/fault.h"

#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/endpoint.h"
#include "kernel/ipc.h"
#include "kernel/sched.h"
#include "kernel/space.h"
#include "kernel/syscall.h"
#include "kernel/thread.h"

static void add_flag(struct thread *thread, uint8_t flag)
{
    thread->flags |= flag;
    thread_set_key(thread);
    arch_load_more(thread);
}

/* The first use of the FPU; the first use of a port by a thread, or since its domain has more. */
static bool only_to_be_loaded(struct thread *thread)
{
    const struct domain *domain = thread->domain;
    uint64_t vector = thread->registers.vector;
    if (vector == VECTOR_NO_FPU && !(thread->flags & THREAD_HAS_FPU)) {
        add_flag(thread, THREAD_HAS_FPU);
        return true;
    }
    if (vector == VECTOR_PROTECTION && domain->port_count != 0 &&
        (!(thread->flags & THREAD_HAS_PORTS) || !arch_ports_loaded(domain))) {
        add_flag(thread, THREAD_HAS_PORTS);
        return true;
    }
    return false;
}

/* Another CPU may have allowed the access since this one tried it, or read the stricter entry that
 * it tried it by. The processor has forgotten that entry when it faults (SDM 3A, 4.10.4.1). */
static bool is_allowed_now(const struct thread *thread)
{
    uint64_t code = thread->registers.code;
    if (arch_cpu_count == 1 || (code & ~(uint64_t)PAGE_FAULT_RIGHTS) != 0) {
        return false;
    }
    unsigned level;
    uint64_t entry = space_walk(thread->root, arch_fault_address(), &level);
    return level != 0 && leaf_is_user(entry) &&
           ((code & PAGE_FAULT_WRITE) == 0 || (entry & PTE_WRITE) != 0) &&
           ((code & PAGE_FAULT_FETCH) == 0 || (entry & PTE_NX) == 0);
}

static struct endpoint *fault_endpoint(struct slot *slot)
{
    if (slot->type != CAP_ENDPOINT || cap_alive(slot) != OK) {
        return NULL;
    }
    struct endpoint *endpoint = frame_ptr(slot->object);
    if (endpoint->closing) {
        return NULL;
    }
    slot_set_checked(slot, cap_epoch); /* ipc_send spreads it */
    return endpoint;
}

static void set_words(struct thread *thread)
{
    const struct registers *r = &thread->registers;
    thread->fault[FAULT_WORD_KIND] = FAULT_MESSAGE + r->vector;
    thread->fault[FAULT_WORD_ADDRESS] = r->vector == VECTOR_PAGE_FAULT ? arch_fault_address() : 0;
    thread->fault[FAULT_WORD_RIP] = r->rip;
    thread->fault[FAULT_WORD_RSP] = r->rsp;
    thread->fault[FAULT_WORD_CODE] = r->code;
    thread->fault[FAULT_WORD_SPARE] = 0;
}

void fault(struct thread *thread)
{
    if ((thread->registers.vector == VECTOR_NO_FPU ||
         thread->registers.vector == VECTOR_PROTECTION) &&
        only_to_be_loaded(thread)) {
        return;
    }
    if (thread->registers.vector == VECTOR_PAGE_FAULT && is_allowed_now(thread)) {
        return;
    }
    struct slot *slot = &thread->domain->fault_endpoint;
    struct endpoint *endpoint = fault_endpoint(slot);
    set_words(thread);
    thread->send_slot = thread->receive_slot = SLOT_NONE;
    thread->faulted = true;
    thread_set_key(thread);
    if (endpoint == NULL ||
        ipc_send(thread, endpoint, slot->badge, DEADLINE_NEVER) != CALL_NO_RESULT) {
        ipc_end_fault(thread);
        sched_rest();
        thread->state = THREAD_STOPPED;
    }
}
