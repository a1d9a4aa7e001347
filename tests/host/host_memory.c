/* Where the memory of the tests' machine lies in this one (kernel/frame_ptr.h; machine.c). */
#include "kernel/frame_ptr.h"

uint64_t host_memory = 0x10000000;
