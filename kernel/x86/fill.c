/*
 * Page-table entries in a row, of which boot writes half a million on a machine of 1 TiB: four at a
 * time where the processor has AVX2, else one by one.
 */
#include "kernel/x86/arch.h"

#include <cpuid.h>

#define CPUID_1_ECX_OSXSAVE (1u << 27)
#define CPUID_7_EBX_AVX2 (1u << 5)
#define XCR0_SSE_AVX 6u

#define CHUNK 128u /* entries that one turn of the loop writes */

/* Has the processor AVX2, and is the state of it on (Intel SDM 1, 14.3 and 14.7.1)? */
static bool avx2_usable(void)
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & CPUID_1_ECX_OSXSAVE)) {
        return false;
    }
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return (a & XCR0_SSE_AVX) == XCR0_SSE_AVX && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
           (b & CPUID_7_EBX_AVX2);
}

/* Writes `chunks` chunks, at least one. The registers it uses are put back, because the kernel is
 * compiled to use none of them, and the tests on the host are compiled to use all. */
static void fill_chunks(uint64_t *entries, uint64_t chunks, uint64_t first, uint64_t step)
{
    const uint64_t values[4] = {first, first + step, first + 2 * step, first + 3 * step};
    const uint64_t steps[4] = {4 * step, 4 * step, 4 * step, 4 * step};
    uint64_t saved[8];
    __asm__ volatile("vmovdqu %%ymm0, (%[saved])\n\t"
                     "vmovdqu %%ymm1, 32(%[saved])\n\t"
                     "vmovdqu (%[values]), %%ymm0\n\t"
                     "vmovdqu (%[steps]), %%ymm1\n"
                     "1:\n\t"
                     ".set .Lfill_offset, 0\n\t"
                     ".rept 32\n\t"
                     "vmovdqu %%ymm0, .Lfill_offset(%[entries])\n\t"
                     "vpaddq %%ymm1, %%ymm0, %%ymm0\n\t"
                     ".set .Lfill_offset, .Lfill_offset + 32\n\t"
                     ".endr\n\t"
                     "addq $1024, %[entries]\n\t"
                     "decq %[chunks]\n\t"
                     "jnz 1b\n\t"
                     "vmovdqu (%[saved]), %%ymm0\n\t"
                     "vmovdqu 32(%[saved]), %%ymm1"
                     : [entries] "+r"(entries), [chunks] "+r"(chunks)
                     : [values] "r"(values), [steps] "r"(steps), [saved] "r"(saved)
                     : "memory", "cc");
}

void arch_fill_entries(uint64_t *entries, uint64_t count, uint64_t first, uint64_t step)
{
    static enum { UNKNOWN, ONE_BY_ONE, BY_CHUNKS } way;
    if (way == UNKNOWN) {
        way = avx2_usable() ? BY_CHUNKS : ONE_BY_ONE;
    }
    uint64_t done = 0;
    if (way == BY_CHUNKS && count >= CHUNK) {
        done = count & ~(uint64_t)(CHUNK - 1);
        fill_chunks(entries, done / CHUNK, first, step);
    }
    for (; done < count; done++) {
        entries[done] = first + done * step;
    }
}
