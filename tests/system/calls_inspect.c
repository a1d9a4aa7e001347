/*
 * frame_query, page_query, slot_inspect, line_query, cpu_query: each success and every error that
 * cocos/sys.h lists. Breaks when a record, an entry or a slot is not told as it is, a run ends too
 * late or never, or someone without the right is answered.
 */
#include <cocos/clock.h>
#include <cocos/memory_map.h>

#include "tests/system/check.h"

#define RW (MAP_READ | MAP_WRITE)
#define MACHINE SLOT_INIT_MACHINE
#define NARROW 20 /* slot of a machine capability without RIGHT_INSPECT */
#define OTHER 21  /* of a second domain */
#define OBJECT 22 /* of an endpoint or thread */
#define ABSENT_ADDRESS 0x3f00000000ull
#define PLACE (MAPPINGS_END - 16 * FRAME_BYTES)
#define TAG TAG8('t', 'e', 's', 't', 'e', 'd', 0, 0)
#define OTHER_TAG TAG8('o', 't', 'h', 'e', 'r', 0, 0, 0)

#define PRESENT 1ull
#define WRITE 2ull
#define USER 4ull
#define LARGE (1ull << 7)
#define NX (1ull << 63)
#define ADDRESS 0x000ffffffffff000ull
#define CODE(entry) ((entry) >> PTE_AVL_SHIFT & 7)
#define STEP(level) (FRAME_BYTES << 9 * ((level)-1))

static uint64_t self; /* this domain's object */

static struct frame_info frame_at(uint64_t address)
{
    struct frame_info info = {0};
    EXPECT(OK, sys_frame_query(MACHINE, address, &info));
    EXPECT(1, info.end > address);
    return info;
}

static struct page_info page_at(uint64_t domain, uint64_t at, uint32_t level)
{
    struct page_info info = {0};
    EXPECT(OK, sys_page_query(MACHINE, domain, at, level, &info));
    EXPECT(1, info.count >= 1 && info.count <= 512);
    return info;
}

/* ---- frame_query ---- */

static void test_frame_errors(void)
{
    struct frame_info info = {.end = 7};
    EXPECT(OK, sys_slot_copy(SLOT_SELF, NARROW, MACHINE, RIGHT_ALL & ~RIGHT_INSPECT, 0));
    EXPECT(E_SLOT, sys_frame_query(99, 0, &info));
    EXPECT(E_SLOT, sys_frame_query(SLOT_NONE, 0, &info));
    EXPECT(E_TYPE, sys_frame_query(SLOT_SELF, 0, &info));
    EXPECT(E_RIGHTS, sys_frame_query(NARROW, 0, &info));
    EXPECT(E_ALIGNMENT, sys_frame_query(MACHINE, 8, &info));
    EXPECT(E_ALIGNMENT, sys_frame_query(MACHINE, UINT64_MAX, &info));
    EXPECT(E_NO_FRAME, sys_frame_query(MACHINE, ABSENT_ADDRESS, &info));
    EXPECT(E_NO_FRAME, sys_frame_query(MACHINE, 1ull << 63, &info));
    EXPECT(E_NO_FRAME, sys_frame_query(MACHINE, UINT64_MAX & ~(FRAME_BYTES - 1), &info));
    EXPECT(7, info.end);
}

