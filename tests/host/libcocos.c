/*
 * Libcocos for the host: the parts of it that only make calls to the kernel, on the stand-in for
 * that. In one file, so that tests need name only one.
 */
#include "kernel/elf.c"
#include "libc/frames.c"
#include "libc/slots.c"
#include "tests/host/fake_kernel.c"
