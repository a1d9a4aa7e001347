/*
 * Runs of frames in messages: see loan.h.
 */
#include "kernel/loan.h"

#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/frame.h"
#include "kernel/frame_calls.h"
#include "kernel/frame_ptr.h"
#include "kernel/space.h"

/* ---- Sending ---- */

int64_t loan_check(const struct domain *owner, uint64_t word, bool answer)
{
    uint64_t rights = MESSAGE_RUN_RIGHTS(word);
    struct run run;
    int64_t error =
        run_check_owned(MESSAGE_RUN_ADDRESS(word), MESSAGE_RUN_ORDER(word), owner, &run);
    /* The receiver could hold on to a share beyond its answer. */
    error = error != OK
                ? error
                : leaf_check_rights(answer ? rights & ~(uint64_t)GRANT_SHARE : rights, false);
    return error != OK ? error : run_clear(&run);
}

/* ---- Receiving ---- */

/* Has the domain such access already, and not only until some call is answered? */
static bool has_access(struct domain *domain, const struct run *run, uint64_t rights)
{
    const uint64_t *entries = space_entries(domain, run->address, run->order);
    for (uint32_t i = 0; i < run->count; i++) {
        if (entries == NULL || !space_is_leaf(entries[i], run->order)) {
            return false;
        }
        uint32_t kind = leaf_kind(entries[i]);
        if (kind == PTE_AVL_CARRIED || ((rights & GRANT_SHARE) && kind != PTE_AVL_SHARED) ||
            ((rights & MAP_WRITE) && !(entries[i] & PTE_WRITE))) {
            return false;
        }
    }
    return true;
}

/* Makes the access that the message brings; false: it cannot be made. */
static bool make_access(struct thread *sender, struct domain *to, const struct run *run,
                        bool answer)
{
    uint64_t word = sender->registers.r12, rights = MESSAGE_RUN_RIGHTS(word);
    uint32_t frames = 1u << run->order;
    if (to == sender->domain) {
        return false;
    }
    if (!answer) {
        if (run_grant(to, run, rights, PTE_AVL_CARRIED) != OK) {
            return false;
        }
        sender->lent = word;
        sender->lent_to = to;
        return true;
    }
    uint32_t kind = rights & GRANT_SHARE ? PTE_AVL_SHARED : PTE_AVL_LENT;
    if (to->accept < frames || run_grant(to, run, rights & ~(uint64_t)GRANT_SHARE, kind) != OK) {
        return false;
    }
    to->accept -= frames;
    return true;
}

void loan_transfer(struct thread *sender, struct thread *receiver, bool answer)
{
    struct registers *r = &receiver->registers;
    uint64_t word = sender->registers.r12, takes = r->r13;
    uint64_t frames = 1ull << MESSAGE_RUN_ORDER(word);
    struct run run;
    r->r12 = r->r13 = 0;
    if (sender->faulted || sender->domain->dying || receiver->domain->dying || takes < frames) {
        return;
    }
    /* The sender may have waited long: another of its threads may have given the run away. */
    if (run_check_owned(MESSAGE_RUN_ADDRESS(word), MESSAGE_RUN_ORDER(word), sender->domain, &run) !=
        OK) {
        return;
    }
    if (has_access(receiver->domain, &run, MESSAGE_RUN_RIGHTS(word)) ||
        make_access(sender, receiver->domain, &run, answer)) {
        r->r12 = word;
        r->r13 = frames;
    }
}

/* ---- The end of a loan ---- */

/* Piece by piece: meanwhile parts of the run may have been revoked, released and claimed anew, in
 * pieces of another size. */
void loan_take_back(struct thread *thread)
{
    uint64_t address = MESSAGE_RUN_ADDRESS(thread->lent), order = MESSAGE_RUN_ORDER(thread->lent);
    struct domain *from = thread->lent_to;
    uint32_t piece = order >= ORDER_BLOCK ? ORDER_BLOCK : ORDER_FRAME;
    const uint64_t *entries = space_entries(from, address, (uint32_t)order);
    thread->lent = 0;
    thread->lent_to = NULL;
    for (uint32_t i = 0; i < 1u << (order - piece) && entries != NULL; i++) {
        uint64_t at = address + i * (FRAME_BYTES << piece);
        struct run run;
        if (space_is_leaf(entries[i], piece) && leaf_kind(entries[i]) == PTE_AVL_CARRIED &&
            frame_run(at, piece, &run) == OK) {
            space_unmap(from, run_table(from, &run), at, &run);
        }
    }
}

bool loan_is_whole(const struct thread *thread)
{
    if (thread->lent == 0) {
        return true;
    }
    const struct frame *record = frame_ram_record(frame_of(thread->lent_to));
    if (thread->state != THREAD_ANSWER || record == NULL || record->type != FRAME_DOMAIN) {
        return false;
    }
    for (unsigned i = 0; i < SLOTS_PER_DOMAIN; i++) {
        const struct slot *slot = &thread->lent_to->slots[i];
        if (slot->type == CAP_REPLY && slot->object == frame_of(thread) &&
            slot->generation == thread->call) {
            return true;
        }
    }
    return false;
}
