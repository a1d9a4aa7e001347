/*
 * What a server keeps in memory that outlives it (service_state), of which several parts change
 * together: a record in two copies, of which one counts. A change is made in the other one; then
 * one store makes that the one that counts. So it has happened as a whole or not at all, at
 * whatever instruction the server ends; the next instance finds one or the other.
 *
 * For one thread. The first instance finds zeroes, as in all of that memory.
 */
#ifndef COCOS_KEPT_H
#define COCOS_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include <cocos/abi.h>

struct kept {
    uint64_t changes; /* its lowest bit: the copy that counts */
};

/* The record that counts, of two of `bytes` bytes at `copies`. */
static inline void *kept_now(const struct kept *kept, void *copies, size_t bytes)
{
    return (char *)copies + (kept->changes & 1) * bytes;
}

/* The same as it is now, to be changed. */
static inline void *kept_change(const struct kept *kept, void *copies, size_t bytes)
{
    void *next = (char *)copies + (~kept->changes & 1) * bytes;
    return __builtin_memcpy(next, kept_now(kept, copies, bytes), bytes);
}

/* What was changed counts. */
static inline void kept_done(struct kept *kept)
{
    __atomic_store_n(&kept->changes, kept->changes + 1, __ATOMIC_RELEASE);
}

/*
 * Around what a driver takes from its device, or gives to it, and notes: ended in between, it would
 * lose that, or do it twice. Whoever ends it by wish lets it come to kept_release() first, if that
 * comes soon. For programs that init has started.
 */
#define KEPT_STACK_END ((struct stack_end *)(STACK_TOP - sizeof(struct stack_end)))

static inline void kept_hold(void)
{
    __atomic_store_n(&KEPT_STACK_END->holds, 1, __ATOMIC_SEQ_CST);
}

static inline void kept_release(void)
{
    __atomic_store_n(&KEPT_STACK_END->holds, 0, __ATOMIC_RELEASE);
}

#endif
