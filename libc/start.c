/*
 * What has to be done before musl's start code runs: its Linux system calls must bounce, and its
 * stack must be there. Runs before relocation: what is outside this file is hidden, and no
 * variable with an address in it is touched.
 */
#include <elf.h>

#include <cocos/sys.h>

#include "libc/linux/bounce.h"
#include "libc/start_stack.h"

#define HIDDEN __attribute__((visibility("hidden")))

/* Made by the linker: the ELF header, which lies in the first segment. */
HIDDEN extern const Elf64_Ehdr __ehdr_start;
HIDDEN void cocos_start(void);
HIDDEN uint64_t cocos_start_prepare(uint64_t top);

#define CPUID_1_ECX_RDRAND (1u << 30)

static uint64_t hardware_random(void)
{
    uint32_t a = 1, b, c = 0, d;
    uint64_t value = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (c & CPUID_1_ECX_RDRAND)
        __asm__ volatile("rdrand %0" : "=r"(value) : : "cc");
    return value;
}

/*
 * Numbers that differ from start to start, for stack protectors and the heap's check values. Not
 * secrets on a processor without RDRAND. The mixing step is splitmix64's.
 */
static void fill_random(uint8_t *bytes)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    uint64_t state = ((uint64_t)high << 32 | low) ^ hardware_random();
    for (uint32_t i = 0; i < START_RANDOM_BYTES; i += 8) {
        state += 0x9e3779b97f4a7c15;
        uint64_t mixed = state;
        mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
        mixed ^= mixed >> 31;
        for (uint32_t j = 0; j < 8; j++)
            bytes[i + j] = (uint8_t)(mixed >> 8 * j);
    }
}

uint64_t cocos_start_prepare(uint64_t top)
{
    /* Without this nothing of musl works, not even ending: a fault is the clearest report. */
    if (sys_domain_set(SLOT_SELF, DOMAIN_UPCALL, (uint64_t)linux_bounce) < 0)
        __builtin_trap();
    struct start_facts facts = {
        .headers = (uint64_t)&__ehdr_start + __ehdr_start.e_phoff,
        .header_count = __ehdr_start.e_phnum,
        .header_bytes = __ehdr_start.e_phentsize,
        .entry = (uint64_t)cocos_start,
    };
    fill_random(facts.random);
    return cocos_start_stack((const struct process_page *)PROCESS_PAGE, &facts, top);
}

/* Runs when musl's start code, which uses vector registers, is done: until the program uses them
 * its messages go the short way (doc/ipc.md). */
__attribute__((constructor)) static void give_up_vectors(void)
{
    sys_thread_set(SLOT_NONE, THREAD_FPU, 0);
}
