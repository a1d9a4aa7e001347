/*
 * frame_claim_device: each success and every error that cocos/sys.h lists, and what device memory
 * is afterwards. Breaks when a claim reaches memory outside its capability, RAM or the kernel's
 * devices, when records of device memory are not paid for or stay behind, or when two mappings of
 * one frame could have different cache types.
 */
#include <stdbool.h>
#include <string.h>

#include "tests/system/check.h"

#define RW (MAP_READ | MAP_WRITE)
#define DEVICES SLOT_INIT_DEVICES
#define PART 20
#define OTHER 21 /* a second domain, and its thread */
#define THREAD 22
#define ITS_DEVICES 3

#define VGA_TEXT VGA_TEXT_FRAME
#define BIOS 0xf0000ull          /* reserved, by every firmware */
#define PCI 0xe0000000ull        /* below 4 GiB, no RAM on any machine tested, nothing reserved */
#define FAR 0x3f00000000ull      /* above all RAM, and 1 GiB-aligned */
#define HIGH highest_gib()       /* the last GiB of all that can be named */
#define LOCAL_APIC 0xfee00000ull /* the kernel's; an HPET is beside it, at the IO APIC's block */
#define IO_APIC 0xfec00000ull
#define HPET 0xfed00000ull

#define PIECES_COST 3 /* frames of records */
#define WINDOW_COST 4
#define WINDOWS 64

#define PCD (1ull << 4)
#define PWT (1ull << 3)

/* Where physical addresses end, or those that are addresses of the lower half (Intel SDM 2A,
 * CPUID.80000008H:EAX[7:0]). */
static uint64_t highest_gib(void)
{
    uint32_t eax = 0x80000008, ebx, ecx, edx;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    uint64_t end = 1ull << (eax & 0xff);
    return (end < LOWER_HALF_END ? end : LOWER_HALF_END) - GIB_BYTES;
}

static int64_t take(uint64_t address, uint32_t order, uint32_t cache)
{
    return sys_frame_claim_device(DEVICES, address, order, RW, cache);
}

static struct frame_info frame_at(uint64_t address)
{
    struct frame_info info = {0};
    EXPECT(OK, sys_frame_query(SLOT_INIT_MACHINE, address, &info));
    return info;
}

static uint64_t own_domain(void)
{
    uint64_t frame = claim_object(), owner = frame_at(frame).owner;
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    return owner;
}

static void test_arguments(void)
{
    EXPECT(OK, sys_slot_copy(SLOT_SELF, PART, DEVICES, RIGHT_ALL & ~RIGHT_USE,
                             VGA_TEXT >> FRAME_SHIFT | 2ull << 32));
    EXPECT(E_RIGHTS, sys_frame_claim_device(PART, VGA_TEXT, 0, RW, CACHE_UNCACHED));
    EXPECT(OK, sys_slot_drop(PART));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, PART, DEVICES, RIGHT_ALL,
                             VGA_TEXT >> FRAME_SHIFT | 2ull << 32));
    EXPECT(E_ARGUMENT,
           sys_slot_copy(SLOT_SELF, OTHER, PART, RIGHT_ALL, VGA_TEXT >> FRAME_SHIFT | 3ull << 32));
    EXPECT(E_SLOT, sys_frame_claim_device(99, VGA_TEXT, 0, RW, CACHE_UNCACHED));
    EXPECT(E_TYPE, sys_frame_claim_device(SLOT_SELF, VGA_TEXT, 0, RW, CACHE_UNCACHED));
    EXPECT(E_NO_FRAME, sys_frame_claim_device(PART, VGA_TEXT + 2 * FRAME_BYTES, 0, RW, 1));
    EXPECT(E_NO_FRAME, sys_frame_claim_device(PART, VGA_TEXT - FRAME_BYTES, 0, RW, 1));
    EXPECT(E_NO_FRAME, sys_frame_claim_device(PART, VGA_TEXT, 2, RW, CACHE_UNCACHED));
    EXPECT(E_ARGUMENT, sys_frame_claim_device(PART, VGA_TEXT, 0, RW, 3));
    EXPECT(E_ARGUMENT, sys_frame_claim_device(PART, VGA_TEXT, 0, RW, UINT32_MAX));
    EXPECT(E_ARGUMENT, sys_frame_claim_device(PART, VGA_TEXT, 0, 16 | RW, CACHE_UNCACHED));
    EXPECT(E_ARGUMENT, sys_frame_claim_device(DEVICES, 0, ORDER_MAX + 1, RW, CACHE_UNCACHED));
    EXPECT(E_ARGUMENT, sys_frame_claim_device(DEVICES, 0, UINT32_MAX, RW, CACHE_UNCACHED));
    EXPECT(E_WRITE_EXECUTE,
           sys_frame_claim_device(PART, VGA_TEXT, 0, MAP_READ | MAP_EXECUTE, CACHE_UNCACHED));
    EXPECT(E_ALIGNMENT, sys_frame_claim_device(PART, VGA_TEXT + 2, 0, RW, CACHE_UNCACHED));
    EXPECT(E_ALIGNMENT, take(PCI + FRAME_BYTES, 1, CACHE_UNCACHED));
    EXPECT(E_ALIGNMENT, take(PCI + BLOCK_BYTES, ORDER_BLOCK + 1, CACHE_UNCACHED));
    EXPECT(OK, sys_slot_drop(PART));
}

