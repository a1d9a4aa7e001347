/*
 * Messages, the long way: see ipc.h.
 */
#include "kernel/ipc.h"

#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/endpoint.h"
#include "kernel/frame_ptr.h"
#include "kernel/inherit.h"
#include "kernel/loan.h"
#include "kernel/reply.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/transfer.h"

/* The registers that do not count in this call hold what says nothing. */
static void begin(struct thread *thread)
{
    struct registers *r = &thread->registers;
    if (!(r->rax & MESSAGE_HAS_RUN)) {
        r->r12 = r->r13 = 0;
    }
    if (!(r->rax & MESSAGE_HAS_DEADLINE)) {
        r->r14 = DEADLINE_NEVER;
    }
    if (thread->caller != 0) {
        reply_write_slot(&thread->slots[thread->reply_slot]);
    }
}

void ipc_end_fault(struct thread *thread)
{
    if (thread->faulted) {
        thread->faulted = false;
        thread_set_key(thread);
    }
}

/* The registers of one that has faulted are to stay. */
void ipc_no_extras(struct thread *thread)
{
    if (!thread->faulted) {
        thread->registers.r12 = thread->registers.r13 = 0;
    }
    thread->send_slot = thread->receive_slot = SLOT_NONE;
}

/* ---- Delivery ---- */

/* `sender`'s message reaches `receiver`, neither of them in a queue: the sender awaits the answer
 * that the receiver's reply slot, empty or kept for this, now stands for. */
static void deliver(struct thread *sender, struct thread *receiver)
{
    transfer(sender, receiver, sender->badge, false);
    sender->state = THREAD_ANSWER;
    sender->endpoint = NULL;
    reply_owe(receiver, sender);
    inherit(sender);
}

void ipc_release_slot(const struct thread *receiver)
{
    if (!receiver->domain->dying) {
        slot_clear(&receiver->slots[receiver->reply_slot]);
    }
}

void ipc_leave(struct thread *thread)
{
    struct endpoint *endpoint = thread->endpoint;
    sched_end_deadline(thread);
    switch (thread->state) {
    case THREAD_SENDING:
        priority_queue_remove(&endpoint->senders, thread);
        endpoint_settle(endpoint);
        thread->state = THREAD_STOPPED; /* so that no chain of calls leads on through it */
        inherit_less(endpoint->server);
        break;
    case THREAD_ANSWER:
        reply_end(thread);
        break;
    case THREAD_RECEIVING:
        endpoint = thread->wait_endpoint; /* the short way does not note where it waits */
        endpoint_spread(endpoint);
        thread_queue_remove(&endpoint->receivers, thread);
        endpoint_settle(endpoint);
        ipc_release_slot(thread);
        break;
    default:
        break;
    }
    thread->endpoint = NULL;
    thread->state = THREAD_STOPPED;
}

/* Out of its queue already, where that is the endpoint's. */
void ipc_fail(struct thread *thread, int64_t error)
{
    if (thread->state == THREAD_RECEIVING) {
        ipc_release_slot(thread);
    }
    if (thread->state == THREAD_ANSWER) {
        reply_end(thread);
    }
    sched_end_deadline(thread);
    thread->endpoint = NULL;
    if (thread->faulted) {
        /* Nobody is left to say how it should go on. */
        ipc_end_fault(thread);
        thread->state = THREAD_STOPPED;
        return;
    }
    thread->registers.rax = (uint64_t)error;
    sched_ready(thread);
}

void ipc_expire(struct thread *thread)
{
    ipc_leave(thread);
    thread->registers.rax = (uint64_t)E_TIMEOUT;
    sched_ready(thread);
}

/* ---- Sending ---- */

