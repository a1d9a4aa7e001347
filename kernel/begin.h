/*
 * From the start to the work: what runs when nothing of the start is needed any more.
 */
#ifndef KERNEL_BEGIN_H
#define KERNEL_BEGIN_H

/* The boot CPU, which has the kernel's lock, makes free memory of the code that only the start
 * needed, and enters user mode for the first time. */
_Noreturn void kernel_begin(void);

#endif