/* A part counted in blocks, which frames above 16 TiB need. */
static void test_part_of_blocks(void)
{
    uint64_t two = RANGE_OF_BLOCKS | PCI / BLOCK_BYTES | 2ull << 32;
    EXPECT(OK, sys_slot_copy(SLOT_SELF, PART, DEVICES, RIGHT_ALL, two));
    EXPECT(E_NO_FRAME, sys_frame_claim_device(PART, PCI - FRAME_BYTES, 0, RW, CACHE_UNCACHED));
    EXPECT(E_NO_FRAME, sys_frame_claim_device(PART, PCI + 2 * BLOCK_BYTES, 0, RW, CACHE_UNCACHED));
    EXPECT(E_ARGUMENT, sys_slot_copy(SLOT_SELF, OTHER, PART, RIGHT_ALL, two + (1ull << 32)));
    EXPECT(E_ARGUMENT, sys_slot_copy(SLOT_SELF, OTHER, PART, RIGHT_ALL, RANGE_OF_BLOCKS));
    EXPECT(OK, sys_frame_claim_device(PART, PCI + BLOCK_BYTES, ORDER_BLOCK, RW, CACHE_UNCACHED));
    EXPECT(OK, sys_frame_release(PCI + BLOCK_BYTES, ORDER_BLOCK));
    EXPECT(OK, sys_slot_drop(PART));
    EXPECT(OK, sys_slot_copy(SLOT_SELF, PART, DEVICES, RIGHT_ALL,
                             RANGE_OF_BLOCKS | HIGH / BLOCK_BYTES | 1ull << 32));
    EXPECT(OK, sys_frame_claim_device(PART, HIGH + FRAME_BYTES, 0, RW, CACHE_UNCACHED));
    EXPECT(HIGH + 2 * FRAME_BYTES, frame_at(HIGH + FRAME_BYTES).end);
    EXPECT(OK, sys_frame_release(HIGH + FRAME_BYTES, 0));
    EXPECT(OK, sys_slot_drop(PART));
    EXPECT(E_ARGUMENT, sys_slot_copy(SLOT_SELF, PART, SLOT_INIT_PORTS, RIGHT_ALL,
                                     RANGE_OF_BLOCKS | 1ull << 32));
}

