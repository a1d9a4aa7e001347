/*
 * The timer of each CPU's local APIC (Intel SDM 3A, 11.5.4): compared with the time-stamp counter
 * where the processor can do so, else counted down once. A clock shared by all CPUs is clock.c.
 */
#include "kernel/x86/timer.h"

#include <cpuid.h>

#include "kernel/x86/apic.h"

#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)
#define CPUID_7_EBX_TSC_ADJUST (1u << 1)
#define MSR_TSC_ADJUST 0x3bu
#define MSR_TSC_DEADLINE 0x6e0u
#define TIMER_BY_TICKS (2u << 17)

/* A counter that is slow enough for this long wakes an idle CPU seldom enough. */
#define LONGEST_SECONDS_LEAST 10

static bool by_ticks;
static uint64_t mult;       /* counts per nanosecond, times 2^CLOCK_SHIFT */
static uint64_t longest_ns; /* that the counter has room for */
static uint32_t divide;     /* the divide register */
static uint64_t adjust;     /* of the boot CPU's time-stamp counter */

/* The divide register for 2^shift (figure 11-10). */
static BOOT_ONLY uint32_t divide_code(unsigned shift)
{
    static const uint8_t codes[] = {0xb, 0x0, 0x1, 0x2, 0x3, 0x8, 0x9, 0xa};
    return codes[shift];
}

static BOOT_ONLY void init_boot_cpu(void)
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    __get_cpuid(1, &a, &b, &c, &d);
    by_ticks = (c & CPUID_1_ECX_TSC_DEADLINE) != 0;
    divide = divide_code(0);
}

/* Firmware that has written to the counters of some CPUs only made them differ by that. */
static BOOT_ONLY void adjust_ticks(void)
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & CPUID_7_EBX_TSC_ADJUST)) {
        return;
    }
    if (arch_cpu_number() == 0) {
        adjust = read_msr(MSR_TSC_ADJUST);
    } else if (read_msr(MSR_TSC_ADJUST) != adjust) {
        write_msr(MSR_TSC_ADJUST, adjust);
    }
}

static BOOT_ONLY void set_mode(void)
{
    apic_write(APIC_TIMER_DIVIDE, divide);
    apic_write(APIC_TIMER, VECTOR_TIMER | (by_ticks ? TIMER_BY_TICKS : 0));
    /* Ordered before the first deadline, which goes another way (11.5.4.1). */
    __asm__ volatile("mfence" : : : "memory");
}

BOOT_ONLY void timer_cpu_init(void)
{
    if (arch_cpu_number() == 0) {
        init_boot_cpu();
    }
    adjust_ticks();
    set_mode();
}

BOOT_ONLY bool timer_is_by_ticks(void)
{
    return by_ticks;
}

BOOT_ONLY void timer_count_down(void)
{
    apic_write(APIC_TIMER, APIC_MASKED | VECTOR_TIMER);
    apic_write(APIC_TIMER_COUNT, UINT32_MAX);
}

BOOT_ONLY uint32_t timer_left(void)
{
    return apic_read(APIC_TIMER_LEFT);
}

BOOT_ONLY void timer_set_scale(uint64_t hz)
{
    unsigned shift = 0;
    while (shift < 7 && UINT32_MAX / LONGEST_SECONDS_LEAST < hz >> shift) {
        shift++;
    }
    divide = divide_code(shift);
    mult = scale(hz >> shift, 1ull << CLOCK_SHIFT, NS_PER_SECOND);
    longest_ns = mult == 0 ? 0 : scale(UINT32_MAX - 1, 1ull << CLOCK_SHIFT, mult);
    apic_write(APIC_TIMER_COUNT, 0);
    set_mode();
}

static void set_count(uint64_t deadline)
{
    uint64_t now = arch_now(), count = 1;
    if (deadline == UINT64_MAX) {
        count = 0;
    } else if (deadline > now && deadline - now < longest_ns) {
        count = clock_ns(deadline - now, mult) + 1;
    } else if (deadline > now) {
        count = UINT32_MAX;
    }
    apic_write(APIC_TIMER_COUNT, (uint32_t)count);
}

void arch_timer_set(uint64_t deadline)
{
    if (by_ticks) {
        write_msr(MSR_TSC_DEADLINE,
                  deadline == UINT64_MAX ? 0 : clock_ticks_at(&arch_clock, deadline));
    } else if (apic_address != 0) {
        set_count(deadline);
    }
}
