/* As bench.c measures (contracts: measure.h). */
#include "bench/linux/measure.h"

#include <stdio.h>
#include <sys/reboot.h>
#include <unistd.h>

uint64_t ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return low | (uint64_t)high << 32;
}

_Noreturn void end(int status)
{
    printf("power off, status %d\n", status);
    fflush(stdout);
    sync();
    reboot(RB_POWER_OFF);
    _exit(status);
}

void need(bool done, const char *what)
{
    if (!done) {
        printf("bench/linux: ");
        fflush(stdout);
        perror(what);
        end(1);
    }
}

void report(const char *name, double costs[REPETITIONS])
{
    for (unsigned i = 1; i < REPETITIONS; i++) {
        double cost = costs[i];
        unsigned k = i;
        for (; k > 0 && costs[k - 1] > cost; k--) {
            costs[k] = costs[k - 1];
        }
        costs[k] = cost;
    }
    printf("bench peer.linux.%s %.2f %.2f\n", name, costs[0], costs[REPETITIONS / 2]);
}

void report_once(const char *name, double cost)
{
    printf("bench peer.linux.%s %.2f %.2f\n", name, cost, cost);
}

static void nothing(void)
{
}

/* noipa: not specialised for the empty function, so that turns of the loop cost the same. */
__attribute__((noipa)) static double cost_of(void (*operation)(void), unsigned times)
{
    uint64_t start = ticks();
    for (unsigned i = 0; i < times; i++) {
        operation();
    }
    return (double)(ticks() - start) / times;
}

void measure(const char *name, void (*operation)(void), unsigned times)
{
    double costs[REPETITIONS], empty = cost_of(nothing, times);
    cost_of(operation, times);
    for (unsigned i = 0; i < REPETITIONS; i++) {
        double cost = cost_of(nothing, times);
        empty = cost < empty ? cost : empty;
        costs[i] = cost_of(operation, times);
    }
    for (unsigned i = 0; i < REPETITIONS; i++) {
        costs[i] -= empty;
    }
    report(name, costs);
}
