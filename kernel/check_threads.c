/*
 * Executable invariants of threads and what they wait at: see check_threads.h.
 */
#include "kernel/check_threads.h"

#ifdef COCOS_CHECKING

#include <stddef.h>

#include "kernel/cap.h"
#include "kernel/frame.h"
#include "kernel/frame_ptr.h"
#include "kernel/inherit.h"
#include "kernel/reply.h"
#include "kernel/sched.h"
#include "kernel/thread_queue.h"

/* What threads say of themselves, and what was found. */
enum place { READY, SENDING, RECEIVING, OWED, DEADLINES, PLACES };
static uint64_t said[PLACES], found[PLACES];

/* Answers owed by capabilities: how many, and the sum of their generations, so that no two
 * capabilities stand for one call while another call has none. */
static uint64_t calls, calls_sum, replies, replies_sum;

static bool is_thread(const struct thread *thread)
{
    const struct frame *record = frame_ram_record(frame_of(thread));
    return record != NULL && record->type == FRAME_THREAD;
}

static bool is_endpoint(const struct endpoint *endpoint)
{
    const struct frame *record = frame_ram_record(frame_of(endpoint));
    return record != NULL && record->type == FRAME_ENDPOINT;
}

static bool runs(const struct thread *thread)
{
    return arch_current_of(thread->cpu) == thread && !arch_sched_of(thread->cpu)->rests;
}

/* ---- Queues ---- */

/* May that thread be the next in the queue, behind `previous`? */
static bool is_linked(const struct thread *thread, const struct thread *previous)
{
    return is_thread(thread) && thread->prev == previous;
}

/* A CPU's run queue (cpu), or an endpoint's senders. */
static const char *check_priorities(const struct priority_queue *queue,
                                    const struct endpoint *endpoint, unsigned cpu)
{
    for (uint32_t left = queue->used; left != 0; left &= left - 1) {
        unsigned priority = (unsigned)__builtin_ctz(left);
        const struct thread_queue *threads = &queue->queues[priority];
        const struct thread *previous = NULL;
        for (const struct thread *at = threads->first; at != NULL; at = at->next) {
            if (!is_linked(at, previous) || at->priority != priority) {
                return "a queue holds what is no thread of that priority";
            }
            if (endpoint != NULL ? at->state != THREAD_SENDING || at->endpoint != endpoint
                                 : at->state != THREAD_READY || at->cpu != cpu || runs(at)) {
                return "a thread is in another queue than its state says";
            }
            found[endpoint != NULL ? SENDING : READY]++;
            previous = at;
        }
        if (threads->last != previous || previous == NULL) {
            return "a queue by priorities does not know its end, or is empty and marked";
        }
    }
    return NULL;
}

/* ---- Timelines ---- */

static const struct deadline *leftmost(const struct deadline *top)
{
    while (top != NULL && top->before != NULL) {
        top = top->before;
    }
    return top;
}

static const struct deadline *following(const struct deadline *deadline)
{
    if (deadline->after != NULL) {
        return leftmost(deadline->after);
    }
    while (deadline->parent != NULL && deadline->parent->after == deadline) {
        deadline = deadline->parent;
    }
    return deadline->parent;
}

static bool hangs_well(const struct deadline *child, const struct deadline *parent)
{
    return child == NULL || child->parent == parent;
}

static const char *check_deadline(const struct deadline *deadline, unsigned cpu)
{
    const struct thread *thread = frame_ptr(frame_of(deadline) & ~(FRAME_BYTES - 1));
    if (!is_thread(thread) || deadline != &thread->deadline || thread->cpu != cpu) {
        return "a timeline holds what is no thread's of its CPU";
    }
    const struct deadline *before = deadline->before, *after = deadline->after;
    uint32_t low = before != NULL ? before->height : 0, high = after != NULL ? after->height : 0;
    if (!hangs_well(before, deadline) || !hangs_well(after, deadline) || low > high + 1 ||
        high > low + 1 || deadline->height != 1 + (low > high ? low : high)) {
        return "a timeline is out of balance";
    }
    return NULL;
}

