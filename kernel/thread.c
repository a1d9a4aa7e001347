/*
 * Making, starting and stopping threads, and what others may set of them: see thread.h.
 */
#include "kernel/thread.h"

#include "kernel/domain.h"
#include "kernel/endpoint.h"
#include "kernel/inherit.h"
#include "kernel/ipc.h"
#include "kernel/reply.h"
#include "kernel/sched.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

struct thread thread_nobody;

void thread_set_key(struct thread *thread)
{
    uint32_t key = (uint32_t)thread->cpu << KEY_CPU_SHIFT | thread->priority;
    thread->as_next = thread->flags == 0 && !thread->faulted ? key : KEY_NOT_NEXT;
    thread->as_previous = thread->flags == 0 ? key : KEY_NOT_PREVIOUS;
    if (thread->flags != 0) {
        thread->wait_slots = NO_WAIT;
    }
}

void thread_stop(struct thread *thread)
{
    bool waits = thread->state != THREAD_READY && thread->state != THREAD_NEW &&
                 thread->state != THREAD_STOPPED;
    if (thread->state == THREAD_READY) {
        sched_unready(thread);
        thread->state = THREAD_STOPPED;
    } else if (waits) {
        ipc_leave(thread);
        if (!thread->faulted) {
            thread->registers.rax = (uint64_t)E_STOPPED;
        }
    }
    ipc_end_fault(thread);
}

void thread_end(struct thread *thread)
{
    thread_stop(thread);
    thread->state = THREAD_STOPPED;
    reply_answerer_ends(thread);
    if (thread->serves != NULL) {
        endpoint_set_server(thread->serves, NULL);
    }
    sched_forget(thread);
    cap_something_ended();
}

struct thread *thread_make(uint64_t frame, struct domain *domain)
{
    struct thread *thread = frame_ptr(frame);
    memset(thread, 0, FRAME_BYTES);
    thread->domain = domain;
    thread->root = domain->root;
    thread->slots = domain->slots;
    thread->cpu = (uint16_t)arch_cpu_number();
    thread->priority = thread->own_priority =
        domain->priority_limit < PRIORITY_NORMAL ? domain->priority_limit : PRIORITY_NORMAL;
    thread->wait_slots = NO_WAIT;
    arch_thread_make(thread);
    thread_set_key(thread);
    return thread;
}

int64_t sys_thread_create(uint64_t number, uint64_t frame, uint64_t domain_slot)
{
    struct domain *caller = caller_domain();
    struct slot *slot;
    struct domain *domain;
    int64_t error = cap_find_empty(caller, number, &slot);
    error = error != OK ? error : cap_domain(caller, domain_slot, RIGHT_CONTROL, &domain);
    error = error != OK ? error : domain_check_object(caller, frame);
    if (error == OK && domain != caller) {
        error = domain_check_limit(domain, 1);
    }
    if (error != OK) {
        return error;
    }
    domain_give_object(caller, domain, frame, FRAME_THREAD, cap_new_generation());
    thread_make(frame, domain);
    *slot = (struct slot){
        .object = frame,
        .generation = frame_at(frame)->tag,
        .type = CAP_THREAD,
        .rights = RIGHT_ALL,
    };
    return OK;
}

/* ---- Starting and stopping ---- */

static int64_t find_thread(uint64_t number, struct thread **thread)
{
    struct slot *slot;
    int64_t error = cap_find(caller_domain(), number, CAP_THREAD, RIGHT_CONTROL, &slot);
    if (error != OK) {
        return error;
    }
    *thread = frame_ptr(slot->object);
    return (*thread)->domain->dying ? E_DEAD : OK;
}

/* Or oneself. */
static int64_t find_thread_or_self(uint64_t number, struct thread **thread)
{
    *thread = caller_thread();
    return number == SLOT_NONE ? OK : find_thread(number, thread);
}

static bool in_program_area(uint64_t address)
{
    return address >= UPPER_HALF_START && address < PROGRAM_END;
}

int64_t sys_thread_start(uint64_t number, uint64_t rip, uint64_t rsp, uint64_t argument)
{
    struct thread *thread;
    int64_t error = find_thread(number, &thread);
    if (error != OK) {
        return error;
    }
    if (thread->state != THREAD_NEW || !in_program_area(rip) || !in_program_area(rsp)) {
        return E_ARGUMENT;
    }
    arch_thread_begin(thread, rip, rsp, argument);
    sched_ready(thread);
    return OK;
}

int64_t sys_thread_stop(uint64_t number)
{
    struct thread *thread;
    int64_t error = find_thread(number, &thread);
    if (error != OK) {
        return error;
    }
    if (thread->state == THREAD_NEW || thread->state == THREAD_STOPPED) {
        return E_ARGUMENT;
    }
    if (thread == caller_thread()) {
        thread->registers.rax = OK; /* what it finds when it is resumed */
    }
    thread_stop(thread);
    return thread == arch_current() ? CALL_NO_RESULT : OK;
}

