/*
 * Messages: see ipc.h. Words go from register file to register file; nothing is copied through
 * memory that a user can see. A direct hand-over makes the receiver run on the caller's time.
 */
#include "kernel/ipc.h"

#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/endpoint.h"
#include "kernel/frame_ptr.h"
#include "kernel/loan.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"

/* ---- Registers (cocos/message.h) ---- */

static uint64_t slot_field(const struct registers *r, unsigned index)
{
    return r->rbx >> 16 * index & 0xffff;
}
#define FIELD_ENDPOINT 0
#define FIELD_REPLY 1
#define FIELD_SEND 2
#define FIELD_RECEIVE 3

static void set_words(struct registers *to, const struct thread *sender)
{
    const struct registers *from = &sender->registers;
    if (sender->faulted) {
        const uint64_t *words = sender->fault;
        to->rdi = words[0];
        to->rsi = words[1];
        to->rdx = words[2];
        to->r10 = words[3];
        to->r8 = words[4];
        to->r9 = words[5];
        return;
    }
    to->rdi = from->rdi;
    to->rsi = from->rsi;
    to->rdx = from->rdx;
    to->r10 = from->r10;
    to->r8 = from->r8;
    to->r9 = from->r9;
}

/* Reply capabilities, and slots kept for one, are nothing to be copied. */
static bool is_of_one_thread(const struct slot *slot)
{
    return slot->type == CAP_REPLY || slot->type == CAP_AWAITED;
}

/* Copies the capability the sender named into the slot the receiver named, if both did. */
static uint64_t transfer_capability(const struct thread *sender, const struct thread *receiver)
{
    if (sender->send_slot == SLOT_NONE || receiver->receive_slot == SLOT_NONE ||
        sender->domain->dying) {
        return 0;
    }
    struct slot *to;
    const struct slot *from = &sender->domain->slots[sender->send_slot];
    if (from->type == CAP_EMPTY || is_of_one_thread(from) || !(from->rights & RIGHT_COPY) ||
        cap_alive(from) != OK || cap_find_empty(receiver->domain, receiver->receive_slot, &to)) {
        return 0;
    }
    *to = *from;
    return 1;
}

/* A capability and a run of frames; out of the way of messages that bring neither. */
static __attribute__((noinline)) void transfer_extras(struct thread *sender,
                                                      struct thread *receiver, bool answer)
{
    receiver->registers.r15 = transfer_capability(sender, receiver);
    loan_transfer(sender, receiver, answer);
}

/* Puts what `sender` sends into `receiver`'s registers. */
static void transfer(struct thread *sender, struct thread *receiver, uint64_t badge, bool answer)
{
    struct registers *r = &receiver->registers;
    set_words(r, sender);
    r->rax = RECEIVED_CALL;
    r->rbx = badge;
    if ((sender->registers.r12 | sender->send_slot) != 0) {
        transfer_extras(sender, receiver, answer);
    } else {
        r->r12 = r->r13 = r->r15 = 0;
    }
}

static void transfer_signals(struct thread *receiver, uint64_t bits)
{
    struct registers *r = &receiver->registers;
    r->rax = RECEIVED_SIGNAL;
    r->rdi = bits;
    r->rsi = r->rdx = r->r10 = r->r8 = r->r9 = 0;
    r->rbx = r->r12 = r->r13 = r->r15 = 0;
}

/* ---- Checks that change nothing ---- */

/* Slots named for a capability to send and one to receive. */
static int64_t check_extras(struct thread *thread)
{
    const struct registers *r = &thread->registers;
    uint64_t send = slot_field(r, FIELD_SEND), receive = slot_field(r, FIELD_RECEIVE);
    struct slot *unused;
    if (send != SLOT_NONE) {
        if (send >= SLOTS_PER_DOMAIN || thread->domain->slots[send].type == CAP_EMPTY) {
            return E_SLOT;
        }
        if (cap_alive(&thread->domain->slots[send]) != OK) {
            return E_DEAD;
        }
        if (is_of_one_thread(&thread->domain->slots[send])) {
            return E_TYPE;
        }
        if (!(thread->domain->slots[send].rights & RIGHT_COPY)) {
            return E_RIGHTS;
        }
    }
    return receive == SLOT_NONE ? OK : cap_find_empty(thread->domain, receive, &unused);
}

/* The run that is to go with a call or an answer. */
static int64_t check_run(const struct thread *thread, bool answer)
{
    uint64_t run = thread->registers.r12;
    return run == 0 ? OK : loan_check(thread->domain, run, answer);
}

static void keep_extras(struct thread *thread)
{
    thread->send_slot = (uint16_t)slot_field(&thread->registers, FIELD_SEND);
    thread->receive_slot = (uint16_t)slot_field(&thread->registers, FIELD_RECEIVE);
}

/* ---- Delivery ---- */