static const char *check_timeline(const struct timeline *timeline, unsigned cpu)
{
    const struct deadline *first = leftmost(timeline->root);
    if (timeline->first != first || !hangs_well(timeline->root, NULL)) {
        return "a timeline does not know what is first";
    }
    uint64_t last = 0;
    for (const struct deadline *at = first; at != NULL; at = following(at)) {
        const char *problem = check_deadline(at, cpu);
        if (problem != NULL) {
            return problem;
        }
        if (at->at < last) {
            return "a timeline is out of order";
        }
        last = at->at;
        found[DEADLINES]++;
    }
    return NULL;
}

/* ---- CPUs ---- */

static const char *check_cpu(unsigned cpu)
{
    const struct sched *sched = arch_sched_of(cpu);
    const struct thread *current = arch_current_of(cpu);
    if (current == &thread_nobody) {
        /* It has not begun, or has lost the thread that it had. */
    } else if (!is_thread(current)) {
        return "a CPU has loaded what is no thread";
    } else if (!sched->rests && (current->state != THREAD_READY || current->cpu != cpu)) {
        return "a CPU runs a thread that is not ready there";
    }
    uint32_t top = sched->ready.used != 0 ? priority_queue_top(&sched->ready) : 0;
    if (sched->ready_key != (cpu << KEY_CPU_SHIFT | top) &&
        (sched->ready_key != 0 || sched->ready.used != 0)) { /* 0: nobody was ready there yet */
        return "the short way has a wrong key of a CPU's run queue";
    }
    const char *problem = check_priorities(&sched->ready, NULL, cpu);
    return problem != NULL ? problem : check_timeline(&sched->sleepers, cpu);
}

const char *check_scheduler(void)
{
    for (unsigned i = 0; i < PLACES; i++) {
        said[i] = found[i] = 0;
    }
    calls = calls_sum = replies = replies_sum = 0;
    const char *problem = NULL;
    for (unsigned cpu = 0; cpu < arch_cpu_count && problem == NULL; cpu++) {
        problem = check_cpu(cpu);
    }
    return problem;
}

/* ---- Threads ---- */

/* The most urgent that waits for the thread, or NULL. */
static const struct thread *most_urgent_behind(const struct thread *thread)
{
    const struct thread *most = thread_at(thread->caller);
    for (const struct thread *at = thread->callers.first; at != NULL; at = at->next) {
        most = most == NULL || at->priority > most->priority ? at : most;
    }
    const struct thread *sender =
        thread->serves != NULL ? priority_queue_first(&thread->serves->senders) : NULL;
    return sender != NULL && (most == NULL || sender->priority > most->priority) ? sender : most;
}

/* Where INHERIT_DEPTH threads wait one for the other, what is at the end may be told late. */
static bool ends_long_chain(const struct thread *thread)
{
    for (unsigned i = 0; i < INHERIT_DEPTH; i++) {
        thread = most_urgent_behind(thread);
        if (thread == NULL) {
            return false;
        }
    }
    return true;
}

static const char *check_priority(const struct thread *thread)
{
    const struct thread *behind = most_urgent_behind(thread);
    unsigned priority = thread->own_priority;
    if (behind != NULL && behind->priority > priority) {
        priority = behind->priority;
    }
    if (priority != thread->priority && !ends_long_chain(thread)) {
        return "a thread's priority is not the most urgent of its own and those it works for";
    }
    bool boosted = (thread->flags & THREAD_BOOSTED) != 0;
    return boosted == (thread->priority != thread->own_priority)
               ? NULL
               : "a thread is not marked as it inherits";
}

/* What the short way relies on instead of looking. */
static const char *check_notes(const struct thread *thread)
{
    uint32_t key = (uint32_t)thread->cpu << KEY_CPU_SHIFT | thread->priority;
    if (thread->as_next != (thread->flags == 0 && !thread->faulted ? key : KEY_NOT_NEXT) ||
        thread->as_previous != (thread->flags == 0 ? key : KEY_NOT_PREVIOUS)) {
        return "a thread's key is wrong";
    }
    if (thread->call_epoch == cap_epoch && !is_endpoint(thread->call_endpoint)) {
        return "a thread may call by the short way what is no endpoint";
    }
    if (thread->wait_slots == NO_WAIT) {
        return NULL;
    }
    if (thread->flags != 0) {
        return "a thread may wait by the short way that has more to be switched";
    }
    return thread->wait_epoch != cap_epoch || is_endpoint(thread->wait_endpoint)
               ? NULL
               : "a thread may wait by the short way at what is no endpoint";
}

