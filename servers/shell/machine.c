/*
 * Commands about the machine: its memory, turning it off, starting it again.
 */
#include "shell.h"

#include <string.h>

#include <cocos/protocol/power.h>
#include <cocos/service.h>
#include <cocos/sys.h>

#define STATUS_MAX 255u

static void print_size(const char *what, uint64_t bytes, const char *note)
{
    char size[SIZE_TEXT_BYTES];
    size_text(size, bytes);
    console_printf("%-8s %9s  %s\n", what, size, note);
}

static void print_map(const struct system_page *system)
{
    static const char *const types[] = {"?", "free", "reserved", "ACPI tables", "ACPI NVS", "bad"};
    uint32_t ranges = system->memory_ranges < MEMORY_RANGES ? system->memory_ranges : MEMORY_RANGES;
    for (uint32_t i = 0; i < ranges; i++) {
        const struct memory_range *range = &system->memory[i];
        char size[SIZE_TEXT_BYTES];
        size_text(size, range->end - range->start);
        console_printf("  %012llx - %012llx  %9s  %s\n", (unsigned long long)range->start,
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

/* The sentence that the kernel has for what the last check found. */
static void problem_text(char *text, size_t bytes)
{
    size_t length = 0;
    memset(text, 0, bytes);
    for (uint32_t piece = 0; length + MACHINE_CHECK_PIECE < bytes; piece++) {
        int64_t characters = sys_machine_query(SLOT_NONE, MACHINE_CHECK_TEXT + piece);
        if (characters <= 0)
            return;
        memcpy(text + length, &characters, MACHINE_CHECK_PIECE);
        length += MACHINE_CHECK_PIECE;
    }
}

int check_command(uint32_t count, char **words)
{
    (void)count, (void)words;
    int64_t broken = sys_machine_query(service_slot("machine"), MACHINE_CHECK);
    if (broken < 0)
        return command_failed("check", broken);
    if (broken == 0) {
        console_printf("all invariants hold\n");
        return 0;
    }
    char problem[160];
    problem_text(problem, sizeof problem);
    console_printf("an invariant is broken: %s\n", problem);
    return STATUS_FAILED;
}

/* Whoever drives the machine reads `announcement` and the status. */
static int end(uint32_t count, char **words, const char *announcement, enum power_request request)
{
    int64_t status = count < 2 ? last_status & 0xff : command_number(words[1], STATUS_MAX);
    if (count > 2 || status < 0)
        return command_usage(words[0]);
    console_complain("%s, status %lld\n", announcement, (long long)status);
    console_flush();
    struct message message = {.words[0] = request};
    static uint32_t power = SLOT_NONE;
    return command_failed(words[0], service_call("power", &power, &message));
}

int poweroff_command(uint32_t count, char **words)
{
    return end(count, words, "power off", POWER_OFF);
}

int reboot_command(uint32_t count, char **words)
{
    return end(count, words, "reboot", POWER_RESET);
}