static void test_not_a_device(void)
{
    uint64_t frame = claim(ORDER_FRAME, RW), block = claim(ORDER_BLOCK, 0);
    EXPECT(E_NO_FRAME, take(frame, ORDER_FRAME, CACHE_WRITE_BACK));
    EXPECT(E_NO_FRAME, take(block, ORDER_BLOCK, CACHE_WRITE_BACK));
    EXPECT(E_NO_FRAME, take(block, ORDER_FRAME, CACHE_WRITE_BACK));
    EXPECT(OK, sys_frame_release(block, ORDER_BLOCK));
    EXPECT(E_NO_FRAME, take(block, ORDER_BLOCK, CACHE_WRITE_BACK));
    EXPECT(E_NO_FRAME, take(block, ORDER_FRAME, CACHE_WRITE_BACK));
    EXPECT(OK, sys_frame_release(frame, ORDER_FRAME));
    EXPECT(E_NO_FRAME, take(KERNEL_START, ORDER_FRAME, CACHE_WRITE_BACK));
    EXPECT(E_NO_FRAME, take(0, ORDER_FRAME, CACHE_WRITE_BACK));
    /* The kernel's interrupt controllers, and all that has them in it. */
    EXPECT(E_NO_FRAME, take(LOCAL_APIC, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(E_NO_FRAME, take(IO_APIC, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(E_ORDER, take(LOCAL_APIC, ORDER_BLOCK, CACHE_UNCACHED));
    EXPECT(E_ORDER, take(3 * GIB_BYTES, ORDER_MAX, CACHE_UNCACHED));
    EXPECT(FRAME_KERNEL, frame_at(LOCAL_APIC).type);
    /* Beyond the addresses that can be names of frames. */
    EXPECT(E_NO_FRAME, take(LOWER_HALF_END, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(E_NO_FRAME, take(LOWER_HALF_END, ORDER_BLOCK, CACHE_UNCACHED));
    EXPECT(E_NO_FRAME, take(1ull << 52, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(E_NO_FRAME, take(-BLOCK_BYTES, ORDER_BLOCK, CACHE_UNCACHED));
}

/* The promise of the design: a program writes a device at its own address. */
static void test_vga_text(void)
{
    volatile uint16_t *screen = (volatile uint16_t *)VGA_TEXT;
    EXPECT(OK, take(VGA_TEXT, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(E_NOT_FREE, take(VGA_TEXT, ORDER_FRAME, CACHE_UNCACHED));
    uint16_t before = *screen;
    *screen = 0x0f43;
    EXPECT(0x0f43, *screen);
    *screen = before;
    /* The kernel prints on it still, though it is this domain's, for user mode, and read-only. */
    EXPECT(OK, sys_frame_access(VGA_TEXT, ORDER_FRAME, MAP_READ));
    printf("the kernel prints on the screen of a domain\n");
    fflush(stdout);
    EXPECT(OK, sys_frame_release(VGA_TEXT, ORDER_FRAME));
    EXPECT(E_NO_FRAME, sys_frame_release(VGA_TEXT, ORDER_FRAME));
    EXPECT(FRAME_ABSENT, frame_at(VGA_TEXT).type);
}

/* What the firmware reserved is reserved again, not absent. */
static void test_reserved(void)
{
    EXPECT(FRAME_RESERVED, frame_at(BIOS).type);
    EXPECT(OK, take(BIOS, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(FRAME_DEVICE, frame_at(BIOS).type);
    EXPECT(OK, sys_frame_release(BIOS, ORDER_FRAME));
    EXPECT(FRAME_RESERVED, frame_at(BIOS).type);
}

/* The pieces of a block that has no RAM: records for them are paid for while any is claimed. */
static void test_pieces(void)
{
    uint64_t before = free_frames();
    EXPECT(OK, take(PCI + FRAME_BYTES, ORDER_FRAME, CACHE_UNCACHED)); /* and two page tables */
    EXPECT(OK, sys_frame_release(PCI + FRAME_BYTES, ORDER_FRAME));
    EXPECT(before, free_frames());

    EXPECT(OK, take(PCI + FRAME_BYTES, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(before - PIECES_COST, free_frames());
    EXPECT(FRAME_DEVICE, frame_at(PCI + FRAME_BYTES).type);
    EXPECT(ORDER_FRAME, frame_at(PCI + FRAME_BYTES).order);
    EXPECT(FRAME_ABSENT, frame_at(PCI).type);
    EXPECT(E_NOT_FREE, take(PCI, 1, CACHE_UNCACHED));
    EXPECT(E_NOT_FREE, take(PCI + FRAME_BYTES, ORDER_FRAME, CACHE_WRITE_COMBINING));
    EXPECT(E_ORDER, take(PCI, ORDER_BLOCK, CACHE_UNCACHED));
    EXPECT(OK, take(PCI + 8 * FRAME_BYTES, 3, CACHE_UNCACHED));
    EXPECT(OK, take(PCI + BLOCK_BYTES / 2, ORDER_BLOCK - 1, CACHE_UNCACHED));
    EXPECT(before - PIECES_COST, free_frames());
    EXPECT(E_ORDER, sys_frame_release(PCI, ORDER_BLOCK));
    EXPECT(OK, sys_frame_release(PCI + FRAME_BYTES, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(PCI + BLOCK_BYTES / 2, ORDER_BLOCK - 1));
    EXPECT(OK, sys_frame_release(PCI + 8 * FRAME_BYTES, 2)); /* half of the run, then the rest */
    EXPECT(before - PIECES_COST, free_frames());
    EXPECT(OK, sys_frame_release(PCI + 12 * FRAME_BYTES, 2));
    EXPECT(before, free_frames());
    EXPECT(ORDER_BLOCK, frame_at(PCI).order);

    /* Whole again, it can be claimed whole, which needs no records; then not in pieces. */
    EXPECT(OK, take(PCI, ORDER_BLOCK, CACHE_UNCACHED));
    EXPECT(before, free_frames());
    EXPECT(E_NOT_FREE, take(PCI, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(E_ORDER, sys_frame_release(PCI, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(PCI, ORDER_BLOCK));
    EXPECT(OK, take(PCI, ORDER_BLOCK + 3, CACHE_WRITE_COMBINING));
    EXPECT(OK, sys_frame_release(PCI, ORDER_BLOCK + 3));
    EXPECT(before, free_frames());
}

/* A device that shares its 2 MiB with one of the kernel's. */
static void test_beside_kernel(void)
{
    uint64_t before = free_frames();
    EXPECT(OK, take(HPET, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(before, free_frames()); /* boot has made the records */
    EXPECT(OK, sys_frame_release(HPET, ORDER_FRAME));
    EXPECT(before, free_frames());
}

static uint64_t entry_at(uint64_t at, uint32_t level)
{
    struct page_info info = {0};
    EXPECT(OK, sys_page_query(SLOT_INIT_MACHINE, own_domain(), at, level, &info));
    return info.entry;
}

/* A frame has one cache type, which all its leaves have: Intel SDM 3A, 11.12.2 (PAT). */
static void test_cache_types(void)
{
    static const uint64_t bits[] = {
        [CACHE_WRITE_BACK] = 0,
        [CACHE_UNCACHED] = PCD | PWT, /* PAT entry 3 */
        [CACHE_WRITE_COMBINING] = PWT /* PAT entry 1: kernel/x86/cpu.c */
    };
    uint64_t place = MAPPINGS_END - BLOCK_BYTES;
    for (uint32_t cache = CACHE_WRITE_BACK; cache <= CACHE_WRITE_COMBINING; cache++) {
        for (uint32_t order = 0; order <= ORDER_BLOCK; order += ORDER_BLOCK) {
            uint32_t level = order == ORDER_BLOCK ? 2 : 1;
            EXPECT(OK, take(PCI, order, cache));
            EXPECT(cache, frame_at(PCI).cache);
            EXPECT(bits[cache], entry_at(PCI, level) & (PCD | PWT));
            EXPECT(OK, sys_page_map(SLOT_SELF, place, PCI, MAP_READ | order << 8));
            EXPECT(bits[cache], entry_at(place, level) & (PCD | PWT));
            EXPECT(PTE_AVL_DEVICE, entry_at(place, level) >> PTE_AVL_SHIFT & 7);
            EXPECT(E_BUSY, sys_frame_release(PCI, order));
            EXPECT(OK, sys_frame_access(PCI, order, MAP_READ));
            EXPECT(bits[cache], entry_at(PCI, level) & (PCD | PWT));
            EXPECT(OK, sys_page_unmap(SLOT_SELF, place, order));
            EXPECT(OK, sys_frame_release(PCI, order));
        }
    }
    /* The kernel's own map of the same memory must agree, too. */
    EXPECT(E_ARGUMENT, take(VGA_TEXT, ORDER_FRAME, CACHE_WRITE_COMBINING));
    EXPECT(E_ARGUMENT, take(HPET, ORDER_FRAME, CACHE_WRITE_BACK));
    EXPECT(E_ARGUMENT, take(BIOS, ORDER_FRAME, CACHE_WRITE_BACK));
}

/* Without access at first: for the upper half only. */
static void test_no_access(void)
{
    EXPECT(OK, sys_frame_claim_device(DEVICES, VGA_TEXT, ORDER_FRAME, 0, CACHE_UNCACHED));
    EXPECT(0, frame_at(VGA_TEXT).mappings);
    EXPECT(OK, sys_frame_access(VGA_TEXT, ORDER_FRAME, RW));
    EXPECT(1, frame_at(VGA_TEXT).mappings);
    EXPECT(E_BUSY, sys_page_fund(SLOT_SELF, VGA_TEXT)); /* no memory for the kernel's objects */
    EXPECT(OK, sys_frame_access(VGA_TEXT, ORDER_FRAME, 0));
    EXPECT(E_BUSY, sys_page_fund(SLOT_SELF, VGA_TEXT));
    EXPECT(OK, sys_frame_release(VGA_TEXT, ORDER_FRAME));
}

/* ---- Above all RAM ---- */

/* Asking on from end to end comes by what is claimed above RAM. */
static void test_all_is_told(uint64_t claimed)
{
    struct frame_info info;
    uint64_t at = 0;
    bool passed = false;
    while (sys_frame_query(SLOT_INIT_MACHINE, at, &info) == OK && info.end > at) {
        passed = passed || (at == claimed && info.type == FRAME_DEVICE);
        at = info.end;
    }
    EXPECT(1, passed);
    EXPECT(FAR + GIB_BYTES, at);
    EXPECT(FRAME_ABSENT, frame_at(FAR - GIB_BYTES).type);
    EXPECT(claimed, frame_at(FAR - GIB_BYTES).end);
}

static void test_far(void)
{
    uint64_t before = free_frames();
    struct frame_info info;
    EXPECT(E_NO_FRAME, sys_frame_claim(FAR, ORDER_FRAME, RW, 0));
    EXPECT(E_NO_FRAME, sys_frame_release(FAR, ORDER_FRAME));
    EXPECT(E_NO_FRAME, sys_frame_query(SLOT_INIT_MACHINE, FAR, &info));
    EXPECT(OK, take(FAR + BLOCK_BYTES, ORDER_BLOCK, CACHE_UNCACHED));
    EXPECT(before - WINDOW_COST, free_frames());
    EXPECT(FRAME_DEVICE, frame_at(FAR + BLOCK_BYTES).type);
    EXPECT(own_domain(), frame_at(FAR + BLOCK_BYTES).owner);
    EXPECT(FRAME_ABSENT, frame_at(FAR).type);
    test_all_is_told(FAR + BLOCK_BYTES);
    EXPECT(E_NO_FRAME, sys_frame_claim(FAR, ORDER_FRAME, RW, 0));
    EXPECT(E_NOT_FREE, sys_frame_claim(FAR + BLOCK_BYTES, ORDER_BLOCK, RW, 0));
    EXPECT(E_NOT_FREE, take(FAR, ORDER_MAX, CACHE_UNCACHED));
    EXPECT(OK, take(FAR, 3, CACHE_UNCACHED));
    EXPECT(before - WINDOW_COST - PIECES_COST, free_frames());
    EXPECT(OK, take(FAR + GIB_BYTES - FRAME_BYTES, ORDER_FRAME, CACHE_WRITE_COMBINING));
    EXPECT(before - WINDOW_COST - 2 * PIECES_COST, free_frames());
    EXPECT(OK, sys_frame_release(FAR + BLOCK_BYTES, ORDER_BLOCK));
    EXPECT(OK, sys_frame_release(FAR, 3));
    EXPECT(before - WINDOW_COST - PIECES_COST, free_frames());
    EXPECT(OK, sys_frame_release(FAR + GIB_BYTES - FRAME_BYTES, ORDER_FRAME));
    EXPECT(before, free_frames());
    EXPECT(E_NO_FRAME, sys_frame_query(SLOT_INIT_MACHINE, FAR, &info));

    /* Both kinds of records at once; 1 GiB in one call. */
    EXPECT(OK, take(FAR, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(before - WINDOW_COST - PIECES_COST, free_frames());
    EXPECT(OK, take(FAR + GIB_BYTES, ORDER_MAX, CACHE_UNCACHED));
    EXPECT(before - 2 * WINDOW_COST - PIECES_COST, free_frames());
    EXPECT(OK, sys_frame_release(FAR, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(FAR + GIB_BYTES, ORDER_BLOCK));
    EXPECT(OK, sys_frame_release(FAR + GIB_BYTES + BLOCK_BYTES, ORDER_BLOCK));
    for (uint32_t order = ORDER_BLOCK + 1; order < ORDER_MAX; order++) {
        EXPECT(OK, sys_frame_release(FAR + GIB_BYTES + (FRAME_BYTES << order), order));
    }
    EXPECT(before, free_frames());
}

/* There are so many windows; what the last one held can be claimed again. */
static void test_windows(void)
{
    uint64_t before = free_frames();
    for (uint64_t i = 0; i < WINDOWS; i++) {
        EXPECT(OK, sys_frame_claim_device(DEVICES, FAR + i * GIB_BYTES, ORDER_BLOCK, 0,
                                          CACHE_UNCACHED));
    }
    EXPECT(E_LIMIT, take(FAR + WINDOWS * GIB_BYTES, ORDER_BLOCK, CACHE_UNCACHED));
    EXPECT(OK, sys_frame_release(FAR + 7 * GIB_BYTES, ORDER_BLOCK));
    EXPECT(OK, take(FAR + WINDOWS * GIB_BYTES, ORDER_BLOCK, CACHE_UNCACHED));
    EXPECT(OK, sys_frame_release(FAR + WINDOWS * GIB_BYTES, ORDER_BLOCK));
    for (uint64_t i = 0; i < WINDOWS; i++) {
        if (i != 7) {
            EXPECT(OK, sys_frame_release(FAR + i * GIB_BYTES, ORDER_BLOCK));
        }
    }
    EXPECT(before, free_frames());
}

/* ---- Two domains ---- */

/* A call that the other domain is to make: it runs `agent` on a page that both see. */
struct box {
    volatile uint64_t go;
    int64_t result;
    uint64_t number, arguments[5];
};
static struct box *box;

/* Runs from a copy: nothing outside this function may be needed. */
__attribute__((section(".agent"), noinline, used)) static void agent(struct box *mine)
{
    for (;;) {
        uint64_t number = mine->go ? mine->number : CALL_yield;
        register int64_t rax __asm__("rax") = (int64_t)number;
        register uint64_t rdi __asm__("rdi") = mine->arguments[0];
        register uint64_t rsi __asm__("rsi") = mine->arguments[1];
        register uint64_t rdx __asm__("rdx") = mine->arguments[2];
        register uint64_t r10 __asm__("r10") = mine->arguments[3];
        register uint64_t r8 __asm__("r8") = mine->arguments[4];
        __asm__ volatile("syscall"
                         : "+r"(rax), "+r"(rdi), "+r"(rsi), "+r"(rdx), "+r"(r10), "+r"(r8)
                         :
                         : "rcx", "r9", "r11", "memory");
        if (number != CALL_yield && rax != E_AGAIN) {
            mine->result = rax;
            mine->go = 0;
        }
    }
}

/* Starts it, with a capability for all devices, and `limit` frames besides what it needs. */
static void start_other(uint64_t limit)
{
    const char *code = (const char *)((uint64_t)agent & ~(FRAME_BYTES - 1));
    uint64_t entry = PROGRAM_BASE + ((uint64_t)agent & (FRAME_BYTES - 1));
    uint64_t place = PROGRAM_BASE + 16 * FRAME_BYTES;
    make_domain(OTHER, 3 + 24 + 1 + limit);
    fund(OTHER, 24);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t frame = claim(ORDER_FRAME, RW);
        memcpy((void *)frame, code + i * FRAME_BYTES, FRAME_BYTES);
        EXPECT(OK,
               sys_page_map(OTHER, PROGRAM_BASE + i * FRAME_BYTES, frame, MAP_READ | MAP_EXECUTE));
    }
    box = (struct box *)claim(ORDER_FRAME, RW);
    EXPECT(OK, sys_page_map(OTHER, place, (uint64_t)box, RW));
    EXPECT(OK, sys_slot_copy(OTHER, ITS_DEVICES, DEVICES, RIGHT_ALL, 0));
    EXPECT(OK, sys_thread_create(THREAD, claim_object(), OTHER));
    EXPECT(OK, sys_thread_start(THREAD, entry, place + FRAME_BYTES - 8, place));
}

static int64_t other_calls(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                           uint64_t e)
{
    *box = (struct box){.number = number, .arguments = {a, b, c, d, e}};
    box->go = 1;
    for (unsigned i = 0; i < 1000 && box->go; i++) {
        sys_yield();
    }
    EXPECT(0, box->go);
    return box->result;
}

static int64_t other_takes(uint64_t address, uint32_t order)
{
    return other_calls(CALL_frame_claim_device, ITS_DEVICES, address, order, RW, CACHE_UNCACHED);
}

static void end_other(void)
{
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(OK, sys_slot_drop(THREAD));
}

static void test_account(void)
{
    start_other(PIECES_COST);
    EXPECT(E_LIMIT, other_takes(PCI, ORDER_FRAME)); /* the frame itself counts, too */
    EXPECT(E_LIMIT, other_takes(FAR, ORDER_FRAME));
    EXPECT(FRAME_ABSENT, frame_at(PCI).type);
    EXPECT(ORDER_BLOCK, frame_at(PCI).order);
    EXPECT(OK, take(PCI, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(OK, other_takes(PCI + FRAME_BYTES, ORDER_FRAME)); /* whose records are paid for */
    EXPECT(E_LIMIT, other_takes(PCI + 4 * FRAME_BYTES, 2));
    EXPECT(OK, sys_frame_release(PCI, ORDER_FRAME));
    end_other();
    EXPECT(ORDER_BLOCK, frame_at(PCI).order);
}

/* The records stay while anyone holds a frame there, whoever paid. */
static void test_two_owners(void)
{
    uint64_t before = free_frames();
    uint64_t self = own_domain();
    start_other(100);
    EXPECT(OK, other_takes(PCI, ORDER_FRAME));
    EXPECT(OK, other_takes(FAR, ORDER_FRAME));
    EXPECT(E_NOT_FREE, take(PCI, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(OK, take(PCI + FRAME_BYTES, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(OK, take(FAR + BLOCK_BYTES, ORDER_BLOCK, CACHE_UNCACHED));
    EXPECT(E_NOT_OWNER, sys_frame_release(PCI, ORDER_FRAME));

    /* The payer dies: the records are its creator's now, and what it claimed is nobody's. */
    end_other();
    EXPECT(FRAME_ABSENT, frame_at(PCI).type);
    EXPECT(FRAME_ABSENT, frame_at(FAR).type);
    EXPECT(self, frame_at(PCI + FRAME_BYTES).owner);
    EXPECT(self, frame_at(FAR + BLOCK_BYTES).owner);
    EXPECT(0, sys_machine_query(SLOT_INIT_MACHINE, MACHINE_CHECK));
    EXPECT(OK, sys_frame_release((uint64_t)box, ORDER_FRAME));
    uint64_t with_records = free_frames();
    EXPECT(OK, sys_frame_release(PCI + FRAME_BYTES, ORDER_FRAME));
    EXPECT(with_records + PIECES_COST, free_frames());
    EXPECT(OK, sys_frame_release(FAR + BLOCK_BYTES, ORDER_BLOCK));
    EXPECT(with_records + PIECES_COST + WINDOW_COST, free_frames());
    EXPECT(before - 2, free_frames()); /* the two frames of code */
}

/* The last owner dies, and the payer lives: the records are free all the same. */
static void test_given(void)
{
    uint64_t before = free_frames();
    make_domain(OTHER, 3 + 1 + 512);
    EXPECT(OK, take(PCI, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(OK, sys_frame_give(PCI, ORDER_FRAME, OTHER, 0));
    EXPECT(OK, take(FAR, ORDER_BLOCK, CACHE_UNCACHED));
    EXPECT(OK, sys_frame_give(FAR, ORDER_BLOCK, OTHER, 0));
    EXPECT(before - 3 - PIECES_COST - WINDOW_COST, free_frames());
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(before, free_frames());

    /* Lent to one who dies, or mapped by one when its owner dies. */
    make_domain(OTHER, 3 + 8 + 1);
    fund(OTHER, 8);
    EXPECT(OK, take(FAR, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(E_NOT_ACCEPTED, sys_frame_grant(FAR, ORDER_FRAME, OTHER, RW));
    EXPECT(OK, sys_domain_set(OTHER, DOMAIN_ACCEPT, 4));
    EXPECT(OK, sys_frame_grant(FAR, ORDER_FRAME, OTHER, RW));
    EXPECT(E_BUSY, sys_frame_release(FAR, ORDER_FRAME));
    EXPECT(OK, sys_page_map(SLOT_SELF, MAPPINGS_END - FRAME_BYTES, FAR, MAP_READ));
    EXPECT(OK, sys_frame_revoke(FAR, ORDER_FRAME, OTHER));
    EXPECT(OK, sys_frame_give(FAR, ORDER_FRAME, OTHER, 0));
    EXPECT(OK, sys_domain_destroy(OTHER));
    EXPECT(OK, sys_slot_drop(OTHER));
    EXPECT(own_domain(), frame_at(FAR).owner); /* inherited: it is mapped here */
    EXPECT(OK, sys_page_unmap(SLOT_SELF, MAPPINGS_END - FRAME_BYTES, ORDER_FRAME));
    EXPECT(OK, sys_frame_release(FAR, ORDER_FRAME));
    EXPECT(before, free_frames());
}

/* With no memory left for records, nothing changes. */
static void test_no_memory(void)
{
    static uint64_t taken[4096]; /* address | order */
    uint64_t before = free_frames();
    unsigned count = 0;
    for (uint32_t order = ORDER_MAX + 1; order-- > 0;) {
        int64_t got = 0;
        while (count < 4096 && (got = sys_frame_claim(ZONE_ANY, order, 0, 0)) >= 0) {
            taken[count++] = (uint64_t)got | order;
        }
        EXPECT(E_NO_MEMORY, got);
    }
    EXPECT(E_NO_MEMORY, take(PCI, ORDER_FRAME, CACHE_UNCACHED));
    EXPECT(E_NO_MEMORY, take(FAR, ORDER_BLOCK, CACHE_UNCACHED));
    EXPECT(OK, take(PCI, ORDER_BLOCK, CACHE_UNCACHED)); /* needs none */
    EXPECT(OK, sys_frame_release(PCI, ORDER_BLOCK));
    while (count-- > 0) {
        EXPECT(OK, sys_frame_release(taken[count] & ~(FRAME_BYTES - 1),
                                     (uint32_t)(taken[count] & (FRAME_BYTES - 1))));
    }
    EXPECT(before, free_frames());
}

int main(void)
{
    fund(SLOT_SELF, 16);
    test_arguments();
    test_part_of_blocks();
    test_not_a_device();
    test_vga_text();
    test_reserved();
    test_pieces();
    test_beside_kernel();
    test_cache_types();
    test_no_access();
    test_far();
    test_windows();
    uint64_t before = free_frames();
    test_account();
    EXPECT(before - 3, free_frames()); /* the code and the box */
    test_two_owners();
    test_given();
    test_no_memory();
    end_test();
}
