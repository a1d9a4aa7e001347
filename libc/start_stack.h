/*
 * The stack a Linux program starts on: argc, argv, envp and the auxiliary vector (System V ABI,
 * x86-64 supplement, 3.4.1), made from the process page.
 */
#ifndef LIBC_START_STACK_H
#define LIBC_START_STACK_H

#include <stdint.h>

#include <cocos/abi.h>

/* No stack needs more: a string of one byte per pointer, and the vector. start.asm knows it. */
#define START_STACK_BYTES 16384u

#define START_RANDOM_BYTES 16

/* What the process page does not say. */
struct start_facts {
    uint64_t headers;      /* address of the program headers */
    uint64_t header_count; /* of them */
    uint64_t header_bytes; /* of each */
    uint64_t entry;
    uint8_t random[START_RANDOM_BYTES]; /* for AT_RANDOM */
};

/*
 * Builds the stack below `top` (16-byte aligned), in at most START_STACK_BYTES. Returns the
 * address of argc, which is where rsp is to point. Never fails: arguments that are not all there,
 * against the process page's contract, are left out.
 */
__attribute__((visibility("hidden"))) uint64_t
cocos_start_stack(const struct process_page *page, const struct start_facts *facts, uint64_t top);

#endif
