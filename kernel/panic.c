/*
 * Stopping the machine with a clear word: see panic.h. The last line is what tools/run waits for.
 */
#include "kernel/panic.h"

#include <stdarg.h>

#include "kernel/log.h"
#include "kernel/symbols.h"
#include "kernel/x86/arch.h"

#define BACKTRACE_DEPTH 16

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
    va_start(list, format);
    log_print("\npanic: ");
    log_print_list(format, list);
    va_end(list);
    log_print("\n");
    print_backtrace((uint64_t)__builtin_frame_address(0));
    halt();
}

_Noreturn void panic_fault(const struct registers *r, uint64_t address)
{
    uint64_t offset = 0;
    const char *name = symbol_at(r->rip, &offset);
    log_print("\npanic: the kernel took exception %lu at %s+0x%lx\n", r->vector, name, offset);
    log_print("  rip %p  code %p  address %p\n", r->rip, r->code, address);
    log_print("  rax %p  rbx %p  rcx %p  rdx %p\n", r->rax, r->rbx, r->rcx, r->rdx);
    log_print("  rsi %p  rdi %p  rbp %p  rsp %p\n", r->rsi, r->rdi, r->rbp, r->rsp);
    log_print("  r8  %p  r9  %p  r10 %p  r11 %p\n", r->r8, r->r9, r->r10, r->r11);
    log_print("  r12 %p  r13 %p  r14 %p  r15 %p\n", r->r12, r->r13, r->r14, r->r15);
    print_backtrace(r->rbp);
    halt();
}
