/*
 * The CPUs of the machine.
 */
#include "kernel/x86/cpu.h"

unsigned arch_cpu_count = 1;
