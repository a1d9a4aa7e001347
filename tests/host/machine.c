/*
 * See machine.h. The memory lies below the test's own code and data (host.mk sees to that), so
 * that the kernel's static arrays have frame numbers, too, as they have in the kernel.
 */
#include "tests/host/machine.h"

#include <stdio.h>
#include <sys/mman.h>

#include "kernel/frame_ptr.h"
#include "kernel/panic.h"
#include "tests/host/check.h"

void machine_memory(uint64_t bytes)
{
    static uint64_t mapped;
    assert_true(bytes <= MACHINE_BYTES_MAX);
    if (mapped != 0) {
        munmap(frame_ptr(0), mapped);
    }
    void *memory = mmap(frame_ptr(0), bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    assert_true(memory == frame_ptr(0));
    mapped = bytes;
    memset(memory, 0xa5, bytes < 16 * MIB ? bytes : 16 * MIB);
}

void machine_range(struct boot_info *info, uint64_t start, uint64_t end, uint32_t type)
{
    assert_true(info->memory_count < MEMORY_RANGES);
    info->memory[info->memory_count++] = (struct memory_range){start, end, type, 0};
}

void machine_plain(struct boot_info *info, uint64_t bytes)
{
    memset(info, 0, sizeof(*info));
    machine_range(info, 0, 0x9fc00, MEMORY_FREE);
    machine_range(info, 0x9fc00, 0xa0000, MEMORY_RESERVED);
    machine_range(info, 0xf0000, 0x100000, MEMORY_RESERVED);
    machine_range(info, 0x100000, bytes, MEMORY_FREE);
}

void machine_module(struct boot_info *info, uint64_t address, uint64_t bytes)
{
    assert_true(info->module_count < PROCESS_MODULES);
    info->modules[info->module_count++] = (struct boot_module){.address = address, .bytes = bytes};
}

/* A refusal that a test expects is caught with expect_assert_failure; any other fails the test. */
void refuse_to_start(const char *format, ...)
{
    mock_assert(0, format, __FILE__, __LINE__);
    abort();
}

void panic(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vfprintf(stderr, format, values); /* the kernel's formats are a part of printf's */
    va_end(values);
    fail_msg("panic: %s", format);
    abort();
}
