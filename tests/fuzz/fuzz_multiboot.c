// sources: boot/multiboot.c boot/ranges.c tests/host/host_memory.c
/*
 * Fuzzes multiboot_parse: no byte beside the structure is read, and what is accepted keeps every
 * promise of boot/boot_info.h.
 */
#include "boot/boot_info.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
    if (!holds) {
        __builtin_trap();
    }
}

static void require_memory(const struct boot_info *info)
{
    require(info->memory_count > 0 && info->memory_count <= MEMORY_RANGES);
    for (uint32_t i = 0; i < info->memory_count; i++) {
        const struct memory_range *range = &info->memory[i];
        require(range->start < range->end);
        require(range->type >= MEMORY_FREE && range->type <= MEMORY_BAD);
        if (i > 0) {
            require(range[-1].end <= range->start);
            require(range[-1].end < range->start || range[-1].type != range->type);
        }
    }
}

static void require_modules(const struct boot_info *info)
{
    require(info->module_count <= PROCESS_MODULES);
    for (uint32_t i = 0; i < info->module_count; i++) {
        require(info->modules[i].address % FRAME_BYTES == 0);
        require(info->modules[i].address + info->modules[i].bytes <= UINT32_MAX);
        require(memchr(info->modules[i].text, 0, MODULE_TEXT_BYTES) != 0);
    }
}

static void require_screen(const struct screen *screen)
{
    require(screen->kind <= SCREEN_PIXELS);
    if (screen->kind == SCREEN_NONE) {
        return;
    }
    uint64_t end = screen->address + (uint64_t)screen->pitch * screen->height;
    require(end > screen->address && end <= LOWER_HALF_END);
    if (screen->kind == SCREEN_PIXELS) {
        require(screen->bits_per_pixel == 24 || screen->bits_per_pixel == 32);
        require(screen->red_shift <= screen->bits_per_pixel - 8);
        require(screen->pitch >= (uint64_t)screen->width * screen->bits_per_pixel / 8);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct boot_info info;
    const char *problem = multiboot_parse(bytes, size, &info);
    if (problem) {
        require(problem[0] != 0 && !getenv("FUZZ_ACCEPTED")); /* the seeds must be good */
        return 0;
    }
    require_memory(&info);
    require_modules(&info);
    require_screen(&info.screen);
    require(memchr(info.command_line, 0, BOOT_COMMAND_LINE_BYTES) != 0);
    return 0;
}
