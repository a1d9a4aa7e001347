/*
 * Making and ending endpoints: see endpoint.h. What happens at them is in ipc.c.
 */
#include "kernel/endpoint.h"

#include "kernel/domain.h"
#include "kernel/frame_ptr.h"
#include "kernel/inherit.h"
#include "kernel/ipc.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

#define CLOSED_PER_STEP 64

void endpoint_spread_fast(struct endpoint *endpoint)
{
    struct thread *receiver = thread_at(endpoint->fast);
    endpoint->fast = ENDPOINT_LOOK;
    receiver->endpoint = endpoint;
    ipc_no_extras(receiver);
    thread_queue_add(&endpoint->receivers, receiver);
}

void endpoint_set_server(struct endpoint *endpoint, struct thread *server)
{
    struct thread *before = endpoint->server;
    if (before == server) {
        return;
    }
    if (before != NULL) {
        before->serves = NULL;
        endpoint->several = server != NULL;
    }
    endpoint->server = server;
    if (server != NULL) {
        if (server->serves != NULL) {
            server->serves->server = NULL;
        }
        server->serves = endpoint;
        inherit_settle(server);
    }
    inherit_less(before);
}

/* Takes out of its queue whoever is first to be told that the endpoint ends. */
static struct thread *take_waiting(struct endpoint *endpoint)
{
    struct thread *thread = priority_queue_first(&endpoint->senders);
    if (thread != NULL) {
        priority_queue_remove(&endpoint->senders, thread);
        return thread;
    }
    thread = endpoint->receivers.first;
    if (thread != NULL) {
        thread_queue_remove(&endpoint->receivers, thread);
    }
    return thread;
}

int64_t endpoint_close(struct endpoint *endpoint)
{
    endpoint_spread(endpoint);
    if (!endpoint->closing) {
        cap_something_ended();
    }
    endpoint->closing = true;
    endpoint->fast = ENDPOINT_LOOK;
    endpoint_set_server(endpoint, NULL);
    for (unsigned i = 0; i < CLOSED_PER_STEP; i++) {
        struct thread *thread = take_waiting(endpoint);
        if (thread == NULL) {
            return OK;
        }
        ipc_fail(thread, E_GONE);
    }
    return E_AGAIN;
}

int64_t sys_endpoint_create(uint64_t number, uint64_t frame)
{
    const struct domain *caller = caller_domain();
    struct slot *slot;
    int64_t error = cap_find_empty(caller, number, &slot);
    error = error != OK ? error : domain_check_object(caller, frame);
    if (error != OK) {
        return error;
    }
    struct frame *record = frame_at(frame);
    memset(frame_ptr(frame), 0, FRAME_BYTES);
    own_make_object(record, FRAME_ENDPOINT, 0, cap_new_generation());
    *slot = (struct slot){
        .object = frame,
        .generation = record->tag,
        .type = CAP_ENDPOINT,
        .rights = RIGHT_ALL,
    };
    return OK;
}
