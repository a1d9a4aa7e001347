/*
 * Commands about the machine: its memory, and turning it off.
 */
#include "shell.h"

#include <stdio.h>

#include <cocos/protocol/init.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define STATUS_MAX 255u

/* "998.4 MiB": always nine characters up to 9999.9. */
static void size_text(char text[24], uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    uint32_t unit = 0;
    /* Tenths of a unit, rounded down; split so that nothing overflows. */
    uint64_t size = bytes;
    while (unit < 4 && size >= 1u << 20) {
        size /= 1024;
        unit++;
    }
    uint64_t tenths = size / 1024 * 10 + size % 1024 * 10 / 1024;
    snprintf(text, 24, "%5llu.%llu %s", (unsigned long long)(tenths / 10),
             (unsigned long long)(tenths % 10), units[unit]);
}

static void print_size(const char *what, uint64_t bytes, const char *note)
{
    char size[24];
    size_text(size, bytes);
    console_printf("%-8s %s  %s\n", what, size, note);
}

static void print_map(const struct system_page *system)
{
    static const char *const types[] = {"?", "free", "reserved", "ACPI tables", "ACPI NVS", "bad"};
    uint32_t ranges = system->memory_ranges < MEMORY_RANGES ? system->memory_ranges : MEMORY_RANGES;
    for (uint32_t i = 0; i < ranges; i++) {
        const struct memory_range *range = &system->memory[i];
        char size[24];
        size_text(size, range->end - range->start);
        console_printf("  %012llx - %012llx  %s  %s\n", (unsigned long long)range->start,
                       (unsigned long long)(range->end - 1), size,
                       types[range->type <= MEMORY_BAD ? range->type : 0]);
    }
}

int mem_command(uint32_t count, char **words)
{
    const struct system_page *system = (const void *)SYSTEM_PAGE;
    (void)count, (void)words;
    int64_t total = sys_machine_query(SLOT_NONE, MACHINE_FRAMES_TOTAL);
    int64_t available = sys_machine_query(SLOT_NONE, MACHINE_FRAMES_FREE);
    int64_t split = sys_machine_query(SLOT_NONE, MACHINE_FRAMES_SPLIT);
    if (total < 0 || available < 0 || split < 0)
        return command_failed("mem", total < 0 ? total : available < 0 ? available : split);
    print_size("total", (uint64_t)total * FRAME_BYTES, "in frames that programs can own");
    print_size("free", (uint64_t)available * FRAME_BYTES, "of these");
    print_size("records", (uint64_t)split * FRAME_BYTES, "of blocks handed out in pieces");
    console_printf("the firmware's memory map:\n");
    print_map(system);
    return 0;
}

int poweroff_command(uint32_t count, char **words)
{
    int64_t status = count < 2 ? last_status & 0xff : command_number(words[1], STATUS_MAX);
    if (count > 2 || status < 0)
        return command_usage("poweroff");
    console_printf("power off, status %lld\n", (long long)status);
    console_flush();
    struct message message = {.words[0] = INIT_POWER_OFF};
    int64_t got = sys_call(SLOT_PARENT, &message);
    return command_failed("poweroff", got < 0 ? got : (int64_t)message.words[0]);
}
