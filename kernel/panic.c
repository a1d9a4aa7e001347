/*
 * Stopping the machine with a clear word: see panic.h. The last line is what tools/run waits for.
 */
#include "kernel/panic.h"

#include <stdarg.h>

#include <stdbool.h>
#include <stddef.h>

#include "kernel/domain.h"
#include "kernel/frame.h"
#include "kernel/log.h"
#include "kernel/symbols.h"
#include "kernel/x86/arch.h"

#define BACKTRACE_DEPTH 16
#define VECTOR_DOUBLE_FAULT 8

static unsigned panicking; /* 1 + the number of the CPU, 0: none */

/* Screen and formatter may be what is broken. */
static _Noreturn void end_plainly(void)
{
    for (const char *c = "\r\npanic: once more, while it was reported\r\nmachine halted\r\n"; *c;
         c++) {
        serial_putc(*c);
    }
    arch_halt();
}

static void begin(void)
{
    unsigned before = 0, here = arch_cpu_by_stack() + 1;
    if (!__atomic_compare_exchange_n(&panicking, &before, here, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST)) {
        if (before == here) {
            end_plainly();
        }
        arch_cpu_halt();
    }
    arch_cpus_halt();
}

void panic_nmi(void)
{
    unsigned cpu = __atomic_load_n(&panicking, __ATOMIC_SEQ_CST);
    if (cpu != 0 && cpu != arch_cpu_by_stack() + 1) {
        arch_cpu_halt();
    }
}

static _Noreturn void halt(void)
{
    log_print("machine halted\n");
    arch_halt();
}

static void print_backtrace(uint64_t rbp)
{
    uint64_t addresses[BACKTRACE_DEPTH];
    unsigned count = arch_backtrace(rbp, addresses, BACKTRACE_DEPTH);
    for (unsigned i = 0; i < count; i++) {
        uint64_t offset = 0;
        const char *name = symbol_at(addresses[i], &offset);
        log_print("  %p %s+0x%lx\n", addresses[i], name, offset);
    }
}

static void print_cpu(void)
{
    log_print("  on CPU %u of %u\n", panicking - 1, arch_cpu_count);
}

/* A tag or a name of eight characters; what cannot be printed is left out. */
static void print_text8(uint64_t text)
{
    for (; text != 0; text >>= 8) {
        char c = (char)(text & 0xff);
        if (c > ' ' && c < 0x7f) {
            log_print("%c", c);
        }
    }
}

static bool print_guard(uint64_t address)
{
    struct arch_stack stack;
    for (unsigned i = 0; arch_stack(i, &stack); i++) {
        if (address - stack.guard < FRAME_BYTES) {
            log_print("  the address is in the guard below the %s stack of CPU %u\n", stack.name,
                      stack.cpu);
            return true;
        }
    }
    return false;
}

/* The owner's name, where the record names a domain. */
static void print_owner(const struct frame *record)
{
    const struct frame *owner = frame_ram_record((uint64_t)record->owner << FRAME_SHIFT);
    if (record->owner != 0 && owner != NULL && owner->type == FRAME_DOMAIN) {
        print_text8(
            ((const struct domain *)frame_ptr((uint64_t)record->owner << FRAME_SHIFT))->name);
    } else {
        log_print(record->type == FRAME_KERNEL ? "kernel" : "nobody");
    }
}

/* Kernel objects have a generation for a tag, page tables the address they start to cover. */
static bool has_text(const struct frame *record)
{
    switch (record->type) {
    case FRAME_TABLE:
    case FRAME_DOMAIN:
    case FRAME_SLOTS:
    case FRAME_THREAD:
    case FRAME_ENDPOINT:
        return false;
    default:
        return record->tag != 0;
    }
}

#define TYPE_TEXT(type, text) text,
static const char *const type_texts[] = {COCOS_FRAME_TYPES(TYPE_TEXT)};

/* Whose memory an address is: a pointer of the kernel is a frame's own address. */
static void print_memory(uint64_t address)
{
    bool in_table = address >> BLOCK_SHIFT < frame_block_count;
    const struct frame *record = in_table ? frame_at(address) : NULL;
    if (print_guard(address) || record == NULL || record->type >= FRAME_TYPE_COUNT) {
        return;
    }
    log_print("  the address is %s, owner ", type_texts[record->type]);
    print_owner(record);
    if (has_text(record)) {
        log_print(", tag ");
        print_text8(record->tag);
    }
    log_print("\n");
}

_Noreturn void refuse_to_start(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    log_print("cocOS cannot start: ");
    log_print_list(format, list);
    va_end(list);
    log_print(".\n");
    halt();
}

_Noreturn void panic(const char *format, ...)
{
    va_list list;
    begin();
    va_start(list, format);
    log_print("\npanic: ");
    log_print_list(format, list);
    va_end(list);
    log_print("\n");
    print_cpu();
    print_backtrace((uint64_t)__builtin_frame_address(0));
    halt();
}

/* A double fault comes of a page fault that could not be delivered, as a rule. */
static bool has_address(const struct registers *r)
{
    return r->vector == VECTOR_PAGE_FAULT || r->vector == VECTOR_DOUBLE_FAULT;
}

_Noreturn void panic_fault(const struct registers *r)
{
    uint64_t offset = 0, address = has_address(r) ? arch_fault_address() : 0;
    begin();
    const char *name = symbol_at(r->rip, &offset);
    log_print("\npanic: the kernel took exception %lu at %s+0x%lx\n", r->vector, name, offset);
    log_print("  rip %p  code %p  address %p\n", r->rip, r->code, address);
    log_print("  rax %p  rbx %p  rcx %p  rdx %p\n", r->rax, r->rbx, r->rcx, r->rdx);
    log_print("  rsi %p  rdi %p  rbp %p  rsp %p\n", r->rsi, r->rdi, r->rbp, r->rsp);
    log_print("  r8  %p  r9  %p  r10 %p  r11 %p\n", r->r8, r->r9, r->r10, r->r11);
    log_print("  r12 %p  r13 %p  r14 %p  r15 %p\n", r->r12, r->r13, r->r14, r->r15);
    print_cpu();
    if (has_address(r)) {
        print_memory(address);
    }
    print_backtrace(r->rbp);
    halt();
}
