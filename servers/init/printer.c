/*
 * One ring of bytes, one writer (init), one reader (the printer). The counters only grow; their
 * difference is what is in the ring. The printer has no TLS, so it calls nothing of the C
 * library: only native calls.
 */
#include "printer.h"

#include <stdatomic.h>

#include <cocos/errors.h>
#include <cocos/frames.h>
#include <cocos/protocol/console.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define RING_BYTES 8192u
#define LINE_BYTES 256u
#define WAKE 1ull
#define STACK_FRAMES 4u /* and one below, which is unmapped as a guard */

static char ring[RING_BYTES];
static _Atomic uint64_t written, printed;

static uint8_t stack[(1 + STACK_FRAMES) * FRAME_BYTES] __attribute__((aligned(4096)));

static struct {
    uint32_t console, done, wake; /* slots of endpoints */
    uint32_t reply;               /* an empty slot: nobody calls the printer */
    uint64_t done_bits;
    bool runs;
} printer;

void kernel_print(const char *text, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes; done += TEXT_BYTES) {
        uint64_t piece = bytes - done < TEXT_BYTES ? bytes - done : TEXT_BYTES;
        sys_machine_log(SLOT_INIT_MACHINE, text + done, (uint32_t)piece);
    }
}

/* A line at a time: the console keeps that together, whoever else prints. */
static void print_all(void)
{
    uint64_t at = atomic_load_explicit(&printed, memory_order_relaxed);
    while (at < atomic_load_explicit(&written, memory_order_acquire)) {
        static char line[LINE_BYTES];
        uint64_t end = atomic_load_explicit(&written, memory_order_acquire), bytes = 0;
        char last = 0;
        while (bytes < LINE_BYTES && at + bytes < end && last != '\n') {
            last = ring[(at + bytes) % RING_BYTES];
            line[bytes++] = last;
        }
        if (text_send(printer.console, CONSOLE_WRITE, line, bytes) < 0)
            kernel_print(line, bytes);
        at += bytes;
        atomic_store_explicit(&printed, at, memory_order_release);
    }
}

__attribute__((noreturn, no_stack_protector)) static void printer_main(void)
{
    for (;;) {
        struct message message = {.receive_slot = SLOT_NONE};
        sys_wait(printer.wake, printer.reply, DEADLINE_NEVER, &message);
        print_all();
        sys_signal(printer.done, printer.done_bits);
    }
}

/* Makes the endpoint that wakes it. */
static int64_t make_endpoint(uint32_t slot)
{
    int64_t frame = frame_take(0, tag_of("endpoint"));
    if (frame < 0)
        return frame;
    int64_t error = sys_endpoint_create(slot, (uint64_t)frame);
    if (error < 0)
        sys_frame_release((uint64_t)frame, ORDER_FRAME);
    return error;
}

static int64_t make_thread(uint32_t slot)
{
    int64_t frame = frame_take(0, tag_of("thread"));
    if (frame < 0)
        return frame;
    int64_t error = sys_thread_create(slot, (uint64_t)frame, SLOT_SELF);
    if (error < 0) {
        sys_frame_release((uint64_t)frame, ORDER_FRAME);
        return error;
    }
    sys_page_unmap(SLOT_SELF, (uint64_t)stack, ORDER_FRAME); /* the guard */
    /* As if called: the return address would lie above. */
    uint64_t top = (uint64_t)stack + sizeof stack - sizeof(uint64_t);
    return sys_thread_start(slot, (uint64_t)printer_main, top, 0);
}

int printer_start(uint32_t console, uint32_t done, uint64_t bits)
{
    printer.console = console;
    printer.done = done;
    printer.done_bits = bits;
    printer.wake = slot_take();
    printer.reply = slot_take();
    uint32_t thread = slot_take();
    if (thread == SLOT_NONE)
        return E_FULL;
    int64_t error = make_endpoint(printer.wake);
    if (error == OK)
        error = make_thread(thread);
    if (error < 0)
        return (int)error;
    printer.runs = true;
    return OK;
}

bool printer_take(const char *text, uint64_t bytes)
{
    uint64_t at = atomic_load_explicit(&written, memory_order_relaxed);
    uint64_t used = at - atomic_load_explicit(&printed, memory_order_acquire);
    if (!printer.runs || bytes > RING_BYTES - used)
        return false;
    for (uint64_t i = 0; i < bytes; i++)
        ring[(at + i) % RING_BYTES] = text[i];
    atomic_store_explicit(&written, at + bytes, memory_order_release);
    sys_signal(printer.wake, WAKE);
    return true;
}

bool printer_idle(void)
{
    return atomic_load_explicit(&printed, memory_order_acquire) ==
           atomic_load_explicit(&written, memory_order_relaxed);
}