static bool is_kept_for(const struct slot *slot, const struct thread *thread)
{
    return slot->type == CAP_AWAITED && slot->object == frame_of(thread);
}

/* Whom it owes an answer: by the word of the short way, and by capabilities. */
static const char *check_callers(const struct thread *thread)
{
    const struct thread *quick = thread_at(thread->caller);
    if (quick != NULL) {
        if (!is_thread(quick) || quick->state != THREAD_ANSWER ||
            quick->answerer != thread_top(thread) || quick->call != 0) {
            return "whom a thread owes an answer does not await it";
        }
        if (thread->state == THREAD_RECEIVING ||
            !is_kept_for(&thread->slots[thread->reply_slot], thread)) {
            return "no slot is kept for the answer that a thread owes";
        }
        found[OWED]++;
    }
    const struct thread *previous = NULL;
    for (const struct thread *at = thread->callers.first; at != NULL; at = at->next) {
        if (!is_linked(at, previous) || at->state != THREAD_ANSWER ||
            at->answerer != thread_top(thread) || at->call == 0) {
            return "a thread has callers that do not await its answer";
        }
        found[OWED]++;
        previous = at;
    }
    return thread->callers.last == previous ? NULL : "a thread does not know its last caller";
}

static const char *check_receiving(const struct thread *thread)
{
    const struct endpoint *endpoint = thread->wait_endpoint;
    if (!thread->domain->dying && !is_kept_for(&thread->slots[thread->reply_slot], thread)) {
        return "no slot is kept for the message that a thread waits for";
    }
    if (!is_endpoint(endpoint)) {
        return "a thread waits at what is no endpoint";
    }
    said[RECEIVING]++;
    return NULL;
}

static const char *check_answer(const struct thread *thread)
{
    if (thread->call != 0) {
        calls++;
        calls_sum += thread->call;
    } else if (thread->answerer == 0) {
        return "a thread awaits an answer that nobody owes";
    }
    said[OWED] += thread->answerer != 0;
    return NULL;
}

/* Counts it at the place that its state says. */
static const char *check_state(const struct thread *thread)
{
    if (thread->state != THREAD_ANSWER && thread->call != 0) { /* the short way leaves `answerer` */
        return "a thread that awaits no answer is owed one";
    }
    switch (thread->state) {
    case THREAD_NEW:
    case THREAD_STOPPED:
        return NULL;
    case THREAD_READY:
        said[READY] += !runs(thread);
        return NULL;
    case THREAD_SENDING:
        said[SENDING]++;
        return NULL;
    case THREAD_ANSWER:
        return check_answer(thread);
    case THREAD_RECEIVING:
        return check_receiving(thread);
    case THREAD_SLEEPING:
        return deadline_is_set(&thread->deadline) ? NULL : "a thread sleeps for ever";
    default:
        return "a thread is in no state";
    }
}

const char *check_thread(const struct thread *thread)
{
    bool waits = thread->state >= THREAD_SENDING && thread->state <= THREAD_SLEEPING;
    if (deadline_is_set(&thread->deadline)) {
        if (!waits) {
            return "a thread has a deadline that does not wait";
        }
        said[DEADLINES]++;
    }
    if (thread->faulted && thread->state != THREAD_SENDING && thread->state != THREAD_ANSWER) {
        return "a thread has faulted and waits for nobody's answer";
    }
    if (thread->serves != NULL &&
        (!is_endpoint(thread->serves) || thread->serves->server != thread)) {
        return "a thread serves an endpoint that does not know it";
    }
    const char *problem = check_state(thread);
    problem = problem != NULL ? problem : check_callers(thread);
    problem = problem != NULL ? problem : check_notes(thread);
    return problem != NULL ? problem : check_priority(thread);
}

