/*
 * For drivers of virtio devices on the PCI bus (virtio 1.2, 2.7 and 4.1): finding and resetting
 * one, agreeing on features, queues, interrupts. Modern devices only (VIRTIO_F_VERSION_1). The
 * device is trusted with nothing: what it says of itself must lie inside its memory, and what it
 * says it has used must be something it was given.
 *
 * A driver that takes over from a dead one does nothing else: the PCI server has silenced the
 * device, virtio_open resets it, and the memory of its queues is the one it had before, so nothing
 * that was still under way can hit anybody else's. Buffers are named by the addresses of their
 * frames. All return 0 or what is said, or a negative error; E_DEVICE: device->problem says what is
 * wrong with it.
 */
#ifndef COCOS_VIRTIO_H
#define COCOS_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>

#include <cocos/pci.h>

#define VIRTIO_BARS 6

struct virtio {
    struct pci_device pci;
    const char *problem; /* of an E_DEVICE: a part of a sentence */
    volatile struct virtio_pci_common_cfg *common;
    const volatile uint8_t *config; /* what is of this kind of device only; NULL: nothing is */
    uint32_t config_bytes;
    const volatile uint8_t *isr;
    uint64_t doorbells; /* where queues are kicked */
    uint32_t doorbells_bytes, doorbell_step;
    bool by_table; /* interrupts by messages of its own for each queue (MSI-X) */
    uint64_t table;
    struct pci_interrupt interrupt;
};

/*
 * Claims the first device of kind `id` (linux/virtio_ids.h) with PCI class `class` that the
 * manifest lets this program claim and nobody has, and resets it. E_NAME: there is none. E_DEVICE:
 * the first there is cannot be used; it stays claimed, so that another call finds the next.
 */
int64_t virtio_open(struct virtio *device, uint16_t class, uint16_t id);

/* Nothing the device was told before holds any more, and it uses no memory. E_DEVICE. */
int64_t virtio_reset(struct virtio *device);

/* Takes those of the `wanted` features (bits, 1ull << VIRTIO_...) that the device has, and
 * VIRTIO_F_VERSION_1: *taken. E_DEVICE: it has not that one, or does not agree. */
int64_t virtio_negotiate(struct virtio *device, uint64_t wanted, uint64_t *taken);

/* Its configuration from `offset` on; the same moment's, all of it. E_DEVICE: it has no such, or
 * does not stop changing. */
int64_t virtio_config(struct virtio *device, uint32_t offset, void *to, uint32_t bytes);

/* 2^order frames (to PCI_MEMORY_ORDER) of memory for queues and what else the device writes to
 * that is not a client's; zeroes. Returns the address. Once for a device. */
int64_t virtio_memory(struct virtio *device, uint32_t order);

/* Interrupts of the device, for all queues together, set `bit` of `endpoint`. Before any queue. */
int64_t virtio_interrupts(struct virtio *device, uint32_t endpoint, uint32_t bit);

/* To be called when that bit came, before the queues are looked at. */
void virtio_acknowledge(const struct virtio *device);

/* It works from now on, and may use memory. */
int64_t virtio_start(struct virtio *device);

/* ---- Queues (virtio 1.2, 2.7) ---- */

#define VIRTIO_QUEUE_MAX 256

/* Bytes of memory of a queue of that size. */
#define VIRTIO_QUEUE_ALIGNMENT 64
#define VIRTIO_QUEUE_BYTES(size) vring_size(size, VIRTIO_QUEUE_ALIGNMENT)

struct virtio_queue {
    struct vring ring;
    volatile uint16_t *doorbell;
    uint16_t number;
    uint16_t put, taken; /* as the rings count: chains made available, chains taken back */
    uint16_t first_free; /* descriptors that are in no chain */
    uint16_t free_count;
    bool broken; /* the device has said something impossible: nothing more is taken from it */
    /* What the device cannot change: of each descriptor, which one follows. */
    uint16_t next[VIRTIO_QUEUE_MAX];
    /* Of a chain that the device has, at its first descriptor; pieces 0: it has none. */
    struct virtio_chain {
        uint16_t pieces;
        uint64_t writable_bytes;
        void *token;
    } chains[VIRTIO_QUEUE_MAX];
};

/* Sets up queue `number` with at most `size` descriptors (a power of two, to VIRTIO_QUEUE_MAX) in
 * `memory`, aligned to VIRTIO_QUEUE_ALIGNMENT. E_DEVICE. */
int64_t virtio_queue(struct virtio *device, uint16_t number, uint16_t size, uint64_t memory,
                     struct virtio_queue *queue);

/* The queue by itself: all descriptors free. */
void virtio_queue_init(struct virtio_queue *queue, uint16_t size, void *memory);

/* A stretch of memory that the device reads, or writes. */
struct virtio_piece {
    uint64_t address;
    uint32_t bytes;
    bool device_writes;
};

/* Gives the device a chain; those it reads come first. The token, which is not NULL, comes back
 * with it. E_FULL: not so many descriptors are free. */
int64_t virtio_put(struct virtio_queue *queue, const struct virtio_piece *pieces, uint16_t count,
                   void *token);

/* Tells the device that there is something, if it wants to know. */
void virtio_kick(struct virtio_queue *queue);

/* The token of a chain the device is done with, and how many bytes it says it wrote; NULL: none,
 * or the queue is broken. */
void *virtio_take(struct virtio_queue *queue, uint32_t *written);

#endif