static void test_memory(void)
{
    uint64_t frame = (uint64_t)sys_frame_claim(ZONE_ANY, ORDER_FRAME, 0, TAG);
    struct frame_info info = frame_at(frame);
    self = info.owner;
    EXPECT(FRAME_DIRTY, info.type); /* until someone can look into it */
    EXPECT(TAG, info.tag);
    EXPECT(0, info.mappings);
    EXPECT(ORDER_FRAME, info.order);
    EXPECT(CACHE_WRITE_BACK, info.cache);
    EXPECT(OK, sys_page_map(SLOT_SELF, PLACE, frame, MAP_READ));
    EXPECT(OK, sys_page_map(SLOT_SELF, PLACE + FRAME_BYTES, frame, RW));
    info = frame_at(frame);
    EXPECT(FRAME_RAM, info.type);
    EXPECT(2, info.mappings);
    EXPECT(OK, sys_page_unmap(SLOT_SELF, PLACE, ORDER_FRAME));
    EXPECT(OK, sys_page_unmap(SLOT_SELF, PLACE + FRAME_BYTES, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    info = frame_at(frame);
    EXPECT(FRAME_FREE, info.type);
    EXPECT(0, info.owner);
    EXPECT(0, info.tag);
    EXPECT(0, info.mappings);

    uint64_t block = claim(ORDER_BLOCK, RW);
    info = frame_at(block + 3 * FRAME_BYTES);
    EXPECT(FRAME_RAM, info.type);
    EXPECT(ORDER_BLOCK, info.order);
    EXPECT(self, info.owner);
    EXPECT(block + BLOCK_BYTES, info.end);
    EXPECT(OK, sys_frame_release(block, ORDER_BLOCK));
    info = frame_at(block);
    EXPECT(1, info.type == FRAME_FREE && info.order >= ORDER_BLOCK);
}

/* Two frames that say the same are one run; a tag, an access or nothing ends it. */
static void test_runs(void)
{
    uint64_t block = claim(ORDER_BLOCK, 0);
    EXPECT(OK, sys_frame_release(block, ORDER_BLOCK));
    for (uint64_t i = 0; i < 4; i++)
        EXPECT(block + i * FRAME_BYTES,
               sys_frame_claim(block + i * FRAME_BYTES, ORDER_FRAME, RW, i < 2 ? TAG : OTHER_TAG));
    EXPECT(block + 2 * FRAME_BYTES, frame_at(block).end);
    EXPECT(block + 2 * FRAME_BYTES, frame_at(block + FRAME_BYTES).end);
    EXPECT(block + 4 * FRAME_BYTES, frame_at(block + 2 * FRAME_BYTES).end);
    EXPECT(OK, sys_page_map(SLOT_SELF, PLACE, block + 2 * FRAME_BYTES, MAP_READ));
    EXPECT(block + 3 * FRAME_BYTES, frame_at(block + 2 * FRAME_BYTES).end);

    /* The same of the page table: it translates what follows, as long as the bits are the same. */
    EXPECT(OK, sys_page_map(SLOT_SELF, PLACE + FRAME_BYTES, block + 3 * FRAME_BYTES, MAP_READ));
    struct page_info page = page_at(self, PLACE, 1);
    EXPECT(block + 2 * FRAME_BYTES, page.entry & ADDRESS);
    EXPECT(PRESENT | USER | NX, page.entry & (PRESENT | WRITE | USER | NX));
    EXPECT(PTE_AVL_OWNED, CODE(page.entry));
    EXPECT(2, page.count);
    EXPECT(OK, sys_page_unmap(SLOT_SELF, PLACE + FRAME_BYTES, ORDER_FRAME));
    EXPECT(OK, sys_page_map(SLOT_SELF, PLACE + FRAME_BYTES, block + 3 * FRAME_BYTES, RW));
    EXPECT(1, page_at(self, PLACE, 1).count);
    struct frame_info table = frame_at(page.table);
    EXPECT(FRAME_TABLE, table.type);
    EXPECT(1, table.cache);
    EXPECT(self, table.owner);
    EXPECT(2, table.mappings);

    EXPECT(OK, sys_page_unmap(SLOT_SELF, PLACE, ORDER_FRAME));
    EXPECT(OK, sys_page_unmap(SLOT_SELF, PLACE + FRAME_BYTES, ORDER_FRAME));
    for (uint64_t i = 0; i < 4; i++)
        EXPECT(OK, sys_frame_release(block + i * FRAME_BYTES, ORDER_FRAME));
}

static void test_objects(void)
{
    uint64_t frame = claim_object();
    EXPECT(OK, sys_endpoint_create(OBJECT, frame));
    EXPECT(FRAME_ENDPOINT, frame_at(frame).type);
    EXPECT(0, frame_at(frame).tag); /* its generation is nobody's business */
    EXPECT(OK, sys_object_destroy(OBJECT));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));

    struct frame_info info = frame_at(self);
    EXPECT(FRAME_DOMAIN, info.type);
    EXPECT(self + FRAME_BYTES, info.end);
    EXPECT(self, info.owner);
    EXPECT(TAG8('i', 'n', 'i', 't', 0, 0, 0, 0), info.tag);
    EXPECT(OK, sys_domain_set(SLOT_SELF, DOMAIN_NAME, TAG));
    EXPECT(TAG, frame_at(self).tag);
    EXPECT(OK, sys_domain_set(SLOT_SELF, DOMAIN_NAME, info.tag));

    const struct system_page *system = (const struct system_page *)SYSTEM_PAGE;
    info = frame_at(system->frame);
    EXPECT(FRAME_SYSTEM, info.type);
    EXPECT(0, info.owner);
    EXPECT(1, info.mappings);
    EXPECT(FRAME_KERNEL, frame_at(0).type);
    EXPECT(FRAME_KERNEL, frame_at(KERNEL_START).type);

    EXPECT(OK, sys_frame_claim_device(SLOT_INIT_DEVICES, VGA_TEXT_FRAME, ORDER_FRAME, RW,
                                      CACHE_UNCACHED));
    info = frame_at(VGA_TEXT_FRAME);
    EXPECT(FRAME_DEVICE, info.type);
    EXPECT(CACHE_UNCACHED, info.cache);
    EXPECT(self, info.owner);
    struct page_info page = page_at(self, VGA_TEXT_FRAME, 1);
    EXPECT(VGA_TEXT_FRAME, page.entry & ADDRESS);
    EXPECT(PTE_AVL_DEVICE, CODE(page.entry));
    EXPECT(OK, sys_frame_release(VGA_TEXT_FRAME, ORDER_FRAME));
    EXPECT(FRAME_ABSENT, frame_at(VGA_TEXT_FRAME).type);
}

