/* Measuring in Linux, as bench.c does in cocOS: in ticks of the time-stamp counter. */
#ifndef BENCH_LINUX_MEASURE_H
#define BENCH_LINUX_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#define REPETITIONS 7

uint64_t ticks(void);

/* Prints the line that tools/run takes the status from, and powers the machine off. */
_Noreturn void end(int status);

/* Ends with what the last system call complains of, unless it was `done`. */
void need(bool done, const char *what);

/* Prints the least and the median of the costs, which it sorts. */
void report(const char *name, double costs[REPETITIONS]);

/* Prints what was measured once. */
void report_once(const char *name, double cost);

/* Reports the cost of one operation: minimum and median of seven after a warm-up, each of so many
 * times, less the least that calling an empty function costs: a single time of that may be long by
 * whatever else the host does. */
void measure(const char *name, void (*operation)(void), unsigned times);

#endif