int64_t sys_thread_resume(uint64_t number)
{
    struct thread *thread;
    int64_t error = find_thread(number, &thread);
    if (error == OK && thread->state != THREAD_STOPPED) {
        error = E_ARGUMENT;
    }
    if (error == OK) {
        sched_ready(thread);
    }
    return error;
}

/* Ends an endpoint or a thread; what is left is memory of whoever owns the frame. */
int64_t sys_object_destroy(uint64_t number)
{
    struct slot *slot;
    int64_t error = cap_find(caller_domain(), number, CAP_ENDPOINT, RIGHT_CONTROL, &slot);
    if (error == OK) {
        error = endpoint_close(frame_ptr(slot->object));
    } else if (error == E_TYPE) {
        error = cap_find(caller_domain(), number, CAP_THREAD, RIGHT_CONTROL, &slot);
        if (error == OK && frame_ptr(slot->object) == (void *)caller_thread()) {
            error = E_ARGUMENT;
        }
        if (error == OK) {
            thread_end(frame_ptr(slot->object));
        }
    }
    if (error != OK) {
        return error;
    }
    own_end_object(frame_at(slot->object));
    slot_clear(slot);
    return OK;
}

/* ---- What others may set and read ---- */

static int64_t set_priority(struct thread *thread, uint64_t priority)
{
    if (priority >= PRIORITIES) {
        return E_ARGUMENT;
    }
    if (priority > caller_domain()->priority_limit) {
        return E_RIGHTS;
    }
    thread->own_priority = (uint8_t)priority;
    inherit_settle(thread);
    return OK;
}

static int64_t set_cpu(struct thread *thread, uint64_t cpu)
{
    if (cpu >= arch_cpu_count) {
        return E_ARGUMENT;
    }
    sched_set_cpu(thread, (uint16_t)cpu);
    return OK;
}

/* Declaring it goes by using it. */
static int64_t give_up_fpu(struct thread *thread, uint64_t value)
{
    if (value != 0) {
        return E_ARGUMENT;
    }
    if (thread != caller_thread() && thread->state != THREAD_STOPPED) {
        return E_RUNNING;
    }
    if (thread != caller_thread()) {
        sched_forget(thread); /* another CPU may still have it loaded */
    }
    thread->flags &= (uint8_t)~THREAD_HAS_FPU;
    thread_set_key(thread);
    arch_fpu_reset(thread);
    if (thread == caller_thread()) {
        arch_load_more(thread);
    }
    return OK;
}

static int64_t set_register(struct thread *thread, uint64_t number, uint64_t value)
{
    if (thread->state != THREAD_STOPPED && thread->state != THREAD_NEW && !thread->faulted) {
        return E_RUNNING;
    }
    if (number == THREAD_RIP && !in_program_area(value)) {
        return E_ARGUMENT;
    }
    sched_forget(thread);
    return arch_register_set(thread, number, value) ? OK : E_ARGUMENT;
}

int64_t sys_thread_set(uint64_t number, uint64_t property, uint64_t value)
{
    struct thread *thread;
    int64_t error = find_thread_or_self(number, &thread);
    if (error != OK) {
        return error;
    }
    switch (property) {
    case THREAD_PRIORITY:
        return set_priority(thread, value);
    case THREAD_CPU:
        return set_cpu(thread, value);
    case THREAD_FPU:
        return give_up_fpu(thread, value);
    default:
        return property >= THREAD_REGISTER && property <= THREAD_REGISTER + THREAD_GS
                   ? set_register(thread, property - THREAD_REGISTER, value)
                   : E_ARGUMENT;
    }
}

static uint64_t value_of(const struct thread *thread, uint64_t number)
{
    switch (number) {
    case THREAD_STATE:
        return thread->state;
    case THREAD_URGENCY:
        return thread->priority | (uint64_t)thread->own_priority << 8;
    case THREAD_RUNS_ON:
        return thread->cpu;
    case THREAD_USES:
        return thread->flags & (THREAD_HAS_FPU | THREAD_HAS_PORTS);
    default:
        return arch_register_get(thread, number);
    }
}

int64_t sys_thread_read(uint64_t number, uint64_t group)
{
    struct thread *thread;
    int64_t error = find_thread_or_self(number, &thread);
    if (error != OK) {
        return error;
    }
    if (group >= THREAD_VALUES / THREAD_VALUES_PER_READ) {
        return E_ARGUMENT;
    }
    if (thread->state != THREAD_READY) {
        sched_forget(thread);
    }
    uint64_t first = group * THREAD_VALUES_PER_READ;
    struct registers *r = &caller_thread()->registers;
    uint64_t words[THREAD_VALUES_PER_READ];
    for (unsigned i = 0; i < THREAD_VALUES_PER_READ; i++) {
        words[i] = value_of(thread, first + i);
    }
    r->rdi = words[0];
    r->rsi = words[1];
    r->rdx = words[2];
    r->r10 = words[3];
    r->r8 = words[4];
    r->r9 = words[5];
    return OK;
}

int64_t sys_thread_set_tls(uint64_t base)
{
    if ((uint64_t)((int64_t)(base << 16) >> 16) != base) {
        return E_ARGUMENT;
    }
    arch_set_tls(arch_current(), base);
    return OK;
}
