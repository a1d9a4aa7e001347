/*
 * Where the boot code enters the kernel.
 */
#ifndef KERNEL_MAIN_H
#define KERNEL_MAIN_H

#include <stdint.h>

/* magic and loader: eax and ebx as the Multiboot2 loader left them; 64-bit mode, provisional
 * identity map of the first 4 GiB, interrupts off. */
_Noreturn void kernel_main(uint32_t magic, uint32_t loader);

#endif