/* All memory, in runs without gaps: it adds up to what the kernel counts. */
static void test_all_memory(void)
{
    uint64_t free = 0, ownable = 0, at = 0, calls = 0;
    struct frame_info info;
    int64_t error;
    for (; (error = sys_frame_query(MACHINE, at, &info)) == OK && info.end > at; at = info.end) {
        uint64_t frames = (info.end - at) / FRAME_BYTES;
        free += info.type == FRAME_FREE ? frames : 0;
        if (info.type == FRAME_FREE && info.order > ORDER_BLOCK) {
            /* A run of blocks: told whole, wherever one asks. */
            uint64_t bytes = FRAME_BYTES << info.order;
            EXPECT(0, at & (bytes - 1));
            EXPECT(1, info.end - at >= bytes);
            EXPECT(info.order, frame_at(at + bytes - BLOCK_BYTES).order);
        }
        ownable += info.type != FRAME_ABSENT && info.type != FRAME_RESERVED &&
                           info.type != FRAME_KERNEL && info.type != FRAME_DEVICE
                       ? frames
                       : 0;
        calls++;
    }
    EXPECT(E_NO_FRAME, error);
    EXPECT(1, at >= 4 * GIB_BYTES);
    EXPECT(free_frames(), free);
    EXPECT(sys_machine_query(SLOT_NONE, MACHINE_FRAMES_TOTAL), ownable);
    EXPECT(1, calls < 1000);
}

/* ---- page_query ---- */

