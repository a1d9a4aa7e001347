/*
 * Signals: bits that are set in an endpoint, by a thread or an interrupt, and wake who waits there.
 */
#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/endpoint.h"
#include "kernel/frame_ptr.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/transfer.h"

static void give_signals(struct thread *receiver, uint64_t bits)
{
    slot_clear(receiver->wait_reply);
    transfer_signals(receiver, bits);
    sched_wake(receiver);
}

void endpoint_signal(struct endpoint *endpoint, uint64_t bits)
{
    struct thread *receiver;
    if (endpoint->fast > ENDPOINT_LOOK) {
        receiver = thread_at(endpoint->fast);
        if (!receiver->domain->dying) {
            endpoint->fast = ENDPOINT_IDLE;
            give_signals(receiver, bits);
            return;
        }
    }
    endpoint_spread(endpoint);
    receiver = endpoint->receivers.first;
    if (receiver == NULL || receiver->domain->dying) {
        endpoint->signals |= bits;
        endpoint->fast = ENDPOINT_LOOK;
        return;
    }
    thread_queue_remove(&endpoint->receivers, receiver);
    endpoint_settle(endpoint);
    sched_end_deadline(receiver);
    receiver->endpoint = NULL;
    give_signals(receiver, bits);
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
