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
