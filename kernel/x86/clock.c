/*
 * The clock: the time-stamp counter, which all CPUs read alike (Intel SDM 3B, 18.17), and how fast
 * it is. That is measured at the start against a timer whose frequency is known, for 10 ms: the
 * ACPI power management timer (ACPI 6.4, 4.8.3.3) or channel 2 of the PIT (8254 data sheet). CPUID
 * knows better only where it agrees: emulators hand on the numbers of the processor they play.
 */
#include <cpuid.h>

#include "boot/boot_info.h"
#include "kernel/log.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/timer.h"

#define PIT_COUNT2 0x42
#define PIT_MODE 0x43
#define PIT_MODE_COUNT2_DOWN 0xb0 /* channel 2, both bytes, mode 0: once */
#define PIT_LATCH_COUNT2 0x80
#define PIT_CONTROL 0x61
#define PIT_GATE2 1u
#define PIT_SPEAKER 2u
#define PIT_OUT2 0x20u

#define MEASURED_PART 100       /* of a second */
#define TURNS_BETWEEN_READS 100 /* an emulator takes as long for one read as for them all */
#define READS_MAX 500000u       /* where instructions count as nanoseconds, 10 ms take 50,000 */
#define TRIES 5
#define PIT_TRIES 3
#define HZ_ASSUMED NS_PER_SECOND

/* A counter that goes up with a frequency that is known. */
struct reference {
    uint32_t (*read)(void);
    uint32_t mask;
    uint32_t hz;
};

/* What three counters said at one moment, or how far they came between two. */
struct sample {
    uint64_t ticks;
    uint32_t reference;
    uint32_t timer;
};

struct clock_scale arch_clock;
static uint16_t acpi_timer_port;

uint64_t arch_now(void)
{
    return clock_ns(clock_ticks() - arch_clock.base, arch_clock.mult);
}

/* ---- What it is measured by ---- */

static BOOT_ONLY uint32_t read_acpi_timer(void)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(acpi_timer_port));
    return value;
}

static BOOT_ONLY void start_pit(void)
{
    uint8_t control = (uint8_t)(port_read8(PIT_CONTROL) & ~(PIT_GATE2 | PIT_SPEAKER));
    port_write8(PIT_CONTROL, control | PIT_GATE2);
    port_write8(PIT_MODE, PIT_MODE_COUNT2_DOWN);
    port_write8(PIT_COUNT2, 0xff);
    port_write8(PIT_COUNT2, 0xff);
}

/* Once it has come to its end, it says so and not that it starts again. */
static BOOT_ONLY uint32_t read_pit(void)
{
    port_write8(PIT_MODE, PIT_LATCH_COUNT2);
    uint32_t low = port_read8(PIT_COUNT2);
    uint32_t left = low | (uint32_t)port_read8(PIT_COUNT2) << 8;
    return port_read8(PIT_CONTROL) & PIT_OUT2 ? 0xffff : 0xffff - left;
}

static const struct reference acpi_timer = {read_acpi_timer, 0xffffff, 3579545};
static const struct reference pit = {read_pit, 0xffff, 1193182};

/* ---- Measuring ---- */

/* Of some tries the one in which the counters were read closest together. */
static BOOT_ONLY struct sample take_sample(const struct reference *reference)
{
    struct sample best = {0};
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t before = clock_ticks();
        uint32_t count = reference->read();
        uint32_t timer = apic_address != 0 ? timer_left() : 0;
        uint64_t took = clock_ticks() - before;
        if (took < least) {
            least = took;
            best = (struct sample){before, count, timer};
        }
    }
    return best;
}

/* True: *span is how far all three came, 10 ms or more. False: the reference stands still, and only
 * the other two say how far they came meanwhile. */
static BOOT_ONLY bool measure(const struct reference *reference, struct sample *span)
{
    struct sample first = take_sample(reference);
    uint32_t wanted = reference->hz / MEASURED_PART, passed = 0;
    for (unsigned reads = 0; passed < wanted && reads < READS_MAX; reads++) {
        for (unsigned i = 0; i < TURNS_BETWEEN_READS; i++) {
            __asm__ volatile("");
        }
        passed = (reference->read() - first.reference) & reference->mask;
    }
    struct sample last = take_sample(reference);
    passed = (last.reference - first.reference) & reference->mask;
    *span = (struct sample){last.ticks - first.ticks, passed, first.timer - last.timer};
    return passed >= wanted && last.reference != reference->mask;
}

/* What CPUID knows exactly, or, rounded to MHz; 0: nothing. */
static BOOT_ONLY uint64_t cpuid_hz_exact(void)
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    bool knows = __get_cpuid(0x15, &a, &b, &c, &d) && a != 0 && b != 0 && c != 0;
    return knows ? scale(c, b, a) : 0;
}

static BOOT_ONLY uint64_t cpuid_hz_rounded(void)
{
    uint32_t a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(0x16, &a, &b, &c, &d) ? (uint64_t)(a & 0xffff) * 1000000 : 0;
}

static BOOT_ONLY bool measure_by_acpi(const struct boot_info *info, struct sample *span)
{
    acpi_timer_port = info->timer_port;
    return acpi_timer_port != 0 && measure(&acpi_timer, span);
}

/* It comes to its end in 55 ms: in an emulator that had to wait itself, that may be missed. */
static BOOT_ONLY bool measure_by_pit(struct sample *span)
{
    for (unsigned i = 0; i < PIT_TRIES; i++) {
        start_pit();
        if (measure(&pit, span)) {
            return true;
        }
    }
    return false;
}

/* The counter's frequency; *source names what says so. */
static BOOT_ONLY uint64_t find_hz(const struct boot_info *info, struct sample *span,
                                  const char **source)
{
    uint64_t told = cpuid_hz_exact(), hz = 0;
    if (measure_by_acpi(info, span)) {
        hz = scale(span->ticks, acpi_timer.hz, span->reference);
        *source = "the ACPI timer";
    } else if (measure_by_pit(span)) {
        hz = scale(span->ticks, pit.hz, span->reference);
        *source = "the PIT";
    } else {
        told = told != 0 ? told : cpuid_hz_rounded();
    }
    uint64_t difference = told > hz ? told - hz : hz - told;
    if (told != 0 && (hz == 0 || difference < hz / 1000)) {
        *source = "CPUID";
        hz = told;
    }
    if (hz == 0) {
        *source = "guess";
        hz = HZ_ASSUMED;
    }
    return hz;
}

BOOT_ONLY void arch_clock_init(const struct boot_info *info)
{
    uint64_t start = clock_ticks();
    bool counts = apic_address != 0 && !timer_is_by_ticks();
    if (counts) {
        timer_count_down();
    }
    const char *source;
    struct sample span;
    uint64_t hz = find_hz(info, &span, &source);
    arch_clock = (struct clock_scale){
        .base = boot_start_ticks,
        .mult = scale(NS_PER_SECOND, 1ull << CLOCK_SHIFT, hz),
        .hz = hz,
    };
    if (counts) {
        timer_set_scale(scale(span.timer, hz, span.ticks));
    }
    arch_clock.calibration_ticks = clock_ticks() - start;
    log_print("clock: %lu kHz by %s; ", hz / 1000, source);
    if (apic_address != 0) {
        log_print("%s, timer by %s\n", apic_is_x2 ? "x2APIC" : "xAPIC",
                  counts ? "counting" : "deadline");
    } else {
        log_print("no timer\n");
    }
}
