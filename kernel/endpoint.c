/*
 * Making and ending endpoints: see endpoint.h. What happens at them is in ipc.c.
 */
#include "kernel/endpoint.h"

#include "kernel/domain.h"
#include "kernel/frame_ptr.h"
#include "kernel/ipc.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

#define CLOSED_PER_STEP 64

int64_t endpoint_close(struct endpoint *endpoint)
{
    endpoint->closing = true;
    for (unsigned i = 0; i < CLOSED_PER_STEP; i++) {
        struct thread_queue *queue =
            endpoint->senders.first != NULL ? &endpoint->senders : &endpoint->receivers;
        struct thread *thread = queue->first;
        if (thread == NULL) {
            return OK;
        }
        thread_queue_remove(queue, thread);
        ipc_fail(thread, E_GONE);
    }
    return E_AGAIN;
}

int64_t sys_endpoint_create(const struct call *call)
{
    struct slot *slot;
    uint64_t address = call->arg[1];
    int64_t error = cap_find_empty(call->domain, call->arg[0], &slot);
    error = error != OK ? error : domain_check_object(call->domain, address);
    if (error != OK) {
        return error;
    }
    struct frame *record = frame_record(address, ORDER_FRAME);
    memset(frame_ptr(address), 0, FRAME_BYTES);
    record->type = FRAME_ENDPOINT;
    record->tag = cap_new_generation();
    *slot = (struct slot){
        .object = address,
        .generation = record->tag,
        .type = CAP_ENDPOINT,
        .rights = RIGHT_ALL,
    };
    return OK;
}