static void test_page_errors(void)
{
    struct page_info info = {.entry = 7};
    uint64_t frame = claim_object();
    EXPECT(E_SLOT, sys_page_query(99, 0, 0, 1, &info));
    EXPECT(E_TYPE, sys_page_query(SLOT_SELF, 0, 0, 1, &info));
    EXPECT(E_RIGHTS, sys_page_query(NARROW, 0, 0, 1, &info));
    EXPECT(E_ARGUMENT, sys_page_query(MACHINE, 0, 0, 0, &info));
    EXPECT(E_ARGUMENT, sys_page_query(MACHINE, 0, 0, 5, &info));
    EXPECT(E_ARGUMENT, sys_page_query(MACHINE, 0, LOWER_HALF_END, 1, &info));
    EXPECT(E_ARGUMENT, sys_page_query(MACHINE, 0, UPPER_HALF_START - 1, 1, &info));
    EXPECT(E_ARGUMENT, sys_page_query(MACHINE, frame, 0, 4, &info));
    EXPECT(E_ARGUMENT, sys_page_query(MACHINE, self + 8, 0, 4, &info));
    EXPECT(E_ARGUMENT, sys_page_query(MACHINE, ABSENT_ADDRESS, 0, 4, &info));
    EXPECT(E_ARGUMENT, sys_page_query(MACHINE, UINT64_MAX - 4095, 0, 4, &info));
    EXPECT(E_NOT_MAPPED, sys_page_query(MACHINE, self, PLACE + (1ull << 43), 1, &info));
    EXPECT(E_NOT_MAPPED, sys_page_query(MACHINE, 0, ABSENT_ADDRESS, 1, &info));
    EXPECT(7, info.entry);
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
}

/* Each kind of access has its code in the receiver's table, and counts in the frame's record. */
static void test_grants(void)
{
    uint64_t object = claim_object(), frame = claim(1, RW);
    EXPECT(OK, sys_domain_create(OTHER, object, claim_object(), claim_object()));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_FRAME_LIMIT, 16));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_ACCEPT, 2));
    fund(OTHER, 4);
    EXPECT(OK, sys_frame_grant(frame, ORDER_FRAME, OTHER, MAP_READ));
    EXPECT(OK, sys_frame_grant(frame + FRAME_BYTES, ORDER_FRAME, OTHER, RW | GRANT_SHARE));
    struct page_info page = page_at(object, frame, 1);
    EXPECT(frame | PRESENT | USER | NX | (uint64_t)PTE_AVL_LENT << PTE_AVL_SHIFT, page.entry);
    EXPECT(1, page.count);
    EXPECT(PTE_AVL_SHARED, CODE(page_at(object, frame + FRAME_BYTES, 1).entry));
    EXPECT(PTE_AVL_OWNED, CODE(page_at(self, frame, 1).entry));
    EXPECT(2, frame_at(frame).mappings);
    EXPECT(self, frame_at(frame).owner);
    EXPECT(object, frame_at(page.table).owner);
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(1, frame_at(frame).mappings);
    EXPECT(OK, sys_frame_release(frame, 1));
}

/* One step of its end: the object is there still, its tables hang loose. */
static int64_t destroy_step(uint32_t domain)
{
    uint64_t slot = domain;
    int64_t result;
    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(slot)
                     : "a"((uint64_t)CALL_domain_destroy)
                     : "rcx", "r11", "memory");
    return result;
}

static void test_other_domain(void)
{
    struct page_info info;
    uint64_t object = claim_object();
    EXPECT(OK, sys_domain_create(OTHER, object, claim_object(), claim_object()));
    EXPECT(PTE_AVL_KERNEL, CODE(page_at(object, 0, 4).entry));
    EXPECT(page_at(0, 0, 4).entry & ADDRESS, page_at(object, 0, 4).entry & ADDRESS);
    EXPECT(0, page_at(object, UPPER_HALF_START, 4).entry);
    EXPECT(256, page_at(object, UPPER_HALF_START, 4).count);
    EXPECT(FRAME_TABLE, frame_at(page_at(object, 0, 4).table).type);
    EXPECT(4, frame_at(page_at(object, 0, 4).table).cache);
    EXPECT(E_AGAIN, destroy_step(OTHER));
    EXPECT(E_DEAD, sys_page_query(MACHINE, object, 0, 4, &info));
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(E_ARGUMENT, sys_page_query(MACHINE, object, 0, 4, &info));
    EXPECT(OK, sys_slot_drop(OTHER));
}