int64_t ipc_send(struct thread *sender, struct endpoint *endpoint, uint64_t badge,
                 uint64_t deadline)
{
    endpoint_spread(endpoint);
    struct thread *receiver = endpoint->receivers.first;
    if (receiver != NULL && receiver->domain->dying) {
        return E_GONE;
    }
    if (receiver == NULL) {
        if (deadline == DEADLINE_NOW) {
            return E_TIMEOUT;
        }
        if (inherit_is_cycle(sender, endpoint)) {
            return E_CYCLE;
        }
    }
    sender->badge = badge;
    sched_rest();
    if (deadline != DEADLINE_NOW) {
        sched_set_deadline(sender, deadline);
    }
    if (receiver == NULL) {
        sender->state = THREAD_SENDING;
        sender->endpoint = endpoint;
        priority_queue_add(&endpoint->senders, sender);
        endpoint->fast = ENDPOINT_LOOK;
        inherit(sender);
        return CALL_NO_RESULT;
    }
    thread_queue_remove(&endpoint->receivers, receiver);
    endpoint_settle(endpoint);
    sched_end_deadline(receiver);
    receiver->endpoint = NULL;
    deliver(sender, receiver);
    sched_hand_over(receiver);
    return CALL_NO_RESULT;
}

int64_t sys_call(void)
{
    struct thread *caller = caller_thread();
    struct endpoint *endpoint;
    uint64_t badge;
    begin(caller);
    int64_t error = cap_endpoint(caller->domain, slot_field(caller, FIELD_ENDPOINT), RIGHT_SEND,
                                 &endpoint, &badge);
    error = error != OK ? error : transfer_check(caller);
    error = error != OK ? error : transfer_check_run(caller, false);
    if (error != OK) {
        return error;
    }
    transfer_keep(caller);
    return ipc_send(caller, endpoint, badge, caller->registers.r14);
}

/* ---- Receiving ---- */

/* What is there for the current thread at once: E_TIMEOUT when nothing is. */
static int64_t receive_now(struct thread *receiver, struct endpoint *endpoint)
{
    if (endpoint->signals != 0) {
        transfer_signals(receiver, endpoint->signals);
        endpoint->signals = 0;
        endpoint_settle(endpoint);
        return CALL_NO_RESULT;
    }
    struct thread *sender = priority_queue_first(&endpoint->senders);
    if (sender == NULL) {
        return E_TIMEOUT;
    }
    priority_queue_remove(&endpoint->senders, sender);
    endpoint_settle(endpoint);
    deliver(sender, receiver);
    return CALL_NO_RESULT;
}

/* Checks the endpoint and slots of a wait by the current thread. */
static int64_t check_wait(struct thread *receiver, struct endpoint **endpoint)
{
    uint64_t badge;
    int64_t error = cap_endpoint(receiver->domain, slot_field(receiver, FIELD_ENDPOINT),
                                 RIGHT_RECEIVE, endpoint, &badge);
    return error != OK ? error : transfer_check(receiver);
}

/* Notes a wait that the short way may repeat: for words alone, and without a deadline. */
static void note_wait(struct thread *receiver, struct endpoint *endpoint)
{
    const struct registers *r = &receiver->registers;
    bool plain =
        r->rbx >> 32 == 0 && r->r13 == 0 && r->r14 == DEADLINE_NEVER && receiver->flags == 0;
    receiver->wait_slots = plain ? r->rbx : NO_WAIT;
    receiver->wait_epoch = cap_epoch;
    receiver->wait_endpoint = endpoint;
    receiver->wait_reply = &receiver->slots[receiver->reply_slot];
}

/* The current thread, already checked, takes a message or waits for one; the empty reply slot is
 * kept for it meanwhile, so that delivery cannot fail. */
