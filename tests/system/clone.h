/*
 * A second domain that runs functions of the test program itself: with copies of what is writable,
 * the same frames of everything else, all at the same addresses. No library OS stands behind it: it
 * makes cocOS's own calls only, and what it has to say goes by messages.
 */
#ifndef TESTS_SYSTEM_CLONE_H
#define TESTS_SYSTEM_CLONE_H

#include <string.h>

#include <cocos/frames.h>

#include "tests/system/check.h"

#define CLONE_STACK_FRAMES 3

/* Bits of a leaf (Intel SDM 3A, 4.5). */
#define ENTRY_USER 5ull /* present, for user mode */
#define ENTRY_WRITE 2ull
#define ENTRY_NX (1ull << 63)
#define ENTRY_ADDRESS 0x000ffffffffff000ull

/* The object of a domain: whoever owns this frame of its. */
static inline uint64_t owner_of(uint64_t frame)
{
    struct frame_info info;
    EXPECT(OK, sys_frame_query(SLOT_INIT_MACHINE, frame, &info));
    return info.owner;
}

static inline uint64_t entry_of(uint64_t object, uint64_t at, uint32_t order)
{
    struct page_info info;
    uint32_t level = order >= ORDER_BLOCK ? 2 : 1;
    int64_t got = sys_page_query(SLOT_INIT_MACHINE, object, at, level, &info);
    return got == OK && (info.entry & ENTRY_USER) == ENTRY_USER ? info.entry : 0;
}

/* What a domain's leaf for a run says that it is (PTE_AVL_*); 0: there is none. */
static inline uint64_t kind_of(uint64_t object, uint64_t at, uint32_t order)
{
    return entry_of(object, at, order) >> PTE_AVL_SHIFT & 7;
}

/* The own domain's object. */
static inline uint64_t own_object(void)
{
    uint64_t frame = claim_object();
    uint64_t object = owner_of(frame);
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    return object;
}

static inline void clone_page(uint32_t domain, uint64_t at, const void *from)
{
    uint64_t frame = claim(ORDER_FRAME, MAP_READ | MAP_WRITE);
    if (from != NULL) {
        memcpy((void *)frame, from, FRAME_BYTES);
    }
    EXPECT(OK, page_place(domain, at, frame, MAP_READ | MAP_WRITE));
    EXPECT(OK, sys_frame_give(frame, ORDER_FRAME, domain, 0));
}

/* Makes the domain in `slot`, with a capability for itself in its own SLOT_SELF, and no frame for
 * page tables to spare. Returns its object. */
static inline uint64_t clone_make(uint32_t slot, uint64_t limit)
{
    const struct process_page *process = (const struct process_page *)PROCESS_PAGE;
    uint64_t self = own_object(), object = claim_object();
    EXPECT(OK, sys_domain_create(slot, object, claim_object(), claim_object()));
    EXPECT(OK, sys_domain_set(slot, DOMAIN_FRAME_LIMIT, limit));
    EXPECT(OK, sys_slot_copy(slot, SLOT_SELF, slot, RIGHT_CONTROL | RIGHT_GRANT | RIGHT_COPY, 0));
    for (uint64_t at = process->image_base; at < process->image_end; at += FRAME_BYTES) {
        uint64_t entry = entry_of(self, at, ORDER_FRAME);
        if (entry & ENTRY_WRITE) {
            clone_page(slot, at, (const void *)at);
        } else if (entry != 0) {
            EXPECT(OK, page_place(slot, at, entry & ENTRY_ADDRESS,
                                  entry & ENTRY_NX ? MAP_READ : MAP_READ | MAP_EXECUTE));
        }
    }
    for (unsigned i = 1; i <= CLONE_STACK_FRAMES; i++) {
        clone_page(slot, STACK_TOP - i * FRAME_BYTES, NULL);
    }
    return object;
}

/* Lets its first thread run; a capability for it stands in `thread`. */
static inline void clone_start(uint32_t domain, uint32_t thread, void (*run)(uint64_t),
                               uint64_t argument)
{
    EXPECT(OK, sys_thread_create(thread, claim_object(), domain));
    EXPECT(OK, sys_thread_start(thread, (uint64_t)run, STACK_TOP - 8, argument));
}

static inline void clone_end(uint32_t domain, uint32_t thread)
{
    EXPECT(OK, sys_domain_destroy(domain));
    EXPECT(OK, sys_slot_drop(domain));
    EXPECT(OK, sys_slot_drop(thread));
}

/* One bounded step of ending a domain: the stub would go on until it is gone. */
static inline int64_t destroy_step(uint32_t domain)
{
    int64_t result = CALL_domain_destroy;
    uint64_t slot = domain;
    __asm__ volatile("syscall" : "+a"(result), "+D"(slot) : : "rcx", "r11", "memory");
    return result;
}

#endif