/* ---- Endpoints ---- */

/* Who waits for a message, in `fast` or in the queue. */
static const char *check_receivers(const struct endpoint *endpoint)
{
    const struct thread *quick = endpoint->fast > ENDPOINT_LOOK ? thread_at(endpoint->fast) : NULL;
    if (quick != NULL) {
        if (!is_thread(quick) || quick->state != THREAD_RECEIVING ||
            quick->wait_endpoint != endpoint || deadline_is_set(&quick->deadline)) {
            return "an endpoint's fast receiver does not wait there for words alone";
        }
        found[RECEIVING]++;
    }
    const struct thread *previous = NULL;
    for (const struct thread *at = endpoint->receivers.first; at != NULL; at = at->next) {
        if (!is_linked(at, previous) || at->state != THREAD_RECEIVING || at->endpoint != endpoint ||
            at->wait_endpoint != endpoint) {
            return "an endpoint's receiver does not wait there";
        }
        found[RECEIVING]++;
        previous = at;
    }
    return endpoint->receivers.last == previous ? NULL
                                                : "an endpoint does not know its last receiver";
}

const char *check_endpoint(const struct endpoint *endpoint)
{
    const struct thread *first = endpoint->receivers.first;
    bool idle = endpoint->signals == 0 && endpoint->senders.used == 0 && first == NULL &&
                !endpoint->closing;
    const char *problem = check_priorities(&endpoint->senders, endpoint, 0);
    problem = problem != NULL ? problem : check_receivers(endpoint);
    if (problem != NULL) {
        return problem;
    }
    if (idle ? endpoint->fast == ENDPOINT_LOOK : endpoint->fast != ENDPOINT_LOOK) {
        return "an endpoint's fast word does not say what is there";
    }
    if (first != NULL && endpoint->senders.used != 0) {
        return "threads wait for each other at an endpoint";
    }
    if (first != NULL && endpoint->signals != 0 && !first->domain->dying) {
        return "a thread waits for signals that are there";
    }
    const struct thread *server = endpoint->server;
    return server == NULL || (is_thread(server) && server->serves == endpoint)
               ? NULL
               : "an endpoint's server serves another one";
}

/* ---- Slots ---- */

const char *check_slots(const struct domain *domain)
{
    for (unsigned i = 0; i < SLOTS_PER_DOMAIN; i++) {
        const struct slot *slot = &domain->slots[i];
        if (slot->type == CAP_REPLY) {
            const struct thread *caller = reply_caller(slot);
            const struct thread *answerer = caller != NULL ? thread_at(caller->answerer) : NULL;
            if (answerer != NULL && answerer->domain != domain) {
                return "a reply capability has left the domain whose thread owes the answer";
            }
            replies += caller != NULL;
            replies_sum += caller != NULL ? slot->generation : 0;
        } else if (slot->type == CAP_AWAITED) {
            const struct thread *keeper = frame_ptr(slot->object);
            if (!is_thread(keeper) || keeper->domain != domain || keeper->reply_slot != i ||
                (keeper->state != THREAD_RECEIVING && keeper->caller == 0)) {
                return "a slot is kept for a thread that does not want it";
            }
        } else if (slot->type == CAP_ENDPOINT && slot_is_checked(slot, cap_epoch) &&
                   cap_alive(slot) != OK) {
            return "the short way takes a dead capability for a good one";
        }
    }
    return NULL;
}

/* ---- The whole ---- */

const char *check_counted(void)
{
    static const char *const problems[PLACES] = {
        [READY] = "a ready thread is in no run queue",
        [SENDING] = "a sending thread is in no endpoint's queue",
        [RECEIVING] = "a receiving thread is at no endpoint",
        [OWED] = "a thread awaits an answer from one that does not owe it",
        [DEADLINES] = "a thread's deadline is in no timeline",
    };
    for (unsigned i = 0; i < PLACES; i++) {
        if (said[i] != found[i]) {
            return problems[i];
        }
    }
    return calls == replies && calls_sum == replies_sum
               ? NULL
               : "a call does not have exactly one reply capability";
}

#endif