static int64_t receive(struct thread *receiver, struct endpoint *endpoint)
{
    uint64_t deadline = receiver->registers.r14;
    transfer_keep(receiver);
    receiver->reply_slot = (uint16_t)slot_field(receiver, FIELD_REPLY);
    endpoint_spread(endpoint);
    endpoint_set_server(endpoint, receiver);
    note_wait(receiver, endpoint);
    int64_t result = receive_now(receiver, endpoint);
    if (result != E_TIMEOUT || deadline == DEADLINE_NOW) {
        return result;
    }
    receiver->slots[receiver->reply_slot] =
        (struct slot){.object = frame_of(receiver), .type = CAP_AWAITED};
    sched_rest();
    receiver->state = THREAD_RECEIVING;
    receiver->endpoint = endpoint;
    if (endpoint->fast == ENDPOINT_IDLE && receiver->wait_slots != NO_WAIT) {
        endpoint->fast = thread_top(receiver);
        return CALL_NO_RESULT;
    }
    thread_queue_add(&endpoint->receivers, receiver);
    endpoint->fast = ENDPOINT_LOOK;
    sched_set_deadline(receiver, deadline);
    return CALL_NO_RESULT;
}

/* A wait at no endpoint: until its deadline. */
static int64_t sleep(struct thread *thread)
{
    uint64_t deadline = thread->registers.r14;
    if (deadline == DEADLINE_NEVER) {
        return E_SLOT;
    }
    if (deadline == DEADLINE_NOW) {
        return E_TIMEOUT;
    }
    sched_rest();
    thread->state = THREAD_SLEEPING;
    sched_set_deadline(thread, deadline);
    return CALL_NO_RESULT;
}

int64_t sys_wait(void)
{
    struct thread *receiver = caller_thread();
    struct endpoint *endpoint;
    struct slot *reply;
    begin(receiver);
    if (slot_field(receiver, FIELD_ENDPOINT) == SLOT_NONE) {
        return sleep(receiver);
    }
    int64_t error = check_wait(receiver, &endpoint);
    if (error == OK) {
        error = cap_find_empty(receiver->domain, slot_field(receiver, FIELD_REPLY), &reply);
    }
    return error != OK ? error : receive(receiver, endpoint);
}

/* ---- Answering ---- */

/* Gives `caller` the answer in `server`'s registers; true: it may run on. */
static bool answer(struct thread *server, struct thread *caller)
{
    sched_end_deadline(caller);
    reply_end(caller);
    if (!caller->faulted) {
        transfer(server, caller, 0, true);
        return true;
    }
    ipc_end_fault(caller);
    caller->state = THREAD_STOPPED;
    return server->registers.rdi == FAULT_RESUME;
}

int64_t sys_reply(void)
{
    struct thread *server = caller_thread();
    struct slot *reply;
    begin(server);
    int64_t error = cap_find(server->domain, slot_field(server, FIELD_REPLY), CAP_REPLY, 0, &reply);
    error = error != OK ? error : transfer_check(server);
    error = error != OK ? error : transfer_check_run(server, true);
    if (error != OK) {
        return error;
    }
    transfer_keep(server);
    struct thread *caller = reply_caller(reply);
    slot_clear(reply);
    if (answer(server, caller)) {
        sched_ready(caller);
    }
    return OK;
}

int64_t sys_reply_wait(void)
{
    struct thread *server = caller_thread();
    uint64_t number = slot_field(server, FIELD_REPLY);
    struct endpoint *endpoint;
    struct slot *reply = NULL;
    begin(server);
    int64_t error = check_wait(server, &endpoint);
    error = error != OK ? error : transfer_check_run(server, true);
    if (error != OK) {
        return error;
    }
    error = cap_find(server->domain, number, CAP_REPLY, 0, &reply);
    if (error != OK && error != E_DEAD) { /* E_DEAD: a caller that has ended */
        return error;
    }
    transfer_keep(server);
    struct thread *caller = reply != NULL ? reply_caller(reply) : NULL;
    slot_clear(&server->slots[number]);
    bool runs = caller != NULL && answer(server, caller);
    int64_t result = receive(server, endpoint);
    if (runs && server->state == THREAD_RECEIVING) {
        sched_hand_over(caller);
    } else if (runs) {
        sched_ready(caller);
    }
    return result;
}
