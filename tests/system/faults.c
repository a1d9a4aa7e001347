/*
 * Commits the fault it is told to: `faults KIND`. Everything here must end this program and
 * nothing else. If the machine lets it pass, it says so and ends with status 1.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cocos/memory_map.h>
#include <cocos/port_io.h>

static int read_only = 7; /* made constant by nobody, but its page is data: not executable */

/* Noinline: the compiler is not to know what it is told to do. */
static __attribute__((noinline)) void read_at(uint64_t address)
{
    volatile uint64_t hidden = address;
    (void)*(volatile uint8_t *)hidden;
}

static __attribute__((noinline)) void write_at(uint64_t address)
{
    volatile uint64_t hidden = address;
    *(volatile uint8_t *)hidden = 1;
}

static __attribute__((noinline)) void jump_to(uint64_t address)
{
    volatile uint64_t hidden = address;
    ((void (*)(void))hidden)();
}

static int overflow(int depth)
{
    volatile char frame[4096];
    memset((void *)frame, depth, sizeof frame);
    return depth > 1000000 ? 0 : overflow(depth + 1) + frame[depth % 4096];
}

static void commit(const char *kind)
{
    if (strcmp(kind, "null-read") == 0) {
        read_at(0);
    } else if (strcmp(kind, "null-write") == 0) {
        write_at(8);
    } else if (strcmp(kind, "kernel-read") == 0) {
        read_at(KERNEL_START);
    } else if (strcmp(kind, "kernel-write") == 0) {
        write_at(KERNEL_START);
    } else if (strcmp(kind, "tables-read") == 0) {
        read_at(PAGING_ZONE_START);
    } else if (strcmp(kind, "vga-write") == 0) {
        write_at(VGA_TEXT_FRAME);
    } else if (strcmp(kind, "text-write") == 0) {
        write_at((uint64_t)commit);
    } else if (strcmp(kind, "data-execute") == 0) {
        jump_to((uint64_t)&read_only);
    } else if (strcmp(kind, "stack-execute") == 0) {
        uint8_t code[16] = {0xc3};
        jump_to((uint64_t)code);
    } else if (strcmp(kind, "system-page-write") == 0) {
        write_at(SYSTEM_PAGE);
    } else if (strcmp(kind, "process-page-write") == 0) {
        write_at(PROCESS_PAGE);
    } else if (strcmp(kind, "reserved-top-read") == 0) {
        read_at(UPPER_HALF_END);
    } else if (strcmp(kind, "not-canonical") == 0) {
        read_at(LOWER_HALF_END);
    } else if (strcmp(kind, "stack-overflow") == 0) {
        printf("%d\n", overflow(0));
    } else if (strcmp(kind, "port") == 0) {
        port_read8(0x60);
    } else if (strcmp(kind, "hlt") == 0) {
        __asm__ volatile("hlt");
    } else if (strcmp(kind, "cr3") == 0) {
        uint64_t root;
        __asm__ volatile("mov %%cr3, %0" : "=r"(root));
    } else if (strcmp(kind, "iopl") == 0) {
        __asm__ volatile("cli");
    } else if (strcmp(kind, "undefined") == 0) {
        __asm__ volatile("ud2");
    } else if (strcmp(kind, "divide") == 0) {
        volatile int zero = 0;
        read_only = read_only / zero;
    } else if (strcmp(kind, "interrupt-gate") == 0) {
        __asm__ volatile("int $0x80");
    } else if (strcmp(kind, "page-fault-gate") == 0) {
        __asm__ volatile("int $14");
    } else {
        printf("faults: %s: no such fault\n", kind);
        return;
    }
    printf("faults: %s was let pass\n", kind);
}

int main(int argc, char **argv)
{
    commit(argc > 1 ? argv[1] : "");
    return 1;
}
