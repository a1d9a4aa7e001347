/*
 * The kernel's last step before user mode: see begin.h.
 */
#include "kernel/begin.h"

#include "kernel/check.h"
#include "kernel/frame.h"
#include "kernel/frame_ptr.h"
#include "kernel/sched.h"
#include "kernel/thread.h"
#include "kernel/x86/arch.h"

/* The entry of the identity map's one table of 4 KiB pages (kernel/identity.c). */
static uint64_t *entry_of(uint64_t address)
{
    uint64_t table = thread_nobody.root;
    for (unsigned level = 4; level > 1; level--) {
        const uint64_t *entries = frame_ptr(table);
        table = entries[0] & PTE_ADDRESS;
    }
    return (uint64_t *)frame_ptr(table) + (address >> FRAME_SHIFT);
}

/* No domain has tables of its own for the first 2 MiB yet. */
static void free_boot_text(void)
{
    for (uint64_t at = frame_of(kernel_boot_text); at < frame_of(kernel_text_end);
         at += FRAME_BYTES) {
        struct run run;
        uint64_t *entry = entry_of(at);
        *entry = (*entry & ~PTE_GLOBAL) | PTE_WRITE | PTE_NX;
        arch_flush_page(at);
        frame_run(at, ORDER_FRAME, &run);
        own_free(run.first);
        frame_put(&run);
        frame_counts.usable++;
    }
}

static _Noreturn void begin(void)
{
    arch_user_mode_init();
    sched_rest();
    sched_run();
    arch_start();
}

_Noreturn void kernel_begin(void)
{
    free_boot_text();
    check_after_call();
    begin();
}

/* This CPU ran there, too, and its translations of the kernel are global. */
static void flush_boot_text(void)
{
    for (uint64_t at = frame_of(kernel_boot_text); at < frame_of(kernel_text_end);
         at += FRAME_BYTES) {
        arch_flush_page(at);
    }
}

_Noreturn void kernel_cpu_main(void)
{
    arch_wait_for_lock();
    flush_boot_text();
    begin();
}
