/*
 * The one place that knows that virtual equals physical: a frame's name is a pointer to it.
 * On the host, where the kernel's own files run under tests, names are offsets into an array.
 */
#ifndef KERNEL_FRAME_PTR_H
#define KERNEL_FRAME_PTR_H

#include <stdint.h>

#ifdef COCOS_HOST
extern uint64_t host_memory; /* address of the array that plays physical memory */
#define FRAME_PTR_OFFSET host_memory
#else
#define FRAME_PTR_OFFSET 0
#endif

static inline void *frame_ptr(uint64_t address)
{
    return (void *)(uintptr_t)(address + FRAME_PTR_OFFSET);
}

static inline uint64_t frame_of(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer - FRAME_PTR_OFFSET;
}

#endif