/* ---- What lives ---- */

static struct slot_info slot_at(uint64_t domain, uint32_t slot)
{
    struct slot_info info = {.type = 99};
    EXPECT(OK, sys_slot_inspect(MACHINE, domain, slot, &info));
    return info;
}

static void test_slots(void)
{
    struct slot_info info;
    uint64_t object = claim_object(), endpoint = claim_object();
    EXPECT(E_SLOT, sys_slot_inspect(99, self, 1, &info));
    EXPECT(E_TYPE, sys_slot_inspect(SLOT_SELF, self, 1, &info));
    EXPECT(E_RIGHTS, sys_slot_inspect(NARROW, self, 1, &info));
    EXPECT(E_ARGUMENT, sys_slot_inspect(MACHINE, 0, 1, &info));
    EXPECT(E_ARGUMENT, sys_slot_inspect(MACHINE, self + 8, 1, &info));
    EXPECT(E_ARGUMENT, sys_slot_inspect(MACHINE, object, 1, &info));
    EXPECT(E_ARGUMENT, sys_slot_inspect(MACHINE, ABSENT_ADDRESS, 1, &info));
    EXPECT(E_SLOT, sys_slot_inspect(MACHINE, self, SLOTS_PER_DOMAIN, &info));

    info = slot_at(self, SLOT_SELF);
    EXPECT(CAP_DOMAIN, info.type);
    EXPECT(self, info.object);
    info = slot_at(self, SLOT_INIT_PORTS);
    EXPECT(CAP_PORTS, info.type);
    EXPECT(0, info.object);
    EXPECT(0x10000, info.count);
    EXPECT(OK, sys_domain_create(OTHER, object, claim_object(), claim_object()));
    EXPECT(CAP_EMPTY, slot_at(object, 5).type);
    EXPECT(OK, sys_endpoint_create(OBJECT, endpoint));
    EXPECT(OK, sys_slot_copy(OTHER, 5, OBJECT, RIGHT_SEND, 77));
    info = slot_at(object, 5);
    EXPECT(CAP_ENDPOINT, info.type);
    EXPECT(RIGHT_SEND, info.rights);
    EXPECT(endpoint, info.object);
    EXPECT(77, info.badge);
    EXPECT(OK, sys_object_destroy(OBJECT));
    EXPECT(CAP_EMPTY, slot_at(object, 5).type); /* what it was for is gone */
    EXPECT(OK, sys_frame_release(endpoint, ORDER_FRAME));
    EXPECT(E_AGAIN, destroy_step(OTHER));
    EXPECT(E_DEAD, sys_slot_inspect(MACHINE, object, 5, &info));
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
}

#define LINE 4 /* exists everywhere; nobody serves it here */

static void test_lines(void)
{
    struct line_info info = {.endpoint = 1};
    uint64_t endpoint = claim_object();
    EXPECT(E_SLOT, sys_line_query(99, LINE, &info));
    EXPECT(E_TYPE, sys_line_query(SLOT_SELF, LINE, &info));
    EXPECT(E_RIGHTS, sys_line_query(NARROW, LINE, &info));
    EXPECT(E_ARGUMENT, sys_line_query(MACHINE, 192, &info));
    EXPECT(E_ARGUMENT, sys_line_query(MACHINE, UINT32_MAX, &info));
    EXPECT(E_UNSUPPORTED, sys_line_query(MACHINE, FIRST_MESSAGE_LINE - 1, &info));
    EXPECT(OK, sys_line_query(MACHINE, LINE, &info));
    EXPECT(0, info.endpoint);
    EXPECT(0, info.count);
    EXPECT(OK, sys_endpoint_create(OBJECT, endpoint));
    EXPECT(OK, sys_interrupt_bind(SLOT_INIT_INTERRUPTS, LINE, OBJECT, 3));
    EXPECT(OK, sys_line_query(MACHINE, LINE, &info));
    EXPECT(endpoint, info.endpoint);
    EXPECT(0, info.flags & LINE_IS_UNSERVED);
    EXPECT(OK, sys_object_destroy(OBJECT));
    EXPECT(OK, sys_line_query(MACHINE, LINE, &info));
    EXPECT(0, info.endpoint);
    EXPECT(OK, sys_frame_release(endpoint, ORDER_FRAME));
}