/* `sender`'s message reaches `receiver`, neither of them in a queue: the sender awaits the answer
 * that the receiver's reply slot, empty or kept for this, now stands for. */
static void deliver(struct thread *sender, struct thread *receiver)
{
    transfer(sender, receiver, sender->badge, false);
    sender->state = THREAD_ANSWER;
    sender->endpoint = NULL;
    sender->call = cap_new_generation();
    receiver->domain->slots[receiver->reply_slot] = (struct slot){
        .object = frame_of(sender),
        .generation = sender->call,
        .type = CAP_REPLY,
        .rights = RIGHT_ALL,
    };
}

void ipc_release_slot(const struct thread *receiver)
{
    if (!receiver->domain->dying) {
        receiver->domain->slots[receiver->reply_slot] = (struct slot){0};
    }
}

void ipc_fail(struct thread *thread, int64_t error)
{
    if (thread->state == THREAD_RECEIVING) {
        ipc_release_slot(thread);
    }
    loan_end(thread);
    thread->call = 0;
    thread->endpoint = NULL;
    if (thread->faulted) {
        /* Nobody is left to say how it should go on. */
        thread->faulted = false;
        thread->state = THREAD_STOPPED;
        return;
    }
    thread->registers.rax = (uint64_t)error;
    sched_ready(thread);
}

/* The current thread, already checked, sends to `endpoint` and waits for the answer. E_GONE, and
 * nothing has changed: who would receive belongs to a domain that is being ended. */
static int64_t send(struct thread *sender, struct endpoint *endpoint, uint64_t badge)
{
    struct thread *receiver = endpoint->receivers.first;
    if (receiver != NULL && receiver->domain->dying) {
        return E_GONE;
    }
    sender->badge = badge;
    sched_unready(sender);
    if (receiver == NULL) {
        sender->state = THREAD_SENDING;
        sender->endpoint = endpoint;
        thread_queue_add(&endpoint->senders, sender);
        return CALL_NO_RESULT;
    }
    thread_queue_remove(&endpoint->receivers, receiver);
    deliver(sender, receiver);
    receiver->endpoint = NULL;
    sched_hand_over(receiver);
    return CALL_NO_RESULT;
}

int64_t sys_call(void)
{
    struct thread *caller = caller_thread();
    const struct registers *r = &caller->registers;
    struct endpoint *endpoint;
    uint64_t badge;
    int64_t error =
        cap_endpoint(caller->domain, slot_field(r, FIELD_ENDPOINT), RIGHT_SEND, &endpoint, &badge);
    if (error == OK && r->r14 != DEADLINE_NEVER) {
        error = E_UNSUPPORTED;
    }
    error = error != OK ? error : check_extras(caller);
    error = error != OK ? error : check_run(caller, false);
    if (error != OK) {
        return error;
    }
    keep_extras(caller);
    return send(caller, endpoint, badge);
}

/* ---- Receiving ---- */

/* What is there for the current thread at once: E_TIMEOUT when nothing is. */
static int64_t receive_now(struct thread *receiver, struct endpoint *endpoint)
{
    if (endpoint->signals != 0) {
        transfer_signals(receiver, endpoint->signals);
        endpoint->signals = 0;
        return CALL_NO_RESULT;
    }
    struct thread *sender = endpoint->senders.first;
    if (sender == NULL) {
        return E_TIMEOUT;
    }
    thread_queue_remove(&endpoint->senders, sender);
    deliver(sender, receiver);
    return CALL_NO_RESULT;
}

/* Checks the endpoint, deadline and slots of a wait by the current thread. */
static int64_t check_wait(struct thread *receiver, struct endpoint **endpoint)
{
    const struct registers *r = &receiver->registers;
    uint64_t badge;
    int64_t error = cap_endpoint(receiver->domain, slot_field(r, FIELD_ENDPOINT), RIGHT_RECEIVE,
                                 endpoint, &badge);
    if (error == OK && r->r14 != DEADLINE_NEVER && r->r14 != DEADLINE_NOW) {
        error = E_UNSUPPORTED;
    }
    return error != OK ? error : check_extras(receiver);
}

/* The current thread, already checked, takes a message or waits for one; the empty reply slot is
 * kept for it meanwhile, so that delivery cannot fail. */
static int64_t receive(struct thread *receiver, struct endpoint *endpoint)
{
    keep_extras(receiver);
    receiver->reply_slot = (uint16_t)slot_field(&receiver->registers, FIELD_REPLY);
    int64_t result = receive_now(receiver, endpoint);
    if (result != E_TIMEOUT || receiver->registers.r14 == DEADLINE_NOW) {
        return result;
    }
    receiver->domain->slots[receiver->reply_slot] =
        (struct slot){.object = frame_of(receiver), .type = CAP_AWAITED};
    sched_unready(receiver);
    receiver->state = THREAD_RECEIVING;
    receiver->endpoint = endpoint;
    thread_queue_add(&endpoint->receivers, receiver);
    return CALL_NO_RESULT;
}

