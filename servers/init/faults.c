#include "faults.h"

#include <stdio.h>

#include "log.h"

/* Vectors (Intel SDM 3A, 6.15), and the signal Linux would end a process with. */
struct kind {
    const char *name;
    int32_t signal;
};

enum { ILLEGAL = 4, TRAP = 5, BUS = 7, ARITHMETIC = 8, SEGMENT = 11 };
enum { VECTORS = 22, VECTOR_PAGE_FAULT = 14 };
enum { STATUS_OF_SIGNAL = 128 }; /* what shells add */

static const struct kind kinds[VECTORS] = {
    [0] = {"division error", ARITHMETIC},
    [1] = {"debug exception", TRAP},
    [3] = {"breakpoint", TRAP},
    [4] = {"overflow", SEGMENT},
    [5] = {"bound range exceeded", SEGMENT},
    [6] = {"invalid opcode", ILLEGAL},
    [7] = {"no floating-point unit", SEGMENT},
    [10] = {"invalid task state", SEGMENT},
    [11] = {"segment not present", BUS},
    [12] = {"stack-segment fault", BUS},
    [13] = {"general protection fault", SEGMENT},
    [VECTOR_PAGE_FAULT] = {"page fault", SEGMENT},
    [16] = {"floating-point error", ARITHMETIC},
    [17] = {"alignment check", BUS},
    [19] = {"SIMD floating-point error", ARITHMETIC},
    [20] = {"virtualization exception", SEGMENT},
    [21] = {"control protection exception", SEGMENT},
};

/* Bits of a page fault's error code (Intel SDM 3A, 4.7). */
enum { CODE_PRESENT = 1, CODE_WRITE = 2, CODE_FETCH = 16 };

static struct kind kind_of(uint64_t vector)
{
    static const struct kind unknown = {"exception", SEGMENT};
    return vector < VECTORS && kinds[vector].name ? kinds[vector] : unknown;
}

static void print_page_fault(uint64_t address, uint64_t code)
{
    const char *access = code & CODE_FETCH ? "execution" : code & CODE_WRITE ? "write" : "read";
    const char *reason = code & CODE_PRESENT ? "not allowed" : "nothing is mapped there";
    log_print("init:   %s at 0x%016lx: %s\n", access, address, reason);
}

/*
 * Ends the program before it says so: what is said about the end of the console server must not
 * go to it. Whoever waits for the program is told later, when all this has been printed.
 */
void faults_report(struct program *program, const struct message *message)
{
    const uint64_t *words = message->words;
    uint64_t vector = words[FAULT_WORD_KIND] - FAULT_MESSAGE;
    uint64_t rip = words[FAULT_WORD_RIP];
    struct kind kind = kind_of(vector);
    program_end(program, PROGRAM_FAULTED, STATUS_OF_SIGNAL + kind.signal);
    log_print("init: %s (%u) ended by a fault: %s (%lu)\n", program->name, program->number,
              kind.name, vector);
    if (vector == VECTOR_PAGE_FAULT)
        print_page_fault(words[FAULT_WORD_ADDRESS], words[FAULT_WORD_CODE]);
    char place[48] = "";
    if (rip >= program->image_base && rip < program->image_end)
        snprintf(place, sizeof place, " (%s + 0x%lx)", program->name, rip - program->image_base);
    log_print("init:   rip 0x%016lx%s, rsp 0x%016lx, error code 0x%lx\n", rip, place,
              words[FAULT_WORD_RSP], words[FAULT_WORD_CODE]);
}