static void test_cpus(void)
{
    uint64_t thread = 7;
    uint32_t cpus = ((const struct system_page *)SYSTEM_PAGE)->cpus;
    EXPECT(E_SLOT, sys_cpu_query(99, 0, &thread));
    EXPECT(E_TYPE, sys_cpu_query(SLOT_SELF, 0, &thread));
    EXPECT(E_RIGHTS, sys_cpu_query(NARROW, 0, &thread));
    EXPECT(E_ARGUMENT, sys_cpu_query(MACHINE, cpus, &thread));
    EXPECT(E_ARGUMENT, sys_cpu_query(MACHINE, UINT32_MAX, &thread));
    EXPECT(7, thread);
    /* Nobody else runs: the timer that ends a sleep finds nothing. */
    EXPECT(OK, sys_sleep(clock_now() + 1000000));
    EXPECT(OK, sys_cpu_query(MACHINE, 0, &thread));
    EXPECT(0, thread);
}

/* Its own code, from the root down: user entries of tables, then a leaf that is not writable. */
static void test_own_text(void)
{
    uint64_t at = (uint64_t)(uintptr_t)&test_own_text, entry = 0;
    for (uint32_t level = 4; level >= 1; level--) {
        struct page_info page = page_at(self, at, level);
        EXPECT(level == 4 ? page.table : entry & ADDRESS, page.table);
        EXPECT(PRESENT | USER, page.entry & (PRESENT | USER));
        entry = page.entry;
    }
    EXPECT(0, entry & (WRITE | NX));
    EXPECT(self, frame_at(entry & ADDRESS).owner);
}

/* The kernel's map: nothing writable and executable, and holes where they belong. */
static void test_kernel_map(void)
{
    unsigned writable = 0, executable = 0, both = 0;
    struct page_info page = page_at(0, 0, 1);
    EXPECT((uint64_t)PTE_AVL_GUARD << PTE_AVL_SHIFT, page.entry);
    EXPECT(1, page.count);
    EXPECT(FRAME_KERNEL, frame_at(page.table).type);
    for (uint64_t at = 0; at < BLOCK_BYTES; at += page.count * FRAME_BYTES) {
        page = page_at(0, at, 1);
        if (!(page.entry & PRESENT))
            continue;
        EXPECT(at, page.entry & ADDRESS);
        EXPECT(0, page.entry & USER);
        writable += (page.entry & WRITE) != 0;
        executable += !(page.entry & NX);
        both += (page.entry & WRITE) && !(page.entry & NX);
    }
    EXPECT(1, writable > 0 && executable > 0);
    EXPECT(0, both);

    page = page_at(0, BLOCK_BYTES, 2);
    EXPECT(PRESENT | LARGE | WRITE | NX, page.entry & (PRESENT | LARGE | WRITE | NX | USER));
    EXPECT(BLOCK_BYTES, page.entry & ADDRESS);
    EXPECT(1, page.count > 16);
    page = page_at(0, LOWER_HALF_END - STEP(4), 4);
    EXPECT((uint64_t)PTE_AVL_ABSENT << PTE_AVL_SHIFT, page.entry);
    EXPECT(1, page.count); /* the halves are not one run */
}

int main(void)
{
    fund(SLOT_SELF, 16);
    test_frame_errors();
    test_memory();
    test_runs();
    test_objects();
    test_all_memory();
    test_page_errors();
    test_grants();
    test_other_domain();
    test_slots();
    test_lines();
    test_cpus();
    test_own_text();
    test_kernel_map();
    EXPECT(OK, sys_slot_drop(NARROW));
    end_test();
}
