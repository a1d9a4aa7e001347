// sources: libc/virtio_queue.c
/* A queue and the device behind it, played here: what was put comes back once, in whatever order;
 * and a device that says it has used what it was never given, twice, or more than there was to
 * write, is believed nothing any more. Without these checks a driver frees buffers that the device
 * still has, or reads beyond its own books.
 */
#include <cocos/virtio.h>

#include <cocos/errors.h>

#include "tests/host/check.h"

#define SIZE 16
#define ROUNDS 20000

static _Alignas(VIRTIO_QUEUE_ALIGNMENT) uint8_t memory[1024];
static struct virtio_queue queue;
static uint16_t doorbell;
static int tokens[SIZE];

static int setup(void **state)
{
    (void)state;
    assert_true(VIRTIO_QUEUE_BYTES(SIZE) <= sizeof memory);
    memset(memory, 0, sizeof memory);
    virtio_queue_init(&queue, SIZE, memory);
    queue.number = 3;
    doorbell = 0;
    queue.doorbell = &doorbell;
    return 0;
}

/* The device's side. */
static void use(uint32_t id, uint32_t bytes)
{
    struct vring_used *used = queue.ring.used;
    used->ring[used->idx % SIZE] = (struct vring_used_elem){id, bytes};
    used->idx++;
}

static uint32_t chain_length(uint16_t first)
{
    uint32_t length = 1;
    while (queue.ring.desc[first].flags & VRING_DESC_F_NEXT) {
        first = queue.ring.desc[first].next;
        assert_true(first < SIZE && length++ < SIZE);
    }
    return length;
}

static int64_t put(uint16_t pieces, void *token)
{
    struct virtio_piece list[SIZE + 1];
    for (uint16_t i = 0; i < pieces; i++)
        list[i] = (struct virtio_piece){0x100000ull * i, 512, i > 0};
    return virtio_put(&queue, list, pieces, token);
}

static void test_one(void **state)
{
    (void)state;
    uint32_t written;
    assert_int_equal(put(3, &tokens[5]), OK);
    assert_null(virtio_take(&queue, &written));
    assert_int_equal(queue.ring.avail->idx, 1);
    uint16_t first = queue.ring.avail->ring[0];
    assert_int_equal(chain_length(first), 3);
    assert_int_equal(queue.ring.desc[first].flags, VRING_DESC_F_NEXT);
    virtio_kick(&queue);
    assert_int_equal(doorbell, 3);
    use(first, 600);
    assert_ptr_equal(virtio_take(&queue, &written), &tokens[5]);
    assert_int_equal(written, 600);
    assert_null(virtio_take(&queue, &written));
    assert_int_equal(queue.free_count, SIZE);
}

static void test_quiet(void **state)
{
    (void)state;
    queue.ring.used->flags = VRING_USED_F_NO_NOTIFY;
    assert_int_equal(put(1, tokens), OK);
    virtio_kick(&queue);
    assert_int_equal(doorbell, 0);
}

static void test_full(void **state)
{
    (void)state;
    assert_int_equal(put(SIZE + 1, tokens), E_FULL);
    assert_int_equal(put(0, tokens), E_FULL);
    assert_int_equal(put(SIZE - 1, tokens), OK);
    assert_int_equal(put(2, tokens), E_FULL);
    assert_int_equal(put(1, tokens), OK);
    assert_int_equal(put(1, tokens), E_FULL);
}

/* Longer than the counters of the rings, answered in any order. */
static void test_any_order(void **state)
{
    (void)state;
    uint64_t random = 0x5eed;
    uint16_t firsts[SIZE];
    uint32_t out = 0, written;
    for (uint32_t round = 0; round < 5 * ROUNDS; round++) {
        uint16_t pieces = (uint16_t)(1 + next_random(&random) % 3);
        if (put(pieces, &tokens[out]) == OK)
            firsts[out++] = queue.ring.avail->ring[(uint16_t)(queue.ring.avail->idx - 1) % SIZE];
        if (out == 0 || next_random(&random) % 2)
            continue;
        uint32_t which = (uint32_t)(next_random(&random) % out);
        void *token = queue.chains[firsts[which]].token;
        use(firsts[which], 0);
        assert_ptr_equal(virtio_take(&queue, &written), token);
        firsts[which] = firsts[--out];
    }
    assert_false(queue.broken);
}

static void expect_broken(void)
{
    uint32_t written;
    assert_null(virtio_take(&queue, &written));
    assert_true(queue.broken);
    assert_null(virtio_take(&queue, &written));
}

static void test_lies(void **state)
{
    (void)state;
    uint32_t written;
    assert_int_equal(put(2, tokens), OK);
    uint16_t first = queue.ring.avail->ring[0];
    use(queue.next[first], 0); /* in the middle of a chain */
    expect_broken();
    setup(NULL);
    assert_int_equal(put(1, tokens), OK);
    use(SIZE, 0); /* no descriptor */
    expect_broken();
    setup(NULL);
    assert_int_equal(put(2, tokens), OK);
    use(queue.ring.avail->ring[0], 513); /* more than it was given to write */
    expect_broken();
    setup(NULL);
    assert_int_equal(put(1, tokens), OK);
    assert_int_equal(put(1, tokens), OK);
    use(queue.ring.avail->ring[0], 0);
    use(queue.ring.avail->ring[0], 0); /* twice */
    assert_non_null(virtio_take(&queue, &written));
    expect_broken();
    setup(NULL);
    assert_int_equal(put(1, tokens), OK);
    queue.ring.used->idx = 2; /* more than it was given */
    expect_broken();
}

/* Anything in the rings: nothing outside the books is touched, and no token comes twice. */
static void test_garbage(void **state)
{
    (void)state;
    uint64_t random = 0xbad5eed;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t out = 0, taken = 0, written;
        setup(NULL);
        while (out < SIZE && put((uint16_t)(1 + next_random(&random) % 4), &tokens[out]) == OK)
            out++;
        for (uint32_t i = 0; i < SIZE; i++)
            queue.ring.used->ring[i] = (struct vring_used_elem){
                (uint32_t)next_random(&random) % (SIZE + 2), (uint32_t)next_random(&random) % 600};
        queue.ring.used->idx = (uint16_t)(next_random(&random) % (out + 2));
        for (uint64_t i = 0; i < sizeof(struct vring_desc) * SIZE / 8; i++)
            ((uint64_t *)queue.ring.desc)[i] = next_random(&random);
        bool seen[SIZE] = {false};
        for (int *token; (token = virtio_take(&queue, &written)) != NULL; taken++) {
            assert_false(seen[token - tokens]);
            seen[token - tokens] = true;
        }
        assert_true(taken <= out && queue.free_count <= SIZE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_one, setup),       cmocka_unit_test_setup(test_quiet, setup),
        cmocka_unit_test_setup(test_full, setup),      cmocka_unit_test_setup(test_lies, setup),
        cmocka_unit_test_setup(test_any_order, setup), cmocka_unit_test_setup(test_garbage, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
