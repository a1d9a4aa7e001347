/*
 * From registers to registers: see transfer.h.
 */
#include "kernel/transfer.h"

#include "kernel/domain.h"
#include "kernel/loan.h"

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
    const struct slot *from = &sender->slots[sender->send_slot];
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

void transfer(struct thread *sender, struct thread *receiver, uint64_t badge, bool answer)
{
    struct registers *r = &receiver->registers;
    set_words(r, sender);
    r->rax = RECEIVED_CALL;
    r->rbx = badge;
    transfer_reset_bases(receiver);
    if (!sender->faulted && (sender->registers.r12 | sender->send_slot) != 0) {
        transfer_extras(sender, receiver, answer);
    } else {
        r->r12 = r->r13 = r->r15 = 0;
    }
}

/* ---- Checks that change nothing ---- */

int64_t transfer_check(struct thread *thread)
{
    uint64_t send = slot_field(thread, FIELD_SEND), receive = slot_field(thread, FIELD_RECEIVE);
    struct slot *unused;
    if (send != SLOT_NONE) {
        if (send >= SLOTS_PER_DOMAIN || thread->slots[send].type == CAP_EMPTY) {
            return E_SLOT;
        }
        const struct slot *slot = &thread->slots[send];
        if (cap_alive(slot) != OK) {
            return E_DEAD;
        }
        if (is_of_one_thread(slot)) {
            return E_TYPE;
        }
        if (!(slot->rights & RIGHT_COPY)) {
            return E_RIGHTS;
        }
    }
    return receive == SLOT_NONE ? OK : cap_find_empty(thread->domain, receive, &unused);
}

int64_t transfer_check_run(const struct thread *thread, bool answer)
{
    uint64_t run = thread->registers.r12;
    return run == 0 ? OK : loan_check(thread->domain, run, answer);
}

void transfer_keep(struct thread *thread)
{
    thread->send_slot = (uint16_t)slot_field(thread, FIELD_SEND);
    thread->receive_slot = (uint16_t)slot_field(thread, FIELD_RECEIVE);
}
