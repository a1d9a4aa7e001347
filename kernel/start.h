/*
 * Starting the first program (DESIGN section 9): the kernel loads exactly one ELF file, init.
 */
#ifndef KERNEL_START_H
#define KERNEL_START_H

#include <stdint.h>

struct boot_info;

/*
 * Makes init out of the module of that name and gives it everything there is: all modules, and a
 * capability for every interrupt line, port and piece of device memory. Makes the system page.
 * Refuses to start when there is no such module or it is no program for the upper half.
 */
void start_init(const struct boot_info *info, uint64_t top);

#endif
