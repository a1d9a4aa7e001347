/*
 * The few functions of memory and strings that the kernel and the compiler's output call. Their
 * contracts are those of ISO C17, 7.24.
 */
#ifndef KERNEL_STRING_H
#define KERNEL_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
int strncmp(const char *a, const char *b, size_t most);

#endif
