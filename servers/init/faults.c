#include "faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cocos/memory_map.h>

#include "log.h"
#include "names.h"

#define CALLERS_MAX 16
/* What is so near below the stack was meant to be on it. */
#define BELOW_STACK (16 * FRAME_BYTES)
#define PLACE_BYTES 128
#define REPORT_BYTES 4096

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

static char report[REPORT_BYTES];
static size_t report_length;

/* Adds to the report; what finds no room is cut off. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = vsnprintf(report + report_length, sizeof report - report_length, format, list);
    va_end(list);
    if (length > 0)
        report_length += (size_t)length;
    if (report_length >= sizeof report)
        report_length = sizeof report - 1;
}

/* Line by line, as long as the log's may be. */
static void print_report(void)
{
    for (const char *line = report; *line;) {
        size_t length = strcspn(line, "\n");
        log_print("%.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
    report_length = 0;
}

static void print_page_fault(uint64_t address, uint64_t code)
{
    const char *access = code & CODE_FETCH ? "execution" : code & CODE_WRITE ? "write" : "read";
    const char *reason = code & CODE_PRESENT ? "not allowed" : "nothing is mapped there";
    say("init:   %s at 0x%016lx: %s\n", access, address, reason);
}

/* The registers that a thread has, by number. */
static bool read_registers(uint32_t thread, uint64_t values[THREAD_VALUES])
{
    for (uint32_t i = 0; i < THREAD_VALUES; i += THREAD_VALUES_PER_READ)
        if (sys_thread_read(thread, i / THREAD_VALUES_PER_READ, values + i) < 0)
            return false;
    return true;
}

static void print_registers(const uint64_t values[THREAD_VALUES])
{
    static const struct {
        char name[4];
        uint32_t number;
    } shown[] = {
        {"rax", THREAD_RAX}, {"rbx", THREAD_RBX}, {"rcx", THREAD_RCX}, {"rdx", THREAD_RDX},
        {"rsi", THREAD_RSI}, {"rdi", THREAD_RDI}, {"rbp", THREAD_RBP}, {"rsp", THREAD_RSP},
        {"r8 ", THREAD_R8},  {"r9 ", THREAD_R9},  {"r10", THREAD_R10}, {"r11", THREAD_R11},
        {"r12", THREAD_R12}, {"r13", THREAD_R13}, {"r14", THREAD_R14}, {"r15", THREAD_R15},
    };
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i += 4) {
        say("init:   %s %016lx  %s %016lx  %s %016lx  %s %016lx\n", shown[i].name,
            values[shown[i].number], shown[i + 1].name, values[shown[i + 1].number],
            shown[i + 2].name, values[shown[i + 2].number], shown[i + 3].name,
            values[shown[i + 3].number]);
    }
}

/* "main + 0x12 (hello + 0x1234)", as far as that is known. `back`: how far before it the
 * instruction in question stands, at least. */
static void describe_place(const struct program *program, uint64_t rip, uint64_t back,
                           char text[PLACE_BYTES])
{
    char name[NAME_BYTES];
    uint64_t within, offset = rip - program->image_base;
    text[0] = 0;
    if (rip < program->image_base || rip >= program->image_end)
        return;
    const char *function =
        names_find(program->file, program->file_bytes, offset - back, name, &within);
    if (function) {
        snprintf(text, PLACE_BYTES, "%s + 0x%lx (%s + 0x%lx)", function, within + back,
                 program->name, offset);
    } else {
        snprintf(text, PLACE_BYTES, "%s + 0x%lx", program->name, offset);
    }
}

/* Two words of its stack: of a frame, the caller's frame pointer and the return address. */
static bool read_frame(const struct program *program, uint64_t at, uint64_t words[2])
{
    if (at % 8 != 0 || at < STACK_TOP - STACK_BYTES || at > STACK_TOP - 16)
        return false;
    const uint64_t *view =
        (const void *)(program_stack_view(program) + (at - (STACK_TOP - STACK_BYTES)));
    words[0] = view[0];
    words[1] = view[1];
    return true;
}

/* Frame pointers lead from each function to its caller, as far as it was compiled with them. */
static void print_callers(const struct program *program, uint64_t frame_pointer)
{
    uint64_t frame[2];
    for (uint32_t i = 0; i < CALLERS_MAX && read_frame(program, frame_pointer, frame); i++) {
        char place[PLACE_BYTES];
        describe_place(program, frame[1], 1, place);
        if (!place[0] || frame[0] <= frame_pointer)
            break;
        say("init:   called from %s\n", place);
        frame_pointer = frame[0];
    }
}

/* Whose memory it is: by the frame's name in the lower half, by its place in the upper one. */
static void print_owner(uint64_t address)
{
#define TYPE_TEXT(name, text) text,
    static const char *const types[] = {COCOS_FRAME_TYPES(TYPE_TEXT)};
#undef TYPE_TEXT
    struct frame_info info;
    if (address < FRAME_BYTES) {
        say("init:   that is a null pointer\n");
    } else if (address >= STACK_TOP - STACK_BYTES - BELOW_STACK &&
               address < STACK_TOP - STACK_BYTES) {
        say("init:   that is just below its stack, which is full\n");
    } else if (address < LOWER_HALF_END &&
               sys_frame_query(SLOT_INIT_MACHINE, address, &info) == OK) {
        const struct program *owner = info.owner ? programs_with_domain(info.owner) : NULL;
        char tag[sizeof info.tag + 1] = "";
        if (info.type == FRAME_RAM || info.type == FRAME_DEVICE)
            memcpy(tag, &info.tag, sizeof info.tag);
        say("init:   that is %s", info.type < FRAME_TYPE_COUNT ? types[info.type] : "unknown");
        if (tag[0])
            say(" \"%s\"", tag);
        if (info.owner)
            say(" of %s", owner ? owner->name : "another program");
        say("\n");
    }
}

/* Whether these are the registers of its first thread, which is the one that init has. */
static bool is_first_thread(const struct program *program, const struct message *message,
                            uint64_t values[THREAD_VALUES])
{
    return read_registers(program->thread, values) &&
           values[THREAD_RIP] == message->words[FAULT_WORD_RIP] &&
           values[THREAD_RSP] == message->words[FAULT_WORD_RSP];
}

bool faults_guarded(const struct program *program, const struct message *message)
{
    uint64_t values[THREAD_VALUES], rip = message->words[FAULT_WORD_RIP];
    return message->words[FAULT_WORD_KIND] == FAULT_MESSAGE + VECTOR_PAGE_FAULT &&
           rip >= program->guard_start && rip < program->guard_end &&
           is_first_thread(program, message, values) &&
           sys_thread_set(program->thread, THREAD_REGISTER + THREAD_RIP, program->guard_next) == OK;
}

/*
 * What happened is read before the program ends, and said after: what is said about the end of the
 * console server must not go to it. Whoever waits for the program is told later, when all this has
 * been printed.
 */
void faults_report(struct program *program, const struct message *message)
{
    const uint64_t *words = message->words;
    uint64_t vector = words[FAULT_WORD_KIND] - FAULT_MESSAGE;
    uint64_t rip = words[FAULT_WORD_RIP], rsp = words[FAULT_WORD_RSP];
    uint64_t values[THREAD_VALUES];
    char place[PLACE_BYTES];
    struct kind kind = kind_of(vector);
    say("init: %s (%u) ended by a fault: %s (%lu)\n", program->name, program->number, kind.name,
        vector);
    if (vector == VECTOR_PAGE_FAULT) {
        print_page_fault(words[FAULT_WORD_ADDRESS], words[FAULT_WORD_CODE]);
        print_owner(words[FAULT_WORD_ADDRESS]);
    }
    describe_place(program, rip, 0, place);
    say("init:   rip 0x%016lx, rsp 0x%016lx, error code 0x%lx\n", rip, rsp, words[FAULT_WORD_CODE]);
    bool known = is_first_thread(program, message, values);
    if (known)
        print_registers(values);
    if (place[0])
        say("init:   in %s\n", place);
    if (known)
        print_callers(program, values[THREAD_RBP]);
    program_end(program, PROGRAM_FAULTED, STATUS_OF_SIGNAL + kind.signal);
    print_report();
}
