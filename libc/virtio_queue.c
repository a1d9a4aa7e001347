/* Split virtqueues (contracts: cocos/virtio.h; virtio 1.2, 2.7). */
#include <cocos/virtio.h>

#include <stddef.h>

#include <cocos/errors.h>

void virtio_queue_init(struct virtio_queue *queue, uint16_t size, void *memory)
{
    *queue = (struct virtio_queue){.free_count = size};
    vring_init(&queue->ring, size, memory, VIRTIO_QUEUE_ALIGNMENT);
    for (uint16_t i = 0; i < size; i++)
        queue->next[i] = (uint16_t)(i + 1);
}

int64_t virtio_put(struct virtio_queue *queue, const struct virtio_piece *pieces, uint16_t count,
                   void *token)
{
    if (count == 0 || count > queue->free_count)
        return E_FULL;
    uint16_t first = queue->first_free, at = first;
    struct virtio_chain chain = {.pieces = count, .token = token};
    for (uint16_t i = 0; i < count; i++) {
        bool more = i + 1 < count;
        struct vring_desc *descriptor = &queue->ring.desc[at];
        descriptor->addr = pieces[i].address;
        descriptor->len = pieces[i].bytes;
        descriptor->flags = (uint16_t)((pieces[i].device_writes ? VRING_DESC_F_WRITE : 0) |
                                       (more ? VRING_DESC_F_NEXT : 0));
        descriptor->next = more ? queue->next[at] : 0;
        chain.writable_bytes += pieces[i].device_writes ? pieces[i].bytes : 0;
        at = queue->next[at];
    }
    queue->first_free = at;
    queue->free_count = (uint16_t)(queue->free_count - count);
    queue->chains[first] = chain;
    queue->ring.avail->ring[queue->put % queue->ring.num] = first;
    queue->put++;
    __atomic_store_n(&queue->ring.avail->idx, queue->put, __ATOMIC_RELEASE);
    return OK;
}

void virtio_kick(struct virtio_queue *queue)
{
    /* What was put must be seen before the device says that it looks by itself (2.7.13.4.1). */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint16_t flags = __atomic_load_n(&queue->ring.used->flags, __ATOMIC_RELAXED);
    if (!(flags & VRING_USED_F_NO_NOTIFY))
        *queue->doorbell = queue->number;
}

static void free_chain(struct virtio_queue *queue, uint16_t first)
{
    uint16_t last = first, pieces = queue->chains[first].pieces;
    for (uint16_t i = 1; i < pieces; i++)
        last = queue->next[last];
    queue->next[last] = queue->first_free;
    queue->first_free = first;
    queue->free_count = (uint16_t)(queue->free_count + pieces);
    queue->chains[first] = (struct virtio_chain){0};
}

void *virtio_take(struct virtio_queue *queue, uint32_t *written)
{
    uint16_t done = __atomic_load_n(&queue->ring.used->idx, __ATOMIC_ACQUIRE);
    if (queue->broken || done == queue->taken)
        return NULL;
    const struct vring_used_elem *used = &queue->ring.used->ring[queue->taken % queue->ring.num];
    uint32_t first = __atomic_load_n(&used->id, __ATOMIC_RELAXED);
    *written = __atomic_load_n(&used->len, __ATOMIC_RELAXED);
    bool possible = (uint16_t)(done - queue->taken) <= (uint16_t)(queue->put - queue->taken) &&
                    first < queue->ring.num && queue->chains[first].pieces != 0 &&
                    *written <= queue->chains[first].writable_bytes;
    if (!possible) {
        queue->broken = true;
        return NULL;
    }
    void *token = queue->chains[first].token;
    free_chain(queue, (uint16_t)first);
    queue->taken++;
    return token;
}