int64_t sys_wait(void)
{
    struct thread *receiver = caller_thread();
    struct endpoint *endpoint;
    struct slot *reply;
    int64_t error = check_wait(receiver, &endpoint);
    if (error == OK) {
        error =
            cap_find_empty(receiver->domain, slot_field(&receiver->registers, FIELD_REPLY), &reply);
    }
    return error != OK ? error : receive(receiver, endpoint);
}

/* ---- Answering ---- */

struct thread *ipc_caller(const struct slot *reply)
{
    if (reply->type != CAP_REPLY) {
        return NULL;
    }
    const struct frame *record = frame_ram_record(reply->object);
    if (record == NULL || record->type != FRAME_THREAD) {
        return NULL;
    }
    struct thread *thread = frame_ptr(reply->object);
    return thread->call == reply->generation && thread->state == THREAD_ANSWER ? thread : NULL;
}

void ipc_drop_reply(const struct slot *slot, int64_t error)
{
    struct thread *caller = ipc_caller(slot);
    if (caller != NULL) {
        ipc_fail(caller, error);
    }
}

/* Gives `caller` the answer in `server`'s registers; true: it may run on. */
static bool answer(struct thread *server, struct thread *caller)
{
    loan_end(caller);
    caller->call = 0;
    if (!caller->faulted) {
        transfer(server, caller, 0, true);
        return true;
    }
    caller->faulted = false;
    caller->state = THREAD_STOPPED;
    return server->registers.rdi == FAULT_RESUME;
}

int64_t sys_reply(void)
{
    struct thread *server = caller_thread();
    struct slot *reply;
    int64_t error =
        cap_find(server->domain, slot_field(&server->registers, FIELD_REPLY), CAP_REPLY, 0, &reply);
    error = error != OK ? error : check_extras(server);
    error = error != OK ? error : check_run(server, true);
    if (error != OK) {
        return error;
    }
    keep_extras(server);
    struct thread *caller = ipc_caller(reply);
    *reply = (struct slot){0};
    if (answer(server, caller)) {
        sched_ready(caller);
    }
    return OK;
}

int64_t sys_reply_wait(void)
{
    struct thread *server = caller_thread();
    uint64_t number = slot_field(&server->registers, FIELD_REPLY);
    struct endpoint *endpoint;
    struct slot *reply = NULL;
    int64_t error = check_wait(server, &endpoint);
    error = error != OK ? error : check_run(server, true);
    if (error == OK) {
        error = cap_find(server->domain, number, CAP_REPLY, 0, &reply);
    }
    if (error != OK && error != E_DEAD) {
        return error;
    }
    keep_extras(server);
    struct thread *caller = reply != NULL ? ipc_caller(reply) : NULL;
    server->domain->slots[number] = (struct slot){0};
    bool runs = caller != NULL && answer(server, caller);
    int64_t result = receive(server, endpoint);
    if (runs && server->state == THREAD_RECEIVING) {
        sched_hand_over(caller);
    } else if (runs) {
        sched_ready(caller);
    }
    return result;
}

/* ---- Signals ---- */

void endpoint_signal(struct endpoint *endpoint, uint64_t bits)
{
    struct thread *receiver = endpoint->receivers.first;
    if (receiver == NULL || receiver->domain->dying) {
        endpoint->signals |= bits;
        return;
    }
    thread_queue_remove(&endpoint->receivers, receiver);
    receiver->endpoint = NULL;
    ipc_release_slot(receiver);
    transfer_signals(receiver, bits);
    sched_ready(receiver);
}

int64_t sys_signal(uint64_t number, uint64_t bits)
{
    struct endpoint *endpoint;
    uint64_t badge;
    int64_t error = cap_endpoint(caller_domain(), number, RIGHT_SIGNAL, &endpoint, &badge);
    if (error != OK) {
        return error;
    }
    if (bits == 0) {
        return E_ARGUMENT;
    }
    endpoint_signal(endpoint, bits);
    return OK;
}

/* ---- Faults ---- */

static struct endpoint *fault_endpoint(const struct slot *slot)
{
    if (slot->type != CAP_ENDPOINT || cap_alive(slot) != OK) {
        return NULL;
    }
    struct endpoint *endpoint = frame_ptr(slot->object);
    return endpoint->closing ? NULL : endpoint;
}

void ipc_fault(struct thread *thread)
{
    const struct slot *slot = &thread->domain->fault_endpoint;
    struct endpoint *endpoint = fault_endpoint(slot);
    thread->send_slot = thread->receive_slot = SLOT_NONE;
    thread->faulted = true;
    if (endpoint == NULL || send(thread, endpoint, slot->badge) != CALL_NO_RESULT) {
        thread->faulted = false;
        sched_unready(thread);
        thread->state = THREAD_STOPPED;
    }
}
