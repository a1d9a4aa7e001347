/*
 * The FPU's registers, all that the processor has (x87, XMM, YMM, ZMM, MXCSR), in the form of XSAVE
 * or FXSAVE (Intel SDM 1, 13.4 and 10.5.1).
 */
#ifndef TESTS_SYSTEM_FPU_H
#define TESTS_SYSTEM_FPU_H

#include <cpuid.h>
#include <stdbool.h>
#include <string.h>

#include "tests/system/check.h"
#include "tests/system/random.h"

/* From here on nothing is in these registers but what a test puts there. */
#pragma GCC target("general-regs-only")

#define FPU_AREA_BYTES 4096
#define FPU_SEEN 0xe7ull /* x87, SSE, AVX, AVX-512 */

static bool fpu_has_xsave;
static uint64_t fpu_components;
static uint32_t fpu_bytes = 512;
/* Which bytes hold registers, and not where the last instruction or operand was. */
static bool fpu_counts[FPU_AREA_BYTES];

static inline void fpu_note_bytes(void)
{
    for (uint32_t i = 0; i < 512; i++) {
        bool x87 = i >= 32 && i < 160 && i % 16 < 10;
        fpu_counts[i] = i < 5 || (i >= 24 && i < 28) || x87 || (i >= 160 && i < 416);
    }
    for (uint32_t component = 2; component < 8; component++) {
        uint32_t bytes, start, c, d;
        if (fpu_has_xsave && fpu_components >> component & 1) {
            __cpuid_count(0xd, component, bytes, start, c, d);
            memset(fpu_counts + start, 1, bytes);
        }
    }
}

static inline void fpu_find_out(void)
{
    uint32_t a, b, c, d;
    __cpuid(1, a, b, c, d);
    fpu_has_xsave = (c >> 27 & 1) != 0; /* OSXSAVE */
    if (fpu_has_xsave) {
        __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
        fpu_components = a & FPU_SEEN;
        __cpuid_count(0xd, 0, a, b, c, d);
        fpu_bytes = b;
    }
    printf("fpu: %u bytes, components 0x%lx\n", fpu_bytes, fpu_components);
    EXPECT(true, fpu_bytes <= FPU_AREA_BYTES);
    fpu_note_bytes();
}

/* FNOP first: QEMU 7.2 lets XSAVE and XRSTOR pass where CR0.TS makes them trap (SDM 2B, 2C), which
 * is how the kernel learns who uses the FPU. */
static inline void fpu_load(const uint8_t *area)
{
    __asm__ volatile("fnop");
    if (fpu_has_xsave) {
        __asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(fpu_components), "d"(0) : "memory");
    } else {
        __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
    }
}

/* FXSAVE traps everywhere, XSAVE where QEMU does not run. */
static inline void fpu_save_untouched(uint8_t *area)
{
    for (uint32_t i = 0; i < 64; i++) {
        area[512 + i] = 0;
    }
    if (fpu_has_xsave) {
        __asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(fpu_components), "d"(0) : "memory");
    } else {
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
    }
}

static inline void fpu_save(uint8_t *area)
{
    __asm__ volatile("fnop");
    fpu_save_untouched(area);
}

/* Anything, in all registers that there are. */
static inline void fpu_scramble(uint8_t *area, uint64_t *seed)
{
    for (uint32_t i = 0; i < FPU_AREA_BYTES; i++) {
        area[i] = (uint8_t)random_next(seed) | 1;
    }
    area[0] = 0x7f; /* no exceptions: the control and status words, the tags, MXCSR */
    area[1] = (uint8_t)(3 | (random_next(seed) & 3) << 2);
    area[2] = 0;
    area[3] = (uint8_t)((random_next(seed) & 7) << 3);
    area[4] = 0xff;
    area[24] = 0x80;
    area[25] = (uint8_t)(0x1f | (random_next(seed) & 3) << 5);
    area[26] = area[27] = 0;
    for (uint32_t i = 512; i < 576; i++) {
        area[i] = i < 520 ? (uint8_t)(fpu_components >> (i - 512) * 8) : 0;
    }
}

/* How many bytes of registers differ. */
static inline uint64_t fpu_wrong(const uint8_t *left, const uint8_t *found)
{
    uint64_t wrong = 0;
    for (uint32_t i = 0; i < fpu_bytes; i++) {
        wrong += fpu_counts[i] && left[i] != found[i];
    }
    return wrong;
}

#endif
